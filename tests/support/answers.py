"""Law: every answer is true. Compares an ending that the product reports with the books of every account and region.

What an ending claims to be gone must be gone everywhere. What it claims to run must be there, once. What it leaves must
be in its list. `tests.support.belongings` finds what belongs to a link, by more than our own marks.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from privatelink.cli.exits import ExitCode, exit_code
from privatelink.errors import ErrorDetails, NameTaken, PrivateLinkError
from privatelink.model.names import TAG_COMPLETE
from privatelink.model.result import DeleteResult, PrivateLinkResult
from tests.support.belongings import Known, Thing, everything_of

SagaAnswer = PrivateLinkResult | DeleteResult | PrivateLinkError

NOTHING_IS_SAID = frozenset(
    {"OtherOperationRunning", "RequestDiffers", "LinkUnknown", "TemporalUnreachable", "NoWorker"}
)
"""Errors that say nothing about what the link has."""
TOLD_BY_ID = frozenset({"load balancer", "target group", "endpoint service"})
"""Kinds of which the result of a create names each thing."""


@dataclass(frozen=True)
class Ending:
    """A saga's answer to its caller, and what it is judged by."""

    answer: SagaAnswer
    saga_id: str
    operation: Literal["create", "delete"]
    completed: frozenset[str] = field(default_factory=frozenset)
    """IDs of what an earlier create completed, which a create that rolls back leaves as it is."""

    @property
    def word(self) -> str:
        """Text for a sentence."""
        if not isinstance(self.answer, PrivateLinkError):
            return f"said `{self.answer.status}`"
        details = self.answer.details_model
        return f"said `{details.outcome or details.type}` ({details.message})"


def falsehoods(ending: Ending, books: dict[str, Any], known: Known) -> list[str]:
    """Claims of the ending that the books contradict; empty if it is true."""
    there = everything_of(books, known)
    if isinstance(ending.answer, PrivateLinkResult):
        found = [*_of_running(ending.answer, books, there, known), *_of_packets(ending.answer, books, known)]
    elif isinstance(ending.answer, DeleteResult):
        found = [f"there is {_listed(there)}"] if there else []
    else:
        found = _of_error(ending, ending.answer.details_model, there)
    return [f"{ending.word}, and {one}" for one in found]


def _of_error(ending: Ending, details: ErrorDetails, there: dict[str, Thing]) -> list[str]:
    """Judge an error by the exit code, which a script would use."""
    code = exit_code(details)
    if details.type in NOTHING_IS_SAID or code not in {ExitCode.REFUSED, ExitCode.ROLLED_BACK, ExitCode.INCOMPLETE}:
        return []
    if code is ExitCode.REFUSED:
        made = {id_: thing for id_, thing in there.items() if thing.saga == ending.saga_id}
        return [f"made {_listed(made)}"] if made else []
    left = {id_: thing for id_, thing in there.items() if not _stays(thing, ending, there)}
    if details.type == NameTaken.__name__:
        # The error names the thing that has taken the name, which never was the link's.
        left = {id_: thing for id_, thing in left.items() if details.resource not in _ids(thing)}
    if code is ExitCode.ROLLED_BACK:
        return [f"there is {_listed(left)}"] if left else []
    if "without cleaning up" in details.message or any(one.kind == "unknown" for one in details.leftovers):
        return []
    listed = {id_ for one in details.leftovers for id_ in one.id.split(", ")}
    unlisted = {id_: thing for id_, thing in left.items() if not _ids(thing) & listed}
    return [f"does not list {_listed(unlisted)}"] if unlisted else []


def _of_running(answer: PrivateLinkResult, books: dict[str, Any], there: dict[str, Thing], known: Known) -> list[str]:
    claimed = {answer.load_balancer_arn, *answer.target_group_arns, answer.service_id}
    claimed |= {one for one in (answer.private_link_id, answer.connector) if one}
    found = [f"{id_} is not there" for id_ in sorted(claimed - there.keys())]
    more = {id_: thing for id_, thing in there.items() if thing.kind in TOLD_BY_ID and id_ not in claimed}
    if more:
        found.append(f"there is {_listed(more)} beside what it names")
    rows = [thing.book for thing in there.values() if thing.kind == "PrivateLink"]
    shown = [(row["status"], row["address"], row["vpcEndpointID"]) for row in rows]
    # A person who confirms may give any of the endpoint's names: one zone's instead of the region's.
    confirmed = known.by_console and answer.address.startswith(f"{answer.vpc_endpoint_id}-")
    address = shown[0][1] if shown and confirmed else answer.address
    if shown != [("running", address, answer.vpc_endpoint_id)]:
        found.append(f"the platform shows {shown} in place of {answer.address}, {answer.vpc_endpoint_id}")
    pages = [page for regions in books["aws"].values() for page in regions.values()]
    connections = [one for page in pages for one in page["endpoint_connections"]]
    states = [one["state"] for one in connections if one["vpc_endpoint_id"] == answer.vpc_endpoint_id]
    if states != ["available"]:
        found.append(f"the connection of {answer.vpc_endpoint_id} is {states}")
    return found


def _of_packets(answer: PrivateLinkResult, books: dict[str, Any], known: Known) -> list[str]:
    """Judge whether it works: behind the address, each port has all requested targets, and only healthy ones."""
    ports = books.get("packets", {}).get(answer.vpc_endpoint_id, {})
    found: list[str] = []
    for port in known.ports:
        states = {target: state for target, state in ports.get(str(port), {}).items() if state != "draining"}
        answering = {target.rpartition(":")[0] for target, state in states.items() if state == "healthy"}
        silent = {target: state for target, state in states.items() if state != "healthy"}
        if not answering or silent or set(known.targets.get(port, ())) - answering:
            found.append(f"port {port} of {answer.address} does not answer as asked: its targets are {states}")
    return found


def _stays(thing: Thing, ending: Ending, there: dict[str, Thing]) -> bool:
    """Whether a rollback of a create has to leave the thing, because an earlier create completed it.

    The first mark that a create sets, on the endpoint service, completes everything that it made. A thing without tags,
    at EMQX, may be newer than the mark, so its saga decides.
    """
    older = "tags" in thing.book or thing.saga != ending.saga_id
    marks = [thing, *(one for one in there.values() if one.kind == "endpoint service" and older)]
    complete = thing.id in ending.completed or any(TAG_COMPLETE in one.book.get("tags", {}) for one in marks)
    return ending.operation == "create" and complete


def _ids(thing: Thing) -> set[str]:
    """IDs by which a list of leftovers may name it. In console mode, a PrivateLink is known only by its endpoint."""
    return {thing.id, thing.book.get("name", ""), thing.book.get("vpcEndpointID", "")} - {""}


def _listed(things: dict[str, Thing]) -> str:
    return ", ".join(str(thing) for thing in things.values())
