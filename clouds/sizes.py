"""How large a worker is: slots, pollers, threads and cache from one number, and whether the machine has room for it."""

from typing import NamedTuple

LEAST, USUAL, MOST = 10, 500, 5000
"""Sagas at once in one worker process. One core carries some hundred that move; thousands mostly wait."""

MOST_THREADS = 64
"""Calls at once to AWS."""

_CONNECTIONS = 200
"""Open files beside AWS's connections: Temporal, the platform, deployments' APIs (100 by httpx's default), the log."""


class Sizes(NamedTuple):
    """Of one worker. A saga's steps mostly wait in short looks, at most a few of one saga at once."""

    sagas: int
    activities: int
    workflow_tasks: int
    pollers: int
    threads: int

    @classmethod
    def of(cls, sagas: int) -> "Sizes":
        """For so many sagas at once. The cache has room for all, so that none is replayed while it moves."""
        return cls(
            sagas=sagas,
            # Waits of one saga run side by side: for its targets, and for the platform.
            activities=2 * sagas,
            # Workflow tasks take milliseconds of the one interpreter; more of them at once only wait for each other.
            workflow_tasks=max(10, sagas // 50),
            pollers=max(2, min(20, sagas // 50)),
            # A call takes 50-500 ms: some hundred calls a second, which is above every budget of one account.
            threads=max(4, min(MOST_THREADS, sagas // 30)),
        )

    def faults(self, open_files: int) -> list[str]:
        """What of these sizes does not go together, or with so many `open_files` allowed; empty when all is well."""
        needed = _CONNECTIONS + 2 * self.threads + 2 * self.pollers
        found = []
        if not LEAST <= self.sagas <= MOST:
            found.append(f"PRIVATELINK_CONCURRENCY is {self.sagas}; a worker process takes {LEAST} to {MOST}")
        if self.workflow_tasks > self.sagas:
            found.append(f"{self.workflow_tasks} workflow tasks at once do not fit a cache of {self.sagas} sagas")
        if self.pollers > min(self.activities, self.workflow_tasks):
            found.append(f"{self.pollers} pollers are more than the slots that they fill")
        if needed > open_files:
            found.append(f"{needed} open files are needed and {open_files} allowed: raise `ulimit -n`")
        return found
