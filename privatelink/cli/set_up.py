"""The verbs for a set-up: is everything there that a create needs, and completion for the shell."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import shell_complete

from privatelink.cli.application import OutputOption, file_option, run_verb
from privatelink.cli.context import CliContext
from privatelink.cli.exits import set_up_exit_code
from privatelink.cli.printer import Output, Printer
from privatelink.model.request_files import read_delete_request

verbs = typer.Typer()

_PANEL = "Commands for the set-up"


class Shell(StrEnum):
    """The shells that can complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@verbs.command(rich_help_panel=_PANEL)
def check(
    context: typer.Context,
    *,
    file: Annotated[
        str,
        file_option("A request: the worker also tries its API keys and its AWS role for it. It only reads."),
    ] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Check that Temporal, its search attributes, a worker and the payload key are as a create needs them.

    Exit 0 when all is right, 5 when Temporal or a worker is not there, else 2.
    """

    async def work(cli: CliContext, printer: Printer) -> None:
        result = await cli.check_set_up(read_delete_request(file) if file else None)
        printer.set_up(result)
        raise typer.Exit(set_up_exit_code(result))

    run_verb(context, output, work)


@verbs.command(rich_help_panel=_PANEL)
def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(help="The shell to complete for.", show_default=False)],
) -> None:
    """Print the script by which a shell completes commands and options.

    For one's own shell, `privatelink --install-completion` does all of it.
    """
    root = context.find_root()
    raise typer.Exit(shell_complete(root.command, {}, "privatelink", "_PRIVATELINK_COMPLETE", f"source_{shell}"))
