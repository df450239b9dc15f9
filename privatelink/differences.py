"""Differences between two requests for one link, path by path, for the error that tells them."""

from collections.abc import Iterator
from itertools import zip_longest

from pydantic import JsonValue

from privatelink.errors import Finding, FindingType


def differences(running: JsonValue, asked: JsonValue) -> tuple[Finding, ...]:
    """One finding per path at which the two JSON values differ; empty when they are the same."""
    return tuple(_differences(running, asked, ""))


def _differences(running: JsonValue, asked: JsonValue, path: str) -> Iterator[Finding]:
    if isinstance(running, dict) and isinstance(asked, dict):
        for key in sorted(running.keys() | asked.keys()):
            yield from _differences(running.get(key), asked.get(key), f"{path}.{key}" if path else key)
    elif isinstance(running, list) and isinstance(asked, list):
        for index, (one, other) in enumerate(zip_longest(running, asked)):
            yield from _differences(one, other, f"{path}.{index}")
    elif running != asked:
        yield Finding(
            type=FindingType.LINK_DIFFERS,
            concerns=path,
            sentence=f"is {running!r}, asked for is {asked!r}",
            next_step="use the value that is, or another name",
        )
