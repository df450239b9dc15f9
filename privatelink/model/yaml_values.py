"""YAML's values as a request needs them: a text stays as it is written, and aliases cannot blow up a file.

A number is a value that reads the same when it is written again: `3306` and `0.5`. `0123`, `1_000`, `1e3`, `0x1F`,
`1.10` and `2026-01-01` are texts here, although YAML reads them as numbers and dates. In `tags` or in a connector's
parameters they are account codes and versions, and nobody would notice a lost digit. Field names are texts.
"""

from collections.abc import Callable
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_TEXT, _NULL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"
_NUMBERS: dict[str, Callable[[str], int | float]] = {"tag:yaml.org,2002:int": int, "tag:yaml.org,2002:float": float}
_WORDS = frozenset({"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"})
_SWITCHES = frozenset({"true", "false"})

_ROOM = 100_000
_TIMES = 10
"""Maximum size to which aliases may grow a file: `_ROOM` characters plus `_TIMES` its own length. A list of lists of
aliases grows tenfold with every line (the "billion laughs")."""


class TooLargeError(ValueError):
    """The aliases of a file make it too large or endless."""


def settle(root: Node, length: int) -> None:
    """Keep all values below `root` as they are written. `length` is the length of the file in characters.

    Raises `TooLargeError` if its aliases grow it too much, and `RecursionError` if the values are nested too deeply.
    """
    if _size(root, {}) > _ROOM + _TIMES * length:
        raise TooLargeError("its aliases (`*name`) make it far larger than its text; write out what they stand for")


def as_written(text: str, number: Any) -> Any:  # noqa: ANN401 - a number, of either kind
    """The number, or its text if writing the number again would give another text."""
    return number if str(number) == text else text


def _size(node: Node, sizes: dict[int, int | None]) -> int:
    """The number of characters in the values below a node. An alias counts each time that it is used."""
    known = sizes.get(id(node), 0)
    if known is None:
        raise TooLargeError("an alias (`*name`) in it is inside the value that it names")
    if known:
        return known
    sizes[id(node)] = None
    size = 1
    if isinstance(node, ScalarNode):
        _keep_text(node)
        size += len(node.value)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            size += _size(key, sizes) + _size(value, sizes)
            if isinstance(key, ScalarNode) and key.tag in {*_NUMBERS, *_WORDS, _NULL}:
                key.tag = _TEXT
    elif isinstance(node, SequenceNode):
        size += sum(_size(item, sizes) for item in node.value)
    sizes[id(node)] = size
    return size


def _keep_text(node: ScalarNode) -> None:
    if node.style is not None:  # in quotes
        return
    tag, text = str(node.tag), str(node.value)
    if (tag in _NUMBERS and not _reads_the_same(text, _NUMBERS[tag])) or (
        tag in _WORDS and text.lower() not in _SWITCHES
    ):
        node.tag = _TEXT


def _reads_the_same(text: str, number: Callable[[str], int | float]) -> bool:
    try:
        return as_written(text, number(text)) is not text
    except ValueError:
        # Python's `int` does not read YAML's `0o17`. What cannot be a number, as in `!!int x`, is refused later.
        return text[:1].isalpha()
