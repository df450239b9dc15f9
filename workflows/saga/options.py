"""The few ways to run a step: check, write, wait, removal.

A deadline counts only time in which something could happen; the worker judges that (`runtime.judging`). Temporal's
schedule-to-close timeout counts all time, so it is only a distant safety net (`privatelink.model.step_clock.far_net`).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypedDict, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from privatelink.errors import BY_TYPE, NotAllowed
from privatelink.model.deadlines import LEAST_POLL_SECONDS, POLL_SECONDS, SLACK_SECONDS, Deadline
from privatelink.model.step_clock import far_net
from privatelink.pace import paced_delta
from workflows.saga.deadlines import deadlines

S = TypeVar("S")

FLOOR = timedelta(seconds=10)
"""Minimum of every deadline: on a scaled clock, calls still take their own time."""

# Room for several calls, each with its own timeout, and for their turns while many sagas share a budget.
_ATTEMPT = timedelta(minutes=11)
_BEAT = timedelta(seconds=30)  # after this a killed worker's attempt is missed; see runtime/attempts.py
_NOTIFICATION = timedelta(seconds=15)  # above the webhook's own timeout
_FINAL_IN_CHECKS = [leaf for leaf, error in BY_TYPE.items() if issubclass(error, NotAllowed)]


def deadline_in(seconds: float) -> Deadline:
    """A deadline `seconds` of the cloud's clock from now."""
    now = workflow.now()
    return Deadline(since=now, until=now + max(paced_delta(seconds), FLOOR))


class Options(TypedDict):
    """What `workflow.execute_activity` takes besides the step and its spec."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta | None
    retry_policy: RetryPolicy
    cancellation_type: ActivityCancellationType


def check() -> Options:
    """A read that decides whether to go on. It has nothing to undo, so a cancel does not wait for it.

    Nothing is made yet, so a refusal is final: the caller can fix its cause and ask again.
    """
    return _options(
        _ATTEMPT,
        paced_delta(deadlines().check),
        ActivityCancellationType.TRY_CANCEL,
        beat=_BEAT,
        again=_retry(_FINAL_IN_CHECKS),
    )


def inventory() -> Options:
    """A read in the middle of a saga. Unlike in a check, a refusal is not final at once."""
    return _options(_ATTEMPT, paced_delta(deadlines().check), ActivityCancellationType.TRY_CANCEL, beat=_BEAT)


def inquiry() -> Options:
    """A check whose caller waits for the answer: all time counts, and the last error says what it waited for."""
    how = check()
    how["schedule_to_close_timeout"] = max(paced_delta(deadlines().check), FLOOR)
    return how


def write(within: float) -> Options:
    """An effect. A cancel waits until the attempt is over, so that the undo never races it.

    `within` is in seconds of the cloud's clock.
    """
    return _options(_ATTEMPT, paced_delta(within), ActivityCancellationType.WAIT_CANCELLATION_COMPLETED, beat=_BEAT)


def wait(deadline: Deadline) -> Options:
    """Polls until a deadline that the step itself knows; the timeout here is only a safety net."""
    return _options(
        _poll(), deadline.until - deadline.since + FLOOR, ActivityCancellationType.TRY_CANCEL, again=_poll_again()
    )


def removal() -> Options:
    """An undo: requests the removal, and polls until the resource is gone.

    The deadline is long, because a person may have to fix something first.
    """
    return _options(
        _ATTEMPT + _poll(),
        paced_delta(deadlines().removal),
        ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        beat=_BEAT,
    )


class LocalOptions(TypedDict):
    """What `workflow.execute_local_activity` takes besides the step and its spec."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


def notification_once() -> LocalOptions:
    """One try to notify the webhook, within the workflow task itself, which delays Updates meanwhile."""
    return LocalOptions(start_to_close_timeout=timedelta(seconds=2), retry_policy=RetryPolicy(maximum_attempts=1))


def notification() -> Options:
    """Further tries, for a short while only, because the saga's end waits for them."""
    how = _options(_NOTIFICATION, timedelta(0), ActivityCancellationType.TRY_CANCEL)
    how["schedule_to_close_timeout"] = max(paced_delta(deadlines().notification), FLOOR)
    return how


def renewed(spec: S) -> S:
    """The spec of a step that starts over, with its whole time again."""
    deadline = _deadline_of(spec)
    return _with_deadline(spec, deadline.beginning(workflow.now())) if deadline else spec


def prolonged(spec: S, by: timedelta | None = None) -> S:
    """The spec of a step that continues for the time `by`, or else for as long as it had at its beginning."""
    deadline = _deadline_of(spec)
    if deadline is None:
        return spec
    by = deadline.until - deadline.since if by is None else by
    return _with_deadline(spec, Deadline(since=deadline.since, until=workflow.now() + by))


def _deadline_of(spec: object) -> Deadline | None:
    deadline = getattr(spec, "deadline", None)
    return deadline if isinstance(spec, BaseModel) and isinstance(deadline, Deadline) else None


def _with_deadline(spec: S, deadline: Deadline) -> S:
    assert isinstance(spec, BaseModel)  # noqa: S101 - it has a deadline
    return spec.model_copy(update={"deadline": deadline})


def within(how: Options, limit: timedelta) -> Options:
    """The same options with another deadline."""
    how = how.copy()
    how["schedule_to_close_timeout"] = far_net(max(limit, FLOOR))
    return how


def _options(
    attempt: timedelta,
    limit: timedelta,
    cancellation: ActivityCancellationType,
    *,
    again: RetryPolicy | None = None,
    beat: timedelta | None = None,
) -> Options:
    return Options(
        start_to_close_timeout=attempt,
        schedule_to_close_timeout=far_net(max(limit, FLOOR)),
        heartbeat_timeout=beat,
        retry_policy=again or _retry(),
        cancellation_type=cancellation,
    )


def _poll() -> timedelta:
    return timedelta(seconds=SLACK_SECONDS) + max(paced_delta(POLL_SECONDS), timedelta(seconds=LEAST_POLL_SECONDS))


def _poll_again() -> RetryPolicy:
    # Attempt 10 of a wait is normal. Exponential backoff would only delay recovery after a worker is killed.
    return RetryPolicy(initial_interval=paced_delta(1), backoff_coefficient=1, maximum_attempts=0)


def _retry(final: Sequence[str] | None = None) -> RetryPolicy:
    """Try again until the deadline; an error of a type in `final` ends the step at once."""
    return RetryPolicy(
        initial_interval=paced_delta(2),
        backoff_coefficient=2,
        maximum_interval=paced_delta(30),
        maximum_attempts=0,
        non_retryable_error_types=final,
    )
