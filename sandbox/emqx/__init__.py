"""The EMQX half: the platform API, every deployment's broker API, and what the platform does behind them.

This package does what EMQX would do: the published half of its platform API exactly, the assumed half as the contract
(docs/emqx-platform.openapi.yaml) says, and the broker's data integration around a connector. Quirks cover what nobody
outside EMQX knows. AWS does not belong here. The two halves meet over HTTP on the one port, and this one has the
credentials of EMQX's own account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.emqx.application import EmqxSandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.clock import Clock
    from sandbox.durations import Durations
    from sandbox.faults import FaultPlan
    from sandbox.seed import Seed

__all__ = ["EmqxSandbox", "emqx_application"]


def emqx_application(
    clock: Clock, durations: Durations, faults: FaultPlan, seed: Seed, aws_endpoint: Callable[[], str]
) -> EmqxSandbox:
    """The EMQX half in its seeded state; it registers its actions with `faults`."""
    return EmqxSandbox(clock, durations, faults, seed, aws_endpoint)
