"""The worker with fast heartbeats: on the loopback a call takes milliseconds, and a kill should cost no minute.

Run as `python -m tests.support.hasty_worker`. Nothing else differs from `python worker.py`.
"""

import asyncio
from datetime import timedelta

import worker
from workflows.saga import options

BEAT = timedelta(seconds=8)
"""Heartbeat timeout: how long the step of a killed worker still counts as running."""

HASTY_WORKER = ("-m", "tests.support.hasty_worker")
"""Python's arguments that run it."""

if __name__ == "__main__":
    options._BEAT = BEAT
    asyncio.run(worker.main())
