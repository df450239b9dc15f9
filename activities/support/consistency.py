"""Times that steps share: until when a new resource may be unseen, and how long a removal has been running.

None is counted from the attempt number, because an operator's Reset sets that back to 1.
"""

from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.support.step_memory import step_memory
from privatelink.model.deadlines import Deadline
from privatelink.model.step_clock import deadline_of
from privatelink.pace import paced_delta

GRACE_SECONDS = 120
"""Seconds after a create that succeeded, by the cloud's clock, in which `*NotFound` is taken for AWS's eventual
consistency. Long, because it only delays the report that somebody has deleted the resource."""


def settle() -> timedelta:
    """Time after a call with an unknown outcome in which AWS may not show the effect of the call.

    Shorter than the grace, because every rollback after such a call waits for all of it.
    """
    return paced_delta(15)


def settle_at_platform() -> timedelta:
    """The same for the platform, where the call itself may still take effect.

    The platform may hold a create for minutes: EMQX's own Terraform provider waits 30 minutes for the create of a
    deployment. At least 10 s, because on a scaled clock calls still take their own time.
    """
    return max(paced_delta(300), timedelta(seconds=10))


def grace_from_schedule() -> datetime:
    """Until when something that an earlier step made may be unseen: counted from when Temporal scheduled this step."""
    return activity.info().scheduled_time + paced_delta(GRACE_SECONDS)


def grace_from_now() -> datetime:
    """Until when AWS may not yet know everywhere what this attempt has just made or found: counted from now.

    The step may have begun long ago, if the create itself had to be tried for some minutes. A resource that is deleted
    meanwhile is still noticed: the next attempt looks for it first.
    """
    return datetime.now(UTC) + paced_delta(GRACE_SECONDS)


def since_effect(deadline: Deadline) -> Deadline:
    """The deadline for what the step has made to show. Its time begins when that is made, however long making took."""
    return deadline.beginning(max(deadline.since, note_effect()))


def note_effect() -> datetime:
    """Record that the step has had its effect and waits for it to show; returns when that was first so.

    The deadline starts again from there (`runtime.judging`), because an outage or a frozen worker may have used it up.
    """
    memory = step_memory()
    memory.effect_at = memory.effect_at or datetime.now(UTC)
    return memory.effect_at


def removal_deadline() -> Deadline:
    """The deadline of a removal.

    Its time begins with the removal's effect; until there is one, when Temporal scheduled the step.
    """
    info = activity.info()
    since = max(info.scheduled_time, step_memory().effect_at or info.scheduled_time)
    limit = deadline_of(info.schedule_to_close_timeout) or timedelta(days=1)
    return Deadline(since=since, until=since + limit)
