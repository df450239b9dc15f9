"""Moments that steps share: until when a fresh thing may be unseen, and how long a removal has been at it.

None is counted from the number of the attempt: an operator's Reset sets that back to 1.
"""

from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.step_memory import step_memory
from clouds.clocks import deadline_of
from clouds.waiting import Wait
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
    memory = step_memory()
    memory.effect_at = memory.effect_at or datetime.now(UTC)
    return wait.beginning(max(wait.since, memory.effect_at))


def removal_wait() -> Wait:
    """The wait of a removal, from when it was scheduled until its deadline."""
    info = activity.info()
    limit = deadline_of(info.schedule_to_close_timeout) or timedelta(days=1)
    return Wait(since=info.scheduled_time, deadline=info.scheduled_time + limit)
