"""The verbs for the set-up: a check that everything a create needs is there, and completion for the shell."""

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
        file_option("A request: the worker also tests its API keys and AWS role for it. It only reads."),
    ] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Check that Temporal, its search attributes, a worker and the payload key are ready for a create.

    Exit code 0 if everything is right, 5 if Temporal or a worker is missing, otherwise 2.
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
    """Print the script with which a shell completes commands and options.

    To set up your own shell, run `privatelink --install-completion` instead.
    """
    root = context.find_root()
    raise typer.Exit(shell_complete(root.command, {}, "privatelink", "_PRIVATELINK_COMPLETE", f"source_{shell}"))
