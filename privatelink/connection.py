"""The connection to Temporal: its own environment variables and `temporal.toml` profiles, our data converter."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from privatelink.errors import TemporalUnreachable
from privatelink.payloads import PAYLOAD_KEY, PayloadKeyError, data_converter

CONNECT_SECONDS = 10.0


async def connect_to_temporal(address: str | None = None, namespace: str | None = None) -> Client:
    """Connect by `TEMPORAL_*` variables or the profile that they name (default: localhost:7233, namespace default).

    `address` (host:port) and `namespace` go before both. Encrypts when `PRIVATELINK_PAYLOAD_KEY` is set. Raises
    `TemporalUnreachable` with the address tried, or with the setting at fault.
    """
    try:
        config = ClientConfig.load_client_connect_config()
    except (RuntimeError, ValueError, OSError) as error:
        raise TemporalUnreachable(
            f"reading Temporal's settings: {' '.join(str(error).split())}",
            next_step="correct the TEMPORAL_* variables, or the file temporal.toml that they name",
        ) from error
    try:
        converter = data_converter()
    except PayloadKeyError as error:
        raise no_key(error) from error
    config["target_host"] = address = address or config.get("target_host", "localhost:7233")
    if namespace:
        config["namespace"] = namespace
    try:
        return await asyncio.wait_for(Client.connect(**config, data_converter=converter), timeout=CONNECT_SECONDS)
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
    """A call to Temporal. Raises `TemporalUnreachable` where it refuses, does not answer, or no key fits the answer."""
    try:
        yield
    except RPCError as error:
        raise TemporalUnreachable(
            f"{doing} ({concerns}): {error.message}",
            concerns=concerns,
            next_step="repeat the call when Temporal answers again: it is safe",
        ) from error
    except PayloadKeyError as error:
        raise no_key(error) from error


def no_key(error: PayloadKeyError) -> TemporalUnreachable:
    """The error for a payload key that is wrong or missing."""
    return TemporalUnreachable(
        str(error), concerns=PAYLOAD_KEY, next_step=f"correct {PAYLOAD_KEY}; it is the same on every client and worker"
    )
