"""Which calls a cloud has allowed before, to distinguish a new refusal from one that was always there.

Kept in memory, for one account or API key of one worker, so a worker that has just started knows nothing yet. What a
step was allowed to do on an earlier worker is in its memory (`activities.support.step_memory`).
"""

import logging

from privatelink.errors import AccessDenied, NotAllowed

LOG = logging.getLogger("privatelink.allowed")

MOST_CALLS = 10_000
"""Maximum number of remembered calls. Some are per deployment, and a worker may see any number of deployments."""

CREDENTIALS = "the credentials"
"""Subject of a refusal that is not about a missing permission for one call."""


class Allowed:
    """The calls that one account or API key was allowed to make. Used by several threads at once."""

    def __init__(self) -> None:
        self._allowed: set[str] = set()
        self._refused: set[str] = set()

    def succeeded(self, call: str) -> None:
        """Note that this call was allowed, so its credentials were right too."""
        if call not in self._allowed and len(self._allowed) >= MOST_CALLS:
            # Start over, as after a restart of the worker. `_refused` needs no limit: its calls were all allowed once.
            self._allowed.clear()
            self._refused.clear()
        self._allowed.add(call)
        if self._refused:
            self._end_of_refusal({call, CREDENTIALS})

    def refused(self, call: str, error: NotAllowed) -> None:
        """Set the error's `was_allowed`; log it once if a call that was allowed before is now refused."""
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
