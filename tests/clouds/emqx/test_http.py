"""One call: bounded, never redirected, never repeated."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from clouds.api_access import ApiAccess
from clouds.emqx import http
from clouds.emqx.http import Api, Content, path_of
from privatelink.errors import CloudUnavailable, NotAllowed, PrivateLinkError, UnknownCloudError


class Answers(BaseHTTPRequestHandler):
    """Answers each call with what the server was given, and notes the call."""

    server: "AnsweringServer"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.calls.append(f"{self.command} {self.path}")
        self.server.accepts = self.headers.get("Accept", "")
        self.server.may_answer.wait(10)
        status, headers, body = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - http.server calls them by these names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class AnsweringServer(ThreadingHTTPServer):
    """A server whose next answers a test chooses."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.calls: list[str] = []
        self.accepts = ""
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def api(self) -> Api:
        """An API at this server."""
        endpoint = f"http://127.0.0.1:{self.server_port}/api/v5"
        return Api("the API", ApiAccess(endpoint=endpoint, api_key="key", api_secret=SecretStr("s3cret"), set_by="KEY"))


@contextmanager
def answering_server() -> Iterator[AnsweringServer]:
    """Run a server, and stop it at the end."""
    with AnsweringServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    """A server of the test's own."""
    with answering_server() as running:
        yield running


async def error_of(server: AnsweringServer, method: str = "GET") -> PrivateLinkError:
    """The error of one call."""
    with pytest.raises(PrivateLinkError) as raised:
        await server.api.send(method, "/connectors", server.api.call_of("listing the connectors of", "w41b11c0"))
    assert "s3cret" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(server: AnsweringServer, status: int) -> None:
    """The key would go along to wherever it leads."""
    with answering_server() as elsewhere:
        server.answer = (status, {"Location": f"http://127.0.0.1:{elsewhere.server_port}/"}, b"")
        error = await error_of(server)
        assert type(error) is UnknownCloudError
        assert elsewhere.calls == []
    assert len(server.calls) == 1


async def test_an_endless_body_is_not_read_to_its_end(server: AnsweringServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's memory is not the cloud's to fill."""
    monkeypatch.setattr(http, "_LARGEST_BODY", 1000)
    server.answer = (200, {}, b"[" + b"1," * 1000 + b"1]")
    error = await error_of(server)
    assert type(error) is CloudUnavailable
    assert "larger" in error.message


async def test_a_call_is_bounded_in_time(server: AnsweringServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is held open has an unknown outcome, which the sentence says."""
    monkeypatch.setattr(http, "CALL_SECONDS", 0.0)
    error = await error_of(server, "POST")
    assert type(error) is CloudUnavailable
    assert "unknown whether it took effect" in error.message


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_failed_call_is_not_repeated(server: AnsweringServer, method: str) -> None:
    """Repeating is Temporal's job, and for writes only after a look."""
    server.answer = (503, {}, b"come back later")
    error = await error_of(server, method)
    assert type(error) is CloudUnavailable
    assert [f"{method} /api/v5/connectors"] == server.calls


async def test_no_server_at_all_is_unavailable() -> None:
    """A refused connection passes."""
    with answering_server() as gone:
        pass
    assert type(await error_of(gone)) is CloudUnavailable


ODD = [b"<html>welcome</html>", b"{", b"\xff\xfe", b"", b"null", b"[" * 200_000, b"[" * 70 + b"]" * 70, b"9" * 5000]


@pytest.mark.parametrize("body", ODD)
async def test_a_success_that_is_no_json_is_loud(server: AnsweringServer, body: bytes) -> None:
    """A proxy's welcome page must not count as success, nor does its silence mean that a thing is gone."""
    server.answer = (200, {}, body)
    error = await error_of(server)
    assert type(error) is UnknownCloudError
    assert error.details_model.next_step


@pytest.mark.parametrize(
    ("answer", "is_success"),
    [((204, b""), True), ((202, b""), True), ((200, b"{}"), False), ((200, b""), False), ((200, b"<html>"), False)],
)
async def test_a_call_that_answers_nothing_succeeds_only_with_nothing(
    server: AnsweringServer, answer: tuple[int, bytes], *, is_success: bool
) -> None:
    """A delete or a probe answers 204; any page with a status of 200 is somebody else's."""
    server.answer = (answer[0], {}, answer[1])
    call = server.api.call_of("deleting", "it")
    with nullcontext() if is_success else pytest.raises(UnknownCloudError, match=f"HTTP {answer[0]}"):
        await server.api.send("DELETE", "/connectors/a", call, content=Content.NONE)


async def test_json_is_asked_for(server: AnsweringServer) -> None:
    """EMQX otherwise says that it lacks a path by a page, which could be anybody's."""
    await server.api.send("GET", "/ai/providers", server.api.call_of("reading", "it"))
    assert server.accepts == "application/json"


def test_ids_are_escaped_in_paths() -> None:
    """A connector's id holds a colon; a slash must not lead elsewhere."""
    assert path_of("/connectors/{connector}", connector="http:a/../b") == "/connectors/http%3Aa%2F..%2Fb"


async def test_an_escaped_id_is_sent_as_it_is(server: AnsweringServer) -> None:
    """The client does not undo the escape."""
    path = path_of("/connectors/{connector}", connector="mysql:orders")
    await server.api.send("DELETE", path, server.api.call_of("deleting", "it"))
    assert server.calls == ["DELETE /api/v5/connectors/mysql%3Aorders"]


async def _called(server: AnsweringServer) -> None:
    async with asyncio.timeout(10):
        while not server.calls:  # noqa: ASYNC110 - another thread writes it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_cancelled_write_ends_before_its_activity_does(server: AnsweringServer, method: str) -> None:
    """Otherwise it would take effect after the undo that follows the cancel."""
    server.may_answer.clear()
    write = asyncio.create_task(server.api.send(method, "/connectors", server.api.call_of("calling", "it")))
    await _called(server)
    for _ in range(2):
        write.cancel()
        await asyncio.sleep(0.05)
        assert not write.done()
    server.may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await write


async def test_a_cancelled_read_ends_at_once(server: AnsweringServer) -> None:
    """There is nothing to undo."""
    server.may_answer.clear()
    read = asyncio.create_task(server.api.send("GET", "/connectors", server.api.call_of("calling", "it")))
    await _called(server)
    read.cancel()
    with pytest.raises(asyncio.CancelledError):
        await read
    assert not server.may_answer.is_set()
    server.may_answer.set()


async def test_a_refusal_says_whether_the_call_was_allowed_before(
    server: AnsweringServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A key that worked a minute ago is weather; each change is logged once, as an error."""

    async def refused(method: str, doing: str, status: int) -> NotAllowed:
        server.answer = (status, {}, b"{}")
        with pytest.raises(NotAllowed) as raised:
            await api.send(method, "/connectors", api.call_of(doing, "it"))
        return raised.value

    api = server.api
    assert not (await refused("GET", "listing", 401)).was_allowed
    server.answer = (200, {}, b"{}")
    await api.send("GET", "/connectors", api.call_of("listing", "it"))
    for _ in range(3):
        assert (await refused("GET", "listing", 403)).was_allowed
    assert not (await refused("POST", "creating", 403)).was_allowed, "this one was never allowed"
    assert (await refused("POST", "creating", 401)).was_allowed, "its key was right before"
    assert [record.levelname for record in caplog.records if "allowed before" in record.message] == ["ERROR"] * 2
