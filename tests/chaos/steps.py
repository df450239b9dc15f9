"""Every step of a link's life: the call that has its effect, and what others can delete behind our back.

A test compares the table with the history and the recorded calls of a run without faults.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from privatelink.model.names import Link, aws_name
from tests.chaos.foreign_clients import ForeignClients, Ids
from tests.support.step_faults import Moment


class Story(StrEnum):
    """The run that has the step: a create; the rollback of a create that fails at its last step; a delete."""

    CREATE = "create"
    ROLLBACK = "rollback"
    DELETE = "delete"


Match = Callable[[Link, Ids], str]
"""Text in the call's request, by which a fault hits only this link's call."""


@dataclass(frozen=True)
class Step:
    """One step. With `match` None, the call is a read that all sagas share, so a fault hits all of them."""

    story: Story
    action: str
    match: Match | None
    hides: bool = False
    """Whether the thing that the call makes can be invisible for a while."""
    bad_states: frozenset[str] = frozenset()
    """States (`stuck`, `failed`) in which the thing that the step makes or waits for can end."""
    state_set_by: tuple[str, str, Match] | None = None
    """Step, action and match of the call that decides the bad state of a thing waited for, if it is another step's."""
    overhears: bool = False
    """Whether it may use what another saga has read a moment before."""
    lists_unsuccessful: bool = False
    deleted: tuple[Moment | Literal["amid"], Callable[[ForeignClients, Ids], None]] | None = None
    """When somebody deletes what the step is about (`before`, `after`, or `amid`: after its effect, with the step still
    running), and how."""
    by_hand: bool = False
    """Whether only a link has it whose PrivateLink a person makes in the console."""
    by_timing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Outcomes of a fault that may end in more than one way, each of them right. A comment beside it says why."""
    absent: dict[str, str] = field(default_factory=dict)
    """Why a fault cannot exist, if the general reason does not apply."""


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
"""AWS shows a deleted connection for a while. A read in that time sees how it ended; a later read finds nothing."""

STEPS: dict[str, Step] = {
    "look-up-deployment": Step(_CREATE, "GET /deployments/{deploymentID}", None),
    "check-provider": Step(_CREATE, "DescribeLoadBalancers", None),
    "check-connector": Step(_CREATE, "POST /connectors_probe", _described),
    "create-target-group-3306": Step(
        _CREATE, "CreateTargetGroup", _name, hides=True, deleted=("after", ForeignClients.delete_target_groups)
    ),
    "create-load-balancer": Step(
        _CREATE,
        "CreateLoadBalancer",
        _name,
        hides=True,
        deleted=("after", ForeignClients.delete_load_balancer),
        absent=dict.fromkeys(_BOTH, _BY_WAIT),
    ),
    "create-listener-3306": Step(
        _CREATE, "CreateListener", _name, hides=True, deleted=("after", ForeignClients.delete_listeners)
    ),
    "wait-for-targets-3306": Step(
        _CREATE,
        "DescribeTargetHealth",
        _name,
        bad_states=_BOTH,
        state_set_by=("create-target-group-3306", "RegisterTargets", _name),
        deleted=("before", ForeignClients.deregister_targets),
    ),
    "wait-for-load-balancer": Step(
        _CREATE,
        "DescribeLoadBalancers",
        None,
        bad_states=_BOTH,
        state_set_by=("create-load-balancer", "CreateLoadBalancer", _name),
        deleted=("before", ForeignClients.delete_load_balancer),
        # A read that began before the deletion may say that it is active; then the next step is refused.
        by_timing={"deleted": ("rolled back (DeadlinePassed)", "rolled back (CloudRefused)")},
    ),
    "create-endpoint-service": Step(
        _CREATE,
        "CreateVpcEndpointServiceConfiguration",
        _name,
        hides=True,
        bad_states=_BOTH,
        deleted=("after", ForeignClients.delete_endpoint_service),
    ),
    "add-allowed-principal": Step(
        _CREATE, "ModifyVpcEndpointServicePermissions", _service, deleted=("after", ForeignClients.remove_principals)
    ),
    "create-private-link": Step(
        _CREATE,
        f"POST {_PRIVATE_LINKS}",
        _described,
        hides=True,
        deleted=("after", ForeignClients.delete_private_link),
        absent=dict.fromkeys(_BOTH, _BY_WAIT),
    ),
    "wait-for-endpoint-connection": Step(
        _CREATE,
        "CreateTags",
        _service,
        bad_states=_BOTH,
        state_set_by=("create-private-link", f"POST {_PRIVATE_LINKS}", _described),
        deleted=("after", ForeignClients.delete_vpc_endpoint),
        by_timing=_SEEN_GOING,
    ),
    "wait-for-creation-by-hand": Step(
        _CREATE,
        "CreateTags",
        _service,
        deleted=("after", ForeignClients.delete_vpc_endpoint),
        by_hand=True,
        absent=dict.fromkeys(_BOTH, _CLICKED),
    ),
    "accept-endpoint-connection": Step(
        _CREATE,
        "AcceptVpcEndpointConnections",
        _service,
        bad_states=_BOTH,
        lists_unsuccessful=True,
        deleted=("amid", ForeignClients.delete_vpc_endpoint),
        by_timing=_SEEN_GOING,
    ),
    "wait-for-private-link": Step(
        _CREATE,
        f"GET {_PRIVATE_LINKS}",
        None,
        overhears=True,
        deleted=("before", ForeignClients.delete_private_link),
        absent=dict.fromkeys(_BOTH, "by then its connection is available, and the sandbox's platform follows that"),
    ),
    "create-connector": Step(
        _CREATE,
        "POST /connectors",
        _described,
        hides=True,
        bad_states=_BOTH,
        deleted=("amid", ForeignClients.delete_connector),
    ),
    "mark-complete": Step(_CREATE, "AddTags", _name, deleted=("before", ForeignClients.delete_listeners)),
    "check-removal": Step(
        _DELETE, "DescribeLoadBalancers", None, deleted=("before", ForeignClients.delete_private_link)
    ),
    "delete-connector": Step(
        _ROLLBACK, "DELETE /connectors/{id}", _connector, deleted=("before", ForeignClients.delete_connector)
    ),
    "delete-private-link": Step(
        _ROLLBACK,
        f"DELETE {_PRIVATE_LINKS}/{{privatelinkID}}",
        _private_link,
        bad_states=_BOTH,
        deleted=("before", ForeignClients.delete_private_link),
    ),
    "find-private-link-by-hand": Step(
        _ROLLBACK,
        "DescribeVpcEndpointConnections",
        None,
        deleted=("before", ForeignClients.delete_private_link),
        by_hand=True,
    ),
    "wait-for-deletion-by-hand": Step(
        _ROLLBACK,
        "DescribeVpcEndpointConnections",
        None,
        deleted=("before", ForeignClients.delete_private_link),
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
        _ROLLBACK, "ModifyVpcEndpointServicePermissions", _service, deleted=("before", ForeignClients.remove_principals)
    ),
    "delete-endpoint-service": Step(
        _ROLLBACK,
        "DeleteVpcEndpointServiceConfigurations",
        _service,
        bad_states=_STUCK,
        lists_unsuccessful=True,
        deleted=("before", ForeignClients.delete_endpoint_service),
    ),
    "delete-listeners": Step(
        _ROLLBACK, "DeleteListener", _name, bad_states=_STUCK, deleted=("before", ForeignClients.delete_listeners)
    ),
    "delete-load-balancer": Step(
        _ROLLBACK,
        "DeleteLoadBalancer",
        _name,
        bad_states=_STUCK,
        deleted=("before", ForeignClients.delete_load_balancer),
    ),
    "delete-target-groups": Step(
        _ROLLBACK,
        "DeleteTargetGroup",
        _name,
        bad_states=_STUCK,
        deleted=("before", ForeignClients.delete_target_groups),
    ),
    "find-leftovers": Step(
        _ROLLBACK, "DescribeLoadBalancers", None, absent={"deleted": "all that it looks for is removed by then"}
    ),
}
