"""The verbs, their options, and the help that explains them to somebody who sees them for the first time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

import typer

from privatelink.cli.exits import ExitCode, exit_code
from privatelink.cli.printer import Output, Printer
from privatelink.cli.surroundings import Surroundings
from privatelink.cli.views import view
from privatelink.cli.watching import follow
from privatelink.client import PrivateLinks, Saga
from privatelink.errors import InvalidRequest, PrivateLinkError
from privatelink.names import Link
from privatelink.progress import Operation, Phase
from privatelink.request import DeleteRequest
from privatelink.request_files import read_delete_request, read_request
from privatelink.updates import Joined

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LinkArgument = Annotated[
    str, typer.Argument(metavar="LINK", help="The link, as deployment/name: w41b11c0/orders-db.", show_default=False)
]
OutputOption = Annotated[
    Output,
    typer.Option("--output", "-o", help="text for people; json: exactly one JSON object on standard output."),
]
DetachOption = Annotated[
    bool, typer.Option("--detach", help="Return as soon as a worker has begun, instead of watching until the end.")
]


@app.callback()
def privatelink() -> None:
    """Make and delete AWS PrivateLink connections between an EMQX Platform deployment and your AWS account.

    A create builds everything in AWS and at the platform and ends with an
    address that works, or removes again what it had made. The work is done by
    a worker (python worker.py) on a Temporal server, found by TEMPORAL_ADDRESS;
    it goes on when this command is stopped.

    Exit codes:

      0  done
      1  an unexpected error, with its traceback
      2  invalid or refused; nothing was changed
      3  failed or cancelled; everything is removed again
      4  something is left behind; each thing is listed
      5  Temporal or its worker can't be reached
    130  interrupted by Ctrl-C; the saga goes on
    """


@app.command()
def create(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Option("--file", "-f", metavar="FILE", help="The request, in YAML or JSON; - reads standard input."),
    ],
    *,
    detach: DetachOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create the link that FILE describes, and wait until its address works.

    Repeating it is safe: it joins the create that runs, or finds the link that is there.
    """

    async def work(surroundings: Surroundings, printer: Printer) -> None:
        request = read_request(file)
        await _change(
            surroundings, printer, "create", request.link, lambda links: links.start_create(request), detach=detach
        )

    _run(context, output, work)


@app.command()
def delete(
    context: typer.Context,
    link: Annotated[
        str,
        typer.Argument(
            metavar="LINK",
            help="The link, as deployment/name; enough while Temporal remembers its create.",
            show_default=False,
        ),
    ] = "",
    *,
    file: Annotated[
        str,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="The request that the link was created with, or a delete request; - reads standard input.",
            show_default=False,
        ),
    ] = "",
    allow_failed: Annotated[
        bool, typer.Option("--allow-failed", help="Delete it also when the platform says that the PrivateLink failed.")
    ] = False,
    detach: DetachOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Delete a link, and wait until nothing of it is left. Name it by LINK or by FILE.

    It is refused, with the list of what is in the way, while something still
    uses the link.
    """
    if bool(link) == bool(file):
        raise typer.BadParameter("give either LINK or --file FILE", ctx=context, param_hint="LINK")

    async def work(surroundings: Surroundings, printer: Printer) -> None:
        target: Link | DeleteRequest = read_delete_request(file) if file else _link(link)
        await _change(
            surroundings,
            printer,
            "delete",
            target.link if isinstance(target, DeleteRequest) else target,
            lambda links: links.start_delete(target, allow_failed=allow_failed),
            detach=detach,
        )

    _run(context, output, work)


@app.command()
def status(context: typer.Context, link: LinkArgument, *, output: OutputOption = Output.TEXT) -> None:
    """Show the latest create or delete of a link: its steps, what it waits for, its ids, how it ended.

    The exit code is 0 whenever that could be shown, also for a create that failed.
    """

    async def work(surroundings: Surroundings, printer: Printer) -> None:
        wanted = _link(link)
        links = await surroundings.connect()
        printer.status(await links.status(wanted))

    _run(context, output, work)


@app.command(name="list")
def list_(
    context: typer.Context,
    *,
    phase: Annotated[
        Phase | None, typer.Option("--phase", help="Only links whose latest saga is in this phase.", show_default=False)
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
    """List the links that Temporal remembers, with the latest create or delete of each, newest first."""

    async def work(surroundings: Surroundings, printer: Printer) -> None:
        links = await surroundings.connect()
        printer.links(await links.list(phase=phase, deployment=deployment, account=account))

    _run(context, output, work)


def _link(text: str) -> Link:
    try:
        return Link.parse(text)
    except ValueError:
        pass
    raise InvalidRequest(
        f"reading LINK ({text}): it is not of the form deployment/name, in lower-case letters, digits and hyphens",
        concerns=text,
        next_step="write it as in w41b11c0/orders-db; `privatelink list` shows the links that there are",
    )


async def _change(
    surroundings: Surroundings,
    printer: Printer,
    operation: Operation,
    link: Link,
    start: Callable[[PrivateLinks], Awaitable[Saga]],
    *,
    detach: bool,
) -> None:
    """Start (or join) a saga and, unless detached, watch it to its end."""
    links = await surroundings.connect()
    saga: Saga | None = None
    try:
        if detach:
            saga = await start(links)
            printer.started(Joined(link=str(link), operation=operation, saga_id=saga.saga_id))
            return
        with view(printer.progress, surroundings.now, f"{operation} {link}", redrawn=printer.redraws) as shown:
            saga = await start(links)
            result = await follow(saga, links, shown, surroundings.poll_seconds)
    except asyncio.CancelledError:
        printer.interrupted(operation, link, started=saga is not None)
        raise
    printer.result(result)


def _run(
    context: typer.Context, output: Output, work: Callable[[Surroundings, Printer], Coroutine[Any, Any, None]]
) -> None:
    surroundings: Surroundings = context.obj
    printer = Printer(surroundings, output)
    try:
        asyncio.run(work(surroundings, printer))
    except PrivateLinkError as error:
        printer.failed(error.details_model)
        raise typer.Exit(exit_code(error.details_model)) from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except Exception as error:
        printer.unexpected(error)
        raise
