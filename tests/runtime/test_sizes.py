"""A worker's sizes: they follow from one number, and go together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.sizes import LEAST, MOST, USUAL, Sizes

PLENTY = 1_000_000


@given(sagas=st.integers(LEAST, MOST))
def test_whatever_number_is_asked_for_the_sizes_go_together(sagas: int) -> None:
    """Every saga fits the cache, its waits fit the slots, and no poller waits for a slot."""
    sizes = Sizes.of(sagas)
    assert sizes.faults(PLENTY) == []
    assert sizes.pollers <= sizes.workflow_tasks <= sizes.sagas <= sizes.activities


@given(fewer=st.integers(LEAST, MOST), more=st.integers(LEAST, MOST))
def test_more_sagas_never_get_less_of_anything(fewer: int, more: int) -> None:
    """Otherwise the one setting would be no size."""
    fewer, more = sorted((fewer, more))
    assert all(less <= size for less, size in zip(Sizes.of(fewer), Sizes.of(more), strict=True))


@pytest.mark.parametrize("sagas", [1, LEAST - 1, MOST + 1])
def test_a_number_out_of_range_is_told_with_the_range(sagas: int) -> None:
    """Before the worker takes a step that it has no room for."""
    assert f"a worker process takes {LEAST} to {MOST}" in Sizes.of(sagas).faults(PLENTY)[0]


def test_a_machine_that_allows_too_few_open_files_is_told_what_to_raise() -> None:
    """It would fail in the middle of a create otherwise, with an error that names no setting."""
    assert Sizes.of(USUAL).faults(1024) == []
    [fault] = Sizes.of(USUAL).faults(64)
    assert "ulimit -n" in fault


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (Sizes.of(USUAL)._replace(workflow_tasks=USUAL + 1), "do not fit a cache"),
        (Sizes.of(USUAL)._replace(pollers=USUAL + 1), "more than the slots"),
    ],
)
def test_sizes_that_do_not_go_together_are_faults(sizes: Sizes, words: str) -> None:
    """The check does not rest on the formula that it checks."""
    [fault] = sizes.faults(PLENTY)
    assert words in fault
