"""The webhook: each call sends one signed event to the receiver that the worker's settings name.

The event is a CloudEvent 1.0 in JSON, structured mode (CloudEvents: "JSON Event Format", "HTTP Protocol Binding"); the
signature is that of Standard Webhooks 1.0. Existing libraries can read and verify both.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretBytes, SecretStr

from clouds.api_access import LOOPBACK
from clouds.emqx.errors import read_answer
from clouds.emqx.http import tls
from privatelink.errors import CloudRefused, CloudUnavailable, ErrorDetails
from privatelink.model.progress import Ask, Phase

CALL_SECONDS = 10.0

_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""Refusals that are worth retrying, like server errors (5xx)."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)


class PhaseChange(_Event):
    """The content of an event: the saga and the phase that it has reached, in the words of `progress`.

    `asks`: what the saga needs from people now. `error`: its first cause. `address`: where the deployment reaches the
    service, once known. `status_command`: the shell command that shows the rest.
    """

    link: str
    operation: str
    saga_id: str
    phase: Phase
    asks: tuple[Ask, ...]
    error: ErrorDetails | None
    address: str | None
    status_command: str


class CloudEvent(_Event):
    """The envelope. `source` and `id` together identify an event, however often it arrives; `time` is when it happened.

    `type` is `com.emqx.privatelink.phase.` followed by the usual name of the phase (`...phase.waiting-for-person`),
    because routers select by type alone. `data` has the same form in all of them.
    """

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: PhaseChange


class WebhookSettings(BaseModel):
    """Where notifications go, and the key that signs them. The URL counts as a secret: it may contain a token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr
    key: SecretBytes

    @property
    def is_loopback(self) -> bool:
        """Whether the receiver runs on this machine and is reached without a proxy."""
        return urlsplit(self.url.get_secret_value()).hostname in LOOPBACK


class Webhook:
    """The receiver, and the key that it knows. One for the whole worker; safe for concurrent calls."""

    def __init__(self, settings: WebhookSettings) -> None:
        url = httpx.URL(settings.url.get_secret_value())
        self._host = url.host
        # httpx logs the URL of every call. Path and query may contain a token, so they bypass the logged URL.
        self._origin, self._target = url.copy_with(raw_path=b"/"), url.raw_path
        self._key = settings.key.get_secret_value()
        self._trust_env = not settings.is_loopback

    async def send(self, event: CloudEvent) -> None:
        """Send once; any 2xx is success. Sending the same event again keeps its id and body, with a new signature.

        Raises `CloudUnavailable` when the receiver may accept it later, with the delay from its Retry-After, and
        `CloudRefused` when it will not accept it. Redirects are not followed (Standard Webhooks 1.0).
        """
        doing = f"notifying that {event.subject} is {event.data.phase} ({self._host})"
        try:
            async with asyncio.timeout(CALL_SECONDS):
                status, retry_after = await self._exchange(event.id, event.model_dump_json().encode())
        except TimeoutError:
            raise CloudUnavailable(
                f"{doing}: the receiver gave no answer within {CALL_SECONDS:.0f} s", resource=self._host
            ) from None
        except httpx.RequestError as error:
            # httpx's error is not attached as the cause, because it holds the request.
            raise CloudUnavailable(f"{doing}: {type(error).__name__}", resource=self._host) from None
        if httpx.codes.is_success(status):
            return
        answer = read_answer(status, b"", retry_after)
        if status in _PASSING or httpx.codes.is_server_error(status):
            raise CloudUnavailable(
                f"{doing}: the receiver answered {answer}", resource=self._host, retry_after=answer.retry_after
            ) from answer
        raise CloudRefused(
            f"{doing}: the receiver answered {answer}",
            resource=self._host,
            next_step="correct PRIVATELINK_WEBHOOK_URL or PRIVATELINK_WEBHOOK_SECRET, or unset both, "
            "and restart the worker",
        ) from answer

    async def _exchange(self, event_id: str, body: bytes) -> tuple[int, str | None]:
        """Status and Retry-After. We need nothing from the answer's body, so it is not read."""
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, event_id, timestamp, body),
        }
        async with (
            httpx.AsyncClient(verify=tls(), trust_env=self._trust_env, timeout=CALL_SECONDS) as client,
            client.stream(
                "POST", self._origin, content=body, headers=headers, extensions={"target": self._target}
            ) as response,
        ):
            return response.status_code, response.headers.get("Retry-After")


def signature(key: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: HMAC-SHA256 of id, timestamp (seconds since 1970) and body, joined by dots."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
