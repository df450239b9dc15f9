"""Checks that an answer is AWS's own and fits the operation; a proxy or a captive portal may send a page with 200.

AWS's answers are XML whose root is the operation's name with `Response` (Smithy 2.0, "AWS EC2 query protocol" and "AWS
query protocol"). botocore does not check the root, so without this any XML page would count as a successful write.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

_FIRST_ERROR = 300

_SHOWN = 60
"""Maximum number of characters shown of a foreign name."""


class ForeignAnswerError(Exception):
    """The answer is not one of this operation. The text says what came instead."""


def check_answers_of(client: BaseClient) -> None:
    """Make every call of the client raise `ForeignAnswerError` when a success is not the operation's own answer."""
    client.meta.events.register("before-parse", _check)


def _check(operation_model: OperationModel, response_dict: dict[str, Any], **_: object) -> None:
    if response_dict["status_code"] >= _FIRST_ERROR:
        return
    expected = f"{operation_model.name}Response"
    root = _root(response_dict["body"])
    if root != expected:
        begins = f"<{root[:_SHOWN]}>" if root else "no XML"
        raise ForeignAnswerError(f"it begins with {begins}, not with <{expected}>")


def _root(body: bytes) -> str:
    """The name of the root element without its namespace; empty when the body does not begin as XML."""
    try:
        _, element = next(iter(ET.iterparse(io.BytesIO(body), events=("start",))))  # noqa: S314 - like botocore; only the root
    except (ET.ParseError, StopIteration):
        return ""
    return str(element.tag).rpartition("}")[2]
