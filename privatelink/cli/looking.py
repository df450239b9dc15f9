"""The verbs that only read: one link, or all links."""

from typing import Annotated

import typer

from privatelink.cli.application import LinkArgument, OutputOption, file_option, link_of, run_verb
from privatelink.cli.context import CliContext
from privatelink.cli.printer import Output, Printer
from privatelink.cli.suggestions import suggesting
from privatelink.cli.views import view
from privatelink.cli.watching import watch
from privatelink.client.links import PrivateLinks
from privatelink.errors import InvalidRequest, LinkUnknown
from privatelink.model.names import Link
from privatelink.model.progress import Phase
from privatelink.model.request_files import read_delete_request

verbs = typer.Typer()


@verbs.command()
def status(
    context: typer.Context,
    link: LinkArgument = "",
    *,
    file: Annotated[
        str,
        file_option(
            "The request of the link. It is refused if the link is in another place. If Temporal has forgotten the "
            "link, a worker looks for it at AWS and at the platform."
        ),
    ] = "",
    watching: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it until the saga has ended.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the status of a link: its saga's steps, what it is waiting for and from whom, its ids, how it ended.

    The saga is the running create or delete, or else the last one that made or
    removed something. A later one that changed nothing is shown beside it as the
    last attempt. The exit code is 0 if the status could be shown, even for a
    create that failed.
    """
    if not link and not file:
        raise typer.BadParameter("give LINK, --file FILE or both", ctx=context, param_hint="LINK")

    async def work(cli: CliContext, printer: Printer) -> None:
        request = read_delete_request(file) if file else None
        wanted = link_of(link) if link or request is None else request.link
        if request and request.link != wanted:
            raise InvalidRequest(
                f"reading LINK and FILE ({wanted}): the file describes {request.link}",
                resource=str(wanted),
                next_step="give the file of that link, or only one of the two",
            )
        links = await cli.connect()
        try:
            async with suggesting(links, wanted):
                if request:
                    await links.check_place(request)
                await _show(cli, printer, links, wanted, watching=watching)
        except LinkUnknown:
            if request is None:
                raise
            printer.found(await links.inspect(request))

    run_verb(context, output, work)


@verbs.command(name="list")
def list_(
    context: typer.Context,
    *,
    phase: Annotated[
        Phase | None, typer.Option("--phase", help="Only links that are in this phase.", show_default=False)
    ] = None,
    deployment: Annotated[
        str | None,
        typer.Option("--deployment", metavar="ID", help="Only links of this EMQX deployment.", show_default=False),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ID", help="Only links in this AWS account (12 digits).", show_default=False),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the links that Temporal remembers, newest first, with their phase and any last attempt that failed."""

    async def work(cli: CliContext, printer: Printer) -> None:
        links = await cli.connect()
        printer.links(await links.list(phase=phase, deployment=deployment, account=account))

    run_verb(context, output, work)


async def _show(cli: CliContext, printer: Printer, links: PrivateLinks, link: Link, *, watching: bool) -> None:
    if not watching:
        printer.status(await links.status(link))
        return
    with view(printer.progress, cli.now, f"watching {link}", redrawn=printer.redraws) as shown:
        last = await watch(link, links, shown, cli.poll_seconds)
    printer.ending(last)
