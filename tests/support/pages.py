"""The pages that people read: their code, their commands, their links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = sorted(
    str(file.relative_to(ROOT))
    for file in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "node_modules" for part in file.relative_to(ROOT).parts)
)
"""Paths of all pages, from the root."""

_PROGRAMS = ("make ", "privatelink ", "python ", "temporal ", ".venv/bin/python ")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page: str) -> str:
    """The whole page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page that are marked with this language."""
    return [code for named, code in _FENCED.findall(text_of(page)) if named == language]


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return _FENCED.sub("", text_of(page))


def commands(page: str) -> Iterator[list[str]]:
    """Every command that the page shows to run, in a block or a sentence, as a shell splits it."""
    lines = [line for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    for told in [*lines, *re.findall(r"`([^`\n]+)`", prose(page))]:
        if told.startswith(_PROGRAMS):
            yield shlex.split(told, comments=True)


def anchors(page: str) -> set[str]:
    """Targets that a link may have after `#`: GitHub's form of each heading."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: str) -> list[str]:
    """Targets of the page's relative links, as written."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def first_cells(page: str, heading: str) -> list[str]:
    """The code in the first column of the table below a heading."""
    below = text_of(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", below, re.MULTILINE)
