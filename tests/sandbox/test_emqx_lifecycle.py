"""The platform's work behind its answers."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from sandbox.clock import Clock
from sandbox.durations import Durations
from sandbox.emqx.lifecycle import Lifecycle
from sandbox.emqx.privatelinks import PrivateLinks
from sandbox.emqx.quirks import Quirks
from sandbox.emqx.vpc_endpoints import ConsumerAccount
from sandbox.seed_contents import build_seed

if TYPE_CHECKING:
    import pytest


def test_a_stop_waits_for_work_that_only_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset may come between the making of a thread and its start, when it cannot be joined yet."""
    clock = Clock(1)
    lifecycle = Lifecycle(
        clock, Durations(), PrivateLinks(clock, Quirks()), ConsumerAccount(build_seed(), lambda: "http://nowhere")
    )
    start, beginning, done = threading.Thread.start, threading.Event(), threading.Event()

    def start_late(thread: threading.Thread) -> None:
        beginning.set()
        time.sleep(0.05)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_late)
    starter = threading.Thread(target=lifecycle._start, args=(done.set,))
    start(starter)
    assert beginning.wait(5)
    lifecycle.stop()
    assert done.wait(5)
    starter.join()
