"""What pydantic finds wrong with a request, as one error for the caller."""

import difflib
from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails as Fault

from privatelink.errors.callers import InvalidRequest
from privatelink.errors.details import Finding, FindingType

CORRECT = "correct the request"
EXPOSED = (
    "change that secret, because Temporal's history holds the request; `temporal workflow delete` removes the run;"
    " then correct the request"
)
IN_THE_CLEAR = "secret_in_the_clear"
"""Type of the pydantic error for a request that holds a secret."""

_LISTS = frozenset({"list_type", "tuple_type", "set_type", "iterable_type"})
_MAPPINGS = frozenset({"dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"})
"""Types of the pydantic errors for a missing list or mapping. Pydantic's own messages use Python's terms."""


def invalid_request(error: ValidationError, *, sent: bool = False) -> InvalidRequest:
    """All faults of a request at once, each with its path. Input values are left out: one may be a secret.

    `sent`: Temporal already has the request, so its history keeps any secret in it.
    """
    # The input is needed to tell an empty field from a wrong one. It is never shown.
    faults = error.errors(include_url=False, include_context=False)
    misspelled = _misspelled(faults)
    findings = tuple(
        Finding(
            type=FindingType.SCHEMA,
            resource=".".join(str(part) for part in fault["loc"]) or "request",
            message=_words_of(fault, misspelled.get(fault["loc"])),
            next_step=EXPOSED if sent and fault["type"] == IN_THE_CLEAR else CORRECT,
        )
        for fault in faults
        if not (_is_an_echo(fault, faults) or (fault["type"] == "missing" and fault["loc"] in misspelled.values()))
    )
    message = "reading the request: " + "; ".join(f"{found.resource}: {found.message}" for found in findings)
    next_steps = dict.fromkeys(found.next_step for found in findings)
    return InvalidRequest(message, resource="request", next_step="; ".join(next_steps), findings=findings)


def _is_an_echo(fault: Fault, faults: Sequence[Fault]) -> bool:
    """Whether it only repeats other faults: pydantic also calls a list too short if its items are faulty."""
    path = fault["loc"]
    return fault["type"] == "too_short" and sum(other["loc"][: len(path)] == path for other in faults) > 1


def _misspelled(faults: Sequence[Fault]) -> dict[tuple[int | str, ...], tuple[int | str, ...]]:
    """Maps the path of each unknown field to the path of the missing field with nearly the same name."""
    missing = {fault["loc"] for fault in faults if fault["type"] == "missing"}
    found = {}
    for path in (fault["loc"] for fault in faults if fault["type"] == "extra_forbidden"):
        beside = {str(other[-1]): other for other in missing if other[:-1] == path[:-1]}
        if near := difflib.get_close_matches(str(path[-1]), beside, n=1):
            found[path] = beside[near[0]]
    return found


def _words_of(fault: Fault, meant: tuple[int | str, ...] | None) -> str:
    """The fault in words that help the person who wrote the request."""
    type_, path = fault["type"], fault["loc"]
    name = path[-1] if path and isinstance(path[-1], str) else "field"
    if type_ == "extra_forbidden":
        return "there is no such field" + (f"; did you mean {meant[-1]}?" if meant else "")
    if type_ in _LISTS | _MAPPINGS | {"string_type"} and fault["input"] is None:
        return "it has no value"
    if type_ in _LISTS:
        return f"this must be a list, as in {name}: [...]"
    if type_ in _MAPPINGS:
        return f"this must have fields, as in {name}: {{...}}"
    if type_ == "string_type":
        return f'this must be text; put a number, true or false in quotes, as in {name}: "..."'
    return fault["msg"].removeprefix("Value error, ")
