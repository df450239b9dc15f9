"""Fleets: start and follow one link of a fleet through the client, as every caller does."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.support.removals import patient
from privatelink.client.applying import planned
from privatelink.client.following import followed_result
from privatelink.client.links import PrivateLinks
from privatelink.errors import NotYet, NoWorker, Outcome, PrivateLinkError, RequestDiffers, TemporalUnreachable
from privatelink.model.fleet import Action, Change, LinkOutcome, LinkPlan
from privatelink.model.updates import JoinCreate

POLL_SECONDS = 20.0
"""Maximum time, in real seconds, that one poll follows a saga. After it another worker takes over the polls of a killed
one."""

BETWEEN_POLLS = timedelta(seconds=1)


class Fleets:
    """The steps of `ApplyFleet`. A link's own error is that link's outcome, and stops no other link."""

    @activity.defn
    @patient
    async def begin_change(self, change: Change) -> Change | LinkOutcome:
        """Start the link's saga, or join the one that is running; returns the change with its saga's ID.

        Returns an outcome if nothing is started: the link exists already, by this request or by another, or its other
        saga is running. A retry after a lost reply joins the saga that it started, even if that has ended in the
        meantime.
        """
        client = activity.client()
        links, join = PrivateLinks(client), change.join.root
        try:
            if isinstance(join, JoinCreate):
                plan = await planned(client, join.request)
                if plan.action in {Action.CHANGED, Action.ELSEWHERE}:
                    raise _refused(plan)
                if (
                    plan.action is Action.UNCHANGED
                    and plan.saga_id
                    and plan.began_since(activity.info().scheduled_time)
                ):
                    return change.begun(plan.saga_id, datetime.now(UTC))
                if plan.action is Action.UNCHANGED:
                    return change.unchanged()
                saga = await links.start_create(join.request)
            else:
                saga = await links.start_delete(join.request)
        except (NoWorker, TemporalUnreachable):
            raise
        except PrivateLinkError as error:
            return change.failed(error.details_model, Outcome.REFUSED)
        return change.begun(saga.saga_id, datetime.now(UTC))

    @activity.defn
    @patient
    async def wait_for_change(self, change: Change) -> LinkOutcome:
        """Wait for the end of the saga that `begin_change` returned. How it ended is the result, never an error."""
        request = change.join.root.request
        assert change.saga_id is not None  # noqa: S101 - `begin_change` comes first
        ending = asyncio.ensure_future(
            followed_result(activity.client(), request.link, change.operation, change.saga_id)
        )
        try:
            await asyncio.wait({ending}, timeout=POLL_SECONDS)
            if ending.done():
                return change.ended(ending.result())
        except TemporalUnreachable:
            raise
        except PrivateLinkError as error:
            return change.failed(error.details_model, Outcome.INCOMPLETE)
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)
        raise NotYet(
            f"the {change.operation} of {change.link} is running; `privatelink status {change.link}` shows its steps",
            resource=change.link,
            retry_after=BETWEEN_POLLS,
        )


def _refused(plan: LinkPlan) -> RequestDiffers:
    by, cure = "from another request", "use the request that it was created with, or delete the link and apply again"
    if plan.action is Action.ELSEWHERE:
        by, cure = "elsewhere", "; ".join(dict.fromkeys(one.next_step for one in plan.differences))
    return RequestDiffers(
        f"creating {plan.link}: it exists {by}: "
        + "; ".join(f"{one.resource}: {one.message}" for one in plan.differences),
        resource=plan.link,
        next_step=cure,
        findings=plan.differences,
    )
