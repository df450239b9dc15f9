"""One worker's share of a cloud's limits: they apply to all workers together, and each worker keeps to its part."""


class WorkerCount:
    """How many workers divide the limits. `runtime.upkeep` counts them; budgets and shared pollers divide by `number`.

    One for the whole worker: `worker.py` gives the same object to the count and to all clouds.
    """

    def __init__(self, number: int = 1) -> None:
        """Assume one worker until the first count."""
        self.number = number
