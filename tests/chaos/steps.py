"""Every step of a link's life: the call that carries its effect, and what of it others can delete behind our back.

The table is guarded by a test that compares it with a happy run's history and recorded calls.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from privatelink.model.names import Link, aws_name
from tests.chaos.strangers_hands import Hands, Ids
from tests.support.step_faults import Moment


class Story(StrEnum):
    """In which run the step is met: a create; the rollback of a create that fails at its last step; a delete."""

    CREATE = "create"
    ROLLBACK = "rollback"
    DELETE = "delete"


Match = Callable[[Link, Ids], str]
"""What the request text of the call holds, by which a fault hits this link's call alone."""


@dataclass(frozen=True)
class Step:
    """One step. `match` None: the call is a reading that all sagas share, so that a fault of it hits all."""

    story: Story
    action: str
    match: Match | None
    hides: bool = False
    """What the call makes can be unseen for a while."""
    fates: frozenset[str] = frozenset()
    """`stuck`, `failed`: what can become of the thing that the step makes or waits for."""
    fated_by: tuple[str, str, Match] | None = None
    """The step, its action and match by which a thing waited for gets its fate, where that is another step's call."""
    overhears: bool = False
    """What another saga has read a moment before will do for it."""
    lists_unsuccessful: bool = False
    deleted: tuple[Moment | Literal["amid"], Callable[[Hands, Ids], None]] | None = None
    """At which moment of the step (`before`, `after`, or `amid`: after its effect, the step still under way) and how
    somebody deletes what it is about."""
    by_hand: bool = False
    """Only a link has it whose PrivateLink a person makes at the console."""
    by_timing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The outcomes of a fault that may end in one way or in another, each of them right, and why is said beside it."""
    absent: dict[str, str] = field(default_factory=dict)
    """Why a fault cannot be, where the general reason would not do."""


def _name(link: Link, _: Ids) -> str:
    return aws_name(link)


def _service(_: Link, ids: Ids) -> str:
    return ids.service_id


def _described(link: Link, _: Ids) -> str:
    return f"link={link} "


def _private_link(_: Link, ids: Ids) -> str:
    return ids.private_link_id


def _connector(link: Link, _: Ids) -> str:
    return f"mysql:{link.name}?"


_CREATE, _ROLLBACK, _DELETE = Story.CREATE, Story.ROLLBACK, Story.DELETE
_STUCK, _BOTH = frozenset({"stuck"}), frozenset({"stuck", "failed"})
_PRIVATE_LINKS = "/deployments/{deploymentID}/privatelinks"
_BY_WAIT = "the state is what the step after it waits for, and its row has the fault"
_CLICKED = "what a person clicks has no call of ours; the connection that comes of it has its own rows"
_GOING = "the connection goes with the PrivateLink, whose row has the fault"
_SEEN_GOING: dict[str, tuple[str, ...]] = {
    "deleted": ("rolled back (EndpointConnectionFailed)", "rolled back (DeadlinePassed)")
}
"""AWS shows a connection that goes for a while. Whoever reads it then knows its end; later it is only not there."""

STEPS: dict[str, Step] = {
    "look-up-deployment": Step(_CREATE, "GET /deployments/{deploymentID}", None),
    "check-provider": Step(_CREATE, "DescribeLoadBalancers", None),
    "check-connector": Step(_CREATE, "POST /connectors_probe", _described),
    "create-target-group-3306": Step(
        _CREATE, "CreateTargetGroup", _name, hides=True, deleted=("after", Hands.delete_target_groups)
    ),
    "create-load-balancer": Step(
        _CREATE,
        "CreateLoadBalancer",
        _name,
        hides=True,
        deleted=("after", Hands.delete_load_balancer),
        absent=dict.fromkeys(_BOTH, _BY_WAIT),
    ),
    "create-listener-3306": Step(
        _CREATE, "CreateListener", _name, hides=True, deleted=("after", Hands.delete_listeners)
    ),
    "wait-for-targets-3306": Step(
        _CREATE,
        "DescribeTargetHealth",
        _name,
        fates=_BOTH,
        fated_by=("create-target-group-3306", "RegisterTargets", _name),
        deleted=("before", Hands.deregister_targets),
    ),
    "wait-for-load-balancer": Step(
        _CREATE,
        "DescribeLoadBalancers",
        None,
        fates=_BOTH,
        fated_by=("create-load-balancer", "CreateLoadBalancer", _name),
        deleted=("before", Hands.delete_load_balancer),
        # A reading that began before the deletion may say that it is active: the next step is refused then.
        by_timing={"deleted": ("rolled back (DeadlinePassed)", "rolled back (CloudRefused)")},
    ),
    "create-endpoint-service": Step(
        _CREATE,
        "CreateVpcEndpointServiceConfiguration",
        _name,
        hides=True,
        fates=_BOTH,
        deleted=("after", Hands.delete_endpoint_service),
    ),
    "add-allowed-principal": Step(
        _CREATE, "ModifyVpcEndpointServicePermissions", _service, deleted=("after", Hands.remove_principals)
    ),
    "create-private-link": Step(
        _CREATE,
        f"POST {_PRIVATE_LINKS}",
        _described,
        hides=True,
        deleted=("after", Hands.delete_private_link),
        absent=dict.fromkeys(_BOTH, _BY_WAIT),
    ),
    "wait-for-endpoint-connection": Step(
        _CREATE,
        "CreateTags",
        _service,
        fates=_BOTH,
        fated_by=("create-private-link", f"POST {_PRIVATE_LINKS}", _described),
        deleted=("after", Hands.delete_vpc_endpoint),
        by_timing=_SEEN_GOING,
    ),
    "wait-for-creation-by-hand": Step(
        _CREATE,
        "CreateTags",
        _service,
        deleted=("after", Hands.delete_vpc_endpoint),
        by_hand=True,
        absent=dict.fromkeys(_BOTH, _CLICKED),
    ),
    "accept-endpoint-connection": Step(
        _CREATE,
        "AcceptVpcEndpointConnections",
        _service,
        fates=_BOTH,
        lists_unsuccessful=True,
        deleted=("amid", Hands.delete_vpc_endpoint),
        by_timing=_SEEN_GOING,
    ),
    "wait-for-private-link": Step(
        _CREATE,
        f"GET {_PRIVATE_LINKS}",
        None,
        overhears=True,
        deleted=("before", Hands.delete_private_link),
        absent=dict.fromkeys(_BOTH, "by then its connection is available, and the sandbox's platform follows that"),
    ),
    "create-connector": Step(
        _CREATE,
        "POST /connectors",
        _described,
        hides=True,
        fates=_BOTH,
        deleted=("amid", Hands.delete_connector),
    ),
    "mark-complete": Step(_CREATE, "AddTags", _name, deleted=("before", Hands.delete_listeners)),
    "check-removal": Step(_DELETE, "DescribeLoadBalancers", None, deleted=("before", Hands.delete_private_link)),
    "delete-connector": Step(
        _ROLLBACK, "DELETE /connectors/{id}", _connector, deleted=("before", Hands.delete_connector)
    ),
    "delete-private-link": Step(
        _ROLLBACK,
        f"DELETE {_PRIVATE_LINKS}/{{privatelinkID}}",
        _private_link,
        fates=_BOTH,
        deleted=("before", Hands.delete_private_link),
    ),
    "find-private-link-by-hand": Step(
        _ROLLBACK,
        "DescribeVpcEndpointConnections",
        None,
        deleted=("before", Hands.delete_private_link),
        by_hand=True,
    ),
    "wait-for-deletion-by-hand": Step(
        _ROLLBACK,
        "DescribeVpcEndpointConnections",
        None,
        deleted=("before", Hands.delete_private_link),
        by_hand=True,
        absent=dict.fromkeys(_BOTH, _CLICKED),
    ),
    "reject-endpoint-connections": Step(
        _ROLLBACK,
        "DescribeVpcEndpointConnections",
        None,
        absent={"stuck": _GOING, "failed": _GOING, "deleted": _GOING},
    ),
    "remove-allowed-principals": Step(
        _ROLLBACK, "ModifyVpcEndpointServicePermissions", _service, deleted=("before", Hands.remove_principals)
    ),
    "delete-endpoint-service": Step(
        _ROLLBACK,
        "DeleteVpcEndpointServiceConfigurations",
        _service,
        fates=_STUCK,
        lists_unsuccessful=True,
        deleted=("before", Hands.delete_endpoint_service),
    ),
    "delete-listeners": Step(
        _ROLLBACK, "DeleteListener", _name, fates=_STUCK, deleted=("before", Hands.delete_listeners)
    ),
    "delete-load-balancer": Step(
        _ROLLBACK, "DeleteLoadBalancer", _name, fates=_STUCK, deleted=("before", Hands.delete_load_balancer)
    ),
    "delete-target-groups": Step(
        _ROLLBACK, "DeleteTargetGroup", _name, fates=_STUCK, deleted=("before", Hands.delete_target_groups)
    ),
    "find-leftovers": Step(
        _ROLLBACK, "DescribeLoadBalancers", None, absent={"deleted": "all that it looks for is removed by then"}
    ),
}
