"""Checking, creating, awaiting and deleting the connector, against the sandbox."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.exceptions import ApplicationError

from activities.checks.connector import progress_of
from activities.connectors import Connectors
from activities.inputs import ConnectorCreation, ConnectorSpec
from activities.scopes import Removed
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.connector_body import ConnectorBody
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.wire import CONNECTOR_SHAPE
from clouds.secrets import OfferedSecrets, SecretSettings
from privatelink.errors import (
    CloudRefused,
    CloudUnavailable,
    ConnectorFailed,
    DeadlinePassed,
    FindingType,
    NameTaken,
    NotYet,
    PlatformKeyRefused,
    RequestDiffers,
    RequestRefused,
)
from privatelink.model.deadlines import Deadline
from privatelink.model.names import Link, description
from privatelink.model.request import Connector
from privatelink.pace import pace, paced_delta
from runtime.settings import Settings
from tests.activities.consumer_side import make_address, make_endpoint_service
from tests.support.sandbox import Sandbox
from tests.support.steps import LINK, SAGA, a_deadline, a_removal, a_scope, attempt

SECRET = "hunter2-and-more"
MYSQL: dict[str, Any] = {
    "server": "{address}:3306",
    "database": "orders",
    "username": "emqx",
    "password": {"secret": "env:ORDERS_DB"},
}
CREATE, PROBE, DELETE = "POST /connectors", "POST /connectors_probe", "DELETE /connectors/{id}"


@pytest.fixture
def steps(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Connectors:
    """The activities, in a worker that has the secret."""
    assert sandbox.endpoint
    monkeypatch.setenv("PRIVATELINK_SECRET_ORDERS_DB", SECRET)
    return steps_of(Settings.from_environment())


def steps_of(settings: Settings) -> Connectors:
    """The activities of a worker with these settings."""
    return Connectors(
        DeploymentApis(settings.deployment_access), AwsAccounts(), OfferedSecrets(settings.secrets, os.environ)
    )


def connector_of(name: str = "orders", **changes: object) -> Connector:
    """The connector that is asked for."""
    return Connector(type="mysql", name=name, parameters=MYSQL | changes)


def spec(connector: Connector | None = None) -> ConnectorSpec:
    """The connector that is only checked."""
    return ConnectorSpec(scope=a_scope(), connector=connector or connector_of())


def creation(
    address: str, saga_id: str = SAGA, connector: Connector | None = None, deadline: Deadline | None = None
) -> ConnectorCreation:
    """The connector at this address."""
    return ConnectorCreation(
        scope=a_scope(saga_id),
        connector=connector or connector_of(),
        address=address,
        deadline=deadline or a_deadline(600, since=60),
    )


def connectors(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The connectors of the link's deployment."""
    return list(sandbox.books().get("connectors", {}).get(LINK.deployment, []))


def names(sandbox: Sandbox) -> list[str]:
    """Their names."""
    return [one["name"] for one in connectors(sandbox)]


def post(sandbox: Sandbox, path: str, **body: object) -> None:
    """Call the deployment's API as a person would."""
    httpx.post(
        sandbox.env["EMQXCLOUD_DEPLOYMENT_ENDPOINT"] + path,
        json=body,
        auth=(sandbox.env["EMQXCLOUD_DEPLOYMENT_API_KEY"], sandbox.env["EMQXCLOUD_DEPLOYMENT_API_SECRET"]),
    ).raise_for_status()


def make_connector(sandbox: Sandbox, name: str = "orders", *, owner: str = "", **changes: object) -> None:
    """Make one by hand, as a person or as an earlier saga would."""
    body = {"type": "mysql", "name": name, "server": "db.example.com:3306", "database": "orders", "username": "emqx"}
    post(sandbox, "/connectors", **(body | {"description": owner} | changes))


async def findings(steps: Connectors, connector: Connector | None = None) -> set[str]:
    """The types of what a check refuses."""
    with pytest.raises(RequestRefused) as refused:
        await attempt(steps.check_connector, spec(connector=connector))
    assert SECRET not in str(refused.value)
    return {found.type for found in refused.value.details_model.findings}


async def test_a_check_of_what_can_be_made_changes_nothing(steps: Connectors, sandbox: Sandbox) -> None:
    """Its probe of a host that does not exist leaves nothing."""
    await attempt(steps.check_connector, spec())
    assert connectors(sandbox) == []


