"""The printer: the final answer of a command, as text for people or as exactly one JSON object on stdout."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.text import Text

from privatelink.cli.context import CliContext
from privatelink.cli.lines import attempt_line, facts, headline
from privatelink.cli.people import instructions, intervention_line
from privatelink.cli.tables import COLUMNS, needs_person, row, table
from privatelink.cli.tree import Tree
from privatelink.cli.words import printable
from privatelink.client.status import LinkStatus, LinkSummary
from privatelink.errors import ErrorDetails, Outcome
from privatelink.model.fleet import FleetStarted
from privatelink.model.names import Link
from privatelink.model.progress import Operation
from privatelink.model.result import DeleteResult, InspectionResult, PrivateLinkResult, SetUpResult
from privatelink.model.updates import Joined, UpdateResult

_OUTCOMES = {
    Outcome.REFUSED: "nothing was changed",
    Outcome.ROLLED_BACK: "everything that the saga made is removed",
    Outcome.INCOMPLETE: "something is left behind",
}


class Output(StrEnum):
    """How a command answers."""

    TEXT = "text"
    JSON = "json"


class FailedAnswer(BaseModel):
    """What a failed command prints with `--output json`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    error: ErrorDetails


class ListAnswer(BaseModel):
    """What `privatelink list --output json` prints: the links, newest saga first."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    links: tuple[LinkSummary, ...]


class Printer:
    """Prints one answer, in the form that `output` asks for."""

    def __init__(self, cli: CliContext, output: Output) -> None:
        self._out = cli.out
        self._err = cli.err
        self._now = cli.now
        self._json = output is Output.JSON

    @property
    def progress(self) -> Console:
        """Where progress goes. With `--output json`, stdout is only for the one JSON object."""
        return self._err if self._json else self._out

    @property
    def redraws(self) -> bool:
        """Whether progress may be a picture that is redrawn."""
        return self._out.is_interactive and not self._json

    def result(self, result: PrivateLinkResult | DeleteResult) -> None:
        """A saga that ended well. The address is on a line of its own, to be copied."""
        if self._json:
            self.as_json(result)
            return
        self._line(self._out, f"{result.link} is {result.status}", "bold green")
        self._fields(result)

    def started(self, joined: Joined) -> None:
        """A saga that this command does not wait for."""
        if self._json:
            self.as_json(joined)
            return
        self._line(self._out, f"the {joined.operation} of {joined.link} is running (saga {joined.saga_id})")
        self._line(self._out, f"watch it: privatelink status {joined.link}")

    def fleet_started(self, started: FleetStarted) -> None:
        """A fleet that this command does not wait for."""
        if self._json:
            self.as_json(started)
            return
        self._line(self._out, f"the fleet of {started.links} links is running")
        self._line(self._out, "watch it: the same command without --detach; each link: privatelink list")

    def fleet_interrupted(self, *, started: bool) -> None:
        """Ctrl-C ends the watching, never the fleet."""
        goes_on = "goes on" if started else "may have been started all the same, and then goes on"
        self._line(self._err, f"stopped watching; the fleet {goes_on}")
        self._line(self._err, "watch it: the same command again; each link: privatelink list")

    def status(self, status: LinkStatus) -> None:
        """The current status of a saga."""
        if self._json:
            self.as_json(status)
            return
        if self._out.is_interactive:
            self._out.print(Tree(status, self._now()))
        else:
            self._line(self._out, headline(status, self._now()))
            for line in list(facts(status, self._now()))[1:]:
                self._line(self._out, line[1])
        self._people(status)
        self.ending(status)

    def ending(self, status: LinkStatus) -> None:
        """How a watched saga has ended."""
        if self._json:
            self.as_json(status)
            return
        if status.result:
            self._fields(status.result)
        if status.error:
            self._details(self._out, status.error)
        if status.last_attempt:
            self._line(self._out, attempt_line(status.last_attempt, self._now()), "yellow")
            if status.last_attempt.error and status.last_attempt.error.outcome is Outcome.INCOMPLETE:
                # It has left something besides the link, which somebody must look at.
                self._details(self._out, status.last_attempt.error)

    def steered(self, steered: UpdateResult) -> None:
        """What an Update did to a saga."""
        if self._json:
            self.as_json(steered)
            return
        self._line(self._out, f"{steered.link}: {steered.message}")
        for step in steered.steps:
            self._line(self._out, f"  step {step}")

    def found(self, inspection: InspectionResult) -> None:
        """What exists of a link that Temporal has forgotten."""
        if self._json:
            self.as_json(inspection)
            return
        where = f"account {inspection.account}, region {inspection.region}" if inspection.account else "AWS"
        there = f"this is what exists in {where} and at the platform"
        if not inspection.things:
            there = f"nothing exists in {where} or at the platform"
        self._line(self._out, f"{inspection.link}: Temporal remembers no saga; {there}")
        for finding in inspection.findings:
            self._line(self._out, f"  - {finding}")
        for thing in inspection.things:
            self._line(self._out, f"  {thing.kind}: {thing.state}" if thing.state else f"  {thing.kind}")
            self._line(self._out, f"    {thing.id}")
            if thing.console:
                self._line(self._out, f"    see {thing.console}")

    def set_up(self, result: SetUpResult) -> None:
        """What the doctor found, and what to do about each failure."""
        if self._json:
            self.as_json(result)
            return
        for finding in result.findings:
            word, style = ("ok  ", "green") if finding.ok else ("FAIL", "bold red")
            self._line(self._out, f"{word} {finding.name}: {finding.message}", style)
            if finding.next_step and not finding.ok:
                self._line(self._out, f"     {finding.next_step}")

    def links(self, links: list[LinkSummary]) -> None:
        """One row per link: a table for a terminal, otherwise columns separated by tabs."""
        if self._json:
            self.as_json(ListAnswer(links=tuple(links)))
        elif not links:
            self._line(self._err, "Temporal remembers no such link")
        elif self._out.is_interactive:
            self._out.print(table(links, self._now()))
        else:
            for cells in [COLUMNS, *(row(link, self._now()) for link in links)]:
                self._out.file.write("\t".join(printable(cell) for cell in cells) + "\n")
        if not self._json and any(map(needs_person, links)):
            waiting = [link.link for link in links if needs_person(link)]
            self._line(self._err, f"! needs a person: {', '.join(waiting)}; `privatelink status LINK` says what to do")

    def failed(self, error: ErrorDetails) -> None:
        """An error, with everything that a person needs to continue."""
        if self._json:
            self.as_json(FailedAnswer(error=error))
        else:
            self._details(self._err, error)

    def unexpected(self, error: Exception) -> None:
        """A bug of ours. Its message may quote anything, so only its type is printed here."""
        if self._json:
            message = "an unexpected error; its traceback is on standard error"
            self.as_json(FailedAnswer(error=ErrorDetails(type=type(error).__name__, message=message)))

    def interrupted(self, operation: Operation, link: Link, *, started: bool) -> None:
        """Ctrl-C ends the watching, never the saga."""
        goes_on = "goes on" if started else "may have been started all the same, and then goes on"
        self._line(self._err, f"stopped watching; the {operation} of {link} {goes_on}")
        self._line(self._err, f"watch it: privatelink status {link}")
        if operation == "create":
            self._line(self._err, f"undo it when it has ended: privatelink delete {link}")
            self._line(self._err, f"undo it now: privatelink roll-back {link} --reason WHY")

    def as_json(self, model: BaseModel) -> None:
        """One JSON object on standard output, whatever `--output` says."""
        self._out.file.write(model.model_dump_json(ensure_ascii=True) + "\n")

    def _people(self, status: LinkStatus) -> None:
        if status.progress is None:
            return
        for intervention in status.progress.interventions:
            self._line(self._out, intervention_line(intervention))
        for ask in status.progress.asks:
            head, *rest = instructions(ask, self._now())
            self._line(self._out, head, "bold yellow")
            for line in rest:
                self._line(self._out, line)

    def _fields(self, result: PrivateLinkResult | DeleteResult) -> None:
        for name, value in result.model_dump(exclude={"operation", "link", "status"}, exclude_none=True).items():
            for item in value if isinstance(value, tuple) else (value,):
                self._line(self._out, f"  {name.replace('_', ' '):18} {item}")

    def _details(self, console: Console, error: ErrorDetails) -> None:
        message = error.message
        if error.findings and all(finding.message in message for finding in error.findings):
            # The message repeats the findings, which follow on lines of their own: its head, "doing X (id)", is enough.
            message = message.partition(": ")[0]
        self._line(console, f"error: {message}", "bold red")
        for finding in error.findings:
            self._line(console, f"  - {finding}")
        if error.step:
            self._line(console, f"step: {error.step}")
        if error.outcome:
            where = f" (account {error.account}, region {error.region}, and the platform)" if error.account else ""
            self._line(console, f"outcome: {_OUTCOMES[error.outcome]}{where}")
        for left in error.leftovers:
            self._line(console, f"  - {left.kind} {left.id}: {left.reason}")
            if left.console:
                self._line(console, f"    see {left.console}")
        if error.next_step:
            self._line(console, f"next: {error.next_step}")

    def _line(self, console: Console, text: str, style: str = "") -> None:
        console.print(Text(printable(text), style), soft_wrap=True)
