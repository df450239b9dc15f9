"""Specs and results: the frozen inputs and outputs of the steps, as workflows pass them on."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from privatelink.errors import ErrorDetails
from privatelink.model.deadlines import Deadline
from privatelink.model.listeners import Listener
from privatelink.model.names import Link, Place, PlatformMode
from privatelink.model.progress import Ask, Phase
from privatelink.model.request import (
    AnyPlatform,
    ApiPlatform,
    AwsAccess,
    Connector,
    ConsolePlatform,
    PrivateLinkRequest,
)


class _Spec(BaseModel):
    # During a deployment an old worker may get the spec of a newer workflow, so unknown fields are no error.
    model_config = ConfigDict(frozen=True, extra="ignore")


class LinkScope(_Spec):
    """The link that a step is about, and how its AWS account and region are reached.

    `place`: where the link is, once a check has asked which account it is.
    """

    link: Link
    aws: AwsAccess
    place: Place | None = None


class Scope(LinkScope):
    """What a step makes something for: the link, the saga, the caller's own tags.

    `is_new`: nothing at AWS had the link's names or tags when this saga began.
    """

    saga_id: str
    tags: dict[str, str] = {}
    is_new: bool = False


class RemovalScope(LinkScope):
    """What a removal may touch: all of the link (`saga_id` None: a delete), or what no other create completed.

    Until `settled_at` a removal keeps looking, whatever it has found. The create that it rolls back may have lost a
    reply, and a cloud may not yet show what was made (EC2 is eventually consistent; the platform may be slow).

    `recorded`: the IDs that the saga knows of the link, for the last look. `removed`: those of them that it saw go.
    `ignore_deployment`: users of the address in the deployment need not be looked for if the worker has no key of it,
    or may not read it.
    """

    platform: AnyPlatform = ApiPlatform()
    saga_id: str | None = None
    settled_at: datetime | None = None
    allow_failed: bool = False
    recorded: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    ignore_deployment: bool = False

    @property
    def consumer_account_id(self) -> str | None:
        """In console mode, the account that owns the deployment's endpoints; None if the platform names its own."""
        return self.platform.account_id if isinstance(self.platform, ConsolePlatform) else None


class Removed(_Spec):
    """The IDs that a removal removed; empty if there was nothing."""

    ids: tuple[str, ...] = ()


class DeploymentFacts(_Spec):
    """The service consumer: `az_ids` as in `use1-az1`; `principal_arn` the ARN to allow; `account_id` its 12 digits."""

    region: str
    az_ids: tuple[str, ...]
    principal_arn: str
    account_id: str


class ProviderSpec(_Spec):
    """What to check in the service provider's account."""

    request: PrivateLinkRequest
    saga_id: str
    deployment: DeploymentFacts


class ProviderFacts(_Spec):
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


class ConnectorSpec(_Spec):
    """The connector to create; `address` is empty while it is only checked. `mode`: the request's platform mode."""

    scope: Scope
    connector: Connector
    address: str = ""
    mode: PlatformMode = "api"


class ConnectorCreation(ConnectorSpec):
    """The connector to create, and the time by which it must be connected."""

    deadline: Deadline


class TargetGroupSpec(_Spec):
    """One target group, for one listener. `outside`: the targets that are in no subnet of the VPC."""

    scope: Scope
    listener: Listener
    vpc_id: str
    outside: frozenset[str] = frozenset()


class TargetGroup(_Spec):
    """A target group with its targets registered."""

    arn: str
    port: int


class TargetsWait(_Spec):
    """The target group whose every target must become healthy."""

    scope: Scope
    target_group: TargetGroup
    deadline: Deadline


class LoadBalancerSpec(_Spec):
    """The internal Network Load Balancer in exactly these subnets (AZ ID to subnet ID), listening only on `ports`."""

    scope: Scope
    subnets: dict[str, str]
    ports: tuple[int, ...] = ()


class LoadBalancer(_Spec):
    """The load balancer that exists."""

    arn: str


class LoadBalancerWait(_Spec):
    """The load balancer that must become active."""

    scope: Scope
    load_balancer: LoadBalancer
    deadline: Deadline