@pytest.mark.parametrize(("is_new", "listings"), [(True, 1), (False, 2)])
async def test_a_new_links_connector_needs_no_listing_of_its_own(
    steps: Connectors, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *, is_new: bool, listings: int
) -> None:
    """Where another saga had one made lately; what is made again looks at what there is now."""
    monkeypatch.setattr("activities.connectors.RECENT_SECONDS", 3600 * pace())
    asked = creation(make_address(sandbox))
    await attempt(steps.check_connector, spec())
    asked = asked.model_copy(update={"scope": asked.scope.model_copy(update={"is_new": is_new})})
    await attempt(steps.create_connector, asked)
    calls = [call["action"] for call in sandbox.calls()]
    assert calls[: calls.index(CREATE)].count("GET /connectors") == listings


@pytest.mark.usefixtures("sandbox")
async def test_a_secret_that_the_worker_lacks_is_named(steps: Connectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is built."""
    monkeypatch.delenv("PRIVATELINK_SECRET_ORDERS_DB")
    assert await findings(steps) == {FindingType.SECRET_NOT_FOUND}


@pytest.mark.usefixtures("sandbox")
async def test_a_mounted_file_is_read_anew_for_every_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret that comes late, or changes, needs no restart of the worker."""
    monkeypatch.setenv("PRIVATELINK_SECRETS_DIR", str(tmp_path))
    steps = steps_of(Settings.from_environment())
    connector = connector_of(password={"secret": "file:orders-db"})
    assert await findings(steps, connector) == {FindingType.SECRET_NOT_FOUND}
    (tmp_path / "orders-db").write_text(f"{SECRET}\n")
    await attempt(steps.check_connector, spec(connector))


@pytest.mark.usefixtures("sandbox")
async def test_the_answer_is_the_same_whatever_the_worker_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Absent, of another deployment, or the worker's own: it says what to set, and reveals nothing of what is there."""
    settings = tmp_path / "settings.toml"
    settings.write_text('[deployments.w41b11c2]\nsecrets = ["THEIRS"]\n')
    monkeypatch.setenv("PRIVATELINK_SETTINGS", str(settings))
    monkeypatch.setenv("PRIVATELINK_SECRET_THEIRS", SECRET)
    monkeypatch.setenv("PLAIN", SECRET)
    steps = steps_of(Settings.from_environment())
    said = set()
    for name in ("THEIRS", "PLAIN", "ABSENT", "AWS_SECRET_ACCESS_KEY", "EMQXCLOUD_PLATFORM_API_SECRET"):
        with pytest.raises(RequestRefused) as refused:
            await attempt(steps.check_connector, spec(connector_of(password={"secret": f"env:{name}"})))
        (finding,) = refused.value.details_model.findings
        assert f"give the worker PRIVATELINK_SECRET_{name};" in finding.next_step
        said.add(f"{finding.type}: {finding.message}; {finding.next_step}".replace(name, "NAME"))
    assert len(said) == 1


async def test_a_foreign_connector_of_the_name_is_named(
    steps: Connectors, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together with all else that is wrong."""
    make_connector(sandbox, owner="made by hand")
    assert await findings(steps) == {FindingType.NAME_TAKEN}
    monkeypatch.delenv("PRIVATELINK_SECRET_ORDERS_DB")
    assert await findings(steps) == {FindingType.NAME_TAKEN, FindingType.SECRET_NOT_FOUND}


@pytest.mark.usefixtures("sandbox")
async def test_without_a_key_of_the_deployment_no_connector_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding says what to set."""
    for name in ("ENDPOINT", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"EMQXCLOUD_DEPLOYMENT_{name}")
    monkeypatch.setenv("PRIVATELINK_SECRET_ORDERS_DB", SECRET)
    steps = steps_of(Settings.from_environment())
    assert await findings(steps) == {FindingType.CONNECTOR_REFUSED}


@pytest.mark.parametrize("connector", [connector_of(database=""), Connector(type="nosuch", name="a", parameters=MYSQL)])
async def test_parameters_that_emqx_refuses_are_found_before_anything_is_built(
    steps: Connectors, connector: Connector
) -> None:
    """EMQX checks them, since only EMQX knows its schemas."""
    assert await findings(steps, connector) == {FindingType.CONNECTOR_REFUSED}


PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
INVALID = [
    Connector(type="http", name="orders", parameters={"url": "{address}:3306"}),
    Connector(type="http", name="orders", parameters={"url": "http://{address}:3306/#part"}),
    connector_of(ssl={"enable": True, "cacertfile": PEM.partition("-----END")[0]}),
]


@pytest.mark.parametrize("connector", INVALID)
async def test_parameters_that_emqx_calls_invalid_are_found_before_anything_is_built(
    steps: Connectors, connector: Connector
) -> None:
    """They pass EMQX's schema: only the probe's TEST_FAILED shows them, and no target could cure them."""
    assert await findings(steps, connector) == {FindingType.CONNECTOR_REFUSED}


@pytest.mark.parametrize("connector", INVALID)
async def test_parameters_that_emqx_calls_invalid_are_final(
    steps: Connectors, sandbox: Sandbox, connector: Connector
) -> None:
    """Neither waiting nor a change of the targets cures them."""
    address = make_address(sandbox)
    with pytest.raises(CloudRefused, match="validation_error") as refused:
        await attempt(steps.create_connector, creation(address, connector=connector))
    assert refused.value.details_model.next_step == "correct connector.parameters"
    assert connectors(sandbox) == []


async def test_a_target_that_ssrf_protection_forbids_is_final_and_says_who_can_allow_it(
    steps: Connectors, sandbox: Sandbox
) -> None:
    """Only the real address shows it: the check's host resolves to nothing, which EMQX lets pass."""
    address = make_address(sandbox)
    sandbox.quirk("ssrf_protection", value=True)
    connector = Connector(type="http", name="orders", parameters={"url": "http://{address}:3306"})
    await attempt(steps.check_connector, spec(connector))
    with pytest.raises(CloudRefused, match="ssrf") as refused:
        await attempt(steps.create_connector, creation(address, connector=connector))
    assert "rule_engine.ssrf" in refused.value.details_model.next_step


async def test_a_connector_with_a_certificate_is_the_same_when_it_is_asked_for_again(
    steps: Connectors, sandbox: Sandbox
) -> None:
    """Neither a retry after a lost reply remakes it, nor is a later create of the same request refused."""
    asked = connector_of(ssl={"enable": True, "cacertfile": PEM})
    address = make_address(sandbox)
    sandbox.fault(CREATE, "lost_reply", times=1)
    with pytest.raises(CloudUnavailable):
        await attempt(steps.create_connector, creation(address, connector=asked))
    await attempt(steps.create_connector, creation(address, connector=asked), number=2)
    await attempt(steps.check_connector, spec(asked))
    assert DELETE not in [call["action"] for call in sandbox.calls()]
    (made,) = connectors(sandbox)
    assert made["ssl"]["cacertfile"].startswith("data/certs/")


async def test_a_connector_of_another_namespace_is_another(steps: Connectors, sandbox: Sandbox) -> None:
    """A namespace has names of its own; what is there is neither in the way nor ours."""
    post(sandbox, "/connectors?ns=team", type="mysql", name="orders", server="db:3306", database="orders")
    address = make_address(sandbox)
    await attempt(steps.check_connector, spec())
    assert await attempt(steps.create_connector, creation(address)) == "mysql:orders"
    assert names(sandbox) == ["orders", "orders"]
    await remove(steps)
    assert [one["namespace"] for one in connectors(sandbox)] == ["team"]


async def test_a_refused_key_is_no_finding(steps: Connectors, sandbox: Sandbox) -> None:
    """It is for the customer to fix, and not the request's fault."""
    sandbox.fault("GET /connectors", "access_denied")
    with pytest.raises(PlatformKeyRefused, match="EMQXCLOUD_DEPLOYMENT_API_KEY"):
        await attempt(steps.check_connector, spec())


async def test_a_finished_links_other_connector_is_a_difference(steps: Connectors, sandbox: Sandbox) -> None:
    """Another request for a link that works is refused with what differs; the same request is not."""
    make_endpoint_service(sandbox, complete=True)
    make_connector(sandbox, owner=description(LINK, SAGA), password=SECRET)
    await attempt(steps.check_connector, spec())
    assert await findings(steps, connector_of(database="other")) == {FindingType.LINK_DIFFERS}
    assert await findings(steps, connector_of("renamed")) == {FindingType.LINK_DIFFERS}


async def test_a_leftover_is_no_finding(steps: Connectors, sandbox: Sandbox) -> None:
    """What a dead saga left is replaced later."""
    make_connector(sandbox, owner=description(LINK, "dead"), database="other")
    await attempt(steps.check_connector, spec())
    assert names(sandbox) == ["orders"]


async def test_the_connector_dials_the_address_and_is_marked_as_ours(steps: Connectors, sandbox: Sandbox) -> None:
    """With the secret that the worker has; EMQX shows it redacted."""
    address = make_address(sandbox)
    assert await attempt(steps.create_connector, creation(address)) == "mysql:orders"
    (made,) = connectors(sandbox)
    assert (made["server"], made["password"]) == (f"{address}:3306", "******")
    assert made["description"] == description(LINK, SAGA)


async def test_creating_twice_makes_one(steps: Connectors, sandbox: Sandbox) -> None:
    """The second call uses what the first made."""
    address = make_address(sandbox)
    await attempt(steps.create_connector, creation(address))
    await attempt(steps.create_connector, creation(address, saga_id="saga-2"))
    (made,) = connectors(sandbox)
    assert made["description"] == description(LINK, SAGA)


async def test_a_lost_reply_makes_one(steps: Connectors, sandbox: Sandbox) -> None:
    """The retry finds it."""
    address = make_address(sandbox)
    sandbox.fault(CREATE, "lost_reply", times=1)
    with pytest.raises(CloudUnavailable):
        await attempt(steps.create_connector, creation(address))
    assert await attempt(steps.create_connector, creation(address), number=2) == "mysql:orders"
    assert names(sandbox) == ["orders"]


async def test_one_that_is_there_and_not_listed_is_waited_for(steps: Connectors, sandbox: Sandbox) -> None:
    """EMQX says that the name exists and does not show it: neither a failure nor someone else's."""
    address = make_address(sandbox)
    sandbox.fault(CREATE, "not_visible", times=1)
    with pytest.raises(NotYet, match="does not list connector mysql:orders"):
        await attempt(steps.create_connector, creation(address))
    with pytest.raises(NotYet, match="does not list it yet"):
        await attempt(steps.create_connector, creation(address))
    assert names(sandbox) == ["orders"]


async def test_a_foreign_connector_is_not_touched(steps: Connectors, sandbox: Sandbox) -> None:
    """It is named, and stays as it is."""
    other = Link(deployment=LINK.deployment, name="others")
    make_connector(sandbox, owner=description(other, "s"))
    before = connectors(sandbox)
    with pytest.raises(NameTaken, match="mysql:orders"):
        await attempt(steps.create_connector, creation("vpce-1.example.com"))
    assert connectors(sandbox) == before


async def test_a_leftover_that_does_not_fit_is_replaced(steps: Connectors, sandbox: Sandbox) -> None:
    """Whatever a dead saga of this link left, under this name or another."""
    address = make_address(sandbox)
    make_connector(sandbox, owner=description(LINK, "dead"))
    make_connector(sandbox, "of-before", owner=description(LINK, "dead"))
    make_connector(sandbox, "bystander")
    await attempt(steps.create_connector, creation(address))
    assert sorted(names(sandbox)) == ["bystander", "orders"]
    assert [f"{address}:3306"] == [one["server"] for one in connectors(sandbox) if one["name"] == "orders"]


async def test_a_finished_links_connector_is_never_replaced(steps: Connectors, sandbox: Sandbox) -> None:
    """What an earlier create completed is not another create's to change."""
    make_endpoint_service(sandbox, complete=True)
    make_connector(sandbox, owner=description(LINK, SAGA))
    before = connectors(sandbox)
    with pytest.raises(RequestDiffers, match="differs in server"):
        await attempt(steps.create_connector, creation("vpce-1.example.com", saga_id="saga-2"))
    assert connectors(sandbox) == before


async def test_a_probe_that_fails_at_first_is_repeated_and_then_final(steps: Connectors, sandbox: Sandbox) -> None:
    """Right after `running` a new name may not resolve yet; after two minutes it is for the customer to fix."""
    with pytest.raises(NotYet, match="nxdomain"):
        await attempt(steps.create_connector, creation("vpce-1.example.com"))
    with pytest.raises(ConnectorFailed, match="nxdomain") as failed:
        await attempt(steps.create_connector, creation("vpce-1.example.com"), scheduled=paced_delta(130))
    assert failed.value.non_retryable
    assert connectors(sandbox) == []


async def test_a_secret_that_emqx_echoes_is_scrubbed(steps: Connectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """EMQX quotes what it refuses: the reason is shown, the secret in it is not; in the check and in the create."""
    monkeypatch.setenv("PRIVATELINK_SECRET_ORDERS_DB", f"host:{SECRET}")
    echoed = connector_of(server={"secret": "env:ORDERS_DB"}, database="{address}")
    with pytest.raises(RequestRefused, match=r"bad_port_number.*\*{6}") as found:
        await attempt(steps.check_connector, spec(connector=echoed))
    with pytest.raises(CloudRefused, match=r"bad_port_number.*\*{6}") as refused:
        await attempt(steps.create_connector, creation("vpce-1.example.com", connector=echoed))
    for error in (found.value, refused.value):
        assert SECRET not in f"{error} {error.details_model} {error.__cause__} {error.__context__}"


async def test_it_is_created_when_every_node_is_connected(steps: Connectors, sandbox: Sandbox) -> None:
    """Not when EMQX took it; whoever looks again changes nothing."""
    sandbox.durations(connector_connected=10_000)
    address = make_address(sandbox)
    with pytest.raises(NotYet, match="connected on 0 of 2 nodes"):
        await attempt(steps.create_connector, creation(address))
    before = connectors(sandbox)
    sandbox.durations(connector_connected=0)
    assert (
        await attempt(
            steps.create_connector, creation(address, deadline=a_deadline(600)), number=2, beats=["mysql:orders"]
        )
        == "mysql:orders"
    )
    assert connectors(sandbox) == before


async def test_one_node_without_a_path_is_named(steps: Connectors, sandbox: Sandbox) -> None:
    """The face of an AZ whose path is broken: connected elsewhere does not count."""
    sandbox.durations(connector_connected=0)
    address = make_address(sandbox)
    sandbox.quirk("unreachable_nodes", 1)
    with pytest.raises(NotYet, match=r"connected on 1 of 2 nodes; emqx@emqx-1\.w41b11c0: disconnected \(timeout\)"):
        await attempt(steps.create_connector, creation(address))


@pytest.mark.parametrize("status", ["connected", "connecting", ""])
def test_a_connector_that_no_node_is_named_for_is_not_connected_yet(status: str) -> None:
    """An empty list of nodes says nothing of any of them."""
    body = ConnectorBody(connector_of(), LINK.deployment, OfferedSecrets(SecretSettings(), {}))
    row = {"type": "mysql", "name": "orders", "status": status, "node_status": []}
    seen = progress_of(CONNECTOR_SHAPE.validate_python(row), body)
    assert seen is not None
    assert "EMQX names no node" in str(seen)


async def test_the_deadline_ends_the_wait_and_names_the_nodes(steps: Connectors, sandbox: Sandbox) -> None:
    """What was seen last is what the operator reads."""
    sandbox.durations(connector_connected=10_000)
    address = make_address(sandbox)
    with pytest.raises(NotYet):
        await attempt(steps.create_connector, creation(address))
    with pytest.raises(DeadlinePassed, match="connected on 0 of 2 nodes"):
        await attempt(
            steps.create_connector, creation(address, deadline=a_deadline(-1)), number=2, beats=["mysql:orders"]
        )


async def test_a_disabled_connector_is_not_waited_for(steps: Connectors, sandbox: Sandbox) -> None:
    """Waiting does not enable it."""
    make_connector(sandbox, owner=description(LINK, SAGA), enable=False)
    with pytest.raises(ConnectorFailed, match="disabled"):
        await attempt(steps.create_connector, creation("vpce-1.example.com"), number=2, beats=["mysql:orders"])


async def test_one_that_somebody_deletes_is_waited_for_and_not_made_again(steps: Connectors, sandbox: Sandbox) -> None:
    """It may only not be visible yet; the deadline decides."""
    with pytest.raises(NotYet, match="does not list connector mysql:orders"):
        await attempt(steps.create_connector, creation("vpce-1.example.com"), number=2, beats=["mysql:orders"])
    assert connectors(sandbox) == []


async def remove(steps: Connectors, saga_id: str | None = None) -> Removed:
    """One attempt to delete."""
    return await attempt(steps.delete_connector, a_removal(saga_id))


async def test_delete_removes_all_of_the_link_and_nothing_else(steps: Connectors, sandbox: Sandbox) -> None:
    """Whichever saga made it; a foreign one stays, and so does another link's."""
    other = Link(deployment=LINK.deployment, name="others")
    make_connector(sandbox, "ours", owner=description(LINK, SAGA))
    make_connector(sandbox, "ours-of-before", owner=description(LINK, "dead"))
    make_connector(sandbox, "others", owner=description(other, SAGA))
    make_connector(sandbox, "by-hand", owner="made by hand")
    assert set((await remove(steps)).ids) == {"mysql:ours", "mysql:ours-of-before"}
    assert sorted(names(sandbox)) == ["by-hand", "others"]


async def test_deleting_nothing_is_done_and_deleting_twice_too(steps: Connectors, sandbox: Sandbox) -> None:
    """An undo must accept that there never was anything."""
    assert await remove(steps) == Removed()
    make_connector(sandbox, owner=description(LINK, SAGA))
    await remove(steps)
    assert await remove(steps) == Removed()
    assert connectors(sandbox) == []


async def test_a_delete_whose_reply_is_lost_is_finished_by_the_next(steps: Connectors, sandbox: Sandbox) -> None:
    """Absent is success."""
    make_connector(sandbox, owner=description(LINK, SAGA))
    sandbox.fault(DELETE, "lost_reply", times=1)
    with pytest.raises(CloudUnavailable):
        await remove(steps)
    assert await remove(steps) == Removed()
    assert connectors(sandbox) == []


async def test_what_is_still_used_is_refused_with_its_users_and_never_cascaded(
    steps: Connectors, sandbox: Sandbox
) -> None:
    """The refusal is final: what uses it is reported at once, and a later delete looks again."""
    make_connector(sandbox, owner=description(LINK, SAGA))
    post(sandbox, "/actions", type="mysql", name="write-orders", connector="orders")
    with pytest.raises(ApplicationError, match="action write-orders") as refused:
        await remove(steps)
    assert (refused.value.type, refused.value.non_retryable) == ("RemovalRefused", True)
    assert names(sandbox) == ["orders"]


@pytest.mark.usefixtures("sandbox")
async def test_finding_nothing_counts_only_when_it_has_settled(steps: Connectors) -> None:
    """A create with a lost reply may have made something that is not listed yet."""
    later = a_removal(SAGA, settled_at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(NotYet, match="none is seen"):
        await attempt(steps.delete_connector, later)


async def test_a_rollback_leaves_what_an_earlier_saga_made(steps: Connectors, sandbox: Sandbox) -> None:
    """Only what this saga made, or adopted with the link's endpoint service."""
    make_endpoint_service(sandbox, saga_id=SAGA, complete=True)
    make_connector(sandbox, "earlier", owner=description(LINK, SAGA))
    make_connector(sandbox, "now", owner=description(LINK, "saga-2"))
    assert await remove(steps, "saga-2") == Removed(ids=("mysql:now",))
    assert names(sandbox) == ["earlier"]


async def test_a_rollback_removes_what_its_saga_adopted(steps: Connectors, sandbox: Sandbox) -> None:
    """The endpoint service was re-tagged by this saga, so the leftovers of the link are its to remove."""
    make_endpoint_service(sandbox, saga_id="saga-2")
    make_connector(sandbox, "leftover", owner=description(LINK, "dead"))
    assert await remove(steps, "saga-2") == Removed(ids=("mysql:leftover",))
    assert connectors(sandbox) == []


async def test_without_a_key_of_the_deployment_there_is_nothing_to_look_at(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every installation has one, and a link without a connector must be deletable there."""
    make_connector(sandbox, owner=description(LINK, SAGA))
    for name in ("ENDPOINT", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"EMQXCLOUD_DEPLOYMENT_{name}")
    steps = steps_of(Settings.from_environment())
    assert await remove(steps) == Removed()
    assert names(sandbox) == ["orders"]


async def test_with_its_deployment_a_connector_is_gone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link must be deletable after its deployment was."""
    endpoint = sandbox.env["EMQXCLOUD_DEPLOYMENT_ENDPOINT"].replace(LINK.deployment, "wunknown")
    monkeypatch.setenv("EMQXCLOUD_DEPLOYMENT_ENDPOINT", endpoint)
    steps = steps_of(Settings.from_environment())
    assert await remove(steps) == Removed()
