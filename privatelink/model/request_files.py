"""Request files: what `-f FILE` reads, in YAML 1.2 or JSON.

A message names the file and the line and never quotes what stands there: a line of a request may hold a secret that
belongs elsewhere.
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
"""Of a file: some ten thousand links, which YAML's reader takes a minute for."""

M = TypeVar("M", bound=BaseModel)


class Document(NamedTuple):
    """What a file says: its `fields`, not yet checked, and the `root` of YAML's nodes, each of which knows its line.

    JSON is read without nodes, thirty times as fast; `root` is None then.
    """

    fields: dict[object, object]
    root: Node | None


def read_request(file: str) -> PrivateLinkRequest:
    """The request in `file` (`-`: standard input). Raises `InvalidRequest` with all faults at once."""
    return _validated(PrivateLinkRequest, read_mapping(file))


def read_delete_request(file: str) -> DeleteRequest:
    """What to delete, from a delete request or from the very file that the link was created with.

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
    """The fields of a YAML or JSON file, not yet checked. Raises `InvalidRequest` when it holds no mapping."""
    return read_document(file).fields


def read_document(file: str) -> Document:
    """The fields of a YAML or JSON file, and where they stand. Raises `InvalidRequest` when it holds no mapping."""
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
        _refuse(name, "a date or number in it is none; text that looks like one goes into quotes")
    except RecursionError:
        _refuse(name, "it is nested too deeply")
    if not isinstance(value, dict):
        _refuse(name, "it is no mapping of fields to values, as in `name: orders-db`")
    return Document(value, root)


def _text(file: str, name: str) -> str:
    try:
        if file == STDIN:
            raw = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        _refuse(name, error.strerror or "it can't be read")
    if len(raw) > _MOST_BYTES:
        _refuse(name, f"it is larger than {_MOST_BYTES // 1024**2} MiB; give several files in a folder")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(name, "it is not UTF-8 text", raw.count(b"\n", 0, error.start) + 1)


def _json(text: str) -> tuple[object, Node | None]:
    """JSON where it is that, for its escapes; what is wrong with all else is YAML's to say, because it knows lines."""
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
"""JSON's numbers are read by YAML's rule, so that a file means the same in both forms."""


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError
    return mapping


def _yaml(text: str) -> tuple[object, Node | None]:
    # A reader of its own for each text: one that has met a %YAML directive keeps to it. It is the pure one, because
    # libyaml's does not survive deep nesting.
    yaml = YAML(typ="safe", pure=True)
    root: Node | None = yaml.compose(text)
    if root is None:
        return None, None
    settle(root, len(text))
    return yaml.constructor.construct_document(root), root


def _without_values(problem: str) -> str:
    """Keep the key that is there twice, and characters and tokens of YAML; hide every other quotation."""
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
