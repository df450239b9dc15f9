"""Limits of a call to AWS: the seconds until its answer is complete, and the size of that answer.

botocore's `read_timeout` applies to each read of the socket (botocore, `Config`), so an answer that arrives byte by
byte can take forever without exceeding it. A `Watch` therefore knows the connection of its current call. When the time
is up, it shuts down the socket, which frees the thread that reads it.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

CALL_SECONDS = 20.0
"""Maximum seconds (our clock) of one HTTP call; shorter than the time that a worker has for its shutdown."""

OPERATION_SECONDS = 60.0
"""Maximum seconds of an operation: all pages of a list, plus the credentials that they need."""

MOST_BYTES = 10 * 1024 * 1024
"""Maximum size of one answer. The largest page that we ask for, 1000 network interfaces, has about 3 MB."""


class LimitPassedError(Exception):
    """A call took too long, or its answer is too large. The text completes "... the call to AWS was given up: ..."."""


class Answer(NamedTuple):
    """How the latest answer of a call began: its HTTP status, and whether its content type is HTML."""

    status: int
    is_html: bool


_LOCK = threading.Lock()
"""Guards which watch a connection belongs to. Connections are pooled; a call may only shut down its own."""

_running = threading.local()


class Watch:
    """One operation and the limits of its calls. `run` belongs to a thread, everything else to the event loop.

    The time counts from the start of `run`.
    """

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self._given_up = ""
        self._connection: Any = None
        self._operation_ends = self._call_ends = float("inf")

    @property
    def remaining(self) -> float:
        """Seconds until the next limit; infinite before the operation begins."""
        return min(self._operation_ends, self._call_ends) - time.monotonic()

    def run(self, operation: Callable[[], T]) -> T:
        """Run the operation in this thread. Raises `LimitPassedError` if it was given up before it began."""
        self._operation_ends = time.monotonic() + OPERATION_SECONDS
        _running.watch = self
        try:
            self.check()
            return operation()
        finally:
            _running.watch = None
            self._release()

    def is_over(self) -> bool:
        """Whether a limit has passed. If so, this gives the operation up."""
        with _LOCK:
            if self.remaining > 0:
                return False
            if self._call_ends < self._operation_ends:
                self._end(f"the answer was not whole after {CALL_SECONDS:.0f} s")
            else:
                self._end(f"it had not ended after {OPERATION_SECONDS:.0f} s")
            return True

    def give_up(self, why: str) -> None:
        """End the call that is under way, and allow no further one."""
        with _LOCK:
            self._end(why)

    def _end(self, why: str) -> None:
        self._given_up = self._given_up or why
        if self._connection is not None and self._connection.watch is self:
            _shut_down(self._connection.sock)

    @property
    def is_given_up(self) -> bool:
        """Whether the operation was given up."""
        return bool(self._given_up)

    def check(self) -> None:
        """Raise `LimitPassedError` when the operation was given up."""
        if self._given_up:
            raise LimitPassedError(self._given_up)

    def begin_call(self, connection: Any) -> None:  # noqa: ANN401 - either of the two classes below
        """Count a call that is about to be sent."""
        with _LOCK:
            self.check()
            connection.watch = self
            self._connection = connection
            self._call_ends = time.monotonic() + CALL_SECONDS

    def read(self, stream: Callable[[], Iterator[bytes]], close: Callable[[], None]) -> Iterator[bytes]:
        """The parts of an answer's body as they arrive."""
        taken = 0
        for part in stream():
            taken += len(part)
            if taken > MOST_BYTES:
                self.give_up(f"the answer is larger than {MOST_BYTES // 1024**2} MiB")
                close()
                break
            yield part
        # When the connection is shut down, the body ends early and looks complete.
        self.check()
        self._release()

    def _release(self) -> None:
        with _LOCK:
            self._connection = None
            self._call_ends = float("inf")


def _shut_down(connected: Any) -> None:  # noqa: ANN401 - a socket, TLS over one, or urllib3's TLS within TLS
    raw = getattr(connected, "socket", connected)
    if isinstance(raw, socket.socket):
        with suppress(OSError):
            # SSLSocket's own shutdown would destroy the TLS state under the thread that reads.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)


def is_given_up() -> bool:
    """Whether the operation of this thread was given up, so that its errors say nothing about AWS."""
    watch: Watch | None = getattr(_running, "watch", None)
    return watch is not None and watch.is_given_up


def _is_connected() -> None:
    """Send nothing on a connection that was established too late."""
    watch: Watch | None = getattr(_running, "watch", None)
    if watch is not None:
        watch.check()


def _begins(connection: Any) -> None:  # noqa: ANN401 - either of the two classes below
    watch: Watch | None = getattr(_running, "watch", None)
    if watch is not None:
        watch.begin_call(connection)


def _watched(response: Any) -> Any:  # noqa: ANN401 - urllib3's, which botocore's stubs do not know
    watch: Watch | None = getattr(_running, "watch", None)
    if watch is not None:
        watch.answer = Answer(response.status, "html" in response.headers.get("content-type", "").lower())
        response.stream = partial(watch.read, response.stream, response.close)
    return response


class _Connection(AWSHTTPConnection):
    watch: Watch | None = None

    def connect(self) -> None:
        super().connect()
        _is_connected()

    def request(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - botocore's
        _begins(self)
        return super().request(*args, **more)

    def getresponse(self) -> Any:  # noqa: ANN401 - botocore's
        return _watched(super().getresponse())


class _TlsConnection(AWSHTTPSConnection):
    watch: Watch | None = None

    def connect(self) -> None:
        super().connect()
        _is_connected()

    def request(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - botocore's
        _begins(self)
        return super().request(*args, **more)

    def getresponse(self) -> Any:  # noqa: ANN401 - botocore's
        return _watched(super().getresponse())


# botocore has no option for a connection class, but its pools read it from this attribute, as urllib3's do. So the
# metadata service, a container's credentials and STS have the same limits.
AWSHTTPConnectionPool.ConnectionCls = _Connection
AWSHTTPSConnectionPool.ConnectionCls = _TlsConnection
