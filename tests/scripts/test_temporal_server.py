"""A Temporal server lives as long as its block, wherever it comes from."""

import asyncio
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from scripts import temporal_server as module
from scripts.temporal_cli import NoTemporalError, find_temporal_cli
from scripts.temporal_server import temporal_server

GONE_SECONDS = 20.0
"""A server that is still there after this long will stay."""


@pytest.fixture
def command_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that comes first on PATH and takes the logs, with no server given by the environment."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def install(directory: Path, server_lines: str) -> None:
    """Put a `temporal` there that knows its version; `server_lines` is its shell program for all else."""
    program = directory / "temporal"
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo "temporal version 9.9.9"; exit; fi\n{server_lines}\n'
    )
    program.chmod(0o755)


async def is_gone(address: str) -> bool:
    """Whether nobody listens at the address any more, waiting for it a while."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(GONE_SECONDS):
            while True:
                _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
                await asyncio.sleep(0.05)
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def test_a_server_answers_within_its_block_and_is_gone_after_it(command_directory: Path) -> None:
    """The address works at once, with the search attributes asked for, and nothing is left."""
    key = SearchAttributeKey.for_keyword_list("TestWords")
    async with temporal_server(search_attributes=[key]) as server:
        client = await Client.connect(server.address, namespace=server.namespace)
        assert 0 == (await client.count_workflows("TestWords = 'none'")).count
    assert await is_gone(server.address)
    assert [] == list(command_directory.iterdir())


@pytest.mark.usefixtures("command_directory")
async def test_a_server_is_gone_after_its_block_failed() -> None:
    """An exception in the block stops the server on its way out."""
    with pytest.raises(ZeroDivisionError):
        async with temporal_server() as server:
            raise ZeroDivisionError
    assert await is_gone(server.address)


@pytest.mark.usefixtures("command_directory")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_a_server_is_gone_after_its_owner_was_ended(number: signal.Signals) -> None:
    """Ctrl-C, a polite end and one that leaves no chance to tidy up: none leaves a server behind."""
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.temporal_server"), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    address = (await owner.stdout.readline()).decode().strip().removeprefix("TEMPORAL_ADDRESS=")
    owner.send_signal(number)
    await owner.communicate()
    assert await is_gone(address)


@pytest.mark.usefixtures("command_directory")
async def test_a_server_given_by_the_environment_is_used_and_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """TEMPORAL_ADDRESS wins over all that could be started, and what we did not start we do not stop."""
    async with temporal_server() as ours:
        monkeypatch.setenv("TEMPORAL_ADDRESS", ours.address)
        monkeypatch.setenv("PATH", "")
        async with temporal_server() as given:
            assert ours.address == given.address
        await Client.connect(ours.address)


async def test_a_server_given_by_the_environment_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is started in its place: the person meant that server."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    with pytest.raises(NoTemporalError, match=r"127\.0\.0\.1:9, from TEMPORAL_ADDRESS"):
        async with temporal_server():
            pytest.fail("there is no server at port 9")


async def test_a_lost_race_for_a_port_is_run_again(command_directory: Path) -> None:
    """A server that finds its port taken is started again on other ports."""
    cli = await find_temporal_cli()
    lost = command_directory / "lost"
    install(
        command_directory,
        f"if [ ! -e {lost} ]; then touch {lost}; echo 'bind: address already in use'; exit 1; fi\nexec {cli} \"$@\"",
    )
    async with temporal_server() as server:
        await Client.connect(server.address)
    assert lost.exists()


async def test_a_server_that_does_not_start_leaves_its_log(command_directory: Path) -> None:
    """The error names the file in which the server said why."""
    install(command_directory, "echo 'the disk is full'; exit 1")
    with pytest.raises(NoTemporalError, match="running a Temporal dev server: it ended at once") as raised:
        async with temporal_server():
            pytest.fail("this server never starts")
    named = re.search(r"its log is (\S+)", str(raised.value))
    assert named is not None
    assert "the disk is full\n" == Path(named[1]).read_text()


async def test_a_server_that_ends_while_in_use_is_told(command_directory: Path) -> None:
    """Whatever else fails then, the cause is named, with the log that may contain it."""
    cli, pid = await find_temporal_cli(), command_directory / "pid"
    install(command_directory, f'echo $$ > {pid}\nexec {cli} "$@"')
    with pytest.raises(NoTemporalError, match="it ended while in use"):
        await use_until_killed(pid)


async def use_until_killed(pid: Path) -> None:
    """Use a server whose process id is in a file, and kill it."""
    async with temporal_server() as server:
        os.kill(int(pid.read_text()), signal.SIGKILL)
        assert await is_gone(server.address)


async def test_a_server_that_never_answers_is_stopped(command_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs is given up with its log named, and does not stay."""
    pid = command_directory / "pid"
    install(command_directory, f"echo $$ > {pid}\nexec sleep 600")
    monkeypatch.setattr(module, "START_SECONDS", 1.0)
    with pytest.raises(NoTemporalError, match="no answer within 1 s"):
        async with temporal_server():
            pytest.fail("this server never answers")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
