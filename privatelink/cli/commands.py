"""The verbs that change something: each starts or joins a saga, and watches it until it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from privatelink.cli.application import OutputOption, file_option, link_of, run_verb
from privatelink.cli.context import CliContext
from privatelink.cli.printer import Output, Printer
from privatelink.cli.suggestions import suggesting
from privatelink.cli.views import view
from privatelink.cli.watching import follow
from privatelink.client.links import PrivateLinks, SagaHandle
from privatelink.model.names import Link
from privatelink.model.progress import Operation
from privatelink.model.request import DeleteRequest
from privatelink.model.request_files import read_delete_request, read_request
from privatelink.model.updates import Joined

verbs = typer.Typer()

DetachOption = Annotated[
    bool, typer.Option("--detach", help="Return as soon as a worker has started, instead of watching until the end.")
]


@verbs.command()
def create(
    context: typer.Context,
    file: Annotated[
        str,
        file_option("The request, in YAML or JSON; - reads standard input."),
    ],
    *,
    detach: DetachOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create the link that FILE describes, and wait until its address works.

    The command is safe to repeat: it joins a running create, or finds the link that exists.
    """

    async def work(cli: CliContext, printer: Printer) -> None:
        request = read_request(file)
        await _change(cli, printer, "create", request.link, lambda links: links.start_create(request), detach=detach)

    run_verb(context, output, work)


@verbs.command()
def delete(
    context: typer.Context,
    link: Annotated[
        str,
        typer.Argument(
            metavar="LINK",
            help="The link as deployment/name. This is enough while Temporal remembers the link.",
            show_default=False,
        ),
    ] = "",
    *,
    file: Annotated[
        str,
        file_option("The request that the link was created with, or a delete request; - reads standard input."),
    ] = "",
    allow_failed: Annotated[
        bool, typer.Option("--allow-failed", help="Delete it even if the platform reports that the PrivateLink failed.")
    ] = False,
    ignore_deployment: Annotated[
        bool,
        typer.Option(
            "--ignore-deployment",
            help="Delete it even if the worker cannot see what uses the address, because it has no API key of "
            "the deployment, or one that may not read everything.",
        ),
    ] = False,
    detach: DetachOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Delete a link, named by LINK or by FILE, and wait until nothing of it is left.

    While something still uses the link, the delete is refused, with a list of
    what is in the way.
    """
    if bool(link) == bool(file):
        raise typer.BadParameter("give either LINK or --file FILE", ctx=context, param_hint="LINK")

    async def work(cli: CliContext, printer: Printer) -> None:
        target: Link | DeleteRequest = read_delete_request(file) if file else link_of(link)
        await _change(
            cli,
            printer,
            "delete",
            target.link if isinstance(target, DeleteRequest) else target,
            lambda links: links.start_delete(target, allow_failed=allow_failed, ignore_deployment=ignore_deployment),
            detach=detach,
        )

    run_verb(context, output, work)


async def _change(
    cli: CliContext,
    printer: Printer,
    operation: Operation,
    link: Link,
    start: Callable[[PrivateLinks], Awaitable[SagaHandle]],
    *,
    detach: bool,
) -> None:
    """Start or join a saga and, unless detached, watch it until it ends."""
    links = await cli.connect()
    saga: SagaHandle | None = None
    try:
        if detach:
            async with suggesting(links, link):
                saga = await start(links)
            printer.started(Joined(link=str(link), operation=operation, saga_id=saga.saga_id))
            return
        with view(printer.progress, cli.now, f"{operation} {link}", redrawn=printer.redraws) as shown:
            async with suggesting(links, link):
                saga = await start(links)
            result = await follow(saga, links, shown, cli.poll_seconds)
    except asyncio.CancelledError:
        printer.interrupted(operation, link, started=saga is not None)
        raise
    printer.result(result)
