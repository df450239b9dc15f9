"""One call to an EMQX API: HTTP Basic, limited in time and size, without redirects or retries.

Retrying is Temporal's job. A write may only be repeated after checking what the first try did.
"""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from functools import cache
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import JsonValue, TypeAdapter, ValidationError

from clouds.allowed import Allowed
from clouds.api_access import ApiAccess
from clouds.emqx.errors import Call, ErrorAnswer, read_answer, translate
from clouds.finishing import let_end
from clouds.leases import check_lease
from clouds.polling.budgets import Budget
from privatelink.errors import CloudUnavailable, NotAllowed, PrivateLinkError, UnknownCloudError

T = TypeVar("T")

CALL_SECONDS = 20.0
"""Maximum seconds of a call; above the 15 s that a deployment gives its nodes. If a write takes longer, its outcome is
unknown and has to be looked up."""
CONNECT_SECONDS = 5.0
_HEADERS = {"Accept": "application/json"}
"""Without this header, EMQX answers an unknown path with an HTML page (emqx/emqx, `emqx_dashboard_not_found`)."""
_DEEPEST = 64
"""Maximum levels of JSON; EMQX's own answers have about ten."""
_LARGEST_BODY = 4 * 1024 * 1024
"""Maximum bytes of a body, as in EMQX's own clients: hundreds of times the largest list, and harmless to a worker."""


class Content(Enum):
    """What a successful answer contains: JSON; nothing (HTTP 204, or 202 if EMQX carries on by itself); or either."""

    SOME = auto()
    NONE = auto()
    EITHER = auto()


@cache
def tls() -> ssl.SSLContext:
    """The TLS context of every call. Loading it takes longer than most calls, so it is created once."""
    return httpx.create_ssl_context()


def path_of(template: str, **ids: str) -> str:
    """A path with its ids escaped, including the `:` of connector ids."""
    return template.format(**{name: quote(id_, safe="") for name, id_ in ids.items()})


