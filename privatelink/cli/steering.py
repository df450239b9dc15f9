"""The verbs for a running saga: each sends it one Update and shows what that did."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from privatelink.cli.application import LinkArgument, OutputOption, link_of, run_verb
from privatelink.cli.context import CliContext
from privatelink.cli.printer import Output, Printer
from privatelink.cli.suggestions import suggesting
from privatelink.cli.times import moment
from privatelink.client.links import PrivateLinks
from privatelink.client.steering import caller
from privatelink.model.names import Link
from privatelink.model.updates import UpdateResult

verbs = typer.Typer()

_PANEL = "Commands for a running create or delete"

ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="WHO", help="Who does this, for the record (default: user@host).", show_default=False),
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why, for the record.", show_default=False)]


@verbs.command(rich_help_panel=_PANEL)
def confirm(
    context: typer.Context,
    link: LinkArgument,
    *,
    step: Annotated[
        str | None,
        typer.Option(
            "--step", metavar="STEP", help="The step to confirm (default: the only one waiting).", show_default=False
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST",
            help="The address as EMQX's console shows it (default: the one that `status` proposes).",
            show_default=False,
        ),
    ] = None,
    vpc_endpoint_id: Annotated[
        str | None,
        typer.Option(
            "--vpc-endpoint-id",
            metavar="ID",
            help="The PrivateLink's VPC endpoint, if there are several endpoint connections.",
            show_default=False,
        ),
    ] = None,
    by: ByOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Confirm that EMQX's console shows what the saga is waiting for."""
    _say(
        context,
        link,
        output,
        lambda links, to: links.confirm(to, step=step, address=address, vpc_endpoint_id=vpc_endpoint_id, by=by),
    )


@verbs.command(rich_help_panel=_PANEL)
def approve(
    context: typer.Context,
    link: LinkArgument,
    *,
    note: Annotated[
        str | None,
        typer.Option("--note", metavar="TEXT", help="A ticket or a remark, for the record.", show_default=False),
    ] = None,
    vpc_endpoint_id: Annotated[
        str | None,
        typer.Option(
            "--vpc-endpoint-id",
            metavar="ID",
            help="The VPC endpoint to accept, as `status` shows it (default: the only one).",
            show_default=False,
        ),
    ] = None,
    by: ByOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Approve an endpoint connection, when the saga asks whether it belongs to the PrivateLink."""
    _say(
        context,
        link,
        output,
        lambda links, to: links.approve(
            to, by=caller() if by is None else by, note=note, vpc_endpoint_id=vpc_endpoint_id
        ),
    )


@verbs.command(rich_help_panel=_PANEL)
def pause(
    context: typer.Context,
    link: LinkArgument,
    *,
    reason: ReasonOption,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="WHEN",
            help="Resume automatically after 30m, 2h or 3d, or at 2030-01-31T06:00:00Z (default: wait for `resume`).",
            show_default=False,
        ),
    ] = None,
    by: ByOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Stop a saga before the next step that changes something. A step that has begun runs to its end."""
    now = context.obj.now()
    _say(
        context,
        link,
        output,
        lambda links, to: links.pause(
            to, reason=reason, until=moment(until, now) if until is not None else None, by=by
        ),
    )


@verbs.command(rich_help_panel=_PANEL)
def resume(
    context: typer.Context, link: LinkArgument, *, by: ByOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Let a paused saga continue."""
    _say(context, link, output, lambda links, to: links.resume(to, by=by))


@verbs.command(rich_help_panel=_PANEL)
def retry_now(
    context: typer.Context, link: LinkArgument, *, by: ByOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Retry a held step, or start the next attempt of a waiting step now."""
    _say(context, link, output, lambda links, to: links.retry_now(to, by=by))


@verbs.command(rich_help_panel=_PANEL)
def roll_back(
    context: typer.Context,
    link: LinkArgument,
    *,
    reason: ReasonOption,
    by: ByOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Give up a create: the saga removes everything that it has made."""
    _say(context, link, output, lambda links, to: links.roll_back(to, reason=reason, by=by))


def _say(
    context: typer.Context, link: str, output: Output, saying: Callable[[PrivateLinks, Link], Awaitable[UpdateResult]]
) -> None:
    async def work(cli: CliContext, printer: Printer) -> None:
        wanted = link_of(link)
        links = await cli.connect()
        async with suggesting(links, wanted):
            printer.steered(await saying(links, wanted))

    run_verb(context, output, work)
