"""A proxy in front of the platform that holds calls: they take effect, and are answered, seconds later."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_PASSED_ON = ("Authorization", "Content-Type")


class HoldingProxy(ThreadingHTTPServer):
    """`holds` is the number of seconds to hold each method; `held` are the calls that it has begun to hold."""

    def __init__(self, target: str) -> None:
        """`target` is the base URL that it is in front of."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.holds: dict[str, float] = {}
        self.held: list[str] = []
        self.passed_on: list[str] = []

    @property
    def endpoint(self) -> str:
        """Base URL for clients."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: HoldingProxy

    def _pass_on(self) -> None:
        call = f"{self.command} {self.path}"
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if seconds := self.server.holds.get(self.command):
            self.server.held.append(call)
            time.sleep(seconds)
        headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        answer = httpx.request(
            self.command, self.server.target + self.path, content=body, headers=headers, trust_env=False, timeout=30
        )
        self.server.passed_on.append(call)
        # The caller may be gone.
        with suppress(OSError):
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

    do_GET = do_POST = do_DELETE = _pass_on  # noqa: N815 - http.server calls them by these names

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def holding_proxy(target: str) -> Iterator[HoldingProxy]:
    """Run one, and stop it at the end."""
    with HoldingProxy(target) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
