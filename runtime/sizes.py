"""The sizes of a worker: slots, pollers, threads and cache, all from one number, and whether they are possible."""

from typing import NamedTuple

from clouds.aws import MOST_THREADS

LEAST, USUAL, MOST = 10, 500, 5000
"""Concurrent sagas in one worker process. One core handles some hundred active ones; of thousands, most wait."""

_CONNECTIONS = 200
"""Open files in addition to AWS's: Temporal, the platform, deployments' APIs (100 by httpx's default), the log."""


class Sizes(NamedTuple):
    """The sizes of one worker. A saga's steps mostly wait, in short polls, and at most a few of a saga run at once."""

    sagas: int
    activities: int
    workflow_tasks: int
    pollers: int
    threads: int

    @classmethod
    def of(cls, sagas: int) -> "Sizes":
        """The sizes for this many concurrent sagas. The cache holds all of them, so that no active saga is replayed."""
        return cls(
            sagas=sagas,
            # One saga can wait for its targets and for the platform at the same time.
            activities=2 * sagas,
            # Workflow tasks take milliseconds and share one interpreter; more of them would only wait for each other.
            workflow_tasks=max(10, sagas // 50),
            pollers=max(2, min(20, sagas // 50)),
            # A call takes 50-500 ms, so this makes some hundred calls a second, above every budget of one account.
            threads=max(4, min(MOST_THREADS, sagas // 30)),
        )

    def faults(self, open_files: int) -> list[str]:
        """Which sizes contradict each other, or need more than `open_files` open files; empty when all is well."""
        needed = _CONNECTIONS + 2 * self.threads + 2 * self.pollers
        found = []
        if not LEAST <= self.sagas <= MOST:
            found.append(f"PRIVATELINK_CONCURRENCY is {self.sagas}; a worker process takes {LEAST} to {MOST}")
        if self.workflow_tasks > self.sagas:
            found.append(f"{self.workflow_tasks} workflow tasks at once do not fit a cache of {self.sagas} sagas")
        if self.pollers > min(self.activities, self.workflow_tasks):
            found.append(f"{self.pollers} pollers are more than the slots that they fill")
        if needed > open_files:
            found.append(f"{needed} open files are needed, but only {open_files} are allowed: raise `ulimit -n`")
        return found
