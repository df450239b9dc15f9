"""The share of one worker in what a cloud allows: limits hold for all workers together, and each keeps its part."""


class Share:
    """How many workers there are. `worker.py` counts them at Temporal; budgets and shared views divide by it."""

    def __init__(self) -> None:
        """One, until somebody has counted."""
        self.workers = 1


SHARE = Share()
"""One for the whole process: the limits are the clouds', and not any one client's."""
