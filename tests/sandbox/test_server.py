"""The process, its ready line, and its record of calls."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox.seed_contents import build_seed
from tests.sandbox.conftest import PROVIDER, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def started(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A sandbox process of its own, and its ready line."""
    command = [sys.executable, "-m", "sandbox", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_with_one_line_said(sent: signal.Signals) -> None:
    """Standard output holds the ready line and nothing else, and the exit code is 0."""
    process, ready = started("--speed", "50")
    with process:
        assert httpx.get(f"{ready['endpoint']}/sandbox/books").is_success
        process.send_signal(sent)
        rest, _ = process.communicate(timeout=10)
    assert ("", 0) == (rest, process.returncode)
    assert "50" == ready["env"]["PRIVATELINK_PACE"]


def test_it_follows_its_parent() -> None:
    """With --exit-with-parent nothing stays behind a parent that was killed."""
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-m', 'sandbox', '--exit-with-parent']).wait()"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        parent.kill()
        # The grandchild holds the pipe's other end, so the end of file is its end.
        assert "" == parent.stdout.read()


def test_the_seed_is_the_same_in_every_process(aws: Aws) -> None:
    """Ids are fixed: what one process printed names the same things in another."""
    assert json.loads(json.dumps(build_seed().printed())) == aws.seed


def test_every_call_is_recorded_with_its_end(aws: Aws) -> None:
    """Service, action, whether it reads, the caller's account, status, code and fault, in order."""
    aws.sandbox.fault("DescribeLoadBalancers", "throttle")
    aws.ec2.describe_vpcs()
    refused(aws.elbv2.describe_load_balancers)
    aws.target_group()
    seen = [
        (one["service"], one["action"], one["read"], one["account"], one["status"], one["code"], one["fault"])
        for one in aws.sandbox.calls()
    ]
    elb = "elasticloadbalancing"
    assert [
        ("ec2", "DescribeVpcs", True, PROVIDER, 200, None, None),
        (elb, "DescribeLoadBalancers", True, PROVIDER, 400, "ThrottlingException", "throttle"),
        (elb, "CreateTargetGroup", False, PROVIDER, 200, None, None),
    ] == seen
    aws.control.delete("/calls")
    assert [] == aws.sandbox.calls()
