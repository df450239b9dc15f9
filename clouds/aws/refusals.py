"""The translation of AWS's refusals: a code and a message, from a raised error or from an item of `Unsuccessful`.

The meaning of a code may depend on the situation: right after a create, `*NotFound` soon passes; on a delete, it is
success. The caller handles this with `unseen_until` (`AccountCalls.call`) or with `is_code`.
"""

import random
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from clouds.aws import codes
from clouds.aws.next_steps import WORKER, next_step_of
from privatelink.errors import (
    AccessDenied,
    CloudRefused,
    CloudUnavailable,
    CredentialsRefused,
    NotYet,
    PrivateLinkError,
    QuotaExceeded,
    Throttled,
    UnknownCloudError,
)
from privatelink.pace import paced_delta

_TOO_MANY_REQUESTS, _SERVER_ERRORS = 429, 500

_MESSAGE_CHARACTERS = 400

_CLOCKS = re.compile(
    r"Signature (?:expired|not yet current): [0-9TZ]{1,20} is (?:now earlier|still later) than [0-9TZ]{1,20}"
    r"(?: \([0-9TZ]{1,20} [-+] \d+ min\.?\))?"
)
"""The only message about a refused signature that does not quote the request: it contains only times."""


class Refusal(NamedTuple):
    """AWS's refusal. `acts_as`: whose credentials were refused, in words. `retry_after`: the delay AWS asked for."""

    code: str
    message: str
    status: int = 400
    request_id: str = ""
    operation: str = ""
    acts_as: str = WORKER
    retry_after: timedelta | None = None
    is_html: bool = False

    @property
    def is_about_the_clock(self) -> bool:
        """Whether the reason is that AWS's clock and the worker's differ."""
        return bool(_CLOCKS.search(self.message)) or self.code in codes.CLOCK


def refused(refusal: Refusal, doing: str, resource: str, unseen_until: datetime | None = None) -> PrivateLinkError:
    """Our error for a refusal; until `unseen_until` `*NotFound` is `NotYet`. Never holds a credential or signature."""
    refusal = refusal._replace(code=codes.plain(refusal.code))
    error = _classified(refusal, f"{doing} ({resource}): {_why(refusal)}", resource, unseen_until)
    error.cloud_code = refusal.code
    return error


def unseen_twin(kind: str, name: str) -> NotYet:
    """The error when AWS says that a name is taken but has not shown by what; the next attempt sees whose it is."""
    return NotYet(
        f"creating the {kind} ({name}): AWS has one of that name, but does not show it yet",
        resource=name,
        retry_after=paced_delta(5),
    )


def _classified(refusal: Refusal, message: str, resource: str, unseen_until: datetime | None) -> PrivateLinkError:
    code = refusal.code
    if code in codes.THROTTLED or refusal.status == _TOO_MANY_REQUESTS:
        # Jitter, because sagas that were refused together would otherwise come back together.
        after = paced_delta(random.uniform(2, 8))  # noqa: S311 - spreads retries, guards nothing
        return Throttled(message, resource=resource, retry_after=max(after, refusal.retry_after or after))
    if code in codes.UNAVAILABLE or refusal.status >= _SERVER_ERRORS:
        return CloudUnavailable(message, resource=resource, retry_after=refusal.retry_after)
    if code in codes.BUSY:
        return NotYet(message, resource=resource, retry_after=paced_delta(5))
    if codes.is_not_found(code) and unseen_until and datetime.now(UTC) < unseen_until:
        return NotYet(f"{message}; it was made a moment ago", resource=resource, retry_after=paced_delta(2))
    next_step = next_step_of(
        code,
        refusal.message,
        operation=refusal.operation,
        acts_as=refusal.acts_as,
        is_about_the_clock=refusal.is_about_the_clock,
    )
    return _leaf(refusal)(message, resource=resource, next_step=next_step)


def _leaf(refusal: Refusal) -> type[PrivateLinkError]:
    """The error class of a refusal that waiting does not resolve, or that we do not know."""
    code = refusal.code
    if code in codes.CREDENTIALS | codes.EXPIRED | codes.CLOCK | codes.ACCOUNT:
        return CredentialsRefused
    if code and refusal.operation == "AssumeRole":
        return CredentialsRefused
    if code in codes.DENIED:
        return AccessDenied
    if codes.is_refused(code) or codes.is_not_found(code):
        return CloudRefused
    return QuotaExceeded if codes.is_quota(code) else UnknownCloudError


def _why(refusal: Refusal) -> str:
    """Code and message. For a refused signature only code and times, because AWS quotes the request with its token."""
    request = f" [request {refusal.request_id}]" if refusal.request_id else ""
    if not refusal.code:
        page = "a page of HTML" if refusal.is_html else "no code of AWS in it"
        return f"the answer was HTTP {refusal.status} with {page}{request}"
    if refusal.code in codes.CREDENTIALS:
        times = _CLOCKS.search(refusal.message)
        return f"{refusal.code}: {times[0]}{request}" if times else f"{refusal.code}{request}"
    if refusal.operation == "AssumeRole" and refusal.code not in codes.DENIED:
        # STS quotes an external id that it rejects.
        return f"{refusal.code}{request}"
    message = refusal.message.partition("Encoded authorization failure message")[0].strip()[:_MESSAGE_CHARACTERS]
    return f"{refusal.code}: {message}{request}" if message else f"{refusal.code}{request}"
