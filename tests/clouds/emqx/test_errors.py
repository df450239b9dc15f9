"""The translator: by code first, by status second, and never a body in a sentence."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from clouds.emqx.errors import Call, message_of, read_answer, translate
from privatelink.errors import (
    AccessDenied,
    CloudRefused,
    CloudUnavailable,
    PlatformKeyRefused,
    PrivateLinkError,
    QuotaExceeded,
    Throttled,
    UnknownCloudError,
)
from privatelink.pace import paced_delta

CALL = Call("deleting the PrivateLink", "pl3f9c21", "the platform", "EMQXCLOUD_PLATFORM_API_KEY")


def error_of(status: int, body: object, retry_after: str | None = None) -> PrivateLinkError:
    """What an answer is translated into."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return translate(read_answer(status, content, retry_after), CALL)


@pytest.mark.parametrize("status", [400, 409, 422])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ALREADY_EXISTS", CloudRefused),
        ("DEPENDENCY_EXISTS", CloudRefused),
        ("CONFLICT", CloudRefused),
        ("INVALID_STATUS", CloudRefused),
        ("EXCEED_LIMIT", QuotaExceeded),
        ("BAD_REQUEST", CloudRefused),
    ],
)
def test_the_code_decides_under_any_status(status: int, code: str, kind: type[PrivateLinkError]) -> None:
    """The broker uses 400, the platform documents 422, and 409 is seen too."""
    error = error_of(status, {"code": code, "message": "no"})
    assert type(error) is kind
    assert error.cloud_code == code


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, CloudRefused, "BAD_REQUEST"),
        (401, PlatformKeyRefused, "BAD_API_KEY_OR_SECRET"),
        (403, AccessDenied, "FORBIDDEN"),
        (404, CloudRefused, "NOT_FOUND"),
        (409, CloudRefused, "CONFLICT"),
        (422, CloudRefused, "BAD_REQUEST"),
        (429, Throttled, "TOO_MANY_REQUESTS"),
        (500, CloudUnavailable, ""),
        (503, CloudUnavailable, ""),
        (418, UnknownCloudError, ""),
        (405, CloudRefused, "METHOD_NOT_ALLOWED"),
        (407, AccessDenied, "PROXY_AUTHENTICATION_REQUIRED"),
        (408, CloudUnavailable, "SERVICE_UNAVAILABLE"),
        (410, CloudRefused, "NOT_FOUND"),
        (413, CloudRefused, "CONTENT_TOO_LARGE"),
    ],
)
@pytest.mark.parametrize("body", [{"code": 1234}, {"message": "no"}, {"code": None}])
def test_the_status_decides_where_the_code_says_nothing(
    status: int, kind: type[PrivateLinkError], code: str, body: object
) -> None:
    """A code may be a number or missing."""
    error = error_of(status, body)
    assert type(error) is kind
    assert error.cloud_code == code


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422])
@pytest.mark.parametrize("body", ["", "404 page not found", "<html>Not Found</html>", [1], "[" * 200_000])
def test_a_page_says_neither_that_a_thing_is_gone_nor_that_a_call_is_refused_for_good(
    status: int, body: object
) -> None:
    """A proxy's page, or that of a server under maintenance, is not EMQX's answer: the call is tried again."""
    error = error_of(status, body)
    assert type(error) is UnknownCloudError
    assert not error.non_retryable
    assert error.cloud_code == ""
    assert f"HTTP {status} without EMQX's JSON" in error.details_model.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, PlatformKeyRefused),
        (403, AccessDenied),
        (407, AccessDenied),
        (408, CloudUnavailable),
        (429, Throttled),
        (500, CloudUnavailable),
    ],
)
@pytest.mark.parametrize("body", ["", "<html>Sign in</html>", [1]])
def test_what_passes_needs_no_words_of_emqx(status: int, kind: type[PrivateLinkError], body: object) -> None:
    """Whoever it is that refuses for a while, trying again is right."""
    assert type(error_of(status, body)) is kind


def test_an_unknown_code_under_a_known_status_counts_as_the_status() -> None:
    """EMQX publishes no list of codes, so a refusal with a new one is still a refusal; it is shown."""
    error = error_of(422, {"code": "INVALID_SPEC"})
    assert type(error) is CloudRefused
    assert "INVALID_SPEC" in error.message


def test_an_unknown_code_under_an_unknown_status_is_retried() -> None:
    """Never success, and never final."""
    error = error_of(418, {"code": "TEAPOT"})
    assert type(error) is UnknownCloudError
    assert not error.non_retryable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 409, 410, 418, 422, 451])
@pytest.mark.parametrize("body", ["", "<html>sign in</html>", "[" * 200_000, {"message": "no"}])
def test_every_refusal_says_its_status_and_what_to_do(status: int, body: object) -> None:
    """Whatever the body is, and whether it has a code or none."""
    details = error_of(status, body).details_model
    assert f"HTTP {status}" in details.message
    assert details.next_step


@pytest.mark.parametrize("code", ["SECRET in it", "x" * 129, "a\nb", "<b>", {"secret": 1}])
def test_a_code_of_another_form_is_not_shown(code: object) -> None:
    """A code that is none may be an echo of what was sent."""
    error = error_of(400, {"code": code, "message": "SECRET"})
    assert error.details_model.message == "deleting the PrivateLink (pl3f9c21): the platform answered HTTP 400"


def test_a_body_never_gets_into_a_sentence() -> None:
    """It may echo a secret; only a caller that can scrub it asks for its message."""
    answer = read_answer(400, b'{"message": "password hunter2 is too short"}', None)
    with pytest.raises(CloudRefused) as raised:
        raise translate(answer, CALL) from answer
    error = raised.value
    assert "hunter2" not in f"{error} {error.__cause__} {error.details_model}"
    assert message_of(error) == "password hunter2 is too short"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 60), ("7", 7), ("0", 1), ("86400", 3600), ("soon", 60), ("nan", 60), ("9" * 400, 3600)],
)
def test_throttling_is_patience_of_the_length_that_emqx_names(header: str | None, seconds: float) -> None:
    """Retry-After where it is given, a minute where it is not, an hour at most, on the cloud's clock."""
    assert error_of(429, {}, header).next_retry_delay == paced_delta(seconds)


def test_retry_after_may_be_a_date() -> None:
    """RFC 9110 allows both forms."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    delay = error_of(429, {}, date).next_retry_delay
    assert delay is not None
    assert paced_delta(90) < delay <= paced_delta(100)


def test_a_refused_key_names_where_it_is_set() -> None:
    """The one who must act knows what to correct."""
    assert "EMQXCLOUD_PLATFORM_API_KEY" in error_of(401, {}).details_model.next_step
