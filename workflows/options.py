"""The few ways in which a step is run: a check, a write, a wait, a removal; and the deadlines, all of them settings.

A deadline is set by `PRIVATELINK_DEADLINE_<NAME>` in seconds of the cloud's clock, as in
`PRIVATELINK_DEADLINE_LOAD_BALANCER=2400`.
"""

import dataclasses
import os
from datetime import timedelta
from typing import TypedDict, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from clouds.budgets import PATIENCE_SECONDS
from clouds.waiting import LEAST_LOOK_SECONDS, LOOK_SECONDS, SLACK_SECONDS, Wait
from privatelink.errors import BY_TYPE, NotAllowed
from privatelink.pace import paced_delta


class Deadlines(BaseModel):
    """How long each thing may take, in seconds of the cloud's clock; aws.amazon.com's usual times are far below."""

    model_config = ConfigDict(frozen=True)

    check: float = Field(300, gt=0)
    write: float = Field(1800, gt=0)
    private_link: float = Field(604_800, gt=0)  # a fleet queues for the platform's few writes an hour
    load_balancer: float = Field(1200, gt=0)
    targets: float = Field(600, gt=0)
    endpoint_service: float = Field(600, gt=0)
    connection: float = Field(3600, gt=0)  # EMQX's account makes one VPC endpoint every 3.3 s, for all who wait
    running: float = Field(900, gt=0)
    connector: float = Field(300, gt=0)
    removal: float = Field(3600, gt=0)
    person: float = Field(604_800, gt=0)
    hold: float = Field(86_400, gt=0)
    notification: float = Field(120, gt=0)

    @classmethod
    def from_environment(cls) -> "Deadlines":
        """The defaults, changed by what the environment names. Raises pydantic's `ValidationError`."""
        prefix = "PRIVATELINK_DEADLINE_"
        given = {name[len(prefix) :].lower(): text for name, text in os.environ.items() if name.startswith(prefix)}
        return cls.model_validate(given, extra="forbid")


S = TypeVar("S")

DEADLINES = Deadlines.from_environment()

FLOOR = timedelta(seconds=10)
"""No deadline is shorter: on a scaled clock, calls still take their own time."""

SETTLE_AT_AWS = paced_delta(15)
"""How long after a lost reply AWS may still not show what it made (EC2: eventual consistency)."""

SETTLE_AT_PLATFORM = max(paced_delta(300), FLOOR)
"""How long a call that nobody waits for any more may still take effect at the platform. It may hold a create for
minutes: EMQX's own Terraform provider waits 30 of them for one of a deployment."""

# Some calls, each with its own time-out, and the turns that they wait for while many sagas share a budget.
_ATTEMPT = timedelta(seconds=PATIENCE_SECONDS + 60)
_BEAT = timedelta(seconds=30)  # a killed worker's attempt is missed after it; see activities/attempts.py
_NOTIFICATION = timedelta(seconds=15)  # above the webhook's own time-out
_LOOK = timedelta(seconds=SLACK_SECONDS) + max(paced_delta(LOOK_SECONDS), timedelta(seconds=LEAST_LOOK_SECONDS))
_RETRY = RetryPolicy(
    initial_interval=paced_delta(2), backoff_coefficient=2, maximum_interval=paced_delta(30), maximum_attempts=0
)

# A look may be a wait's tenth attempt without any failure; a growing interval would then add to a killed worker's loss.
_LOOK_AGAIN = RetryPolicy(initial_interval=paced_delta(1), backoff_coefficient=1, maximum_attempts=0)


_FINAL_IN_CHECKS = [leaf for leaf, error in BY_TYPE.items() if issubclass(error, NotAllowed)]
_CHECK_AGAIN = dataclasses.replace(_RETRY, non_retryable_error_types=_FINAL_IN_CHECKS)


def limit(seconds: float) -> Wait:
    """A wait that begins now and lasts `seconds` of the cloud's clock."""
    now = workflow.now()
    return Wait(since=now, deadline=now + max(paced_delta(seconds), FLOOR))


class Options(TypedDict):
    """What `workflow.execute_activity` takes beside the step and its spec."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta | None
    retry_policy: RetryPolicy
    cancellation_type: ActivityCancellationType


def check() -> Options:
    """A read that decides whether to go on: nothing to undo, so a cancel does not wait for it.

    Nothing is made yet, so a refusal is final: whoever asked can mend it and ask again.
    """
    return _options(
        _ATTEMPT, paced_delta(DEADLINES.check), ActivityCancellationType.TRY_CANCEL, beat=_BEAT, again=_CHECK_AGAIN
    )


def inventory() -> Options:
    """A read in the middle of a saga, which decides nothing."""
    return _options(_ATTEMPT, paced_delta(DEADLINES.check), ActivityCancellationType.TRY_CANCEL, beat=_BEAT)


def write(deadline: float) -> Options:
    """An effect: a cancel waits until the attempt is over, so that its undo never races it."""
    return _options(_ATTEMPT, paced_delta(deadline), ActivityCancellationType.WAIT_CANCELLATION_COMPLETED, beat=_BEAT)


def wait(until: Wait) -> Options:
    """Looks until a deadline that the step itself knows; the time-out here is only the net below it."""
    return _options(_LOOK, until.deadline - until.since + FLOOR, ActivityCancellationType.TRY_CANCEL, again=_LOOK_AGAIN)


def removal() -> Options:
    """An undo: it asks, and looks until the thing is gone, for long, because a person may have to mend something."""
    return _options(
        _ATTEMPT + _LOOK,
        paced_delta(DEADLINES.removal),
        ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        beat=_BEAT,
    )


class LocalOptions(TypedDict):
    """What `workflow.execute_local_activity` takes beside the step and its spec."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


def notification_once() -> LocalOptions:
    """One try to tell the webhook, within the workflow's own task, which holds up Updates meanwhile."""
    return LocalOptions(start_to_close_timeout=timedelta(seconds=2), retry_policy=RetryPolicy(maximum_attempts=1))


def notification() -> Options:
    """Further tries, for a short while: a saga's end waits for them."""
    return _options(_NOTIFICATION, paced_delta(DEADLINES.notification), ActivityCancellationType.TRY_CANCEL)


def renewed(spec: S) -> S:
    """The spec of a step that is tried anew after its own time was over: with as much time as it had."""
    wait = getattr(spec, "wait", None)
    if not (isinstance(spec, BaseModel) and isinstance(wait, Wait)):
        return spec
    now = workflow.now()
    return spec.model_copy(update={"wait": Wait(since=now, deadline=now + (wait.deadline - wait.since))})


def _options(
    attempt: timedelta,
    limit: timedelta,
    cancellation: ActivityCancellationType,
    *,
    again: RetryPolicy = _RETRY,
    beat: timedelta | None = None,
) -> Options:
    return Options(
        start_to_close_timeout=attempt,
        schedule_to_close_timeout=max(limit, FLOOR),
        heartbeat_timeout=beat,
        retry_policy=again,
        cancellation_type=cancellation,
    )
