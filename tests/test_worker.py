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
    ("setting", "code", "says"),
    [
        ({"PRIVATELINK_CONCURRENCY": "many"}, 2, "PRIVATELINK_CONCURRENCY='many' is not a whole number"),
        (
            {"TEMPORAL_ADDRESS": "127.0.0.1:1"},
            1,
            "nothing listens there; start the server, or correct TEMPORAL_ADDRESS",
        ),
        ({"TEMPORAL_ADDRESS": "SILENT"}, 1, "no answer within 10 s; check the network"),
    ],
)
def test_a_worker_that_cannot_start_says_why_in_one_line(
    silent: str, setting: dict[str, str], code: int, says: str
) -> None:
    """Neither Python's traceback nor a panic of the SDK hides the sentence."""
    ended = _ended({name: text.replace("SILENT", silent) for name, text in setting.items()})
    assert ended.returncode == code
    assert says in _only_error(ended)
    assert "RUST_BACKTRACE" not in ended.stderr


def test_a_worker_names_every_wrong_setting_in_one_message() -> None:
    """Whoever reads a setting, and whenever it would be used: nobody should start a worker five times."""
    wrong = {
        "PRIVATELINK_CONCURRENCY": "many",
        "PRIVATELINK_DEADLINE_CHECK": "abc",
        "PRIVATELINK_DEADLINE_CHEKC": "300",
        "PRIVATELINK_PACE": "fast",
        "PRIVATELINK_PAYLOAD_KEY": "env:NOT_SET_ANYWHERE",
        "PRIVATELINK_SETTINGS": "absent.toml",
    }
    ended = _ended(wrong)
    assert ended.returncode == 2
    line = _only_error(ended)
    assert [name for name in wrong if name not in line] == []


def test_a_worker_warns_of_a_deployment_key_of_which_nobody_says_whose_it_is() -> None:
    """With it another deployment's delete would look at the wrong one."""
    key = {
        "EMQXCLOUD_DEPLOYMENT_ENDPOINT": "https://deployment.example.com:8443/api/v5",
        "EMQXCLOUD_DEPLOYMENT_API_KEY": "key",
        "EMQXCLOUD_DEPLOYMENT_API_SECRET": "not-told",
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
    }
    unnamed, named = _ended(key), _ended(key | {"PRIVATELINK_DEPLOYMENT": "w41b11c0"})
    assert "name its deployment with PRIVATELINK_DEPLOYMENT" in unnamed.stderr
    assert "name its deployment" not in named.stderr


def _only_error(ended: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if " ERROR " in line]
    return line


def _ended(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("TEMPORAL_", "PRIVATELINK_", "EMQXCLOUD_"))
    }
    return subprocess.run(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
