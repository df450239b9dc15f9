"""The worker with fast heartbeats: on the loopback a call takes milliseconds, and a kill should cost no minute.

Run as `python -m tests.support.hasty_worker`. Nothing else differs from `python worker.py`.
"""

import asyncio
from datetime import timedelta

import worker
from workflows.saga import options

BEAT = timedelta(seconds=8)
"""How long a killed worker's step is held for running."""

HASTY_WORKER = ("-m", "tests.support.hasty_worker")
"""What Python takes to run it."""

if __name__ == "__main__":
    options._BEAT = BEAT
    asyncio.run(worker.main())
