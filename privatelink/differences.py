"""Differences between two requests for one link, path by path, for the error that tells them."""

from collections.abc import Iterator
from itertools import zip_longest

from pydantic import JsonValue

from privatelink.errors import Finding, FindingType

HIDDEN = "(hidden)"
"""Stands for an external id. No role accepts it: an external id has no parentheses (STS, AssumeRole)."""

_EXTERNAL_ID = "aws.external_id"


def differences(running: JsonValue, asked: JsonValue) -> tuple[Finding, ...]:
    """One finding per path at which the two JSON values differ; empty when they are the same.

    Of external ids it says only that they differ: whoever asks may be somebody other than the one who gave it.
    """
    return tuple(_differences(running, asked, ""))


def without_external_id(request: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The request as everybody may see it: `HIDDEN` where it gives an external id, otherwise unchanged."""
    aws = request.get("aws")
    if not (isinstance(aws, dict) and aws.get("external_id")):
        return request
    return {**request, "aws": {**aws, "external_id": HIDDEN}}


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
            sentence="is another one" if path == _EXTERNAL_ID else f"is {running!r}, asked for is {asked!r}",
            next_step="use the value that is, or another name",
        )
