"""The connection to Temporal: its own environment variables and `temporal.toml` profiles, our data converter."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from privatelink.errors import TemporalUnreachable
from privatelink.payloads import DATA_CONVERTER

CONNECT_SECONDS = 10.0


async def connect_to_temporal(address: str | None = None, namespace: str | None = None) -> Client:
    """Connect by `TEMPORAL_*` variables or the profile that they name (default: localhost:7233, namespace default).

    `address` (host:port) and `namespace` go before both. Raises `TemporalUnreachable` with the address tried.
    """
    try:
        config = ClientConfig.load_client_connect_config()
    except (RuntimeError, ValueError, OSError) as error:
        raise TemporalUnreachable(
            f"reading Temporal's settings: {' '.join(str(error).split())}",
            next_step="correct the TEMPORAL_* variables, or the file temporal.toml that they name",
        ) from error
    config["target_host"] = address = address or config.get("target_host", "localhost:7233")
    if namespace:
        config["namespace"] = namespace
    try:
        return await asyncio.wait_for(Client.connect(**config, data_converter=DATA_CONVERTER), timeout=CONNECT_SECONDS)
    except (RPCError, RuntimeError, ValueError, OSError, TimeoutError) as error:
        why = "no answer" if isinstance(error, TimeoutError) else str(error).splitlines()[0]
        raise TemporalUnreachable(
            f"connecting to Temporal ({address}): {why}",
            concerns=address,
            next_step="start the server, or set TEMPORAL_ADDRESS"
            + ("" if os.environ.get("TEMPORAL_ADDRESS") else " (it is not set)"),
        ) from error


@contextmanager
def reaching_temporal(doing: str, concerns: str) -> Iterator[None]:
    """A call to Temporal. Raises `TemporalUnreachable` where it does not answer, or refuses to."""
    try:
        yield
    except RPCError as error:
        raise TemporalUnreachable(
            f"{doing} ({concerns}): {error.message}",
            concerns=concerns,
            next_step="repeat the call when Temporal answers again: it is safe",
        ) from error
