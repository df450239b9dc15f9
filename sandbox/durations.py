"""How long each thing takes, in sandbox seconds, with the reason for each number."""

from pydantic import NonNegativeFloat

from sandbox.settable import Settable


class Durations(Settable):
    """Settable while running: a change holds for what begins after it, and leaves what is under way alone."""

    load_balancer_active: NonNegativeFloat = 150
    """CreateLoadBalancer to `active`: about two minutes in the field, with slower tails."""
    load_balancer_delete: NonNegativeFloat = 30
    """DeleteLoadBalancer to gone."""
    load_balancer_interfaces: NonNegativeFloat = 60
    """A load balancer gone, to its network interfaces gone: Terraform waits up to five minutes for them."""
    target_healthy: NonNegativeFloat = 120
    """Target and listener both there, to `healthy`: reports say 90-180 s for registration and health checks."""
    target_deregister: NonNegativeFloat = 300
    """DeregisterTargets to gone: AWS's default deregistration delay, used where the group's attribute is unset."""
    target_group_release: NonNegativeFloat = 15
    """Listener gone, to its target group deletable: `ResourceInUse` lags; Terraform retries for two minutes."""
    endpoint_service_available: NonNegativeFloat = 8
    """CreateVpcEndpointServiceConfiguration to `Available`."""
    endpoint_service_reachable: NonNegativeFloat = 0
    """`Available`, to consumers finding it so (aws-sdk 805): 0, because a test that wants the gap asks for it."""
    endpoint_service_delete: NonNegativeFloat = 20
    """DeleteVpcEndpointServiceConfigurations to `Deleted`; until then it holds its load balancers."""
    endpoint_service_listed: NonNegativeFloat = 60
    """How long a `Deleted` endpoint service is still described."""
    connection_available: NonNegativeFloat = 45
    """AcceptVpcEndpointConnections to `available`; `pending` meanwhile."""
    connection_expires: NonNegativeFloat = 7 * 24 * 3600
    """How long a connection waits in `pendingAcceptance` before it is `expired`: AWS's seven days."""
    connection_listed: NonNegativeFloat = 60
    """How long a `deleted` connection is still described."""
    vpc_endpoint_delete: NonNegativeFloat = 20
    """DeleteVpcEndpoints to gone; the endpoint and its connection are `deleting` meanwhile."""
    platform_endpoint: NonNegativeFloat = 150
    """POST of a PrivateLink to its VPC endpoint in `pendingAcceptance`: EMQX's blog says two to three minutes."""
    platform_running: NonNegativeFloat = 10
    """Connection `available`, to the platform saying `running`."""
    platform_address: NonNegativeFloat = 0
    """`running` to a non-empty address."""
    platform_delete: NonNegativeFloat = 60
    """DELETE of a PrivateLink to gone; `terminated` meanwhile, and its VPC endpoint goes too."""
    connector_connected: NonNegativeFloat = 10
    """POST of a connector to `connected`."""
    visibility: NonNegativeFloat = 0
    """How long a new AWS thing is hidden from reads: 0, because a test that wants eventual consistency asks for it."""
