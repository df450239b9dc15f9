"""Record the histories that the replay tests read: `make histories`; ARGS="NAME ..." records some of them.

Every outcome is produced on a real Temporal server against the sandbox, and its saga's history is stored under
tests/replay/histories. Do this when no saga of the old code can be alive any more. Until then a change of a workflow
belongs behind `workflow.patched`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from time import monotonic
from typing import TYPE_CHECKING

from temporalio.client import Client

from privatelink.model.names import Link
from privatelink.temporal.payloads import DATA_CONVERTER
from privatelink.temporal.search_attributes import ensure_search_attributes
from scripts.ending import end
from scripts.temporal_server import temporal_server
from tests.replay.fleets import LONG
from tests.replay.outcomes import closing, outcomes
from tests.replay.replaying import FOLDER, IDENTITY, write_history
from tests.support.deadlines import set_pace_and_deadlines
from tests.support.histories import readable_text
from tests.support.requests import SECRET, SECRET_VARIABLE
from tests.support.sandbox import Sandbox, running_sandbox
from tests.support.world import working_world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from temporalio.client import WorkflowHistory

    from tests.replay.outcomes import Outcome


class RecordingError(Exception):
    """A saga did not end as its outcome says, or its history holds a secret. Its history was not stored."""


async def record(names: Sequence[str]) -> None:
    """Record the named outcomes. Without names, record all, and remove the files of outcomes that no longer exist.

    Raises RecordingError.
    """
    everything = outcomes()
    FOLDER.mkdir(exist_ok=True)
    with running_sandbox() as sandbox:
        os.environ.update(sandbox.env | {SECRET_VARIABLE: SECRET})
        async with temporal_server(continue_as_new_at=LONG) as server:
            client = await Client.connect(
                server.address, namespace=server.namespace, data_converter=DATA_CONVERTER, identity=IDENTITY
            )
            await ensure_search_attributes(client)
            for name in names or everything:
                began = monotonic()
                history = await _recorded(everything[name], sandbox, client)
                _check(name, everything[name], history, sandbox)
                write_history(name, history)
                size = (FOLDER / f"{name}.json").stat().st_size
                print(
                    f"{name}: {len(history.events)} events, {size // 1000} kB, {monotonic() - began:.1f} s", flush=True
                )
    if not names:
        for file in FOLDER.glob("*.json"):
            if file.stem not in everything:
                file.unlink()


async def _recorded(outcome: Outcome, sandbox: Sandbox, client: Client) -> WorkflowHistory:
    sandbox.reset()
    async with working_world(sandbox, client) as world:
        run = await outcome.make(world) or client.get_workflow_handle(Link.parse(outcome.link).workflow_id)
        return await run.fetch_history()


def _check(name: str, outcome: Outcome, history: WorkflowHistory, sandbox: Sandbox) -> None:
    closed = closing(history.events[-1])
    if closed != outcome.closed:
        raise RecordingError(f"recording {name}: the saga closed as {closed}, not {outcome.closed}")
    secrets = {SECRET_VARIABLE: SECRET} | {key: value for key, value in sandbox.env.items() if "SECRET" in key}
    text = "\n".join(readable_text(event) for event in history.events)
    if found := [key for key, value in secrets.items() if value in text]:
        raise RecordingError(f"recording {name}: the history holds what {', '.join(found)} holds")


def main() -> None:
    """Record from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these outcomes; all when none is named")
    names = parser.parse_args().names
    if unknown := set(names) - outcomes().keys():
        parser.error(f"no such outcome: {', '.join(sorted(unknown))}; there are: {', '.join(outcomes())}")
    set_pace_and_deadlines(120)
    logging.disable()  # failing steps are part of what is recorded here
    code = 0
    try:
        asyncio.run(record(names))
    except RecordingError as error:
        print(error, file=sys.stderr)
        code = 1
    end(code)


if __name__ == "__main__":
    main()
