"""How a worker that cannot start says so."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"PRIVATELINK_CONCURRENCY": "many"}, "PRIVATELINK_CONCURRENCY='many' is not a whole number"),
        ({"TEMPORAL_ADDRESS": "127.0.0.1:1"}, "nothing listens there; start the server, or correct TEMPORAL_ADDRESS"),
        ({"TEMPORAL_ADDRESS": "SILENT"}, "no answer within 10 s; check the network"),
    ],
)
def test_a_worker_that_cannot_start_says_why_in_one_line(silent: str, setting: dict[str, str], says: str) -> None:
    """Neither Python's traceback nor a panic of the SDK hides the sentence."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("TEMPORAL_", "PRIVATELINK_"))}
    given = {name: text.replace("SILENT", silent) for name, text in setting.items()}
    ended = subprocess.run(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env=clean | given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    (line,) = [line for line in ended.stderr.splitlines() if " ERROR " in line]
    assert says in line
    assert "Traceback" not in ended.stderr
    assert "RUST_BACKTRACE" not in ended.stderr
