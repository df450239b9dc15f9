"""A fleet: many links that one call applies. Its plan, its parts at Temporal, and how each link ended.

One workflow cannot hold a fleet: Temporal allows 2 MB in one payload and 51,200 events in one history
(docs.temporal.io, "Temporal Cloud and self-hosted limits"). So the caller cuts the requests into parts that fit, and
starts one `ApplyFleet` for each. A part's id is the digest of its whole content. The same fleet, applied again, joins
the running parts, and a part never joins different requests. Parts are independent, so none can delay another, and the
caller may leave as soon as they are started.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from privatelink.errors import ErrorDetails, Finding, FindingType, InvalidRequest, Outcome
from privatelink.model.progress import Operation
from privatelink.model.request import PrivateLinkRequest
from privatelink.model.result import DeleteResult, PrivateLinkResult
from privatelink.model.updates import Join, JoinCreate, JoinDelete

APPLY_FLEET = "ApplyFleet"

AT_ONCE = 20
"""Maximum number of sagas of one fleet at a time: AWS's default quota of endpoint services in one region."""

LINKS_PER_PART = 500
BYTES_PER_PART = 1_000_000
"""Maximum bytes of requests in a part: half of Temporal's 2 MB for one payload. The other half is for 500 outcomes."""

_SENTENCE, _NEXT_STEP = 600, 300
"""Maximum characters of each link's error message and next step in a fleet's answer."""


class _Answer(BaseModel):
    # An older caller may read the answer of a newer worker.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Action(StrEnum):
    """What applying a fleet does with a link. `changed` is refused: a link cannot be changed in place.

    `elsewhere` is refused: the link is in another AWS account or region, or was made in the other platform mode.
    `not in the file`: a running link of the fleet's deployments that no request names; it stays, unless pruned.
    """

    CREATE = "create"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    ELSEWHERE = "elsewhere"
    DELETE = "delete"
    NOT_IN_FILE = "not in the file"


class LinkPlan(_Answer):
    """What will be done with one link. `differences` say what has changed, or where the link is instead.

    `saga_id` and `started_at` are those of the create that made the link, or is making it.
    """

    link: str
    action: Action
    differences: tuple[Finding, ...] = ()
    saga_id: str | None = None
    started_at: datetime | None = None

    def began_since(self, moment: datetime) -> bool:
        """Whether the link's create began at this moment or later."""
        return self.started_at is not None and self.started_at >= moment


class FleetPlan(_Answer):
    """The plan of every link: first the requests' links in their order, then those that no request names."""

    links: tuple[LinkPlan, ...]

    def of(self, action: Action) -> list[LinkPlan]:
        """The links with this action."""
        return [one for one in self.links if one.action is action]


class Ending(StrEnum):
    """How one link of a fleet ended; the last three are those of `Outcome`."""

    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    ROLLED_BACK = "rolled back"
    INCOMPLETE = "incomplete"


class LinkOutcome(_Answer):
    """How one link ended: its address, or its error and what to do. `privatelink status` shows everything."""

    link: str
    operation: Operation
    ending: Ending
    saga_id: str | None = None
    address: str | None = None
    error: str | None = None
    message: str | None = None
    next_step: str | None = None

    @property
    def went_well(self) -> bool:
        """Whether nobody needs to act."""
        return self.ending in {Ending.DONE, Ending.UNCHANGED}


