"""How long each step takes, in sandbox seconds, and why."""

from pydantic import NonNegativeFloat

from sandbox.settable import Settable


class Durations(Settable):
    """Settable while running. A change applies only to what begins after it."""

    load_balancer_active: NonNegativeFloat = 150
    """From CreateLoadBalancer to `active`: about two minutes in the field, sometimes longer."""
    load_balancer_delete: NonNegativeFloat = 30
    """From DeleteLoadBalancer until it is gone."""
    load_balancer_interfaces: NonNegativeFloat = 60
    """From the load balancer's end to that of its network interfaces: Terraform waits up to five minutes for them."""
    target_healthy: NonNegativeFloat = 120
    """From target and listener both existing to `healthy`: reports say 90-180 s for registration and health checks."""
    target_deregister: NonNegativeFloat = 300
    """From DeregisterTargets until it is gone: AWS's default deregistration delay, if the group sets no other."""
    target_group_release: NonNegativeFloat = 15
    """From the listener's end until its target group is deletable: `ResourceInUse` lags, and Terraform retries for two
    minutes."""
    endpoint_service_available: NonNegativeFloat = 8
    """From CreateVpcEndpointServiceConfiguration to `Available`."""
    endpoint_service_reachable: NonNegativeFloat = 0
    """From `Available` until consumers can use it (aws-sdk 805): 0, because a test that wants the gap asks for it."""
    endpoint_service_delete: NonNegativeFloat = 20
    """From DeleteVpcEndpointServiceConfigurations to `Deleted`; until then it keeps its load balancers in use."""
    endpoint_service_listed: NonNegativeFloat = 60
    """How long a `Deleted` endpoint service is still described."""
    connection_available: NonNegativeFloat = 45
    """From AcceptVpcEndpointConnections to `available`; the connection is `pending` meanwhile."""
    connection_expires: NonNegativeFloat = 7 * 24 * 3600
    """How long a connection waits in `pendingAcceptance` before it is `expired`: AWS's seven days."""
    connection_listed: NonNegativeFloat = 60
    """How long a `deleted` connection is still described."""
    vpc_endpoint_delete: NonNegativeFloat = 20
    """From DeleteVpcEndpoints until it is gone; the endpoint and its connection are `deleting` meanwhile."""
    platform_endpoint: NonNegativeFloat = 150
    """From POST of a PrivateLink to its VPC endpoint's `pendingAcceptance`: EMQX's blog says two to three minutes."""
    platform_running: NonNegativeFloat = 10
    """From the connection's `available` to the platform's `running`."""
    platform_address: NonNegativeFloat = 0
    """From `running` to a non-empty address."""
    platform_delete: NonNegativeFloat = 60
    """From DELETE of a PrivateLink until it is gone; it is `terminated` meanwhile, and its VPC endpoint goes too."""
    connector_connected: NonNegativeFloat = 10
    """From POST of a connector to `connected`."""
    visibility: NonNegativeFloat = 0
    """How long a new AWS resource is hidden from reads: 0; a test that wants eventual consistency asks for it."""
