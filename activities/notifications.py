"""Notifications: the webhook gets an event for every phase in which a saga needs a person, or ends."""

from pydantic import AwareDatetime
from temporalio import activity

from activities.scopes import Spec
from clouds.webhook import CloudEvent, PhaseChange, Webhook
from privatelink.errors import ErrorDetails
from privatelink.model.names import Link
from privatelink.model.progress import Ask, Phase


class NotificationSpec(Spec):
    """One phase that a saga has reached, as `progress` shows it, so it can contain no secret.

    `number` counts the saga's notifications. With the run's ID it makes the event's ID, which must not contain a dot
    (Standard Webhooks 1.0, "Signature scheme"): Temporal's run IDs have none.
    """

    link: Link
    operation: str
    saga_id: str
    number: int
    phase: Phase
    at: AwareDatetime
    asks: tuple[Ask, ...] = ()
    error: ErrorDetails | None = None
    address: str | None = None


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
