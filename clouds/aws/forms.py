"""Whether an answer is AWS's, and the operation's own: a proxy's or a captive portal's page of 200 is neither.

AWS's answers are XML whose root is the operation's name with `Response` (Smithy 2.0, "AWS EC2 query protocol" and "AWS
query protocol"). botocore does not look at the root, so any page whose body is XML counts as the success of a write.
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
"""Characters of a name that somebody else chose."""


class ForeignAnswerError(Exception):
    """An answer that is no answer of this operation. Its text says what came instead."""


def check_answers_of(client: BaseClient) -> None:
    """Let every call of the client raise `ForeignAnswerError` when its answer of 200 is not the operation's own."""
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
        _, element = next(iter(ET.iterparse(io.BytesIO(body), events=("start",))))  # noqa: S314 - as botocore; the root alone
    except (ET.ParseError, StopIteration):
        return ""
    return str(element.tag).rpartition("}")[2]
