"""Moments that steps share: until when a fresh thing may be unseen, and how long a removal has been at it.

None is counted from the number of the attempt: an operator's Reset sets that back to 1.
"""

from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.support.step_memory import step_memory
from privatelink.model.deadlines import Wait
from privatelink.model.step_clock import deadline_of
from privatelink.pace import paced_delta

SETTLE_SECONDS = 120
"""How long after a create `*NotFound` is taken for AWS's eventual consistency, in seconds of the cloud's clock."""


def settling_until() -> datetime:
    """Until when what an earlier step made may not be seen yet: counted from when Temporal scheduled this step."""
    return activity.info().scheduled_time + paced_delta(SETTLE_SECONDS)


def just_seen() -> datetime:
    """Until when AWS may not know everywhere what this attempt has just made or found: counted from now.

    The step may have begun long ago, when the create itself had to be tried for some minutes. A thing that is deleted
    meanwhile is noticed all the same: the next attempt looks for it first.
    """
    return datetime.now(UTC) + paced_delta(SETTLE_SECONDS)


def since_effect(wait: Wait) -> Wait:
    """The wait for what the step has made, which begins when it is made, however long making it took."""
    return wait.beginning(max(wait.since, note_effect()))


def note_effect() -> datetime:
    """Remember that the step has had its effect, and waits for it to show; gives when that was first so.

    The deadline counts anew from there (`runtime.judging`): an outage, or a frozen worker, may have used it up.
    """
    memory = step_memory()
    memory.effect_at = memory.effect_at or datetime.now(UTC)
    return memory.effect_at


def removal_wait() -> Wait:
    """The wait of a removal: for its whole deadline from when its cloud took its call, or else was to be asked."""
    info = activity.info()
    since = max(info.scheduled_time, step_memory().effect_at or info.scheduled_time)
    limit = deadline_of(info.schedule_to_close_timeout) or timedelta(days=1)
    return Wait(since=since, deadline=since + limit)
