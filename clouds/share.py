"""One worker's share of a cloud's limits: they apply to all workers together, and each worker keeps to its part."""


class Share:
    """How many workers there are. `worker.py` counts them through Temporal; budgets and pollers divide by it."""

    def __init__(self) -> None:
        """Assume one worker until the first count."""
        self.workers = 1


SHARE = Share()
"""The share of the whole process: a cloud's limits do not depend on the client."""
