"""The connection to Temporal, from its own environment variables or `temporal.toml`, with our data converter."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from privatelink.errors import TemporalUnreachable
from privatelink.settings import PAYLOAD_KEY, PayloadKeyError, variable
from privatelink.temporal.payloads import data_converter
from privatelink.temporal.search_attributes import not_registered
from privatelink.temporal.troubles import address_setting, of_call, of_connecting, profile_setting

CONNECT_SECONDS = 10.0

_UNREGISTERED = re.compile(r"Namespace (\S+) has no mapping defined for search attribute")


async def connect_to_temporal(address: str | None = None, namespace: str | None = None) -> Client:
    """Connect by `TEMPORAL_*` variables or the profile that they name (default: localhost:7233, namespace default).

    `address` (host:port) and `namespace` override both. Payloads are encrypted if `PRIVATELINK_PAYLOAD_KEY` is set.
    Raises `TemporalUnreachable` with the address that was tried, or with the setting that is wrong.
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
    in_profile = not (address or variable("TEMPORAL_ADDRESS")) and "target_host" in config
    setting = profile_setting("address") if in_profile else address_setting(given=bool(address))
    config["target_host"] = address = address or config.get("target_host", "localhost:7233")
    if namespace:
        config["namespace"] = namespace
    try:
        return await asyncio.wait_for(Client.connect(**config, data_converter=converter), timeout=CONNECT_SECONDS)
    except (RPCError, RuntimeError, ValueError, OSError, TimeoutError) as error:
        trouble = of_connecting(error, setting, CONNECT_SECONDS)
        raise TemporalUnreachable(
            f"connecting to Temporal ({address}): {trouble.why}", resource=address, next_step=trouble.next_step
        ) from error


@contextmanager
def reaching_temporal(doing: str, resource: str) -> Iterator[None]:
    """A call to Temporal. Raises `TemporalUnreachable` if it refuses or does not answer, or no key fits the answer."""
    try:
        yield
    except RPCError as error:
        if unregistered := _UNREGISTERED.search(error.message):
            raise not_registered(unregistered[1], error.message) from error
        trouble = of_call(error)
        raise TemporalUnreachable(
            f"{doing} ({resource}): {trouble.why}", resource=resource, next_step=trouble.next_step
        ) from error
    except PayloadKeyError as error:
        raise no_key(error) from error


def no_key(error: PayloadKeyError) -> TemporalUnreachable:
    """The error for a payload key that is wrong or missing."""
    return TemporalUnreachable(
        str(error), resource=PAYLOAD_KEY, next_step=f"correct {PAYLOAD_KEY}; every client and worker needs the same"
    )
