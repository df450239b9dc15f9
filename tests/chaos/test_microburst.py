"""Creates and deletes through a third-party proxy that breaks AWS's wire format."""

import asyncio
import os
from collections import Counter
from typing import Any

import pytest

from bench.links import link_request
from privatelink import PrivateLinks
from privatelink.errors import PrivateLinkError
from privatelink.model.request import DeleteRequest
from scripts.breakable import BreakableStage
from tests.interleavings.history_judge import HistoryJudge
from tests.support.belongings import Known
from tests.support.deadlines import deadline_settings
from tests.support.hasty_worker import HASTY_WORKER
from tests.support.laws import NOTHING
from tests.support.microburst import MICROBURST, running_microburst
from tests.support.sandbox import SPEED

NAMES = tuple(f"burst-{number}" for number in range(8))
EC2, ELB = "ec2", "elasticloadbalancing"


def _often(service: str, probability: float, **fault: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of many shapes
    return {"service": service, "probability": probability, **fault}


RULES = [
    _often(EC2, 0.06, error={"code": "RequestLimitExceeded"}),
    _often(ELB, 0.06, error={"code": "Throttling"}),
    _often(EC2, 0.03, error={"code": "InternalError"}),
    _often(ELB, 0.03, error={"code": "InternalFailure"}),
    _often(EC2, 0.02, error={"code": "RequestExpired"}),
    _often(ELB, 0.02, error={"code": "ExpiredToken"}),
    *(
        rule
        for service in (EC2, ELB)
        for rule in (
            _often(service, 0.03, reset=True),
            _often(service, 0.02, timeout_ms=1500),
            _often(service, 0.03, response={"truncate_frac": 0.5}),
            _often(service, 0.03, response={"abort_frac": 0.3}),
            _often(service, 0.02, response={"set_headers": {"Content-Type": "text/html"}}),
            _often(service, 0.03, latency={"min": 100, "max": 800}),
        )
    ),
    # An error from AWS's own model for the call, which may be final: two for each service.
    _often(EC2, 0.2, error={}, times=2),
    _often(ELB, 0.2, error={}, times=2),
]
"""Rules by which about one call in four goes wrong. None corrupts bytes, because TLS would reject those."""


@pytest.mark.chaos
@pytest.mark.timeout(0)
async def test_every_answer_is_true_also_through_a_proxy_that_breaks_every_fourth_call() -> None:
    """Eight creates and eight deletes: each ends, its answer is true, and without faults all can be deleted."""
    assert MICROBURST.exists(), f"{MICROBURST} is missing: run `make .cache/microburst/bin/microburst`"
    async with BreakableStage(SPEED, worker=HASTY_WORKER, settings=deadline_settings(120)) as stage:
        sandbox = stage.ready["endpoint"]
        keys = {name: value for name, value in stage.ready["env"].items() if name.startswith("AWS_")}
        environment = {**os.environ, **keys}
        async with running_microburst(sandbox, environment, stage.directory / "microburst.log") as proxy:
            # Only the workers' calls go through the proxy; EMQX's own account calls AWS directly.
            stage.ready["env"]["AWS_ENDPOINT_URL"] = proxy.endpoint
            await stage.start_worker("first")
            await stage.new_identity()
            links = PrivateLinks(stage.client)
            requests = {name: link_request(stage.ready["seed"], name) for name in NAMES}
            known = {name: Known(one.link, (3306,), f"mysql:{name}") for name, one in requests.items()}
            judge = HistoryJudge(stage, known)

            async def create(name: str) -> object:
                return await judge.hear(name, lambda: links.start_create(requests[name]), "create")

            async def delete(name: str) -> object:
                judge.may_go(name)
                return await judge.hear(name, lambda: links.start_delete(DeleteRequest.of(requests[name])), "delete")

            await proxy.break_calls(RULES)
            await asyncio.gather(*map(create, NAMES))
            await asyncio.gather(*map(delete, NAMES))
            await proxy.break_calls([])
            ended = await asyncio.gather(*map(delete, NAMES))
            fired = Counter(one["action"] for one in await proxy.fired())
        books = await stage.control("GET", "/books")
    assert judge.false_endings == []
    assert judge.judged >= len(NAMES)
    assert [one for one in ended if isinstance(one, PrivateLinkError)] == []
    assert books == NOTHING
    assert len(fired) >= len({str(rule.keys()) for rule in RULES}), f"too few of the faults fired: {fired}"