class Change(BaseModel):
    """One link to create or delete. `saga_id` is known once its saga was started or joined, at the moment `since`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    join: Join
    saga_id: str | None = None
    since: datetime | None = None

    @property
    def link(self) -> str:
        """The link, as deployment/name."""
        return str(self.join.root.request.link)

    @property
    def operation(self) -> Operation:
        """Whether it creates or deletes."""
        return self.join.root.operation

    def begun(self, saga_id: str, since: datetime) -> "Change":
        """The change, once this saga runs for it."""
        return self.model_copy(update={"saga_id": saga_id, "since": since})

    def ended(self, result: PrivateLinkResult | DeleteResult) -> LinkOutcome:
        """Its outcome if it ended well."""
        address = result.address if isinstance(result, PrivateLinkResult) else None
        return self._outcome(Ending.DONE, address=address)

    def unchanged(self) -> LinkOutcome:
        """Its outcome if the link existed already."""
        return self._outcome(Ending.UNCHANGED)

    def failed(self, error: ErrorDetails, otherwise: Outcome) -> LinkOutcome:
        """Its outcome if it did not end well. `otherwise` is used if the error has no outcome."""
        ending = Ending(error.outcome or otherwise)
        next_step = error.next_step[:_NEXT_STEP] or None
        return self._outcome(ending, error=error.type, message=error.message[:_SENTENCE], next_step=next_step)

    def _outcome(self, ending: Ending, **more: str | None) -> LinkOutcome:
        return LinkOutcome(link=self.link, operation=self.operation, ending=ending, saga_id=self.saga_id, **more)


class FleetPart(BaseModel):
    """The input of `ApplyFleet`: what is still to do, `at_once` sagas at a time, and the outcomes of the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes: tuple[Change, ...]
    at_once: int
    outcomes: tuple[LinkOutcome, ...] = ()

    @property
    def workflow_id(self) -> str:
        """The same id for the same content."""
        return f"privatelink-fleet:{hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]}"


class RunningLink(_Answer):
    """A link whose saga the fleet is waiting for. `since` is None while the saga is being started."""

    link: str
    operation: Operation
    since: datetime | None = None


class FleetProgress(_Answer):
    """How far a fleet is. `endings` counts the links that have ended; `troubles` are those that did not end well."""

    total: int
    running: tuple[RunningLink, ...] = ()
    endings: dict[Ending, int] = {}
    troubles: tuple[LinkOutcome, ...] = ()

    @classmethod
    def of(cls, outcomes: Sequence[LinkOutcome], running: Sequence[Change], to_begin: int) -> "FleetProgress":
        """Count what has ended, what is running, and what has not begun."""
        return cls(
            total=len(outcomes) + len(running) + to_begin,
            running=tuple(RunningLink(link=one.link, operation=one.operation, since=one.since) for one in running),
            endings=Counter(one.ending for one in outcomes),
            troubles=tuple(one for one in outcomes if not one.went_well),
        )

    @classmethod
    def together(cls, parts: Iterable["FleetProgress"]) -> "FleetProgress":
        """The progress of several parts, as one."""
        all_parts = list(parts)
        return cls(
            total=sum(part.total for part in all_parts),
            running=tuple(one for part in all_parts for one in part.running),
            endings=sum((Counter(part.endings) for part in all_parts), Counter[Ending]()),
            troubles=tuple(one for part in all_parts for one in part.troubles),
        )


class FleetStarted(_Answer):
    """A fleet that the caller does not wait for: its number of links, and its `ApplyFleet` workflows."""

    links: int
    workflow_ids: tuple[str, ...]


class FleetResult(_Answer):
    """How every link ended, in the order of the requests."""

    links: tuple[LinkOutcome, ...]


def check_links_differ(requests: Iterable[PrivateLinkRequest]) -> None:
    """Raise `InvalidRequest` with every link that is given twice."""
    twice = sorted(link for link, count in Counter(str(one.link) for one in requests).items() if count > 1)
    if twice:
        findings = tuple(
            Finding(type=FindingType.SCHEMA, resource=link, message="it is given twice", next_step="keep one of them")
            for link in twice
        )
        raise InvalidRequest(
            f"reading the requests: given twice: {', '.join(twice)}",
            resource=", ".join(twice),
            next_step="keep one request for each link",
            findings=findings,
        )


def parts(changes: Sequence[JoinCreate | JoinDelete]) -> list[FleetPart]:
    """Cut a fleet into parts that fit into Temporal. They share the `AT_ONCE` sagas evenly; each gets at least one."""
    cut = list(_cut([Change(join=Join(change)) for change in changes]))
    return [FleetPart(changes=part, at_once=max(1, AT_ONCE // len(cut))) for part in cut]


def _cut(changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
    held: list[Change] = []
    held_bytes = 0
    for change in changes:
        size = len(change.model_dump_json().encode())
        if held and (len(held) == LINKS_PER_PART or held_bytes + size > BYTES_PER_PART):
            yield tuple(held)
            held, held_bytes = [], 0
        held.append(change)
        held_bytes += size
    if held:
        yield tuple(held)