def read_as(shape: TypeAdapter[T], body: JsonValue, call: Call) -> T:
    """The body as our own model. Raises `UnknownCloudError`, which names the wrong fields but never their values."""
    try:
        return shape.validate_python(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        fields = ", ".join(sorted({".".join(str(part) for part in fault["loc"]) or "body" for fault in faults}))
        raise _unknown_form(call, fields) from None


def _content_of(answered: bytes, status: int, content: Content, call: Call) -> JsonValue:
    """The JSON of a success. Raises `UnknownCloudError` if the form does not fit the call."""
    is_empty = status in {httpx.codes.NO_CONTENT, httpx.codes.ACCEPTED} and not answered
    if content is Content.NONE or (content is Content.EITHER and is_empty):
        if is_empty:
            return None
        raise _unknown_form(call, f"HTTP {status} with content, instead of HTTP 204 without any")
    try:
        parsed: JsonValue = json.loads(answered)
    except (ValueError, RecursionError):
        raise _unknown_form(call, f"HTTP {status} without JSON" if answered else f"HTTP {status} and nothing") from None
    if parsed is None:
        raise _unknown_form(call, f"HTTP {status} and null")
    if _is_deeper(parsed, _DEEPEST):
        raise _unknown_form(call, f"JSON nested deeper than {_DEEPEST}")
    return parsed


def _is_deeper(value: JsonValue, levels: int) -> bool:
    """Whether it has more levels than this. Iterative, because recursion could exceed Python's own limit."""
    level: list[JsonValue] = [value]
    for _ in range(levels):
        level = [
            item
            for one in level
            if isinstance(one, dict | list)
            for item in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def _unknown_form(call: Call, what: str) -> UnknownCloudError:
    return UnknownCloudError(
        f"{call.words}: {call.api} answered in a form that we do not know: {what}",
        resource=call.resource,
        next_step="compare the answer with the table of fields in clouds/emqx/wire.py",
    )


class Api:
    """One API with its key. Safe to use for many calls at once."""

    def __init__(self, name: str, access: ApiAccess) -> None:
        """`name` is its name in messages, as in "the platform"."""
        self._name = name
        self._access = access
        self._auth = httpx.BasicAuth(access.api_key, access.api_secret.get_secret_value())
        self._allowed = Allowed()

    def call_of(self, doing: str, resource: str) -> Call:
        """A call in words."""
        return Call(doing, resource, self._name, self._access.set_by)

    async def send(
        self,
        method: str,
        path: str,
        call: Call,
        *,
        body: JsonValue = None,
        budget: Budget | None = None,
        just_before: Callable[[], Awaitable[None]] | None = None,
        content: Content = Content.SOME,
    ) -> JsonValue:
        """Send a call and return the JSON of its success, None if it has none. Raises our error for any other answer.

        A success must have the form that EMQX's contract gives the call (`content`). If a proxy or a portal answers
        with a page and status 200, this raises `UnknownCloudError`.

        `just_before` is a last check, after the turn in the budget; if it raises, nothing is sent. After
        `CloudUnavailable` it is unknown whether a write took effect. A cancelled write finishes first, and an attempt
        that has lost its lease begins no write (`NotYet`).
        """
        if budget:
            await budget.take(just_before)
        elif just_before:
            await just_before()
        exchange = self._within_its_time(method, path, body)
        try:
            status, answered, headers = await (
                exchange if method == "GET" else let_end(asyncio.ensure_future(exchange))
            )
        except (TimeoutError, httpx.RequestError, _TooLargeError) as error:
            raise self._no_answer(call, method, error) from None
        if status >= httpx.codes.BAD_REQUEST:
            answer = read_answer(status, answered, headers.get("Retry-After"))
            refusal = translate(answer, call)
            if isinstance(refusal, NotAllowed):
                self._allowed.refused(f"{method} {call.doing}", refusal)
            raise refusal from answer
        if status >= httpx.codes.MULTIPLE_CHOICES:
            raise UnknownCloudError(
                f"{call.words}: {self._name} answered with a redirect (HTTP {status}), which we do not follow: "
                "that would send the API key along",
                resource=call.resource,
                next_step=f"check the endpoint beside {self._access.set_by}, and that no portal answers in its place",
            ) from ErrorAnswer(status, "", "", None)
        self._allowed.succeeded(f"{method} {call.doing}")
        return _content_of(answered, status, content, call)

    async def _within_its_time(self, method: str, path: str, body: JsonValue) -> tuple[int, bytes, httpx.Headers]:
        async with asyncio.timeout(CALL_SECONDS):
            return await self._exchange(method, path, body)

    async def _exchange(self, method: str, path: str, body: JsonValue) -> tuple[int, bytes, httpx.Headers]:
        # One connection per call: calls are a minute apart, and if the other side had meanwhile closed a kept
        # connection, the outcome of a write would be unknown.
        async with (
            httpx.AsyncClient(
                auth=self._auth,
                headers=_HEADERS,
                verify=tls(),
                trust_env=not self._access.is_loopback,
                timeout=httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
            ) as client,
            client.stream(
                method,
                self._access.endpoint + path,
                json=body,
                extensions={} if method == "GET" else {"trace": _before_sending},
            ) as response,
        ):
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > _LARGEST_BODY:
                    raise _TooLargeError
            return response.status_code, bytes(content), response.headers

    def _no_answer(self, call: Call, method: str, error: Exception) -> PrivateLinkError:
        why = {
            TimeoutError: f"no answer within {CALL_SECONDS:.0f} s",
            _TooLargeError: "the answer is larger than 4 MiB",
        }
        unknown = "" if method == "GET" else ", so it is unknown whether it took effect"
        return CloudUnavailable(
            f"{call.words}: {self._name}: {why.get(type(error), type(error).__name__)}{unknown}", resource=call.resource
        )


async def _before_sending(event: str, _: dict[str, object]) -> None:
    """Begin no write after the lease is lost: this is the last moment before the request (httpcore, "trace")."""
    if event == "http11.send_request_headers.started":
        check_lease("calling EMQX")


class _TooLargeError(Exception):
    pass
