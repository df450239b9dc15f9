"""A receiver of notifications: a real HTTP server that verifies each delivery by the standards alone."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

KEY = b"the key of the receiver, and ours"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TOKEN = "t0ken-of-the-receiver"

_NAME = re.compile(r"[a-z0-9]{1,20}")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_URI_REFERENCE = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_REVERSE_DNS = re.compile(r"com\.emqx(\.[a-z-]+)+")


class Delivery(NamedTuple):
    """One call, as received; names of headers in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event, once its signature (Standard Webhooks 1.0) and its form (CloudEvents 1.0) have been checked."""
        self._check_signature()
        event: dict[str, Any] = json.loads(self.body)
        assert self.headers["content-type"] == "application/cloudevents+json"
        assert event["id"] == self.headers["webhook-id"]
        check_cloud_event(event)
        return event

    def _check_signature(self) -> None:
        id_, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        assert abs(time.time() - int(timestamp)) < 300
        assert "." not in id_
        content = b".".join([id_.encode(), timestamp.encode(), self.body])
        version, _, given = self.headers["webhook-signature"].partition(",")
        assert version == "v1"
        assert hmac.compare_digest(base64.b64decode(given), hmac.new(KEY, content, hashlib.sha256).digest())


def check_cloud_event(event: dict[str, Any]) -> None:
    """Check an event with JSON data by the rules of CloudEvents 1.0 ("Context Attributes", "JSON Event Format")."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    assert all(_NAME.fullmatch(name) and isinstance(value, str) and value for name, value in attributes.items())
    assert attributes["specversion"] == "1.0"
    assert attributes["id"]
    assert _URI_REFERENCE.fullmatch(attributes["source"])
    assert _REVERSE_DNS.fullmatch(attributes["type"])
    assert attributes["subject"]
    assert _RFC_3339.fullmatch(attributes["time"])
    assert attributes["datacontenttype"] == "application/json"
    assert isinstance(event["data"], dict)


class _Takes(BaseHTTPRequestHandler):
    server: "Receiver"

    def do_POST(self) -> None:
        """Keep the call, and give the next answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.server.hang:
            self.server.hang.wait(60)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.deliveries.append(Delivery(self.requestline, headers, body))
        status, answer = self.server.answers.pop(0) if self.server.answers else (204, {})
        self.send_response(status)
        for name, value in answer.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - http.server calls it by this name

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Receiver(ThreadingHTTPServer):
    """Gives the `answers` (status and headers) in turn, then 204. `deliveries` are all calls that came.

    Calls get no answer while `hang` is an event that is not set.
    """

    def __init__(self) -> None:
        """Listen on a free port of the loopback."""
        super().__init__(("127.0.0.1", 0), _Takes)
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.deliveries: list[Delivery] = []
        self.hang: threading.Event | None = None

    @property
    def url(self) -> str:
        """Its URL, with a token in the path and in the query, as some receivers have."""
        return f"http://127.0.0.1:{self.server_port}/hooks/{TOKEN}?token={TOKEN}"

    @property
    def env(self) -> dict[str, str]:
        """Settings of a worker that notifies it."""
        return {"PRIVATELINK_WEBHOOK_URL": self.url, "PRIVATELINK_WEBHOOK_SECRET": SECRET}


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()
