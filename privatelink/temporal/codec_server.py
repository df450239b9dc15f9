"""The codec server: lets the Temporal UI and CLI show encrypted values to a person who has the key.

`python -m privatelink.temporal.codec_server --ui-origin http://localhost:8233` speaks Temporal's remote codec protocol
(docs.temporal.io, "Codec Server"): POST /encode and /decode of `Payloads` in protobuf's JSON. Run it on the machine of
a person who has the key. Then point the UI to it: `temporal server start-dev --ui-codec-endpoint
http://localhost:8081`, or "Codec Server" in the UI itself.

It decrypts for everybody who can reach it. By default it therefore listens on the loopback only, and it answers no
pages but the UI's. Anywhere else, put it behind a proxy that authenticates its users.
"""

import argparse
import asyncio
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from temporalio.api.common.v1 import Payloads
from temporalio.converter import PayloadCodec

from privatelink.settings import PayloadKeyError, payload_keys
from privatelink.temporal.encryption import EncryptionCodec

PORT = 8081
LARGEST_BODY = 64 * 1024 * 1024
"""Maximum bytes of a body, above any page of a history: Temporal's messages have 4 MB, plus base64 and JSON."""


class CodecServer(ThreadingHTTPServer):
    """Serves from `serve_forever` until `shutdown`. If port 0 was asked for, `server_address` has the real one."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], codec: PayloadCodec, ui_origin: str) -> None:
        """`ui_origin` is the only origin whose pages may read the answers, as in `http://localhost:8233`."""
        super().__init__(address, _Handler)
        self.codec = codec
        self.ui_origin = ui_origin.rstrip("/")


class _Handler(BaseHTTPRequestHandler):
    server: CodecServer
    timeout = 30

    def do_OPTIONS(self) -> None:
        """Answer the browser's preflight request, which it sends before the UI's call."""
        self._answer(HTTPStatus.NO_CONTENT)

    def do_POST(self) -> None:
        """Encode or decode the payloads of the body."""
        work = {"/encode": self.server.codec.encode, "/decode": self.server.codec.decode}.get(self.path)
        if work is None:
            self._refuse(HTTPStatus.NOT_FOUND, "only /encode and /decode are served")
            return
        if self.headers.get("Origin", self.server.ui_origin) != self.server.ui_origin:
            self._refuse(HTTPStatus.FORBIDDEN, f"only pages of {self.server.ui_origin} may ask (--ui-origin)")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self._refuse(HTTPStatus.BAD_REQUEST, f"a body of at most {LARGEST_BODY} bytes and its length are needed")
            return
        try:
            payloads = json_format.Parse(self.rfile.read(int(length)), Payloads()).payloads
        except (json_format.ParseError, UnicodeDecodeError):
            self._refuse(HTTPStatus.BAD_REQUEST, "the body is not Payloads in protobuf's JSON")
            return
        try:
            done = asyncio.run(work(payloads))
        except PayloadKeyError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        self._answer(HTTPStatus.OK, json_format.MessageToJson(Payloads(payloads=done), indent=None).encode())

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._answer(status, why.encode(), content_type="text/plain; charset=utf-8")

    def _answer(self, status: HTTPStatus, body: bytes = b"", *, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", self.server.ui_origin)
        self.send_header("Access-Control-Allow-Methods", "POST, OPTIONS")
        self.send_header("Access-Control-Allow-Headers", "Content-Type, X-Namespace, Authorization")
        self.send_header("Vary", "Origin")
        if body:
            self.send_header("Content-Type", content_type)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Log nothing: a list of requests would tell an operator nothing."""


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: the loopback)")
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}; 0 picks a free port")
    parser.add_argument("--ui-origin", default="http://localhost:8233", help="default: the dev server's UI")
    arguments = parser.parse_args()
    try:
        codec = EncryptionCodec(payload_keys())
    except PayloadKeyError as error:
        sys.exit(str(error))
    with CodecServer((arguments.host, arguments.port), codec, arguments.ui_origin) as server:
        host, port = server.server_address[:2]
        sys.stdout.write(f"codec server at http://{host!s}:{port} for the UI at {server.ui_origin}\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
