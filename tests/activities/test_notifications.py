"""Notifying: what the receiver gets, how often, and what a worker without a webhook does."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.notifications import Notifications, NotificationSpec
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.secrets import OfferedSecrets
from clouds.webhook import Webhook
from privatelink.errors import CloudRefused, CloudUnavailable, ErrorDetails, Leftover
from privatelink.model.progress import Ask, Phase
from runtime.registry import all_activities
from runtime.settings import Settings
from tests.support.receiver import Receiver
from tests.support.steps import LINK, RUN_ID, SAGA, attempt, perform, refusal

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def notifications() -> Notifications:
    """The activity in a worker with this process's environment."""
    settings = Settings.from_environment().webhook
    return Notifications(Webhook(settings) if settings else None)


def spec(phase: Phase = Phase.RUNNING, **more: Any) -> NotificationSpec:  # noqa: ANN401 - fields of the spec
    """The third notification of a create."""
    return NotificationSpec(link=LINK, operation="create", saga_id=SAGA, number=3, phase=phase, at=AT, **more)


async def test_a_running_link_is_told_with_its_address(receiver: Receiver) -> None:
    """The whole event, as receivers may rely on it."""
    assert await attempt(notifications().notify, spec(address="vpce-0a1.example.com"))
    (delivery,) = receiver.deliveries
    assert delivery.event == {
        "specversion": "1.0",
        "id": f"{RUN_ID}/3",
        "source": "/privatelink/w41b11c0/orders-db",
        "type": "com.emqx.privatelink.phase.running",
        "subject": "w41b11c0/orders-db",
        "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json",
        "data": {
            "link": "w41b11c0/orders-db",
            "operation": "create",
            "saga_id": "saga-1",
            "phase": "running",
            "asks": [],
            "error": None,
            "address": "vpce-0a1.example.com",
            "status_command": "privatelink status w41b11c0/orders-db",
        },
    }


async def test_a_person_is_told_what_to_do(receiver: Receiver) -> None:
    """What is asked arrives whole, without a look-up: the page, the clicks, what to paste, until when."""
    ask = Ask(
        step="create-private-link",
        message="make the PrivateLink in EMQX's console",
        page="EMQX Platform Console, deployment w41b11c0",
        clicks=("Network Management", "+PrivateLink"),
        paste={"Endpoint Service Name": "com.amazonaws.vpce.us-east-1.vpce-svc-0a1"},
        commands=("privatelink confirm w41b11c0/orders-db",),
        since=AT,
        deadline=AT + timedelta(days=3),
    )
    assert await attempt(notifications().notify, spec(Phase.WAITING_FOR_PERSON, asks=(ask,)))
    (told,) = receiver.deliveries[0].event["data"]["asks"]
    assert ask == Ask.model_validate(told)


async def test_an_error_is_told_with_what_is_left(receiver: Receiver) -> None:
    """Each thing that is left behind, and the next step."""
    error = ErrorDetails(
        type="RollbackIncomplete",
        message="removing what was made: one thing is left",
        next_step="privatelink delete w41b11c0/orders-db",
        leftovers=(Leftover(kind="endpoint service", id="vpce-svc-0a1", reason="it has foreign endpoints"),),
    )
    assert await attempt(notifications().notify, spec(Phase.INCOMPLETE, error=error))
    assert error == ErrorDetails.model_validate(receiver.deliveries[0].event["data"]["error"])


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase.needs_person or phase.ends])
async def test_every_phase_of_note_has_an_event_of_its_own_type(receiver: Receiver, phase: Phase) -> None:
    """Receivers choose by type, in the words that status and UI use."""
    assert await attempt(notifications().notify, spec(phase))
    assert receiver.deliveries[0].event["type"] == f"com.emqx.privatelink.phase.{phase.value}"


async def test_an_event_that_was_not_taken_is_sent_again_as_the_same_event(receiver: Receiver) -> None:
    """Same id and same body, so that a receiver that took it after all can tell."""
    receiver.answers = [(500, {})]
    assert await perform(notifications().notify, spec())
    first, second = receiver.deliveries
    assert first.event == second.event
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == f"{RUN_ID}/3"


async def test_the_next_event_of_a_saga_is_another(receiver: Receiver) -> None:
    """Two notifications of a run, and two runs of a saga that was reset, never share an id."""
    for number, run_id in ((3, RUN_ID), (4, RUN_ID), (3, "the-run-after-a-reset")):
        assert await attempt(notifications().notify, spec().model_copy(update={"number": number}), run_id=run_id)
    assert len({delivery.event["id"] for delivery in receiver.deliveries}) == 3


async def test_a_busy_receiver_is_patience_and_a_closed_one_is_not(receiver: Receiver) -> None:
    """Temporal repeats the first by itself, and not the second."""
    receiver.answers = [(503, {}), (410, {})]
    await refusal(CloudUnavailable, notifications().notify, spec())
    await refusal(CloudRefused, notifications().notify, spec())


async def test_without_a_webhook_the_answer_is_no_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a workflow learns it, and need not ask again."""
    for name in ("URL", "SECRET"):
        monkeypatch.delenv(f"PRIVATELINK_WEBHOOK_{name}", raising=False)
    assert not await attempt(notifications().notify, spec())


async def test_a_worker_registers_it(receiver: Receiver) -> None:
    """With the webhook of its settings."""
    settings = Settings.from_environment()
    assert settings.webhook
    steps = all_activities(
        AwsAccounts(),
        Platform(settings.platform),
        DeploymentApis(settings.deployment_access),
        OfferedSecrets(settings.secrets, os.environ),
        Webhook(settings.webhook),
    )
    (notify,) = [step for step in steps if step.__name__ == "notify"]
    assert await attempt(notify, spec())
    assert len(receiver.deliveries) == 1
