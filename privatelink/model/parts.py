"""What all parts of a request have in common."""

from collections import Counter
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class RequestPart(BaseModel):
    """Frozen; unknown fields are refused."""

    # pydantic's own message would quote the request, which may contain a secret in the clear.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def unique(values: tuple[T, ...]) -> tuple[T, ...]:
    """The values, if each is given once. Raises `ValueError` with those that are given more often."""
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        message = f"given twice: {', '.join(twice)}"
        raise ValueError(message)
    return values
