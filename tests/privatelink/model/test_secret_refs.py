"""References to secrets: their form, and where an operator puts what they name."""

from typing import Any

import pytest

from privatelink.model.clear_secrets import check_parameters
from privatelink.model.secret_refs import home_of, is_reference


@pytest.mark.parametrize(
    "reference",
    ["env:ORDERS_DB", "env:_a", "env:AWS_SECRET_ACCESS_KEY", "file:orders-db", "file:orders.password", "file:0_1"],
)
def test_a_reference_names_a_variable_or_a_file(reference: str) -> None:
    """Whether the worker offers it is the worker's to say, so no name is forbidden here."""
    parameters: dict[str, Any] = {"nodes": [{"password": {"secret": reference}}]}
    assert check_parameters(parameters) == parameters


@pytest.mark.parametrize(
    "reference",
    [
        *("ORDERS_DB", "env:", "env:1A", "env:A-B", "env:A B", "vault:a/b", "", None, 1, ["a"], "env:Ä", "env:A\n"),
        *("file:/etc/passwd", "file:../up", "file:a/b", "file:", "file:.", "file:..", "file:..data", "file:.hidden"),
        "env:PRIVATELINK_SECRET_ORDERS_DB",
    ],
)
def test_a_reference_of_another_form_is_refused_without_being_shown(reference: Any) -> None:  # noqa: ANN401
    """A misspelt one must not pass as a value; it may be the secret itself."""
    with pytest.raises(ValueError, match=r"^password: a reference is 'env:NAME' or 'file:NAME'") as refused:
        check_parameters({"password": {"secret": reference}})
    assert "ORDERS_DB" not in str(refused.value)


def test_an_operator_is_told_where_to_put_it() -> None:
    """By the exact name of the variable or the file."""
    assert home_of("env:ORDERS_DB") == "PRIVATELINK_SECRET_ORDERS_DB"
    assert home_of("file:orders-db") == "the file orders-db in PRIVATELINK_SECRETS_DIR"


@pytest.mark.parametrize(
    ("value", "meant"), [({"secret": "env:A"}, True), ({"secret": 1}, True), ({}, False), ("env:A", False)]
)
def test_a_reference_is_an_object_with_that_one_key(value: Any, meant: bool) -> None:  # noqa: ANN401, FBT001
    """Whatever else it holds is judged as a value."""
    assert is_reference(value) is meant
    assert not is_reference({"secret": "env:A", "other": 1})
