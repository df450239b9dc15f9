"""Specs and results: the frozen inputs and outputs of the steps, as workflows pass them on."""

from datetime import datetime

from activities.scopes import Choice, RemovalScope, Scope, Spec
from privatelink.model.deadlines import Deadline
from privatelink.model.listeners import Listener
from privatelink.model.names import Place, PlatformMode
from privatelink.model.request import Connector, PrivateLinkRequest


class DeploymentFacts(Spec):
    """The service consumer: `az_ids` as in `use1-az1`; `principal_arn` the ARN to allow; `account_id` its 12 digits."""

    region: str
    az_ids: tuple[str, ...]
    principal_arn: str
    account_id: str


class ProviderSpec(Spec):
    """What to check in the service provider's account."""

    request: PrivateLinkRequest
    saga_id: str
    deployment: DeploymentFacts


class ProviderFacts(Spec):
    """The service provider: account (12 digits), VPC, the load balancer's subnets by AZ ID.

    `outside`: the IP targets that are in no subnet of the VPC. `is_new`: nothing there has the link's names or tags.
    `has_leftovers`: resources of the link are there, left by a create that did not end well. `has_complete`: resources
    of the link are there that an earlier create completed.
    """

    account_id: str
    vpc_id: str
    subnets: dict[str, str]
    outside: frozenset[str] = frozenset()
    is_new: bool = False
    has_leftovers: bool = False
    has_complete: bool = False


class ConnectorSpec(Spec):
    """The connector to create; `address` is empty while it is only checked. `mode`: the request's platform mode."""

    scope: Scope
    connector: Connector
    address: str = ""
    mode: PlatformMode = "api"


class ConnectorCreation(ConnectorSpec):
    """The connector to create, and the time by which it must be connected."""

    deadline: Deadline


class TargetGroupSpec(Spec):
    """One target group, for one listener. `outside`: the targets that are in no subnet of the VPC."""

    scope: Scope
    listener: Listener
    vpc_id: str
    outside: frozenset[str] = frozenset()


class TargetGroup(Spec):
    """A target group with its targets registered."""

    arn: str
    port: int


class TargetsWait(Spec):
    """The target group whose every target must become healthy."""

    scope: Scope
    target_group: TargetGroup
    deadline: Deadline


class LoadBalancerSpec(Spec):
    """The internal Network Load Balancer in exactly these subnets (AZ ID to subnet ID), listening only on `ports`."""

    scope: Scope
    subnets: dict[str, str]
    ports: tuple[int, ...] = ()


class LoadBalancer(Spec):
    """The load balancer that exists."""

    arn: str


class LoadBalancerWait(Spec):
    """The load balancer that must become active."""

    scope: Scope
    load_balancer: LoadBalancer
    deadline: Deadline


class ListenerSpec(Spec):
    """The listener on the target group's port that forwards to it."""

    scope: Scope
    load_balancer: LoadBalancer
    target_group: TargetGroup


class EndpointServiceSpec(Spec):
    """The endpoint service over the load balancer, which must become Available."""

    scope: Scope
    load_balancer: LoadBalancer
    deadline: Deadline


class EndpointService(Spec):
    """The endpoint service: `service_id` is `vpce-svc-...`, `service_name` the full dotted name."""

    service_id: str
    service_name: str


class PrincipalSpec(Spec):
    """The one ARN that may connect to the endpoint service."""

    scope: Scope
    endpoint_service: EndpointService
    principal_arn: str


class PrivateLinkSpec(Spec):
    """The PrivateLink to ask the platform for."""

    scope: Scope
    endpoint_service: EndpointService


class PrivateLink(Spec):
    """The platform's object. `asked_at`: a moment before we asked for it, so no connection of it is older."""

    private_link_id: str
    asked_at: datetime


class Candidate(Spec):
    """An endpoint connection that may be the PrivateLink's. `words`: its ID, owner, state and time, for a person."""

    vpc_endpoint_id: str
    words: str


class Connection(Spec):
    """An endpoint connection that is this PrivateLink's, because it was proven or because a person said so.

    `words`: its ID, owner, state and time, for a person. `is_accepted`: somebody has already accepted it.
    """

    service_id: str
    vpc_endpoint_id: str
    words: str = ""
    is_accepted: bool = False


class Sighting(Spec):
    """What was seen at an endpoint service: the PrivateLink's connection, or the candidates for a person to choose."""

    connection: Connection | None = None
    candidates: tuple[Candidate, ...] = ()


class WatchedService(Choice):
    """The endpoint service where the PrivateLink's endpoint connection, of the consumer's account, should appear.

    `asks`: if nothing proves which connection is the link's, a person must say. `asked_about`: the endpoints that the
    person has been shown.
    """

    scope: Scope
    endpoint_service: EndpointService
    consumer_account_id: str
    asks: bool = False
    asked_about: tuple[str, ...] = ()
    deadline: Deadline


class ConnectionWait(WatchedService):
    """The wait for the endpoint connection of exactly this PrivateLink, which the platform has made."""

    private_link: PrivateLink


class ByHandWait(WatchedService):
    """The wait for the endpoint connection of a PrivateLink that a person makes at the console, after `asked_at`."""

    asked_at: datetime


class RemovalWait(Spec):
    """The wait for a person to remove what the removal's scope has at the console, until the deadline.

    `vpc_endpoints`: those that the person was asked to delete. They are waited for even if the link's endpoint service
    loses the tags by which it is found.
    """

    removal: RemovalScope
    vpc_endpoints: tuple[str, ...] = ()
    deadline: Deadline


class Acceptance(Spec):
    """The connection to accept, and the time by which it must be available."""

    scope: Scope
    connection: Connection
    deadline: Deadline


class PrivateLinkWait(Spec):
    """The PrivateLink that must be `running` and have an address."""

    scope: Scope
    private_link: PrivateLink
    deadline: Deadline


class CompleteSpec(Spec):
    """Everything that the create made in AWS, to be marked complete."""

    scope: Scope
    arns: tuple[str, ...]
    service_id: str


class RemovalFacts(Spec):
    """What a delete found of the link before removing anything; `ids` is empty if there is nothing.

    `place`: where it looked. `not_looked_at`: what of the link it could not look at, in words.
    """

    ids: tuple[str, ...] = ()
    place: Place | None = None
    not_looked_at: tuple[str, ...] = ()
