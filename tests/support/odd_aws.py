"""An AWS endpoint and credentials source that answers as a test says, in ways that no faithful imitation would."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Reply(NamedTuple):
    """One answer. From `slow_from` on, its bytes come one by one, `every` seconds apart."""

    body: bytes
    status: int = 200
    content_type: str = "text/xml"
    headers: tuple[tuple[str, str], ...] = ()
    every: float = 0.0
    slow_from: int = 0


class OddAws:
    """Keeps every request (method, path and form), and gives the answer to each."""

    def __init__(self, answer: Callable[[str], Reply]) -> None:
        """`answer` is called with "METHOD path form"."""
        self.answer = answer
        self.asked: list[str] = []
        self.hung_up = threading.Event()
        """Set when a caller has closed a connection before its answer was complete."""
        self.endpoint = ""


@contextmanager
def odd_aws(answer: Callable[[str], Reply]) -> Iterator[OddAws]:
    """Serve on a port of its own."""
    odd = OddAws(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            question = f"{self.command} {self.path} {form}"
            odd.asked.append(question)
            reply = odd.answer(question)
            self.send_response(reply.status)
            for name, value in (("Content-Type", reply.content_type), *reply.headers):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            try:
                self.wfile.write(reply.body[: reply.slow_from] if reply.every else reply.body)
                for byte in reply.body[reply.slow_from :] if reply.every else b"":
                    self.wfile.write(bytes([byte]))
                    time.sleep(reply.every)
            except OSError:
                self.close_connection = True
                odd.hung_up.set()

        do_GET = do_PUT = do_POST = _serve  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    odd.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield odd
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
