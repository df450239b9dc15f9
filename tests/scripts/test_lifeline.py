"""A program on a lifeline ends with whoever holds the other end."""

import subprocess
import sys
from pathlib import Path

import pytest

LIFELINE = Path(__file__).parents[2] / "scripts" / "lifeline.py"


def start(grace_seconds: float, shell_program: str) -> subprocess.Popen[str]:
    """Run a shell program on a lifeline, its standard output readable."""
    command = [sys.executable, "-I", str(LIFELINE), str(grace_seconds), "/bin/sh", "-c", shell_program]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("shell_program", "expected"), [("exit 3", 3), ("kill -TERM $$", 143)])
def test_the_program_s_own_end_is_passed_on(shell_program: str, expected: int) -> None:
    """An exit code stays what it was; death by a signal is said as shells say it."""
    with start(5, shell_program) as lifeline:
        assert expected == lifeline.wait()


def test_a_closed_pipe_asks_the_program_to_end() -> None:
    """With a grace, the program hears SIGTERM and ends its own way."""
    with start(60, "trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.05; done") as lifeline:
        assert lifeline.stdin is not None
        assert lifeline.stdout is not None
        assert "ready\n" == lifeline.stdout.readline()
        lifeline.stdin.close()
        assert "tidied\n" == lifeline.stdout.read()
        assert 0 == lifeline.wait()


def test_a_program_that_will_not_end_is_killed_after_its_grace() -> None:
    """No program outlives its lifeline, also one that ignores SIGTERM."""
    with start(0.1, "trap '' TERM; echo ready; while :; do sleep 0.05; done") as lifeline:
        assert lifeline.stdin is not None
        assert lifeline.stdout is not None
        assert "ready\n" == lifeline.stdout.readline()
        lifeline.stdin.close()
        assert 137 == lifeline.wait()


def test_a_signal_to_the_lifeline_reaches_the_program() -> None:
    """Ending the lifeline itself ends the program too."""
    with start(60, "trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.05; done") as lifeline:
        assert lifeline.stdout is not None
        assert "ready\n" == lifeline.stdout.readline()
        lifeline.terminate()
        assert "tidied\n" == lifeline.stdout.read()
