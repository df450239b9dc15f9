"""The only place that reads `Unsuccessful`: a 200 from AWS with such items never counts as success.

In it AcceptVpcEndpointConnections, RejectVpcEndpointConnections and DeleteVpcEndpointServiceConfigurations list what
they did not do (EC2 API reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clouds.aws.next_steps import WORKER
from clouds.aws.refusals import Refusal, refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_ec2.type_defs import UnsuccessfulItemTypeDef


def raise_unsuccessful(
    items: Sequence[UnsuccessfulItemTypeDef],
    doing: str,
    *,
    operation: str,
    acts_as: str = WORKER,
    done: frozenset[str] = frozenset(),
) -> None:
    """Raise our error for the first item whose code is not in `done`, the codes that mean it was already done."""
    for item in items:
        error = item.get("Error", {})
        code = error.get("Code", "")
        if code not in done:
            resource = item.get("ResourceId", "no id given")
            refusal = Refusal(code, error.get("Message", ""), operation=operation, acts_as=acts_as)
            raise refused(refusal, doing, resource)
