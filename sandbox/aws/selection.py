"""Selection of resources in Describe calls: EC2 filters and paging."""

from __future__ import annotations

import base64
import binascii
import fnmatch
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.aws.errors import AwsError
from sandbox.aws.state import Thing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.aws.actions import Call

T = TypeVar("T")
_MOST_RESULTS = 1000


def filtered(call: Call, things: list[T], fields: Mapping[str, Callable[[T], str | list[str]]]) -> list[T]:
    """The resources that match every filter; `tag:KEY` and `tag-key` work on everything that has tags.

    Values of one filter are alternatives and may contain the wildcards * and ? (EC2 user guide, Using_Filtering). An
    unknown filter is refused, because AWS refuses it too, and ignoring it would select foreign resources.
    """
    for one in call.params.get("Filters") or []:
        name, values = one["Name"], one.get("Values") or []
        if name not in fields and name != "tag-key" and not name.startswith("tag:"):
            raise AwsError("InvalidFilter", f"The filter '{name}' is invalid")
        things = [thing for thing in things if _matches(_field(name, thing, fields), values)]
    return things


def paged(call: Call, things: list[T], *, mark: str, size: str, default: int = _MOST_RESULTS) -> tuple[list[T], str]:
    """One page, and the token of the next ("" at the end). `mark` and `size` name the request's parameters."""
    start = _position(call.params.get(mark))
    count = int(call.params.get(size) or default)
    if count < 1:
        raise AwsError("InvalidParameterValue", f"Value ({count}) for parameter {size} is invalid.")
    end = start + count
    following = base64.b64encode(f"position {end}".encode()).decode() if end < len(things) else ""
    return things[start:end], following


def _field(name: str, thing: T, fields: Mapping[str, Callable[[T], str | list[str]]]) -> str | list[str]:
    if name in fields:
        return fields[name](thing)
    tags = thing.tags if isinstance(thing, Thing) else {}
    return list(tags) if name == "tag-key" else [tags[key] for key in tags if key == name.removeprefix("tag:")]


def _matches(field: str | list[str], patterns: list[str]) -> bool:
    texts = [field] if isinstance(field, str) else field
    return any(fnmatch.fnmatchcase(text, pattern.replace("[", "[[]")) for text in texts for pattern in patterns)


def _position(token: Any) -> int:  # noqa: ANN401  whatever the caller sent
    if not token:
        return 0
    try:
        return int(base64.b64decode(str(token), validate=True).decode().removeprefix("position "))
    except (binascii.Error, ValueError) as error:
        raise AwsError("InvalidNextToken", "The token is not valid.") from error
