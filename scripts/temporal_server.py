"""A Temporal server for as long as a block runs: the demo's, the tests' and the bench's.

If `TEMPORAL_ADDRESS` is set, that server is used and none is started. Otherwise the Temporal CLI's dev server
(temporal_cli.py finds it) starts on free loopback ports. It ends with the block, or with this process if that dies.
`python -m scripts.temporal_server` runs one in the foreground.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from scripts.ending import end
from scripts.held import held
from scripts.temporal_cli import NoTemporalError, find_temporal_cli

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Iterator, Sequence

    from temporalio.common import SearchAttributeKey

NAMESPACE = "default"
"""Namespace that every dev server has from its start."""

START_SECONDS = 60.0
"""Maximum seconds from start to the first answer. An idle machine needs 0.1 s; the rest is for a loaded one."""

LOOK_SECONDS = 0.05
"""Seconds between two checks of a server that is starting."""

LISTEN_SECONDS = 5.0
"""Maximum seconds for a loopback connection, which takes microseconds unless the machine is starved."""

PORT_ATTEMPTS = 5
"""Number of ports to try, because a port found free may be taken when the server binds it.

Five failures in a row have another cause.
"""

# By default, this server dispatches about 20 tasks a second and rounds delays up to a second. That suits production
# with its many sagas, but makes a single one 13 times slower (1,247 ms instead of 93 ms for twelve steps).
_QUICK = (
    "history.transferProcessorMaxPollRPS=1000",
    'history.timerProcessorMaxTimeShift="10ms"',
    "system.enableActivityEagerExecution=true",
)

# The file then survives a kill of the process, which is all that a dev server needs, and twice as many sagas run a
# second.
_SQLITE = ("journal_mode=WAL", "synchronous=NORMAL")


@dataclass(frozen=True)
class TemporalServer:
    """Address of a running server.

    `address` is host:port, as for TEMPORAL_ADDRESS; `ui_url` is None if no UI is known.
    """

    address: str
    namespace: str
    ui_url: str | None


@contextlib.asynccontextmanager
async def temporal_server(
    *,
    ui: bool = False,
    search_attributes: Sequence[SearchAttributeKey[Any]] = (),
    db_filename: Path | None = None,
    port: int | None = None,
    continue_as_new_at: int | None = None,
) -> AsyncIterator[TemporalServer]:
    """Yield a Temporal server that answers, and stop it at the end if it was started here.

    A started server knows `search_attributes` at once; a server of TEMPORAL_ADDRESS learns them from the first worker.
    Its data is in memory unless `db_filename` names a SQLite file. It has a free port unless `port` names one, as for a
    restart. It advises a workflow to continue as new at `continue_as_new_at` events, by default at Temporal's 4,096.
    Raises NoTemporalError when no server can be reached or started, naming the log of one that did not start.
    """
    if os.environ.get("TEMPORAL_ADDRESS"):
        yield await _running_server()
        return
    arguments = ["server", "start-dev", "--ip", "127.0.0.1"]
    arguments += [] if ui else ["--headless"]
    advice = [] if continue_as_new_at is None else [f"limit.historyCount.suggestContinueAsNew={continue_as_new_at}"]
    for value in (*_QUICK, *advice):
        arguments += ["--dynamic-config-value", value]
    for key in search_attributes:
        arguments += ["--search-attribute", f"{key.name}={_type_name(key)}"]
    if db_filename is not None:
        arguments += ["--db-filename", str(db_filename)]
        for pragma in _SQLITE:
            arguments += ["--sqlite-pragma", pragma]
    async with _dev_server([str(await find_temporal_cli()), *arguments], ui=ui, port=port) as server:
        yield server


async def _running_server() -> TemporalServer:
    """Check the server of the environment's settings, TLS and keys included."""
    address = os.environ["TEMPORAL_ADDRESS"]
    try:
        client = await Client.connect(**ClientConfig.load_client_connect_config())
    except (RuntimeError, RPCError) as error:
        raise NoTemporalError(
            f"connecting to Temporal ({address}, from TEMPORAL_ADDRESS): {error}\n"
            "Start that server, or unset TEMPORAL_ADDRESS to have one started here."
        ) from error
    return TemporalServer(address, client.namespace, ui_url=None)


@contextlib.asynccontextmanager
async def _dev_server(command: Sequence[str], *, ui: bool, port: int | None) -> AsyncIterator[TemporalServer]:
    with _log_file() as log:
        for _ in range(PORT_ATTEMPTS):
            own_port, ui_port = port or _free_port(), _free_port()
            ports = ["--port", str(own_port), "--ui-port", str(ui_port)]
            ui_url = f"http://127.0.0.1:{ui_port}" if ui else None
            server = TemporalServer(f"127.0.0.1:{own_port}", NAMESPACE, ui_url)
            with log.open("wb") as output:
                async with held([*command, *ports], grace_seconds=0, log=output) as process:
                    if await _answers(process, server, log):
                        try:
                            yield server
                        finally:
                            # Its port closes at once; its exit is seen a moment later.
                            if process.returncode is not None or not _listens(own_port):
                                raise NoTemporalError(_failure("it ended while in use", log))
                        return
            if b"address already in use" not in log.read_bytes():
                break
        raise NoTemporalError(_failure("it ended at once", log))


@contextlib.contextmanager
def _log_file() -> Iterator[Path]:
    """Yield a file for the output of the server. It is kept only when an error names it."""
    handle, name = tempfile.mkstemp(prefix="temporal-server-", suffix=".log")
    os.close(handle)
    try:
        yield Path(name)
    except NoTemporalError:
        raise
    except BaseException:
        Path(name).unlink()
        raise
    Path(name).unlink()


async def _answers(process: Process, server: TemporalServer, log: Path) -> bool:
    """Wait until the server serves its namespace; return False if it ended instead."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            while process.returncode is None:
                with contextlib.suppress(RuntimeError, RPCError):
                    client = await Client.connect(server.address, namespace=server.namespace)
                    await client.workflow_service.describe_namespace(
                        DescribeNamespaceRequest(namespace=server.namespace)
                    )
                    return process.returncode is None
                await asyncio.sleep(LOOK_SECONDS)
            return False
    raise NoTemporalError(_failure(f"no answer within {START_SECONDS:.0f} s", log))


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=LISTEN_SECONDS):
        return True
    return False


def _free_port() -> int:
    """Return a port that the kernel gives to no other process for the next minute.

    The kernel hands out no port with a connection in TIME_WAIT, which the side that closes first leaves behind. A
    server may still bind it. So two processes that start servers at once do not collide.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as caller:
            accepted, _ = listener.accept()
            accepted.close()
            caller.recv(1)
        port: int = listener.getsockname()[1]
        return port


def _type_name(key: SearchAttributeKey[Any]) -> str:
    """Return the CLI's word for the key's type: `Keyword`, `KeywordList`, ..."""
    return key.indexed_value_type.name.title().replace("_", "")


def _failure(why: str, log: Path) -> str:
    return f"running a Temporal dev server: {why}; its log is {log}"


async def _hold() -> None:
    """Run a server until Ctrl-C or SIGTERM, and print its address."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with temporal_server(ui=True) as server:
        print(f"TEMPORAL_ADDRESS={server.address}")
        print(f"UI: {server.ui_url or 'unknown, because the server is not ours'}", flush=True)
        await stop.wait()


def main() -> None:
    """Run a server in the foreground, with its state in memory."""
    code = 0
    try:
        asyncio.run(_hold())
    except NoTemporalError as error:
        print(error, file=sys.stderr)
        code = 5
    end(code)


if __name__ == "__main__":
    main()
