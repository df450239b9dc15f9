"""What every part of a request has in common."""

from collections import Counter
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class RequestPart(BaseModel):
    """Frozen; unknown fields are refused."""

    # pydantic's own message would quote what stands in the request, in which a secret may stand in the clear.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def unique(values: tuple[T, ...]) -> tuple[T, ...]:
    """The values, each of which stands there once. Raises `ValueError` naming those that do not."""
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        message = f"given twice: {', '.join(twice)}"
        raise ValueError(message)
    return values
