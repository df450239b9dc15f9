"""An operator who has Temporal's UI alone learns there what a saga needs, gives it, and sees the saga go on."""

import asyncio
import logging
import time

from playwright.async_api import Locator, expect
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from privatelink.client.links import SagaHandle
from privatelink.model.progress import Phase
from scripts.temporal_ui import TemporalUi
from tests.support.person import Person
from tests.support.requests import full_request
from tests.support.world import World
from tests.ui.conftest import LINK, WORKFLOW_ID
from workflows.platform_side import BY_HAND, CONFIRM_RUNNING
from workflows.saga.controls import APPROVAL

LOG = logging.getLogger(__name__)


async def test_a_person_reads_what_to_do_and_confirms_it(
    world: World, person: Person, waiting: SagaHandle, ui: TemporalUi
) -> None:
    """Page, clicks and the value to paste are items of their own; `confirm` from the dialog ends the create."""
    ask = await person.asked(BY_HAND)
    details = await ui.open_details(WORKFLOW_ID, waiting.saga_id)
    await expect(details.locator("strong").first).to_have_text(Phase.WAITING_FOR_PERSON)
    await expect(details.locator("ol > li")).to_have_text(list(ask.clicks))
    await expect(details.locator("ul > li").first).to_have_text(f"where: {ask.page}")
    [value] = ask.paste.values()
    await expect(details.locator("ul > li > code")).to_have_text(value)

    await person.create(value)
    await person.approves()
    await person.asked(CONFIRM_RUNNING)
    await person.address()
    details = await ui.open_details(WORKFLOW_ID, waiting.saga_id)
    await expect(details.locator("p > code")).to_have_text(f"privatelink confirm {LINK}")
    await _sent(ui, await ui.fill_in_update("confirm", {"step": CONFIRM_RUNNING, "by": "ana"}), world)
    result = await waiting.result()
    assert result.operation == "create"
    assert result.address == await person.address()
    told = [(one.action, one.by) for one in (await person.progress()).interventions]
    assert told == [("approve", "ana"), ("confirm", "ana")]


async def test_a_person_approves(world: World, person: Person, ui: TemporalUi) -> None:
    """Nothing is accepted until then; the details say that it waits, and for whom."""
    saga = await world.links.start_create(full_request(world.sandbox, approval=True, connector=None))
    ask = await person.asked(APPROVAL)
    details = await ui.open_details(WORKFLOW_ID, saga.saga_id)
    await expect(details.locator("body")).to_contain_text(f" UTC: {ask.message}")
    await expect(details.locator("p > code")).to_contain_text(f"privatelink approve {LINK} --vpc-endpoint-id vpce-")
    await _sent(ui, await ui.fill_in_update("approve", {"by": "ana", "note": "CHG-1234"}), world)
    await saga.result()
    [intervention] = (await person.progress()).interventions
    assert (intervention.action, intervention.by, intervention.why) == ("approve", "ana", "CHG-1234")


async def test_the_list_finds_who_waits_for_a_person(waiting: SagaHandle, ui: TemporalUi) -> None:
    """By the search attribute, in the page's address, as a bookmark has it."""
    rows = await ui.open_list(f'PrivateLinkPhase="{Phase.WAITING_FOR_PERSON}"')
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(waiting.saga_id)
    await ui.open_list(f'PrivateLinkPhase="{Phase.HELD}"')
    await expect(ui.page.get_by_role("heading", name="0 Workflows")).to_be_visible()


async def test_a_wait_tells_its_sentence_and_no_stack_trace(world: World, waiting: SagaHandle, ui: TemporalUi) -> None:
    """Where Temporal's Pause and Reset are, what is waited for is said in words."""
    async with asyncio.timeout(60):
        while not any(one.last_message for one in (await world.links.status(LINK)).waiting):  # noqa: ASYNC110 - of a server
            await asyncio.sleep(0.05)
    pending = await ui.open_pending(WORKFLOW_ID, waiting.saga_id)
    await expect(pending).to_contain_text("wait-for-creation-by-hand")
    await expect(pending).to_contain_text('"message": "no endpoint connection of account 111122223333 yet; ')
    await expect(pending.get_by_role("button", name="Reset")).to_be_visible()
    await expect(pending).not_to_contain_text('File "')


async def _sent(ui: TemporalUi, submit: Locator, world: World) -> None:
    """Click, see that Temporal took it, and that the saga's next step began after it; log how long both took."""
    async with ui.page.expect_response(lambda answer: "/update/" in answer.url) as answered:
        clicked = time.time()
        await submit.click()
    answer = await answered.value
    assert answer.ok, await answer.text()
    await answer.finished()
    round_trip = answer.request.timing["responseEnd"]
    await expect(ui.page.get_by_role("dialog", name="Send an Update")).to_be_hidden()
    async with asyncio.timeout(60):
        while (began := _first_step_after(clicked, await world.handle(LINK).fetch_history())) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    LOG.info("update round trip %.0f ms, from click to next step %.0f ms", round_trip, (began - clicked) * 1000)


def _first_step_after(moment: float, history: WorkflowHistory) -> float | None:
    """When the first step after the moment was scheduled, by Temporal's clock."""
    scheduled = (
        event.event_time.ToMilliseconds() / 1000
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    )
    return next((at for at in scheduled if at > moment), None)
