"""The command line, with each answer compared with the books of the test's world."""

import io
import json
import sys
from collections.abc import Sequence
from typing import Any

from privatelink import cli
from privatelink.cli.context import CliContext, plain_console
from privatelink.cli.exits import ExitCode, exit_code
from privatelink.client.status import LinkStatus
from privatelink.errors import PrivateLinkError
from privatelink.errors.failures import BY_TYPE
from privatelink.model.fleet import Ending as FleetEnding
from privatelink.model.fleet import FleetResult
from privatelink.model.names import Link
from privatelink.temporal.connection import connect_to_temporal
from tests.support.answers import SagaAnswer
from tests.support.judged import JudgedLinks, WorldJudge

FLEET_CODES = {
    FleetEnding.DONE: ExitCode.DONE,
    FleetEnding.UNCHANGED: ExitCode.DONE,
    FleetEnding.REFUSED: ExitCode.REFUSED,
    FleetEnding.ROLLED_BACK: ExitCode.ROLLED_BACK,
    FleetEnding.INCOMPLETE: ExitCode.INCOMPLETE,
}
SAYS_NOTHING_OF_A_LINK = {ExitCode.REFUSED, ExitCode.UNREACHABLE}
"""Exit codes of a command that has started nothing."""


class _Tee(io.StringIO):
    """Passes standard output on and keeps a copy."""

    def write(self, text: str) -> int:
        sys.stdout.write(text)
        return super().write(text)


class _ShownLinks(JudgedLinks):
    """Judges also what is shown of a saga that has ended."""

    async def status(self, link: str | Link, *, latest_only: bool = False) -> LinkStatus:
        status = await super().status(link, latest_only=latest_only)
        error = status.error and BY_TYPE.get(status.error.type, PrivateLinkError).of(status.error)
        if answer := status.result or error:
            of, by_id = Link.parse(status.link), status.saga_id
            await self.judge.hear(
                self.client, of, answer, by_id, "create" if status.operation == "create" else "delete"
            )
        return status


def run(arguments: Sequence[str]) -> int:
    """Run one command as `privatelink.cli.run` does, and judge its exit code and what it prints."""
    judge = WorldJudge.sitting
    if judge is None:
        return cli.run(arguments)
    made: list[JudgedLinks] = []

    async def connect() -> JudgedLinks:
        made.append(_ShownLinks(await connect_to_temporal(None, None), judge))
        return made[0]

    out, printed = plain_console(), _Tee()
    out.file = printed
    code = cli.run(arguments, CliContext(connect=connect, out=out))
    told = [one for links in made for one in links.told]
    if arguments[0] in {"create", "delete", "apply"} and not {"--detach", "--plan"} & set(arguments):
        answer = json.loads(printed.getvalue()) if "json" in arguments else None
        found = untrue(code, answer, told[-1] if told else None)
        judge.false_endings += [f"`{' '.join(arguments)}` {one}" for one in found]
    return code


def untrue(code: int, answer: dict[str, Any] | None, told: SagaAnswer | FleetResult | None) -> list[str]:
    """Differences between a command's code and JSON, and the answer that it got at the end of its saga or fleet."""
    if told is None:
        return [] if code in SAYS_NOTHING_OF_A_LINK else [f"exits with {code}, and nothing of it has ended"]
    if isinstance(told, PrivateLinkError):
        expected, whole = exit_code(told.details_model), {"error": told.details_model.model_dump(mode="json")}
    else:
        ends = told.links if isinstance(told, FleetResult) else ()
        expected = max((FLEET_CODES[one.ending] for one in ends), default=ExitCode.DONE)
        whole = told.model_dump(mode="json")
    found = [] if code == expected else [f"exits with {code}, and was told {told!r}"]
    if answer is not None and answer != whole:
        found.append(f"prints {answer}, and was told {whole}")
    return found
