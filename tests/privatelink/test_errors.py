"""The errors: their tree, their way across Temporal, and what they never show."""

import inspect
from datetime import timedelta

import pytest
from pydantic import ValidationError
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ActivityError, ApplicationError, ApplicationErrorCategory, FailureError, RetryState

from privatelink import errors
from privatelink.cli.exits import ExitCode, exit_code
from privatelink.errors import (
    BY_TYPE,
    Actor,
    ErrorDetails,
    Finding,
    FindingType,
    InvalidRequest,
    Leftover,
    NotYet,
    Outcome,
    PrivateLinkError,
    PrivateLinkFailed,
    RemovalRefused,
    RequestRefused,
    RollbackIncomplete,
    from_failure,
    invalid_request,
)
from privatelink.model.request import PrivateLinkRequest
from privatelink.temporal.payloads import DATA_CONVERTER

LEAVES = list(BY_TYPE.values())
FINDING = Finding(type=FindingType.NAME_TAKEN, resource="it", message="it is there", next_step="choose another")


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_type_is_drawn_in_the_tree(leaf: type[PrivateLinkError]) -> None:
    """The docstring of the module is the page that people read."""
    assert errors.__doc__ is not None
    assert leaf.__name__ in errors.__doc__


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_type_answers_both_questions(leaf: type[PrivateLinkError]) -> None:
    """Will waiting help, and who must act: nobody must fix what only waits, except what nobody has classified."""
    error = leaf("doing it (id): why")
    assert error.non_retryable is not leaf.waiting_helps
    assert error.type == leaf.__name__
    assert isinstance(leaf.actor, Actor)
    assert inspect.getdoc(leaf)


def across_temporal(error: BaseException, converter: DataConverter = DATA_CONVERTER) -> BaseException:
    """The same error as the other side sees it, by its converter."""
    failure = Failure()
    DATA_CONVERTER.failure_converter.to_failure(error, DATA_CONVERTER.payload_converter, failure)
    return converter.failure_converter.from_failure(failure, converter.payload_converter)


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_type_is_read_back_from_its_failure(leaf: type[PrivateLinkError]) -> None:
    """With all that it carries."""
    error = leaf(
        "doing it (id): why",
        resource="id",
        next_step="mend it",
        findings=(FINDING,),
        leftovers=(Leftover(kind="load balancer", id="arn", reason="denied"),),
        step="create-load-balancer",
        outcome=Outcome.INCOMPLETE,
    )
    arrived = across_temporal(error)
    assert not isinstance(arrived, PrivateLinkError)
    again = from_failure(arrived)
    assert type(again) is leaf
    assert again.details_model == error.details_model
    assert again.message == error.message


def activity_error(cause: BaseException) -> ActivityError:
    """What a workflow gets when a step failed."""
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="worker",
        activity_type="create_private_link",
        activity_id="create-private-link",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    return error


def test_an_error_is_found_in_its_chain_of_causes() -> None:
    """A workflow's failure wraps an activity's, which wraps ours."""
    error = PrivateLinkFailed("it failed")
    assert from_failure(activity_error(error)) is error
    assert from_failure(activity_error(activity_error(error))) is error


@pytest.mark.parametrize(
    "error", [ValueError("x"), ApplicationError("x", type="Other"), FailureError("x"), activity_error(ValueError("x"))]
)
def test_a_foreign_error_is_none_of_ours(error: BaseException) -> None:
    """Nor does looking for ours fail on it."""
    assert from_failure(error) is None


@pytest.mark.parametrize("details", [(), ("text",), (None,), ({"message": 1},)])
def test_a_failure_made_by_hand_still_has_its_message(details: tuple[object, ...]) -> None:
    """An operator may fail an activity in the UI, with a type of ours and anything as details."""
    again = from_failure(ApplicationError("given up", *details, type="PrivateLinkFailed"))
    assert type(again) is PrivateLinkFailed
    assert again.details_model.message == "given up"


