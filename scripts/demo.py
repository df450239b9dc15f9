"""Watch one link being created and deleted: `make demo`, or `python -m scripts.demo [--speed N] [--keep]`.

The commands shown are the ones that an operator types, and all that they talk to runs on this machine (stage.py).
The exit code is 0 only if nothing is left in the sandbox's books after the delete. Nothing that the demo starts
outlives it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Any

import httpx

from privatelink.model.names import Link
from scripts.ending import end
from scripts.programs import ROOT, StageError
from scripts.stage import PASSWORD_NAME, Stage, stage
from scripts.temporal_cli import NoTemporalError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

LINK = Link(deployment="w41b11c0", name="orders-db")

REQUEST_FILE = "demo.yaml"


def request_text(seed: Mapping[str, Any]) -> str:
    """Return the demo's request for the sandbox's seed: a MySQL database behind two addresses in two zones."""
    zones = seed["deployments"][LINK.deployment]["az_ids"]
    return f"""\
name: {LINK.name}
deployment: {LINK.deployment}
aws: {{region: us-east-1}}
subnets: [{", ".join(seed["subnets"][zone] for zone in zones)}]
listeners:
  - port: 3306
    targets: [10.0.1.15, 10.0.2.15]
connector:
  type: mysql
  name: orders
  parameters:
    server: "{{address}}:3306"
    database: orders
    username: emqx
    password: {{secret: "env:{PASSWORD_NAME}"}}
"""


async def demo(*, speed: float, keep: bool) -> int:
    """Run the commands, look at the books, and return the exit code."""
    print("Starting a Temporal server, a local AWS and EMQX Platform, and a worker.", flush=True)
    async with stage(speed) as running:
        text = request_text(running.sandbox["seed"])
        (running.directory / REQUEST_FILE).write_text(text)
        print(f"\nThe request, {REQUEST_FILE}:\n\n{text}", flush=True)
        if running.temporal.ui_url:
            print(f"Temporal's UI, to watch from: {running.temporal.ui_url}/namespaces/{running.temporal.namespace}")
        code = await _commands(running) or await look_at_books(running.sandbox["endpoint"])
        if keep:
            await _hold(running)
        return code


async def _commands(running: Stage) -> int:
    for arguments in (["create", "-f", REQUEST_FILE], ["list"], ["status", str(LINK)], ["delete", str(LINK)]):
        command = ["privatelink", *arguments]
        print(f"\n$ {shlex.join(command)}", flush=True)
        if code := await running.run(*command):
            print(f"\n{shlex.join(command)} ended with exit code {code}.", file=sys.stderr)
            return code
        if arguments[0] in {"create", "delete"} and (page := await running.run_page(LINK.workflow_id)):
            print(f"\nThis saga in Temporal's UI: {page}", flush=True)
    return 0


async def look_at_books(endpoint: str) -> int:
    """Print what is left in the books of the sandbox at `endpoint`, and return 0 when it is nothing."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{endpoint}/sandbox/books")
    books = answer.raise_for_status().json()
    if any(books.values()):
        print(f"\nLeft behind in the sandbox's books:\n{json.dumps(books, indent=2)}", file=sys.stderr)
        return 1
    print("\nThe sandbox's books are empty: nothing is left at AWS, at the platform or in the deployment.")
    return 0


async def _hold(running: Stage) -> None:
    """Leave everything running until Ctrl-C, which is a normal end here."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    print("\nAll of it stays up until Ctrl-C. To go on in another terminal:\n")
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "PRIVATELINK_PACE"):
        print(f"  export {name}={shlex.quote(running.environment[name])}")
    program, request = ROOT / ".venv/bin/privatelink", running.directory / REQUEST_FILE
    print(f"  {shlex.join([str(program), 'create', '-f', str(request)])}", flush=True)
    await stop.wait()


def main() -> None:
    """Run the demo from the command line; Ctrl-C and SIGTERM stop everything too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, default=20.0, help="how much faster than a real cloud (default: 20)")
    parser.add_argument("--keep", action="store_true", help="leave all running at the end, until Ctrl-C")
    arguments = parser.parse_args()
    code = 0
    try:
        code = asyncio.run(_until_told_to_end(demo(speed=arguments.speed, keep=arguments.keep)))
    except (NoTemporalError, StageError) as error:
        print(error, file=sys.stderr)
        code = 5
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("\nStopped; nothing is left running.")
        code = 130
    end(code)


async def _until_told_to_end(work: Coroutine[object, None, int]) -> int:
    """Let SIGTERM end the work as Ctrl-C does: by a cancellation, which stops everything on its way out."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


if __name__ == "__main__":
    main()
