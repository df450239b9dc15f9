"""Reporting a message once: its essence, without the parts that differ each time."""

import re

_SPAN = r"\d+(?:\.\d+)? ?(?:ms|s|sec|seconds?|min|minutes?|h|hours?|d|days?)\b"

_DIFFERENT_EACH_TIME = re.compile(
    "|".join(
        (
            r"\[request [^\]]*\]",  # AWS's request id in our messages
            r"request ?id:? ?[\w-]+",  # the same in AWS's own messages
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?",
            r"\b\d{8}T\d{6}Z",  # as AWS writes the time in a signature
            r"<\d+\.\d+\.\d+>",  # an Erlang process, in what EMQX says
            r"\b0x[0-9a-f]+",
            r"\battempt \d+",
            rf"{_SPAN}(?: of {_SPAN})?",
        )
    ),
    re.IGNORECASE,
)


def essence(message: str) -> str:
    """The essence of a message. Messages that differ only in request ids, moments and durations have the same one.

    It is for comparing, not for reading.
    """
    return " ".join(_DIFFERENT_EACH_TIME.sub("", message).split())
