"""The set-up: what the doctor's findings look like, its exit codes, and completion for the shells."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from privatelink.cli import run
from privatelink.client.doctor import TEMPORAL, WORKER
from privatelink.model.request import DeleteRequest
from privatelink.model.request_files import read_request
from privatelink.model.result import SetUpCheck, SetUpResult
from tests.support.cli import Links, run_command

RIGHT = SetUpCheck(name=TEMPORAL, ok=True, message="answers at localhost:7233, namespace default")
WRONG = SetUpCheck(name="platform key", ok=False, message="refused", next_step="set EMQXCLOUD_PLATFORM_API_KEY")
GONE = SetUpCheck(name=WORKER, ok=False, message="no worker polls", next_step="start one: python worker.py")


@pytest.mark.parametrize(
    ("findings", "code"), [((RIGHT,), 0), ((RIGHT, WRONG), 2), ((RIGHT, GONE), 5), ((WRONG, GONE), 5)]
)
def test_check_ends_with_what_is_wrong(findings: tuple[SetUpCheck, ...], code: int) -> None:
    """All right, unreachable, or wrong in another way; a script needs no word of it."""
    result = SetUpResult(findings=findings)
    assert code == run_command(Links(), "check", set_up=result).code
    answer = run_command(Links(), "check", "-o", "json", set_up=result)
    assert (code, result.model_dump(mode="json")) == (answer.code, json.loads(answer.out.file.getvalue()))


def test_check_says_what_each_thing_is_and_how_to_mend_it() -> None:
    """One line per thing, and below a wrong one the way out."""
    ran = run_command(Links(), "check", set_up=SetUpResult(findings=(RIGHT, WRONG)))
    assert [
        "ok   Temporal: answers at localhost:7233, namespace default",
        "FAIL platform key: refused",
        "     set EMQXCLOUD_PLATFORM_API_KEY",
    ] == ran.out.lines


def test_check_gives_the_doctor_what_the_file_says(request_file: str) -> None:
    """With a request the worker's own keys are tried for its deployment, account and region."""
    result = SetUpResult(findings=(RIGHT,))
    assert [None] == run_command(Links(), "check", set_up=result).asked_of_doctor
    asked = run_command(Links(), "check", "-f", request_file, set_up=result).asked_of_doctor
    assert [DeleteRequest.of(read_request(request_file))] == asked


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The script asks this very command what fits."""
    assert 0 == run(["completion", shell])
    script = capsys.readouterr().out
    assert f"_PRIVATELINK_COMPLETE=complete_{shell}" in script
    assert "privatelink" in script


def test_completion_of_another_shell_is_refused() -> None:
    """The refusal lists the shells that there are."""
    assert 2 == run(["completion", "tcsh"])


@pytest.mark.parametrize(
    ("typed", "fits"), [("re", {"resume", "retry-now"}), ("list --phase wait", {"waiting-for-person"})]
)
def test_bash_completes_verbs_and_phases(typed: str, fits: set[str], tmp_path: Path) -> None:
    """A real bash, with the printed script, offers what fits."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    program = tmp_path / "privatelink"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from privatelink.cli import main; main()' \"$@\"\n")
    program.chmod(0o755)
    words = ["privatelink", *typed.split()]
    script = f"""
        eval "$(privatelink completion bash)"
        COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}
        _privatelink_completion privatelink; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert fits == set(done.stdout.split())
