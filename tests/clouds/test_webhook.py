"""The webhook: one signed event a call, and no word of where exactly it went."""

import asyncio
import base64
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretBytes, SecretStr

from clouds import webhook
from clouds.webhook import CloudEvent, PhaseChange, Webhook, WebhookSettings, signature
from privatelink.errors import CloudRefused, CloudUnavailable, PrivateLinkError
from privatelink.model.progress import Phase
from privatelink.pace import paced_delta
from tests.support.receiver import KEY, SECRET, TOKEN, Receiver, running_receiver

EVENT = CloudEvent(
    id="0198f0a2-7c3e-7d1a-9b0c-1f2e3d4c5b6a/2",
    source="/privatelink/w41b11c0/orders-db",
    type="com.emqx.privatelink.phase.held",
    subject="w41b11c0/orders-db",
    time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    data=PhaseChange(
        link="w41b11c0/orders-db",
        operation="create",
        saga_id="0198f0a2-7c3e-7d1a-9b0c-1f2e3d4c5b6a",
        phase=Phase.HELD,
        asks=(),
        error=None,
        address=None,
        status_command="privatelink status w41b11c0/orders-db",
    ),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of the test's own."""
    with running_receiver() as running:
        yield running


def webhook_to(url: str) -> Webhook:
    """The webhook of a worker with this setting."""
    return Webhook(WebhookSettings(url=SecretStr(url), key=SecretBytes(KEY)))


async def error_of(url: str) -> PrivateLinkError:
    """The error of one call, which contains no secret."""
    with pytest.raises(PrivateLinkError) as raised:
        await webhook_to(url).send(EVENT)
    told = f"{''.join(traceback.format_exception(raised.value))} {raised.value.details_model}"
    assert TOKEN not in told
    assert SECRET not in told
    assert raised.value.details_model.resource == "127.0.0.1"
    return raised.value


def test_the_signature_is_that_of_the_standard() -> None:
    """The test vector of the reference implementations; `openssl dgst -sha256 -mac HMAC` gives the same."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert expected == signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_an_event_arrives_signed_and_in_its_form(receiver: Receiver, status: int) -> None:
    """The receiver verifies it by the standards alone, at the path and query that were set."""
    receiver.answers = [(status, {})]
    await webhook_to(receiver.url).send(EVENT)
    (delivery,) = receiver.deliveries
    assert delivery.line == f"POST /hooks/{TOKEN}?token={TOKEN} HTTP/1.1"
    assert delivery.event["time"] == "2026-01-02T03:04:05Z"
    assert delivery.event["data"] == EVENT.data.model_dump(mode="json")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_passes_is_to_be_repeated(receiver: Receiver, status: int) -> None:
    """A receiver that is down or busy takes it later; without Retry-After, when is the workflow's to say."""
    receiver.answers = [(status, {})]
    error = await error_of(receiver.url)
    assert type(error) is CloudUnavailable
    assert not error.non_retryable
    assert error.next_retry_delay is None
    assert len(receiver.deliveries) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_the_receiver_may_say_when(receiver: Receiver, status: int) -> None:
    """Retry-After as seconds and as a date."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=1000), usegmt=True)
    receiver.answers = [(status, {"Retry-After": "7"}), (status, {"Retry-After": date})]
    assert (await error_of(receiver.url)).next_retry_delay == paced_delta(7)
    delay = (await error_of(receiver.url)).next_retry_delay
    assert delay is not None
    assert paced_delta(900) < delay <= paced_delta(1000)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
async def test_what_does_not_pass_is_refused_and_names_the_settings(receiver: Receiver, status: int) -> None:
    """An operator must act; repeating would only knock again."""
    receiver.answers = [(status, {})]
    error = await error_of(receiver.url)
    assert type(error) is CloudRefused
    assert error.non_retryable
    assert (
        f"notifying that w41b11c0/orders-db is held (127.0.0.1): the receiver answered HTTP {status}" in error.message
    )
    assert "PRIVATELINK_WEBHOOK_URL" in error.details_model.next_step
    assert "PRIVATELINK_WEBHOOK_SECRET" in error.details_model.next_step


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    """What the event says is for the receiver that was set, and for no other."""
    with running_receiver() as elsewhere:
        receiver.answers = [(status, {"Location": elsewhere.url})]
        assert type(await error_of(receiver.url)) is CloudRefused
        assert elsewhere.deliveries == []


async def test_no_receiver_at_all_is_unavailable() -> None:
    """A refused connection passes."""
    with running_receiver() as gone:
        url = gone.url
    error = await error_of(url)
    assert type(error) is CloudUnavailable
    assert "ConnectError" in error.message


@pytest.mark.parametrize("word", [b"", b"X-Wait: a little longer\r\n"])
async def test_a_call_is_bounded_in_time(monkeypatch: pytest.MonkeyPatch, word: bytes) -> None:
    """By a receiver that takes the connection and says nothing, and by one that never comes to its end."""
    monkeypatch.setattr(webhook, "CALL_SECONDS", 0.3)

    async def linger(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" if word else b"")
        for _ignored in range(20):
            writer.write(word)
            await asyncio.sleep(0.1)
        writer.close()

    async with await asyncio.start_server(linger, "127.0.0.1", 0) as server:
        async with asyncio.timeout(1.5):
            error = await error_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{TOKEN}")
        assert type(error) is CloudUnavailable


async def test_no_log_holds_the_url_or_the_key(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """Not even at the lowest level: httpx logs the URL of every call, as far as it knows it."""
    caplog.set_level(logging.DEBUG)
    receiver.answers = [(200, {}), (500, {}), (400, {})]
    await webhook_to(receiver.url).send(EVENT)
    await error_of(receiver.url)
    await error_of(receiver.url)
    assert len(receiver.deliveries) == 3
    logged = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert f"http://127.0.0.1:{receiver.server_port}/" in logged
    for secret in (TOKEN, SECRET, KEY.decode()):
        assert secret not in logged
