"""How a saga that did not end well reports it: the step's error by name, and each leftover with its reason."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from privatelink.errors import (
        CloudRefused,
        DeadlinePassed,
        Leftover,
        NotYet,
        Outcome,
        PrivateLinkError,
        RollbackIncomplete,
        StepFailed,
        from_failure,
    )
    from privatelink.model.names import Link


def named(error: BaseException) -> PrivateLinkError:
    """Our error for a failed step: what the step raised, or `StepFailed` for a timeout without a message."""
    ours = from_failure(error)
    if isinstance(ours, NotYet):
        return DeadlinePassed(
            f"{ours.details_model.message}, and the deadline passed",
            resource=ours.details_model.resource,
            next_step="look at it in the cloud's console, then repeat the call",
        )
    if ours:
        return ours
    step = error.activity_id if isinstance(error, ActivityError) else ""
    cause = error.cause if isinstance(error, ActivityError) and error.cause else error
    return StepFailed(
        f"running step {step}: {cause}",
        resource=str(step),
        next_step="read the worker's log of this step, then repeat the call",
    )


def is_late(error: BaseException) -> bool:
    """Whether a step failed because its deadline had passed."""
    ours = from_failure(error)
    return ours is not None and (isinstance(ours, DeadlinePassed) or ours.details_model.after_deadline)


def told_why(left: Leftover, leftovers: list[Leftover], failures: list[PrivateLinkError], otherwise: str) -> Leftover:
    """The leftover with its reason: its own last error, or one about no leftover, or that its turn never came.

    `otherwise`: the reason when nothing failed; empty when all that is known is that it still exists.
    """
    own = next((failure.message for failure in reversed(failures) if failure.details_model.resource == left.id), None)
    if own:
        return left.model_copy(update={"reason": own})
    ids = {one.id for one in leftovers}
    general = [failure.message for failure in failures if failure.details_model.resource not in ids]
    why = general[0] if general else "its turn never came" if failures else otherwise
    return left.model_copy(update={"reason": "; ".join(filter(None, (left.reason, why)))})


def unseen(failures: list[PrivateLinkError], link: Link, recorded: list[Leftover]) -> list[Leftover]:
    """A substitute for the list of what is left when the clouds cannot be read.

    It has the last failure of each resource, and what is recorded of the link that the saga has not seen go.
    """
    last = {one.details_model.resource or str(link): one.message for one in failures}
    return [
        *(Leftover(kind="unknown", id=resource, reason=message) for resource, message in last.items()),
        *recorded,
    ]


def still_standing(leftovers: list[Leftover], link: str) -> CloudRefused:
    """What a delete raises when every step succeeded and the final inventory still found something."""
    return CloudRefused(
        f"checking the removal of {link}: {len(leftovers)} of its resources still exist",
        resource=link,
        next_step="do what the list says for each",
    )


def incomplete(cause: PrivateLinkError | None, leftovers: list[Leftover], link: str) -> RollbackIncomplete:
    """The error of a saga that leaves something behind: the first cause, each leftover, and how to finish."""
    first = cause.details_model.message if cause else "cancelled"
    listed = "; ".join(str(left) for left in leftovers)
    return RollbackIncomplete(
        f"{first}; and these are left behind: {listed}",
        resource=link,
        next_step=f"fix what the reasons name, then run `privatelink delete {link}`, which finishes the removal",
        leftovers=tuple(leftovers),
        outcome=Outcome.INCOMPLETE,
    )
