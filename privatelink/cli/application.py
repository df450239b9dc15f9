"""The application: what all verbs share, which is their common options and how a command runs and ends."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from privatelink.cli.context import CliContext
from privatelink.cli.exits import ExitCode, exit_code
from privatelink.cli.printer import Output, Printer
from privatelink.errors import InvalidRequest, InvalidSettings, PrivateLinkError
from privatelink.model.names import Link
from privatelink.settings import settings_faults

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LinkArgument = Annotated[
    str, typer.Argument(metavar="LINK", help="The link as deployment/name: w41b11c0/orders-db.", show_default=False)
]


def file_option(words: str, metavar: str = "FILE") -> Any:  # noqa: ANN401 - as typer gives it
    """The option `--file`; `words` say what the file holds."""
    return typer.Option("--file", "-f", metavar=metavar, help=words, show_default=False)


OutputOption = Annotated[
    Output,
    typer.Option("--output", "-o", help="text: for people; json: exactly one JSON object on standard output."),
]


@app.callback()
def privatelink() -> None:
    """Create and delete AWS PrivateLink connections between an EMQX Platform deployment and your AWS account.

    A create builds everything in AWS and at the platform. It ends with an
    address that works, or removes everything that it has made. The work is done
    by a worker (python worker.py) and a Temporal server (TEMPORAL_ADDRESS), and
    continues when this command is stopped. To see whether all of this is there,
    run `privatelink check`.

    Exit codes:

      0  done
      1  an unexpected error, with its traceback
      2  invalid or refused; nothing was changed
      3  failed or cancelled; everything is removed again
      4  something is left behind; each leftover is listed
      5  Temporal or its worker can't be reached
    130  interrupted by Ctrl-C; the saga continues
    """


def link_of(text: str) -> Link:
    """The link that somebody typed. Raises `InvalidRequest`."""
    try:
        return Link.parse(text)
    except ValueError:
        pass
    raise InvalidRequest(
        f"reading LINK ({text}): it is not of the form deployment/name, in lower-case letters, digits and hyphens",
        resource=text,
        next_step="write it like w41b11c0/orders-db; `privatelink list` shows the links that Temporal remembers",
    )


def run_verb(
    context: typer.Context, output: Output, work: Callable[[CliContext, Printer], Coroutine[Any, Any, None]]
) -> None:
    """Run what a verb does, and end the command with the exit code of the error that it raises."""
    cli: CliContext = context.obj
    printer = Printer(cli, output)
    try:
        if faults := settings_faults():
            raise InvalidSettings.of_faults(faults)  # noqa: TRY301 - it ends as every error of a verb
        asyncio.run(work(cli, printer))
    except PrivateLinkError as error:
        printer.failed(error.details_model)
        raise typer.Exit(exit_code(error.details_model)) from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except typer.Exit:
        raise
    except Exception as error:
        printer.unexpected(error)
        raise
