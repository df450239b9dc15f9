"""A real Temporal cluster for as long as a block runs: two server processes and PostgreSQL, on the loopback only.

Each process runs all four services on ports of its own. The processes find each other through the database, and share
shards and task queues.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from bench.postgres import Postgres, postgres, server_port
from bench.temporal_programs import NoClusterError, temporal_programs
from privatelink.temporal.search_attributes import ALL, ensure_search_attributes
from scripts.held import held
from scripts.temporal_server import NAMESPACE

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable
    from types import TracebackType

NODES = ("first", "second")

SERVICES = ("frontend", "history", "matching", "worker")

SHARDS = 32
"""Number of shards: a cluster's parallelism, fixed for its life. By default a shard starts at most 20 tasks/s."""

SCHEMAS = {"temporal": "postgresql/v12/temporal", "temporal_visibility": "postgresql/v12/visibility"}
"""Databases, each with the tool's schema that it gets."""

START_SECONDS = 120.0
"""Maximum seconds from a process's start until it serves the namespace. An idle machine needs 2 to 10 s, while the
processes find each other."""

RETENTION = timedelta(days=1)
"""Retention of closed workflows: the shortest that a server allows."""

LOOK_SECONDS = 0.2


class TemporalCluster:
    """Two Temporal servers that form one cluster. Each can be killed (SIGKILL) and started again on its ports.

    `addresses` are the nodes' frontends, as host:port for TEMPORAL_ADDRESS. Each of them serves every workflow.
    """

    def __init__(self) -> None:
        """Started by `async with`."""
        self._ports = {node: {service: (server_port(), server_port()) for service in SERVICES} for node in NODES}
        self.addresses = {node: f"127.0.0.1:{ports['frontend'][0]}" for node, ports in self._ports.items()}
        self._running: dict[str, contextlib.AsyncExitStack] = {}
        self._processes: dict[str, Process] = {}
        self._everything = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start PostgreSQL, make the tables, start both nodes, register the namespace.

        Raises NoPostgresError, or NoClusterError.
        """
        programs = await temporal_programs()
        async with contextlib.AsyncExitStack() as building:
            self._directory = Path(building.enter_context(tempfile.TemporaryDirectory(prefix="privatelink-cluster-")))
            database = await building.enter_async_context(postgres())
            _make_tables(programs / "sql", database)
            self._server = programs / "server"
            for node in NODES:
                path = self._directory / f"{node}.json"
                path.touch(mode=0o600)
                # The server reads YAML, of which JSON is a subset.
                path.write_text(json.dumps(_configuration(self._ports[node], database)))
            building.push_async_callback(self._kill_all)
            # One after the other: two servers that find an empty database at once would both found the cluster.
            await self.start(NODES[0])
            await self._register_namespace()
            for node in NODES[1:]:
                await self.start(node)
            await ensure_search_attributes(await Client.connect(self.addresses[NODES[0]]))
            for node in NODES:
                await self.answers(node)
            self._everything = building.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill everything."""
        await self._everything.aclose()

    async def start(self, node: str) -> None:
        """Start that node, which must not be running; `answers` waits until it serves."""
        stack = contextlib.AsyncExitStack()
        log = stack.enter_context(self._log(node).open("ab"))
        command = [
            str(self._server),
            "--config-file",
            str(self._directory / f"{node}.json"),
            "--allow-no-auth",
            "start",
        ]
        process = await stack.enter_async_context(held(command, grace_seconds=0, log=log, directory=self._directory))
        self._running[node] = stack
        self._processes[node] = process

    async def kill(self, node: str) -> None:
        """`kill -9`."""
        await self._running.pop(node).aclose()

    async def answers(self, node: str) -> None:
        """Wait until that node serves the namespace and knows its search attributes, seconds after the other node.

        Raises NoClusterError, with the end of its log.
        """
        query = " AND ".join(f"{key.name} IS NULL" for key in ALL)
        request = CountWorkflowExecutionsRequest(namespace=NAMESPACE, query=query)
        await self._until(node, lambda client: client.workflow_service.count_workflow_executions(request))

    async def _register_namespace(self) -> None:
        retention = Duration()
        retention.FromTimedelta(RETENTION)
        request = RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=retention)
        await self._until(NODES[0], lambda client: client.workflow_service.register_namespace(request))

    async def _until(self, node: str, call: Callable[[Client], Awaitable[object]]) -> None:
        last: Exception | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while self._processes[node].returncode is None:
                    try:
                        await call(await Client.connect(self.addresses[node]))
                    except (RuntimeError, RPCError) as error:
                        last = error
                        await asyncio.sleep(LOOK_SECONDS)
                    else:
                        return
        words = self._log(node).read_text(errors="replace")[-2000:]
        raise NoClusterError(f"starting the {node} Temporal server: {last}. Its last words:\n{words}")

    async def _kill_all(self) -> None:
        for node in tuple(self._running):
            await self.kill(node)

    def _log(self, node: str) -> Path:
        return self._directory / f"{node}.log"


def _make_tables(tool: Path, database: Postgres) -> None:
    environment = {
        "SQL_HOST": "127.0.0.1",
        "SQL_PORT": str(database.port),
        "SQL_USER": database.user,
        "SQL_PASSWORD": database.password,
        "SQL_PLUGIN": "postgres12",
    }
    for name, schema in SCHEMAS.items():
        for arguments in (
            ["create-database"],
            ["setup-schema", "--version", "0.0"],
            ["update-schema", "--schema-name", schema],
        ):
            answer = subprocess.run(
                [str(tool), "--database", name, *arguments],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if answer.returncode != 0:
                raise NoClusterError(f"making Temporal's tables ({arguments[0]} in {name}): {answer.stdout[-2000:]}")


def _configuration(ports: dict[str, tuple[int, int]], database: Postgres) -> dict[str, Any]:
    """Return what `config/` in the server's repository sets for PostgreSQL, with this node's own ports."""
    stores = {
        name: {
            "sql": {
                "pluginName": "postgres12",
                "databaseName": name,
                "connectAddr": f"127.0.0.1:{database.port}",
                "connectProtocol": "tcp",
                "user": database.user,
                "password": database.password,
                "maxConns": connections,
                "maxIdleConns": connections,
            }
        }
        for name, connections in (("temporal", 20), ("temporal_visibility", 10))
    }
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "temporal",
            "visibilityStore": "temporal_visibility",
            "numHistoryShards": SHARDS,
            "datastores": stores,
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"}},
        "services": {
            service: {"rpc": {"grpcPort": rpc, "membershipPort": membership, "bindOnIP": "127.0.0.1"}}
            for service, (rpc, membership) in ports.items()
        },
        "clusterMetadata": {
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": f"127.0.0.1:{ports['frontend'][0]}",
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
    }
