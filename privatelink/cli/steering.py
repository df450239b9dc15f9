"""The verbs for a saga that runs: each says one thing to it and shows what that did."""

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

_PANEL = "Commands for a create or delete that runs"

ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="WHO", help="Who does this, for the record. Default: user@host.", show_default=False),
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
            "--step", metavar="STEP", help="The step to confirm. Default: the only one that waits.", show_default=False
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST",
            help="The address as EMQX's console shows it. Default: the one that `status` proposes.",
            show_default=False,
        ),
    ] = None,
    vpc_endpoint_id: Annotated[
        str | None,
        typer.Option(
            "--vpc-endpoint-id",
            metavar="ID",
            help="Which of several endpoint connections is the PrivateLink's.",
            show_default=False,
        ),
    ] = None,
    by: ByOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Say that EMQX's console shows what the saga waits for."""
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
            help="The VPC endpoint to let in, as `status` shows it. Default: the only one.",
            show_default=False,
        ),
    ] = None,
    by: ByOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Let an endpoint connection be accepted, once the saga asks whether it is the PrivateLink's."""
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
            help="Resume by itself after 30m, 2h or 3d, or at 2030-01-31T06:00:00Z. Default: wait for `resume`.",
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
    """Let a paused saga go on."""
    _say(context, link, output, lambda links, to: links.resume(to, by=by))


@verbs.command(rich_help_panel=_PANEL)
def retry_now(
    context: typer.Context, link: LinkArgument, *, by: ByOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Try a held step again, or look at once at what is waited for."""
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
    """Give a create up: it removes all that it has made."""
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
