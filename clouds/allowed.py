"""What a cloud has let us do before, so that a refusal which is new can be told from one that was always so.

In memory, for one account or API key of one worker: a worker that has just started knows of nothing yet. What a step
was allowed by an earlier worker, its memory tells (`activities.support.step_memory`).
"""

import logging

from privatelink.errors import AccessDenied, NotAllowed

LOG = logging.getLogger("privatelink.allowed")

MOST_CALLS = 10_000
"""So many are remembered: some are known by their deployment, of which there is no end in the life of a worker."""

CREDENTIALS = "the credentials"
"""What a refusal concerns that is no missing permission of one call."""


class Allowed:
    """The calls that one account or API key was allowed to make. Used by several threads at once."""

    def __init__(self) -> None:
        """None yet."""
        self._allowed: set[str] = set()
        self._refused: set[str] = set()

    def succeeded(self, call: str) -> None:
        """Note that this call was allowed. Its credentials were right, too."""
        if call not in self._allowed and len(self._allowed) >= MOST_CALLS:
            # As after a start of the worker. What is refused was allowed once, so there is no more of it.
            self._allowed.clear()
            self._refused.clear()
        self._allowed.add(call)
        if self._refused:
            self._end_of_refusal({call, CREDENTIALS})

    def refused(self, call: str, error: NotAllowed) -> None:
        """Tell the error whether the call was allowed before; log it once when that has changed."""
        denied = isinstance(error, AccessDenied)
        error.was_allowed = call in self._allowed if denied else bool(self._allowed)
        subject = call if denied else CREDENTIALS
        if error.was_allowed and subject not in self._refused:
            self._refused.add(subject)
            LOG.error("refused, though it was allowed before; trying again until each step's deadline: %s", error)

    def _end_of_refusal(self, subjects: set[str]) -> None:
        for subject in subjects & self._refused:
            self._refused.discard(subject)
            LOG.warning("allowed again: %s", subject)