class ListenerSpec(_Spec):
    """The listener on the target group's port that forwards to it."""

    scope: Scope
    load_balancer: LoadBalancer
    target_group: TargetGroup


class EndpointServiceSpec(_Spec):
    """The endpoint service over the load balancer, which must become Available."""

    scope: Scope
    load_balancer: LoadBalancer
    deadline: Deadline


class EndpointService(_Spec):
    """The endpoint service: `service_id` is `vpce-svc-...`, `service_name` the full dotted name."""

    service_id: str
    service_name: str


class PrincipalSpec(_Spec):
    """The one ARN that may connect to the endpoint service."""

    scope: Scope
    endpoint_service: EndpointService
    principal_arn: str


class PrivateLinkSpec(_Spec):
    """The PrivateLink to ask the platform for."""

    scope: Scope
    endpoint_service: EndpointService


class PrivateLink(_Spec):
    """The platform's object. `asked_at`: a moment before we asked for it, so no connection of it is older."""

    private_link_id: str
    asked_at: datetime


class Candidate(_Spec):
    """An endpoint connection that may be the PrivateLink's. `words`: its ID, owner, state and time, for a person."""

    vpc_endpoint_id: str
    words: str


class Connection(_Spec):
    """An endpoint connection that is this PrivateLink's, because it was proven or because a person said so.

    `words`: its ID, owner, state and time, for a person. `is_accepted`: somebody has already accepted it.
    """

    service_id: str
    vpc_endpoint_id: str
    words: str = ""
    is_accepted: bool = False


class Sighting(_Spec):
    """What was seen at an endpoint service: the PrivateLink's connection, or the candidates for a person to choose."""

    connection: Connection | None = None
    candidates: tuple[Candidate, ...] = ()


class WatchedService(_Spec):
    """The endpoint service where the PrivateLink's endpoint connection, of the consumer's account, should appear.

    `asks`: if nothing proves which connection is the link's, a person must say. `asked_about`: the endpoints that the
    person has been shown. `chosen`: the answer.
    """

    scope: Scope
    endpoint_service: EndpointService
    consumer_account_id: str
    asks: bool = False
    asked_about: tuple[str, ...] = ()
    chosen: str = ""
    deadline: Deadline


class ConnectionWait(WatchedService):
    """The wait for the endpoint connection of exactly this PrivateLink, which the platform has made."""

    private_link: PrivateLink


class ByHandWait(WatchedService):
    """The wait for the endpoint connection of a PrivateLink that a person makes at the console, after `asked_at`."""

    asked_at: datetime


class RemovalWait(_Spec):
    """The wait for a person to remove what the removal's scope has at the console, until the deadline.

    `vpc_endpoints`: those that the person was asked to delete. They are waited for even if the link's endpoint service
    loses the tags by which it is found.
    """

    removal: RemovalScope
    vpc_endpoints: tuple[str, ...] = ()
    deadline: Deadline


class Acceptance(_Spec):
    """The connection to accept, and the time by which it must be available."""

    scope: Scope
    connection: Connection
    deadline: Deadline


class PrivateLinkWait(_Spec):
    """The PrivateLink that must be `running` and have an address."""

    scope: Scope
    private_link: PrivateLink
    deadline: Deadline


class CompleteSpec(_Spec):
    """Everything that the create made in AWS, to be marked complete."""

    scope: Scope
    arns: tuple[str, ...]
    service_id: str


class RemovalFacts(_Spec):
    """What a delete found of the link before removing anything; `ids` is empty if there is nothing.

    `place`: where it looked. `not_looked_at`: what of the link it could not look at, in words.
    """

    ids: tuple[str, ...] = ()
    place: Place | None = None
    not_looked_at: tuple[str, ...] = ()


class NotificationSpec(_Spec):
    """One phase that a saga has reached, as `progress` shows it, so it can contain no secret.

    `number` counts the saga's notifications. With the run's ID it makes the event's ID, which must not contain a dot
    (Standard Webhooks 1.0, "Signature scheme"): Temporal's run IDs have none.
    """

    link: Link
    operation: str
    saga_id: str
    number: int
    phase: Phase
    at: AwareDatetime
    asks: tuple[Ask, ...] = ()
    error: ErrorDetails | None = None
    address: str | None = None
