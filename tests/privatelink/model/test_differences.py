"""What a conflict says of two requests."""

import pytest
from pydantic import JsonValue

from privatelink.model.differences import HIDDEN, differences, without_external_id

RUNNING: dict[str, JsonValue] = {"tags": {"team": "orders"}, "aws": {"region": "us-east-1", "external_id": "ext-7f3a"}}


def test_each_difference_is_named_by_its_path() -> None:
    """With both values, so that whoever asks sees what to change."""
    (found,) = differences(RUNNING, RUNNING | {"tags": {"team": "other"}})
    assert ("tags.team", 'it is "orders", but this request has "other"') == (found.resource, found.message)


@pytest.mark.parametrize("asked", ["ext-guess", None])
def test_an_external_id_is_never_told(asked: str | None) -> None:
    """Neither the running request's nor the one that was asked for; also where one of them has none."""
    other: dict[str, JsonValue] = RUNNING | {"aws": {"region": "us-east-1", "external_id": asked}}
    for one, two in ((RUNNING, other), (other, RUNNING)):
        (found,) = differences(one, two)
        assert ("aws.external_id", "it is a different one") == (found.resource, found.message)


def test_a_request_is_shown_without_its_external_id() -> None:
    """And as it is where it gives none."""
    shown = without_external_id(RUNNING)
    assert {"region": "us-east-1", "external_id": HIDDEN} == shown["aws"]
    assert RUNNING["tags"] == shown["tags"]
    none: dict[str, JsonValue] = {"aws": {"region": "us-east-1", "external_id": None}}
    assert none == without_external_id(none)
    assert "ext-7f3a" in str(RUNNING)
