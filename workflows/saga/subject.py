"""What a saga is about, as far as the engine must know it. The workflows say it; the engine names no resource."""

from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.scopes import RemovalScope, Removed
    from privatelink.errors import Leftover

Undo = Callable[..., Awaitable[Removed]]
"""A removal activity. It finds what to remove by identity, so it needs no id and accepts 'never existed'."""


class Subject(NamedTuple):
    """The things that a saga makes or removes.

    `find_leftovers` is the activity that lists what is left. `to_look_at` narrows its scope to what those undos may
    have to remove. `unchecked` is the leftover for an ID that nobody could look for. `url` is the console page of an ID
    in a region, empty if it has none.
    """

    find_leftovers: Callable[..., Awaitable[list[Leftover]]]
    to_look_at: Callable[[RemovalScope, Collection[Undo]], RemovalScope]
    unchecked: Callable[[RemovalScope, str], Leftover]
    url: Callable[[str, str], str]
