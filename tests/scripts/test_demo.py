"""The demo is what a newcomer sees first, so it runs whole: server, sandbox, worker and the real commands."""

import asyncio
import re
import sys

import boto3
import pytest

from scripts.demo import look_at_books
from tests.support.sandbox import SPEED, Sandbox


async def test_the_demo_shows_each_command_and_ends_with_empty_books(monkeypatch: pytest.MonkeyPatch) -> None:
    """A create that works and a delete that leaves nothing, shown by exit code 0, in the words that people read."""
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.demo", "--speed", str(SPEED)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await demo.communicate())[0].decode()
    assert 0 == demo.returncode, output
    assert ["create", "list", "status", "delete"] == re.findall(r"^\$ privatelink (\w+)", output, re.MULTILINE)
    assert "The sandbox's books are empty" in output


async def test_what_is_left_behind_is_listed_and_fails(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A delete that forgets something cannot pass for a good demo."""
    elbv2 = boto3.client("elbv2", region_name="us-east-1")
    elbv2.create_target_group(Name="forgotten", Protocol="TCP", Port=3306, VpcId=sandbox.seed["vpc"], TargetType="ip")
    assert 1 == await look_at_books(sandbox.endpoint)
    assert '"name": "forgotten"' in capsys.readouterr().err


async def test_nothing_left_behind_is_said(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Empty books are the good end."""
    assert 0 == await look_at_books(sandbox.endpoint)
    assert "nothing is left" in capsys.readouterr().out
