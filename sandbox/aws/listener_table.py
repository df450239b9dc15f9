"""The listeners of an account in a region, found by ARN, by load balancer or by target group."""

from __future__ import annotations

from collections import UserDict, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.aws.state import Listener


class ListenerTable(UserDict[str, "Listener"]):
    """Listeners by ARN. The two indexes need no updates, because no action of ours modifies a listener."""

    def __init__(self) -> None:
        """Begin empty."""
        self._on: defaultdict[str, dict[str, Listener]] = defaultdict(dict)
        self._to: defaultdict[str, dict[str, Listener]] = defaultdict(dict)
        super().__init__()

    def __setitem__(self, arn: str, listener: Listener) -> None:
        """Add a listener, also to the indexes."""
        super().__setitem__(arn, listener)
        self._on[listener.load_balancer_arn][arn] = listener
        for target_group_arn in listener.target_group_arns:
            self._to[target_group_arn][arn] = listener

    def __delitem__(self, arn: str) -> None:
        """Remove a listener, also from the indexes."""
        listener = self[arn]
        super().__delitem__(arn)
        del self._on[listener.load_balancer_arn][arn]
        for target_group_arn in listener.target_group_arns:
            del self._to[target_group_arn][arn]

    def on(self, load_balancer_arn: str) -> list[Listener]:
        """The listeners of a load balancer."""
        return list(self._on.get(load_balancer_arn, {}).values())

    def to(self, target_group_arn: str) -> list[Listener]:
        """The listeners that forward to a target group."""
        return list(self._to.get(target_group_arn, {}).values())
