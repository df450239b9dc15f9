"""What pydantic finds in a request, as the one error that a caller reads."""

from pydantic import ValidationError

from privatelink.errors.callers import InvalidRequest
from privatelink.errors.details import Finding, FindingType

CORRECT = "correct the request"
EXPOSED = (
    "change that secret, because Temporal's history holds the request; `temporal workflow delete` removes the run;"
    " then correct the request"
)
IN_THE_CLEAR = "secret_in_the_clear"
"""The type of pydantic's error where a request holds a secret."""


def invalid_request(error: ValidationError, *, sent: bool = False) -> InvalidRequest:
    """All faults of a request at once, each with its path. Input values are left out: one may be a secret.

    `sent`: Temporal has the request already, so its history keeps a secret that stands in it.
    """
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    findings = tuple(
        Finding(
            type=FindingType.SCHEMA,
            concerns=".".join(str(part) for part in fault["loc"]) or "request",
            sentence=_words_of(fault["type"], fault["loc"], fault["msg"]),
            next_step=EXPOSED if sent and fault["type"] == IN_THE_CLEAR else CORRECT,
        )
        for fault in faults
        # pydantic also calls a list too short whose items are faulty: an echo of their own faults.
        if fault["type"] != "too_short"
        or sum(other["loc"][: len(fault["loc"])] == fault["loc"] for other in faults) == 1
    )
    sentence = "reading the request: " + "; ".join(f"{found.concerns}: {found.sentence}" for found in findings)
    next_steps = dict.fromkeys(found.next_step for found in findings)
    return InvalidRequest(sentence, concerns="request", next_step="; ".join(next_steps), findings=findings)


def _words_of(type_: str, path: tuple[int | str, ...], message: str) -> str:
    """What pydantic says of a fault, in words that help whoever wrote the request."""
    if type_ == "string_type":
        name = path[-1] if path and isinstance(path[-1], str) else "field"
        return f'a text is wanted here; put a number, or true and false, in quotes, as in {name}: "..."'
    return message.removeprefix("Value error, ")
