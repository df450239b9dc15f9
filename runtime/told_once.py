"""The worker's log of failed attempts: an error that we know by name is logged in one line, and once."""

import logging
from collections import OrderedDict

from temporalio.exceptions import ApplicationError

from privatelink.errors import BY_TYPE, UnknownCloudError
from privatelink.model.telling import essence

ATTEMPTS_LOGGER = "temporalio.activity"
"""Name of the logger to which the SDK writes each failed attempt, with its traceback."""

_REMEMBERED = 2000
"""Maximum number of steps whose last error is remembered: twice what a worker of the usual size runs at once."""


class ToldOnce(logging.Filter):
    """Lets a step's error through only if it differs from the last one, and without the traceback of a known error.

    Otherwise a refusal that is retried for an hour would fill the log with the same message and traceback. An error
    that nobody has classified keeps its traceback.
    """

    def __init__(self) -> None:
        """Nothing is logged yet."""
        super().__init__()
        self._told: OrderedDict[tuple[str, str], str] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log the record; `logging` calls this."""
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
