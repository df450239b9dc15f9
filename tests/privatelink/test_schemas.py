"""The published JSON Schemas: current, valid, and as strict as the models that they stand for."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from privatelink.errors import ErrorDetails, Outcome
from privatelink.model.progress import StepState
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.request_files import read_request
from privatelink.model.updates import JoinCreate, JoinDelete
from scripts.runbook import EXAMPLES
from scripts.schemas import FOLDER, SENT, main, schemas, stale, write
from tests.support.cli import DELETED, REQUEST, RESULT, STEERED, link_status, step


@pytest.fixture
def request_of_issue(tmp_path: Path) -> PrivateLinkRequest:
    """A valid request."""
    file = tmp_path / "request.yaml"
    file.write_text(REQUEST)
    return read_request(str(file))


def faults(name: str, value: object) -> list[str]:
    """What a validator that knows only the published file finds in the value."""
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def test_the_files_are_current() -> None:
    """A model that changes without `make schemas` fails here."""
    assert [] == stale()


@pytest.mark.parametrize("name", sorted(schemas()))
def test_every_file_is_a_valid_schema_that_says_its_dialect(name: str) -> None:
    """Tools of other languages can load each file by itself."""
    schema = json.loads((FOLDER / name).read_text())
    Draft202012Validator.check_schema(schema)
    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]


def test_what_a_caller_may_leave_out_the_schema_does_not_ask_for(request_of_issue: PrivateLinkRequest) -> None:
    """The shortest request, and the same with every default written out, both fit."""
    whole, short = (
        request_of_issue.model_dump(mode="json"),
        request_of_issue.model_dump(mode="json", exclude_unset=True),
    )
    assert [[], []] == [faults("create-request", value) for value in (whole, short)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("colour", "red"), ("name", "Orders"), ("subnets", []), ("listeners", [{"port": 0, "targets": ["10.0.0.1"]}])],
)
def test_what_the_model_refuses_by_shape_the_schema_refuses(
    request_of_issue: PrivateLinkRequest, field: str, value: object
) -> None:
    """A backend in another language learns of a wrong shape before it sends it."""
    assert faults("create-request", {**request_of_issue.model_dump(mode="json"), field: value})


def test_every_answer_fits_its_schema(request_of_issue: PrivateLinkRequest) -> None:
    """What we send is what we published."""
    status = link_status(step("a", StepState.RUNNING), ids={"b": "c"}, said={"a": "d"}, result=RESULT)
    details = ErrorDetails(type="Cancelled", message="s", outcome=Outcome.ROLLED_BACK)
    assert status.progress is not None
    answers = {
        "create-result": RESULT,
        "delete-result": DELETED,
        "error-details": details,
        "progress": status.progress,
        "status": status,
        "steered": STEERED,
    }
    joins = [
        JoinCreate(request=request_of_issue),
        JoinDelete(request=DeleteRequest.of(request_of_issue)),
    ]
    found: list[Any] = [faults(name, model.model_dump(mode="json")) for name, model in answers.items()]
    found += [faults("join", join.model_dump(mode="json")) for join in joins]
    assert [[]] * 8 == found


@pytest.mark.parametrize("name", [*EXAMPLES])
def test_the_examples_of_the_runbook_fit_what_is_published(name: str) -> None:
    """What a person copies into Temporal's UI is taken; a field of no meaning is not."""
    argument = EXAMPLES[name].argument.model_dump(mode="json", exclude_unset=True)
    assert type(EXAMPLES[name].argument) is SENT[name]
    assert [] == faults(name, argument)
    assert faults(name, {**argument, "colour": "red"})


def test_a_file_that_differs_is_missing_or_belongs_to_no_model_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check sees each way in which the folder can be wrong, and writing fixes them all."""
    write(tmp_path)
    assert [] == stale(tmp_path)
    (tmp_path / "joined.json").unlink()
    (tmp_path / "status.json").write_text("{}")
    (tmp_path / "stranger.json").write_text("{}")
    assert ["joined.json", "status.json", "stranger.json"] == stale(tmp_path)
    monkeypatch.setattr("scripts.schemas.stale", lambda: stale(tmp_path))
    assert 1 == main(["--check"])
    assert "joined.json, status.json, stranger.json" in capsys.readouterr().err
    write(tmp_path)
    assert 0 == main(["--check"])