def test_a_field_of_tomorrow_is_no_error() -> None:
    """A client of today reads the error of a worker of tomorrow."""
    details = ErrorDetails(type="NotYet", message="moving").model_dump() | {"more": 1}
    assert type(from_failure(ApplicationError("moving", details, type="NotYet"))) is NotYet


def test_waiting_is_no_failure_to_log() -> None:
    """A wait's retries are benign; its delay is kept."""
    error = NotYet("it is pending", retry_after=timedelta(seconds=7))
    assert error.category is ApplicationErrorCategory.BENIGN
    assert error.next_retry_delay == timedelta(seconds=7)
    assert PrivateLinkFailed("it failed").category is ApplicationErrorCategory.UNSPECIFIED


def test_the_next_step_is_part_of_the_message() -> None:
    """The Temporal UI shows the message alone."""
    assert PrivateLinkFailed("it failed", next_step="mend it").message == "it failed; mend it"


def test_findings_are_told_in_one_sentence() -> None:
    """Each by its name, and each next step once."""
    error = RequestRefused.of_findings([FINDING, FINDING.model_copy(update={"resource": "other"})])
    assert error.details_model.findings[0] == FINDING
    assert error.message.count("choose another") == 1
    for words in ("NameTaken (it): it is there", "NameTaken (other): it is there"):
        assert words in error.message


def test_findings_about_one_thing_are_told_as_one_call_on_it() -> None:
    """Then the error concerns that thing, while each finding keeps its own."""
    error = RemovalRefused.of_findings([FINDING], doing="deleting the link", resource="w1/orders")
    assert "deleting the link: NameTaken (it): it is there; choose another" == error.message
    assert ("w1/orders", (FINDING,)) == (error.details_model.resource, error.details_model.findings)


def test_a_broken_request_is_told_fault_by_fault_without_its_values() -> None:
    """All faults at once, each with its path; a value may be a secret."""
    with pytest.raises(ValidationError) as broken:
        PrivateLinkRequest.model_validate(
            {
                "name": "Orders",
                "deployment": "w41b11c0",
                "aws": {"region": "us-east-1"},
                "subnets": ["subnet-0a1"],
                "listeners": [{"port": 0, "targets": ["10.0.1.15"]}],
                "connector": {"type": "mysql", "name": "a", "parameters": {"a": "{address}", "password": "hunter2"}},
                "colour": "hunter2",
            }
        )
    error = invalid_request(broken.value)
    assert type(error) is InvalidRequest
    assert {"name", "listeners.0.port", "connector.parameters", "colour"} == {
        found.resource for found in error.details_model.findings
    }
    assert "hunter2" not in f"{error} {error.details_model}"


def test_an_incomplete_rollback_lists_what_is_left() -> None:
    """An operator gets the list from the error alone."""
    left = Leftover(kind="load balancer", id="arn", reason="denied")
    assert RollbackIncomplete("left", leftovers=(left,)).details_model.leftovers == (left,)


def test_the_default_converter_of_temporal_reads_our_errors_too() -> None:
    """A backend in another language, or one that forgot our converter, sees type, message and details."""
    arrived = across_temporal(RequestRefused.of_findings([FINDING]), DataConverter.default)
    assert isinstance(arrived, ApplicationError)
    assert arrived.type == "RequestRefused"
    assert arrived.details[0]["findings"][0]["type"] == "NameTaken"


def test_an_error_of_a_later_version_keeps_what_it_says() -> None:
    """Its type is not known here; its sentence, its next step and what was left behind still tell what to do."""
    details = {"type": "MoveRefused", "message": "moving x: no", "next_step": "do y", "outcome": "refused"}
    again = from_failure(ApplicationError("moving x: no; do y", details, type="MoveRefused"))
    assert again
    assert ("MoveRefused", "moving x: no", "do y", Outcome.REFUSED) == (
        again.details_model.type,
        again.details_model.message,
        again.details_model.next_step,
        again.details_model.outcome,
    )
    assert ExitCode.REFUSED == exit_code(again.details_model)
    assert from_failure(ApplicationError("somebody else's", {"some": "details"}, type="MoveRefused")) is None
