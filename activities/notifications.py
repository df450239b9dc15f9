"""Notifications: the webhook gets an event for every phase in which a saga needs a person, or ends."""

from temporalio import activity

from activities.inputs import NotificationSpec
from clouds.webhook import CloudEvent, PhaseChange, Webhook


class Notifications:
    """Reports to the webhook what happens to links."""

    def __init__(self, webhook: Webhook | None) -> None:
        """`webhook` is None in a worker without one."""
        self._webhook = webhook

    @activity.defn
    async def notify(self, spec: NotificationSpec) -> bool:
        """Send one event; True when the receiver took it. False, at once, when the worker has no webhook.

        It may arrive more than once after a lost reply, always with the same id. Raises `CloudUnavailable` while the
        receiver may still take it, `CloudRefused` when it will not.
        """
        if self._webhook is None:
            return False
        await self._webhook.send(_event_of(spec))
        return True


def _event_of(spec: NotificationSpec) -> CloudEvent:
    return CloudEvent(
        # The run's ID, because after a reset the same number may mean another phase.
        id=f"{activity.info().workflow_run_id}/{spec.number}",
        source=f"/privatelink/{spec.link}",
        type=f"com.emqx.privatelink.phase.{spec.phase}",
        subject=str(spec.link),
        time=spec.at,
        data=PhaseChange(
            link=str(spec.link),
            operation=spec.operation,
            saga_id=spec.saga_id,
            phase=spec.phase,
            asks=spec.asks,
            error=spec.error,
            address=spec.address,
            status_command=f"privatelink status {spec.link}",
        ),
    )
