"""How an attempt that failed is judged: tried again, and when; or final, because its time is over."""

from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.support.step_memory import StepMemory
from privatelink.errors import AccessDenied, DeadlinePassed, NotYet, PrivateLinkError, Throttled
from privatelink.model.step_clock import StepClock, deadline_of
from privatelink.pace import paced, paced_delta

NEVER_ALLOWED_SECONDS = 120.0
"""How long a call is tried that was refused from the first: a new role or policy of IAM takes effect within a minute or
two, as a rule (IAM User Guide, "Troubleshoot IAM"). In seconds of the cloud's clock."""

LONGEST_BACKOFF = paced_delta(30)
"""Temporal waits no longer before an attempt where the error names no time (`workflows.saga.options`)."""


class Judge:
    """Judges the failures of one attempt by the step's own clock."""

    def __init__(self, info: activity.Info, memory: StepMemory, clock: StepClock) -> None:
        """`memory` is what the next attempt will have."""
        self._info = info
        self._memory = memory
        self._clock = clock

    def judged(self, error: Exception) -> Exception:
        """What to raise instead of the error of the attempt: itself, or final, or with a delay that fits."""
        if isinstance(error, ApplicationError) and error.non_retryable:
            return error
        if self._was_never_allowed(error):
            return error.of(error.details_model, is_final=True) if isinstance(error, PrivateLinkError) else error
        deadline = deadline_of(self._info.schedule_to_close_timeout)
        remaining = deadline - timedelta(seconds=self._elapsed) if deadline else timedelta.max
        if remaining <= timedelta(0):
            return _late(error)
        delay = error.next_retry_delay if isinstance(error, ApplicationError) else None
        if isinstance(error, Throttled) and delay:
            # Until then nothing can happen, whosever limit it is.
            self._clock.skip(delay.total_seconds())
        elif isinstance(error, PrivateLinkError) and remaining < (delay or LONGEST_BACKOFF):
            # One look more at the deadline, and not long after it.
            error = type(error).of(error.details_model, retry_after=remaining, is_final=False)
        self._memory.uncounted = self._clock.uncounted
        return error

    @property
    def _elapsed(self) -> float:
        """Counted seconds since Temporal scheduled the step. Never from the attempt: a Reset sets that back to 1.

        From the moment of the step's effect on, those since that: what came before it was no waiting for it to show.
        """
        now = datetime.now(UTC)
        elapsed = (now - self._info.scheduled_time).total_seconds() - self._clock.uncounted
        effect_at = self._memory.effect_at
        return min(elapsed, (now - effect_at).total_seconds()) if effect_at else elapsed

    def _was_never_allowed(self, error: Exception) -> bool:
        """Whether it is a permission that nobody has seen granted, for longer than a new one takes.

        Refused credentials and keys are not: the saga's checks were made with them, by whichever worker that was. Nor
        is a refusal of what an attempt of the step has looked at before, by a worker that may have ended since.
        """
        if isinstance(error, NotYet):
            self._memory.has_looked = True
        if not isinstance(error, AccessDenied) or error.was_allowed or self._memory.has_looked:
            self._memory.refused_after = None
            return False
        if self._memory.refused_after is None:
            self._memory.refused_after = self._elapsed
        return self._elapsed - self._memory.refused_after >= paced(NEVER_ALLOWED_SECONDS)


def _late(error: Exception) -> Exception:
    if isinstance(error, NotYet | Throttled):
        return DeadlinePassed(
            f"{error.details_model.message}, and the deadline passed",
            resource=error.details_model.resource,
            next_step="look at it in the cloud's console; a longer deadline is a setting of the worker",
        )
    if isinstance(error, PrivateLinkError):
        return type(error).of(error.details_model.model_copy(update={"after_deadline": True}), is_final=True)
    if isinstance(error, ApplicationError):
        return ApplicationError(error.message, *error.details, type=error.type, non_retryable=True)
    return ApplicationError(str(error), type=type(error).__name__, non_retryable=True)
