"""The worker's log of failed attempts: what we know by name is told in one line, and once."""

import logging
from collections import OrderedDict

from temporalio.exceptions import ApplicationError

from privatelink.errors import BY_TYPE, UnknownCloudError
from privatelink.model.telling import essence

ATTEMPTS_LOGGER = "temporalio.activity"
"""Where the SDK logs each failed attempt, with its traceback."""

_REMEMBERED = 2000
"""Steps whose last word is remembered: far more than a worker has under way."""


class ToldOnce(logging.Filter):
    """Lets a step's error through when it is another than the last time, without the traceback of a known one.

    A refusal that is retried for an hour would else fill the log with the same message, and each time with the path
    through our code that led to it. An error that nobody has classified keeps its traceback.
    """

    def __init__(self) -> None:
        """Nothing is told yet."""
        super().__init__()
        self._told: OrderedDict[tuple[str, str], str] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it; logging calls this."""
        error = record.exc_info[1] if record.exc_info else None
        if not (isinstance(error, ApplicationError) and error.type in BY_TYPE):
            return True
        about: dict[str, object] = getattr(record, "temporal_activity", {})
        step = (str(about.get("workflow_run_id")), str(about.get("activity_id")))
        said = f"{error.type} {essence(error.message)}"
        is_news = self._told.get(step) != said
        self._told[step] = said
        self._told.move_to_end(step)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        record.msg, record.args = (
            "%s of %s, attempt %s: %s: %s",
            (
                step[1],
                about.get("workflow_id"),
                about.get("attempt"),
                error.type,
                error.message,
            ),
        )
        if error.type != UnknownCloudError.__name__:
            record.exc_info = record.exc_text = None
        return is_news
