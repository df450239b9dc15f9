"""The verb for many links: it shows the plan, starts the fleet, and watches it until every link has ended."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.live import Live
from rich.text import Text

from privatelink.applying import FleetRun
from privatelink.cli.application import OutputOption, file_option, run_verb
from privatelink.cli.exits import ExitCode
from privatelink.cli.printer import Output, Printer
from privatelink.cli.surroundings import Surroundings
from privatelink.cli.words import NO_WORKER, one_line
from privatelink.errors import RemovalRefused
from privatelink.fleet import Action, Ending, FleetPlan, FleetProgress, FleetResult, LinkOutcome
from privatelink.fleet_files import read_fleet

verbs = typer.Typer()

_CODES = {
    Ending.DONE: ExitCode.DONE,
    Ending.UNCHANGED: ExitCode.DONE,
    Ending.REFUSED: ExitCode.REFUSED,
    Ending.ROLLED_BACK: ExitCode.ROLLED_BACK,
    Ending.INCOMPLETE: ExitCode.INCOMPLETE,
}
"""The worst of a fleet is the highest."""


@verbs.command()
def apply(
    context: typer.Context,
    file: Annotated[
        str,
        file_option("A fleet (`defaults` and `links`), or a folder of requests, in YAML or JSON.", metavar="PATH"),
    ],
    *,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Delete the links of the same deployments that run and are not in PATH."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete them without asking.")] = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="Show the plan, and change nothing.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create every link of PATH that is not there, a few at a time, and wait until each has ended.

    A link that fails stops no other, and the exit code is that of the worst. A
    link that is there by another request is refused, with the difference.
    Repeating it is safe: it joins what runs, and goes on with the rest.
    """

    async def work(surroundings: Surroundings, printer: Printer) -> None:
        requests = read_fleet(file)
        links = await surroundings.connect()
        plan = await links.plan_fleet(requests, prune=prune)
        as_json = output is Output.JSON
        if plan_only and as_json:
            printer.as_json(plan)
            return
        for line in _plan_lines(plan):
            printer.progress.print(line, soft_wrap=True)
        if plan_only:
            return
        deletes = [one.link for one in plan.of(Action.DELETE)]
        _confirm(surroundings, deletes, yes=yes)
        try:
            run = await links.start_apply(requests, delete=deletes)
            result = await _watched(run, surroundings, printer)
        except asyncio.CancelledError:
            surroundings.err.print("stopped watching; the fleet goes on. Watch it: the same command again")
            raise
        if as_json:
            printer.as_json(result)
        else:
            surroundings.out.print(_counts(Counter(one.ending for one in result.links)), soft_wrap=True)
        raise typer.Exit(max(_CODES[one.ending] for one in result.links))

    run_verb(context, output, work)


def _plan_lines(plan: FleetPlan) -> Iterator[str]:
    """One line for each link with which something happens or somebody must act, and the numbers of all."""
    for one in plan.links:
        if one.action is not Action.UNCHANGED:
            yield f"{one.action}: {one.link}"
        for difference in one.differences:
            yield f"  - {one_line(difference.concerns)} {one_line(difference.sentence)}"
    numbers = [f"{len(plan.of(action))} {action}" for action in Action if plan.of(action)]
    yield f"plan: {', '.join(numbers)}"


def _confirm(surroundings: Surroundings, deletes: Sequence[str], *, yes: bool) -> None:
    """Let a person say yes to the deletes. Raises `RemovalRefused` when nobody does; nothing is started then."""
    if not deletes or yes:
        return
    many = f"{len(deletes)} links"
    if not surroundings.out.is_interactive:
        raise RemovalRefused(
            f"deleting {many} that are not in the file: nobody is there to be asked",
            concerns=many,
            next_step="add --yes to delete them, or leave --prune out",
        )
    if not typer.confirm(f"Delete {many}?", err=True):
        raise RemovalRefused(
            f"deleting {many} that are not in the file: not confirmed",
            concerns=many,
            next_step="leave --prune out to keep them",
        )


async def _watched(run: FleetRun, surroundings: Surroundings, printer: Printer) -> FleetResult:
    """Show how far it is until it has ended; then tell every link that did not end well."""
    told: set[str] = set()

    def tell(troubles: Sequence[LinkOutcome]) -> None:
        for one in troubles:
            if one.link not in told:
                told.add(one.link)
                printer.progress.print(_trouble(one), soft_wrap=True)

    ending = asyncio.ensure_future(run.result())
    try:
        with _view(surroundings, printer) as show:
            while not ending.done():
                progress = await run.progress()
                show(progress)
                tell(progress.troubles if progress else ())
                await asyncio.wait({ending}, timeout=surroundings.poll_seconds)
            result = await ending
            tell([one for one in result.links if not one.went_well])
            return result
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


Show = Callable[[FleetProgress | None], None]


@contextmanager
def _view(surroundings: Surroundings, printer: Printer) -> Iterator[Show]:
    """A picture of what runs now where it can be redrawn, else a line whenever the numbers change."""
    if printer.redraws:
        with Live(console=surroundings.out, transient=True) as live:
            yield lambda progress: live.update(Text("\n".join(_picture(progress))))
        return
    last = ""

    def show(progress: FleetProgress | None) -> None:
        nonlocal last
        [line, *_] = _picture(progress)
        if line != last:
            last = line
            printer.progress.print(line, soft_wrap=True)

    yield show


def _picture(progress: FleetProgress | None) -> Iterator[str]:
    if progress is None:
        yield NO_WORKER
        return
    ended = sum(progress.endings.values())
    numbers = _counts(progress.endings)
    yield f"{ended} of {progress.total} links ended{f': {numbers}' if numbers else ''}; {len(progress.running)} run"
    for link in progress.running:
        yield f"  running  {link}"


def _counts(endings: Mapping[Ending, int]) -> str:
    return ", ".join(f"{endings[ending]} {ending}" for ending in Ending if endings.get(ending))


def _trouble(one: LinkOutcome) -> str:
    return f"{one.operation} {one.link}: {one.ending}: {one_line(one.sentence or '')} ({one.error})"
