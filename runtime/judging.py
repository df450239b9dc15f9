"""How a failed attempt is judged: it is tried again after some delay, or its error is final."""

from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.support.step_memory import StepMemory
from privatelink.errors import AccessDenied, DeadlinePassed, NotYet, PrivateLinkError, Throttled
from privatelink.model.step_clock import StepClock, deadline_of
from privatelink.pace import paced, paced_delta

NEVER_ALLOWED_SECONDS = 120.0
"""Seconds of the cloud's clock for which a call is retried that was refused from the start: a new IAM role or policy
usually takes effect within a minute or two (IAM User Guide, "Troubleshoot IAM")."""

LONGEST_BACKOFF_SECONDS = 30.0
"""Maximum seconds of the cloud's clock that Temporal waits before an attempt if the error names no delay
(`workflows.saga.options`)."""


class Judge:
    """Judges the failures of one attempt by the step's own clock."""

    def __init__(self, info: activity.Info, memory: StepMemory, clock: StepClock) -> None:
        """`memory` is what the next attempt will get."""
        self._info = info
        self._memory = memory
        self._clock = clock

    def judged(self, error: Exception) -> Exception:
        """What to raise for the attempt's error: the same error, a final one, or one with a delay that fits."""
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
            # Nothing can happen until then, no matter whose limit it is.
            self._clock.skip(delay.total_seconds())
        elif isinstance(error, PrivateLinkError) and remaining < (delay or paced_delta(LONGEST_BACKOFF_SECONDS)):
            # So that the last attempt comes at the deadline, and not long after it.
            error = type(error).of(error.details_model, retry_after=remaining, is_final=False)
        self._memory.uncounted = self._clock.uncounted
        return error

    @property
    def _elapsed(self) -> float:
        """Counted seconds since Temporal scheduled the step, or since its effect once it has had one.

        The time before the effect was not spent waiting for it to show. The attempt number is no measure: a Reset sets
        it back to 1.
        """
        now = datetime.now(UTC)
        elapsed = (now - self._info.scheduled_time).total_seconds() - self._clock.uncounted
        effect_at = self._memory.effect_at
        return min(elapsed, (now - effect_at).total_seconds()) if effect_at else elapsed

    def _was_never_allowed(self, error: Exception) -> bool:
        """Whether a permission was never seen granted, for longer than a new one takes to apply.

        Refused credentials and keys do not count: the saga's checks were made with them, by whichever worker. Nor does
        a refusal once any attempt of the step was allowed to read, even on a worker that has ended since.
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
            next_step="look at it in the cloud's console; to allow more time, raise PRIVATELINK_DEADLINE_*",
        )
    if isinstance(error, PrivateLinkError):
        return type(error).of(error.details_model.model_copy(update={"after_deadline": True}), is_final=True)
    if isinstance(error, ApplicationError):
        return ApplicationError(error.message, *error.details, type=error.type, non_retryable=True)
    return ApplicationError(str(error), type=type(error).__name__, non_retryable=True)
