"""Request files: what `-f FILE` reads, in YAML 1.2 or JSON.

A message names the file and the line, and never quotes the line: it may hold a secret that does not belong there.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from privatelink.errors import Finding, FindingType, InvalidRequest, invalid_request
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.yaml_values import TooLargeError, as_written, settle

STDIN = "-"

_MOST_BYTES = 4 * 1024**2
"""Maximum bytes of a file: about ten thousand links, which the YAML reader needs a minute for."""

M = TypeVar("M", bound=BaseModel)


class Document(NamedTuple):
    """The content of a file: its unchecked `fields`, and the `root` of the YAML nodes, each of which knows its line.

    JSON is read without nodes, which is thirty times as fast. `root` is then None.
    """

    fields: dict[object, object]
    root: Node | None


def read_request(file: str) -> PrivateLinkRequest:
    """The request in `file` (`-`: standard input). Raises `InvalidRequest` with all faults at once."""
    return _validated(PrivateLinkRequest, read_mapping(file))


def read_delete_request(file: str) -> DeleteRequest:
    """What to delete, from a delete request or from the same file that the link was created with.

    Raises `InvalidRequest` with all faults at once.
    """
    mapping = read_mapping(file)
    if mapping.keys() & (PrivateLinkRequest.model_fields.keys() - DeleteRequest.model_fields.keys()):
        return DeleteRequest.of(_validated(PrivateLinkRequest, mapping))
    return _validated(DeleteRequest, mapping)


def _validated(model: type[M], mapping: dict[object, object]) -> M:
    try:
        return model.model_validate(mapping)
    except ValidationError as error:
        raise invalid_request(error) from None


def read_mapping(file: str) -> dict[object, object]:
    """The unchecked fields of a YAML or JSON file. Raises `InvalidRequest` if it holds no mapping."""
    return read_document(file).fields


def read_document(file: str) -> Document:
    """The fields of a YAML or JSON file, and their positions. Raises `InvalidRequest` if it holds no mapping."""
    name = "standard input" if file == STDIN else file
    text = _text(file, name)
    try:
        value, root = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        _refuse(name, _without_values(error.problem or "it is neither YAML nor JSON"), line)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        _refuse(name, "a control character, which YAML does not allow", line)
    except TooLargeError as error:
        _refuse(name, str(error))
    except (YAMLError, ValueError):
        _refuse(name, "a date or number in it is not valid; put text that looks like one in quotes")
    except RecursionError:
        _refuse(name, "it is nested too deeply")
    if not isinstance(value, dict):
        _refuse(name, "it is not a mapping of fields to values, as in `name: orders-db`")
    return Document(value, root)


def _text(file: str, name: str) -> str:
    try:
        if file == STDIN:
            raw = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        _refuse(name, error.strerror or "it cannot be read")
    if len(raw) > _MOST_BYTES:
        _refuse(name, f"it is larger than {_MOST_BYTES // 1024**2} MiB; give several files in a folder")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(name, "it is not UTF-8 text", raw.count(b"\n", 0, error.start) + 1)


def _json(text: str) -> tuple[object, Node | None]:
    """Read JSON as JSON, because of its escapes. Anything else goes to YAML, which reports errors with their line."""
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates, **_NUMBERS), None
    except ValueError:
        return _yaml(text)


def _no_constant(_: str) -> NoReturn:
    """Leave `NaN` and `Infinity` to YAML, which reads them as text: JSON has no such numbers."""
    raise ValueError


_NUMBERS: dict[str, Any] = {
    "parse_int": lambda text: as_written(text, int(text)),
    "parse_float": lambda text: as_written(text, float(text)),
    "parse_constant": _no_constant,
}
"""Options that read JSON's numbers by our rule for YAML, so that a file means the same in both forms."""


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError
    return mapping


def _yaml(text: str) -> tuple[object, Node | None]:
    # A new reader for each text, because a reader keeps to a %YAML directive that it has met. The pure one, because
    # libyaml's does not survive deep nesting.
    yaml = YAML(typ="safe", pure=True)
    root: Node | None = yaml.compose(text)
    if root is None:
        return None, None
    settle(root, len(text))
    return yaml.constructor.construct_document(root), root


def _without_values(problem: str) -> str:
    """Keep a duplicate key, and YAML's characters and tokens; hide every other quotation."""
    head, separator, _ = problem.partition(" with value ")
    return head if separator else re.sub(r"(['\"])(.*?)\1", _token, problem)


def _token(quotation: re.Match[str]) -> str:
    return quotation[0] if len(quotation[2]) <= len("\\t") or quotation[2].startswith("<") else "(not shown)"


def _refuse(name: str, why: str, line: int | None = None) -> NoReturn:
    where = f"{name}, line {line}" if line else name
    next_step = "correct the file"
    finding = Finding(type=FindingType.SCHEMA, resource=where, message=why, next_step=next_step)
    raise InvalidRequest(
        f"reading the request ({where}): {why}", resource=where, next_step=next_step, findings=(finding,)
    ) from None
