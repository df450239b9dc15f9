"""YAML's values as a request takes them: a text stays as it is written, and aliases blow no file up.

A number is what reads the same when it is written again: `3306` and `0.5`. `0123`, `1_000`, `1e3`, `0x1F`, `1.10` and
`2026-01-01` are texts here, although YAML makes numbers and dates of them: in `tags` or in a connector's parameters
they stand for account codes and versions, and nobody would see that a digit is gone. The names of fields are texts.
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
"""A file may grow by its aliases to so many characters, and ten times its own length. A list of lists of aliases grows
tenfold with every line (the "billion laughs")."""


class TooLargeError(ValueError):
    """What the aliases of a file make of it is too large, or without end."""


def settle(root: Node, length: int) -> None:
    """Keep what is written in all values below `root`. Raises `TooLargeError` for a file of this length in characters.

    Raises `RecursionError` where the values are nested too deeply.
    """
    if _size(root, {}) > _ROOM + _TIMES * length:
        raise TooLargeError("its aliases (`*name`) make it far larger than it is; write out what they stand for")


def as_written(text: str, number: Any) -> Any:  # noqa: ANN401 - a number, of either kind
    """A number, or the text that stands for it when writing it again would give another text."""
    return number if str(number) == text else text


def _size(node: Node, sizes: dict[int, int | None]) -> int:
    """How many characters the values below a node have, each alias counted as often as it stands there."""
    known = sizes.get(id(node), 0)
    if known is None:
        raise TooLargeError("an alias (`*name`) in it stands in the very value that it names")
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
        # Of YAML's numbers Python does not know `0o17`. What cannot be one, as in `!!int x`, is refused later on.
        return text[:1].isalpha()
