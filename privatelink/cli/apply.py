"""The verb for many links: it shows the plan, starts the fleet, and watches it until every link is finished."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from privatelink.cli.application import OutputOption, file_option, run_verb
from privatelink.cli.commands import DetachOption
from privatelink.cli.context import CliContext
from privatelink.cli.exits import ExitCode
from privatelink.cli.fleet_views import FleetView, counts, fleet_view
from privatelink.cli.printer import Output, Printer
from privatelink.cli.words import NO_WORKER, one_line
from privatelink.client.applying import FleetRun
from privatelink.errors import RemovalRefused, TemporalUnreachable
from privatelink.model.fleet import Action, Ending, FleetPlan, FleetResult
from privatelink.model.fleet_files import read_fleet

verbs = typer.Typer()

_CODES = {
    Ending.DONE: ExitCode.DONE,
    Ending.UNCHANGED: ExitCode.DONE,
    Ending.REFUSED: ExitCode.REFUSED,
    Ending.ROLLED_BACK: ExitCode.ROLLED_BACK,
    Ending.INCOMPLETE: ExitCode.INCOMPLETE,
}
"""Exit code of each ending. The worst ending has the highest code, and a fleet exits with the highest."""


@verbs.command()
def apply(
    context: typer.Context,
    file: Annotated[
        str,
        file_option("A fleet file (`defaults` and `links`), or a folder of requests; YAML or JSON.", metavar="PATH"),
    ],
    *,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Delete running links of the same deployments that are not in PATH."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --prune: delete without asking.")] = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="Show the plan without changing anything.")] = False,
    detach: DetachOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create every link in PATH that does not exist yet, a few at a time, and wait until all are finished.

    A link that fails does not stop the others; the exit code is that of the
    worst one. A link that exists from another request is refused, and the
    differences are shown. The command is safe to repeat: it joins what is
    running, and continues with the rest.
    """

    async def work(cli: CliContext, printer: Printer) -> None:
        requests = read_fleet(file)
        links = await cli.connect()
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
        _confirm(cli, deletes, yes=yes)
        run: FleetRun | None = None
        try:
            run = await links.start_apply(requests, delete=deletes)
            if detach:
                printer.fleet_started(run.started)
                return
            result = await _watched(run, cli, printer)
        except asyncio.CancelledError:
            printer.fleet_interrupted(started=run is not None)
            raise
        if as_json:
            printer.as_json(result)
        else:
            cli.out.print(counts(Counter(one.ending for one in result.links)), soft_wrap=True)
        raise typer.Exit(max(_CODES[one.ending] for one in result.links))

    run_verb(context, output, work)


def _plan_lines(plan: FleetPlan) -> Iterator[str]:
    """One line for each link that will change or needs somebody to act, then the totals."""
    for one in plan.links:
        if one.action is not Action.UNCHANGED:
            yield f"{one.action}: {one.link}"
        for difference in one.differences:
            yield f"  - {one_line(difference.resource)}: {one_line(difference.message)}"
    numbers = [f"{len(plan.of(action))} {action}" for action in Action if plan.of(action)]
    yield f"plan: {', '.join(numbers)}"


def _confirm(cli: CliContext, deletes: Sequence[str], *, yes: bool) -> None:
    """Ask a person to confirm the deletes. Raises `RemovalRefused` if nobody does; nothing is started then."""
    if not deletes or yes:
        return
    these, are, them = ("1 link", "is", "it") if len(deletes) == 1 else (f"{len(deletes)} links", "are", "them")
    doing = f"deleting {these} that {are} not in the file"
    if not cli.out.is_interactive:
        raise RemovalRefused(
            f"{doing}: there is nobody to ask",
            resource=these,
            next_step=f"add --yes to delete {them}, or leave out --prune",
        )
    if not _said_yes(f"Delete {these}?"):
        raise RemovalRefused(
            f"{doing}: not confirmed",
            resource=these,
            next_step=f"leave out --prune to keep {them}",
        )


def _said_yes(question: str) -> bool:
    """Whether a person answers yes. Ctrl-C means no: asyncio would only note it and leave the question open."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False
    finally:
        signal.signal(signal.SIGINT, before)


async def _watched(run: FleetRun, cli: CliContext, printer: Printer) -> FleetResult:
    """Show the progress of the fleet until it has ended, then report every link that did not end well."""
    ending = asyncio.ensure_future(run.result())
    try:
        with fleet_view(printer.progress, cli.now, redrawn=printer.redraws) as view:
            while not ending.done():
                await _look(run, view)
                await asyncio.wait({ending}, timeout=cli.poll_seconds)
            result = await ending
            view.tell([one for one in result.links if not one.went_well])
            return result
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


async def _look(run: FleetRun, view: FleetView) -> None:
    """Show the fleet once. A fleet that can't be seen right now still runs."""
    try:
        progress = await run.progress()
    except TemporalUnreachable as error:
        view.note(error.message)
        return
    if progress is None:
        view.note(NO_WORKER)
        return
    view.show(progress)
    view.tell(progress.troubles)
