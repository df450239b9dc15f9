"""The operator's runbook: docs/runbook.template.md, its marks filled in from the code.

A comment that begins with the name of an error, as in `<!-- NoWorker: ... -->`, is shown as text below that error.

`python -m scripts.runbook` writes docs/runbook.md; with `--check` it writes nothing, and exits 1 when the page is not
current.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from typer.main import get_command

from privatelink.cli.application import app
from privatelink.errors import BY_TYPE, AccessDenied, Actor, NotAllowed, PrivateLinkError
from privatelink.model.updates import Approve, Confirm, Pause, Resume, RetryNow, RollBack

DOCS = Path(__file__).parents[1] / "docs"
TEMPLATE = DOCS / "runbook.template.md"
RUNBOOK = DOCS / "runbook.md"

_MADE = "<!-- Made by `make runbook` from docs/runbook.template.md and the code: change those. -->"

_NOTE = re.compile(r"^<!-- ([A-Z]\w+): (.*?) -->\n", re.MULTILINE | re.DOTALL)
"""A note in the template about one error: the error's name, and the text."""

_ADDRESS = "vpce-0a1b2c3d4e5f6a7b8-1a2b3c4d.vpce-svc-0a1b2c3d4e5f6a7b8.us-east-1.vpce.amazonaws.com"


class Example(NamedTuple):
    """An Update as it is sent: its argument, as in Temporal's UI, and the CLI's equivalent options."""

    argument: BaseModel
    options: str


EXAMPLES: dict[str, Example] = {
    "confirm": Example(Confirm(step="confirm-running", address=_ADDRESS), f"--address {_ADDRESS}"),
    "approve": Example(
        Approve(by="ana@example.com", note="CHG-1234", vpc_endpoint_id="vpce-0a1b2c3d4e5f6a7b8"),
        "--vpc-endpoint-id vpce-0a1b2c3d4e5f6a7b8 --by ana@example.com --note CHG-1234",
    ),
    "pause": Example(
        Pause.model_validate({"reason": "network freeze", "until": "2030-01-31T06:00:00Z"}),
        "--reason 'network freeze' --until 2030-01-31T06:00:00Z",
    ),
    "resume": Example(Resume(by="ana@example.com"), "--by ana@example.com"),
    "retry-now": Example(RetryNow(by="ana@example.com"), "--by ana@example.com"),
    "roll-back": Example(RollBack(reason="wrong subnets"), "--reason 'wrong subnets'"),
}
"""Example of each Update that steers a saga, by its verb. The Update has an underscore where the verb has a hyphen."""

_ACTORS = {
    Actor.NOBODY: "Nobody must act",
    Actor.CALLER: "The caller must act",
    Actor.CUSTOMER: "The customer must act (whoever owns the accounts, the deployment and their settings)",
    Actor.OPERATOR: "An operator must act (whoever runs the worker and Temporal)",
}


def runbook() -> str:
    """The whole text. Raises `ValueError` when an error's docstring does not say what to do, or a note has no error."""
    text = TEMPLATE.read_text(encoding="utf-8")
    notes = dict(_NOTE.findall(text))
    text = _NOTE.sub("", text)
    if unknown := notes.keys() - BY_TYPE.keys():
        raise ValueError(f"{TEMPLATE.name} has notes on {', '.join(sorted(unknown))}, and there are no such errors")
    for mark, lines in (("errors", _errors(notes)), ("updates", _updates()), ("commands", _commands())):
        text = text.replace(f"<!-- {mark} -->\n", "\n".join(lines))
    return f"{_MADE}\n\n{text.rstrip()}\n"


def is_current() -> bool:
    """Whether docs/runbook.md is up to date."""
    return RUNBOOK.exists() and RUNBOOK.read_text(encoding="utf-8") == runbook()


def main(arguments: list[str]) -> int:
    """Write or check, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.runbook", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the runbook is not current")
    if not parser.parse_args(arguments).check:
        RUNBOOK.write_text(runbook(), encoding="utf-8")
        return 0
    if is_current():
        return 0
    print("docs/runbook.md is not current; run: make runbook", file=sys.stderr)
    return 1


def _errors(notes: Mapping[str, str]) -> Iterator[str]:
    for actor, words in _ACTORS.items():
        yield f"### {words}\n"
        for error in BY_TYPE.values():
            if error.actor is actor:
                yield from _error(error, notes.get(error.__name__))


def _error(error: type[PrivateLinkError], note: str | None) -> Iterator[str]:
    means, _, to_do = (inspect.getdoc(error) or "").partition("\n\n")
    if not to_do:
        raise ValueError(f"the docstring of {error.__name__} does not say what to do, in a second paragraph")
    waiting = "Waiting helps: the step is tried again by itself." if error.waiting_helps else "Waiting does not help."
    if issubclass(error, NotAllowed):
        waiting = "Final in the checks. After them the step is tried again by itself, until its deadline"
        waiting += (
            "; for about two minutes where the permission was never seen granted."
            if issubclass(error, AccessDenied)
            else "."
        )
    yield f"#### {error.__name__}\n"
    yield f"{_one_line(means)} {waiting}\n"
    yield f"*What to do.* {_one_line(to_do)}\n"
    if note:
        yield f"{note}\n"


def _updates() -> Iterator[str]:
    for verb, example in EXAMPLES.items():
        yield f"### {verb}\n"
        yield f"{_one_line(_verbs()[verb].help)}\n"
        yield f"```sh\nprivatelink {verb} w41b11c0/orders-db {example.options}\n```\n"
        argument = example.argument.model_dump_json(exclude_unset=True)
        yield f"In the Temporal UI: the Update `{verb.replace('-', '_')}` with `{argument}`.\n"


def _commands() -> Iterator[str]:
    for verb, command in _verbs().items():
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        usage = " ".join(["privatelink", verb, *(one.metavar or one.name.upper() for one in arguments)])
        yield f"### `{usage}`\n"
        yield f"{_one_line(command.help)}\n"
        options = [one for one in command.params if one.param_type_name == "option"]
        yield from (f"- {', '.join(f'`{name}`' for name in one.opts)}: {one.help}" for one in options)
        if options:
            yield ""


def _verbs() -> dict[str, Any]:
    commands: dict[str, Any] = vars(get_command(app))["commands"]  # Typer does not name Click's types
    return commands


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
