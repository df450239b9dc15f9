"""Secrets in a request: referred to, never shown."""

from typing import Any

import pytest

from privatelink.secret_refs import check_secret_references, is_reference

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"password": SECRET}, "password"),
        ({"Password": SECRET}, "Password"),
        ({"parameters": {"password": SECRET}}, "parameters.password"),
        ({"headers": {"Authorization": f"Bearer {SECRET}"}}, "headers.Authorization"),
        ({"authentication": {"mechanism": "plain", "password": SECRET}}, "authentication.password"),
        ({"nodes": [{"server": "a"}, {"token": SECRET}]}, "nodes.1.token"),
        ({"password": [SECRET]}, "password"),
        ({"pin_secret": 1234}, "pin_secret"),
        ({"secret_access_key": SECRET}, "secret_access_key"),
        ({"password": {"secret": SECRET, "hint": "none"}}, "password.secret"),
        ({"url": f"http://emqx:{SECRET}@db.example.com"}, "url"),
        ({"url": f"mongodb://:{SECRET}@db.example.com"}, "url"),
        ({"ssl": {"keyfile": f"-----BEGIN PRIVATE KEY-----\n{SECRET}"}}, "ssl.keyfile"),
        ({"ssl": {"keyfile": f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}"}}, "ssl.keyfile"),
    ],
)
def test_a_secret_in_the_clear_is_refused_by_its_path_and_not_shown(parameters: dict[str, Any], path: str) -> None:
    """The request would go into Temporal's history with it."""
    with pytest.raises(ValueError, match=rf"(^|; ){path}: ") as refused:
        check_secret_references(parameters)
    assert SECRET not in str(refused.value)
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"server": "{address}:3306", "username": "emqx", "pool_size": 8},
        {"password": {"secret": "env:ORDERS_DB"}},
        {"headers": {"authorization": {"secret": "env:TOKEN"}}},
        {"nodes": [{"password": {"secret": "env:A"}}, {"password": {"secret": "env:B"}}]},
        {"ssl": {"enable": True, "cacertfile": "-----BEGIN CERTIFICATE-----\nMII"}},
        {"password": None},
        {"token_refresh": True},
        {"credentials": {"username": "emqx", "password": {"secret": "env:A"}}},
        {"url": "http://{address}:8080/a@b"},
    ],
)
def test_references_and_what_is_no_secret_pass(parameters: dict[str, Any]) -> None:
    """Unchanged."""
    assert check_secret_references(parameters) == parameters


@pytest.mark.parametrize(
    "reference",
    ["ORDERS_DB", "env:", "env:1A", "env:A-B", "env:A B", "file:/etc/passwd", "vault:a/b", "", None, 1, ["a"]],
)
def test_a_reference_of_another_form_is_refused(reference: object) -> None:
    """There is one kind of reference; a misspelt one must not pass as a value."""
    with pytest.raises(ValueError, match="a reference is 'env:NAME'"):
        check_secret_references({"password": {"secret": reference}})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "aws_session_token",
        "EMQXCLOUD_PLATFORM_API_SECRET",
        "TEMPORAL_API_KEY",
        "PRIVATELINK_X",
    ],
)
def test_the_workers_own_keys_are_not_for_requests(name: str) -> None:
    """Whoever writes a request could have them sent to a server of their choice."""
    with pytest.raises(ValueError, match="one of the worker's own keys"):
        check_secret_references({"password": {"secret": f"env:{name}"}})


def test_every_fault_is_told_at_once() -> None:
    """With the path of each."""
    with pytest.raises(ValueError, match=r"a_password: .*; b\.token: .*; c: "):
        check_secret_references({"a_password": "x", "b": {"token": "y"}, "c": "http://u:p@h"})


@pytest.mark.parametrize(
    ("value", "meant"), [({"secret": "env:A"}, True), ({"secret": 1}, True), ({}, False), ("env:A", False)]
)
def test_a_reference_is_an_object_with_that_one_key(value: Any, meant: bool) -> None:  # noqa: ANN401, FBT001
    """Whatever else it holds is judged as a value."""
    assert is_reference(value) is meant
    assert not is_reference({"secret": "env:A", "other": 1})
