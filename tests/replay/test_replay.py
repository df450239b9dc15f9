"""Stored histories replay against the workflows as they are now, and a change that breaks running sagas is reported."""

import pytest
from temporalio.api.enums.v1 import EventType

from tests.replay.changed import SwappedBehindPatch, SwappedWithoutPatch
from tests.replay.outcomes import STEPS, closing, outcomes
from tests.replay.replaying import FOLDER, IDENTITY, CodeDoesNotMatchError, read_history, replay, stored_names
from tests.support.histories import readable_text
from tests.support.requests import SECRET
from workflows.create import CreatePrivateLink
from workflows.delete import DeletePrivateLink
from workflows.fleet import ApplyFleet

OUTCOMES = outcomes()


def test_every_outcome_has_its_history() -> None:
    """None is missing and none is left over from an outcome that is no more: `make histories` writes them."""
    assert sorted(OUTCOMES) == stored_names()


def test_every_step_has_a_history_in_which_it_fails() -> None:
    """The steps that failing histories name are those of the workflow as it is now."""
    failing = {name.removeprefix("failed-at-") for name in stored_names() if name.startswith("failed-at-")}
    assert set(STEPS) == failing


@pytest.mark.parametrize("name", sorted(OUTCOMES))
async def test_a_stored_history_replays(name: str) -> None:
    """Today's code commands what the recorded saga's did, in the same order."""
    await replay(name, [ApplyFleet, CreatePrivateLink, DeletePrivateLink])


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_a_stored_history_ends_as_its_name_says_and_tells_nobodys_secret(name: str) -> None:
    """It is closed as the outcome is, recorded by nobody in particular, with no secret and no path of a machine."""
    events = read_history(name).events
    assert closing(events[-1]) == OUTCOMES[name].closed
    text = "\n".join(readable_text(event) for event in events)
    assert [word for word in (SECRET, str(FOLDER.parents[2]), "Traceback", 'File "') if word in text] == []
    identities = {
        event.workflow_task_started_event_attributes.identity
        for event in events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
    }
    assert identities == {IDENTITY}


async def test_two_swapped_steps_without_a_patch_fail_with_what_to_do() -> None:
    """The commonest change of a workflow. The error names the history, the step, and both ways out."""
    with pytest.raises(CodeDoesNotMatchError, match="activity command 'check-connector'") as caught:
        await replay("created", [SwappedWithoutPatch])
    message = str(caught.value)
    assert "workflow code no longer matches a saga that was recorded (created)" in message
    assert "workflow.patched(...)" in message
    assert "`make histories`" in message


async def test_the_same_change_behind_a_patch_replays() -> None:
    """The advice is good: sagas of the old code go on in the old order."""
    for name in ("created", "failed-at-check-connector", "cancelled-at-the-last-step"):
        await replay(name, [SwappedBehindPatch])
