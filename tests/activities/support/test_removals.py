"""What removals share: each thing is tried, and the first error is the one that is raised."""

import pytest

from activities.support.removals import each
from privatelink.errors import CloudRefused, NotYet


async def test_each_is_tried_and_the_first_error_is_told() -> None:
    """The first is the cause; what fails after it may fail because of it."""
    tried: list[str] = []
    errors = {"b": CloudRefused("the cause"), "c": NotYet("what came of it")}

    async def remove(one: str) -> None:
        tried.append(one)
        if one in errors:
            raise errors[one]

    with pytest.raises(CloudRefused, match="the cause"):
        await each(["a", "b", "c", "d"], remove)
    assert tried == ["a", "b", "c", "d"]
    del errors["b"]
    with pytest.raises(NotYet):
        await each(["a", "b", "c"], remove)
    errors.clear()
    await each(["a", "b", "c"], remove)
