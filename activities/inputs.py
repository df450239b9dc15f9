"""Specs and results: the frozen inputs and outputs of the steps, as workflows hand them from one to the next."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from privatelink.errors import ErrorDetails
from privatelink.model.deadlines import Wait
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
    # A worker of yesterday may get the spec of a workflow of tomorrow during a deployment: unknown fields are no error.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Scope(_Spec):
    """Whose thing a step makes: the link, the saga that makes it, the AWS account and region, the caller's own tags.

    `is_new`: nothing at AWS had the link's names or tags when this saga began. `place`: where the link is made, known
    once the check has asked whose account it is.
    """

    link: Link
    saga_id: str
    aws: AwsAccess
    tags: dict[str, str] = {}
    is_new: bool = False
    place: Place | None = None


class RemovalSpec(_Spec):
    """What a removal may touch: all that is the link's (`saga_id` None: delete), or what no other create completed.

    Until `settled_at` a removal looks again, whatever it has found: the create whose rollback it is may have lost a
    reply, and a cloud may not yet show what it made (EC2 is eventually consistent; the platform may be slow).

    `place`: where the link stands, once a check has asked whose account it is. `recorded`: the ids that the saga knows
    of the link, for the last look; `removed`: those of them that it saw go. `ignore_deployment`: what uses the address
    in the deployment need not be looked at where the worker has no key of it, or may not read it.
    """

    link: Link
    aws: AwsAccess
    platform: AnyPlatform = ApiPlatform()
    saga_id: str | None = None
    settled_at: datetime | None = None
    allow_failed: bool = False
    place: Place | None = None
    recorded: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    ignore_deployment: bool = False

    @property
    def consumer_account_id(self) -> str | None:
        """In console mode: the account whose endpoints are the deployment's; None where the platform names its own."""
        return self.platform.account_id if isinstance(self.platform, ConsolePlatform) else None


class Removed(_Spec):
    """The ids that a removal removed; empty when there was nothing."""

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

    `outside`: the IP targets that are in no subnet of the VPC.
    `is_new`: nothing there has the link's names or tags. `has_leftovers`: things of the link stand there that a create
    which did not end well has left. `has_complete`: things of the link stand there that an earlier create completed.
    """

    account_id: str
    vpc_id: str
    subnets: dict[str, str]
    outside: frozenset[str] = frozenset()
    is_new: bool = False
    has_leftovers: bool = False
    has_complete: bool = False


class ConnectorSpec(_Spec):
    """The connector asked for; `address` is empty while it is only checked. `mode`: the request's platform mode."""

    scope: Scope
    connector: Connector
    address: str = ""
    mode: PlatformMode = "api"


class ConnectorCreation(ConnectorSpec):
    """The connector to create, and until when it must be connected."""

    wait: Wait


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
    wait: Wait


class LoadBalancerSpec(_Spec):
    """The internal Network Load Balancer in exactly these subnets (AZ ID to subnet id), to listen on `ports` alone."""

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
    wait: Wait


class ListenerSpec(_Spec):
    """The listener on the target group's port that forwards to it."""

    scope: Scope
    load_balancer: LoadBalancer
    target_group: TargetGroup


class EndpointServiceSpec(_Spec):
    """The endpoint service over the load balancer, which must become Available."""

    scope: Scope
    load_balancer: LoadBalancer
    wait: Wait


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
    """The platform's object. `asked_at`: a moment before it was asked for, no later than any connection of it."""

    private_link_id: str
    asked_at: datetime


class Candidate(_Spec):
    """An endpoint connection that may be the PrivateLink's; `words` tell a person its id, owner, state and time."""

    vpc_endpoint_id: str
    words: str


class Connection(_Spec):
    """An endpoint connection that is this PrivateLink's: proven, or by a person's word.

    `words` tell a person its id, owner, state and time. `is_accepted`: somebody has accepted it already.
    """

    service_id: str
    vpc_endpoint_id: str
    words: str = ""
    is_accepted: bool = False


class Sighting(_Spec):
    """What was seen at an endpoint service: the PrivateLink's connection, or those among which a person chooses."""

    connection: Connection | None = None
    candidates: tuple[Candidate, ...] = ()


class WatchedService(_Spec):
    """The endpoint service at which the PrivateLink's endpoint connection, of the consumer's account, is to show.

    `asks`: where nothing proves whose it is, a person must say so. `asked_about` are the endpoints that a person has
    been shown; `chosen` is the answer.
    """

    scope: Scope
    endpoint_service: EndpointService
    consumer_account_id: str
    asks: bool = False
    asked_about: tuple[str, ...] = ()
    chosen: str = ""
    wait: Wait


class ConnectionWait(WatchedService):
    """The endpoint connection of exactly this PrivateLink, which the platform has made."""

    private_link: PrivateLink


class ByHandWait(WatchedService):
    """The endpoint connection of a PrivateLink that a person makes at the console, after the create was `asked_at`."""

    asked_at: datetime


class RemovalWait(_Spec):
    """The removal by a person of what the removal's scope has at the console, until `wait` is over.

    `vpc_endpoints` are those that the person was asked to delete. They are waited for whatever becomes of the tags by
    which the link's endpoint service is found.
    """

    removal: RemovalSpec
    vpc_endpoints: tuple[str, ...] = ()
    wait: Wait


class Acceptance(_Spec):
    """The connection to accept, and until when it must be available."""

    scope: Scope
    connection: Connection
    wait: Wait


class PrivateLinkWait(_Spec):
    """The PrivateLink that must be `running` and have an address."""

    scope: Scope
    private_link: PrivateLink
    wait: Wait


class CompleteSpec(_Spec):
    """All that the create made in AWS, to be marked complete."""

    scope: Scope
    arns: tuple[str, ...]
    service_id: str


class RemovalFacts(_Spec):
    """What a delete found of the link before removing anything; `ids` is empty when there is nothing.

    `place`: where it looked; `not_looked_at`: what of the link it could not look at, in words.
    """

    ids: tuple[str, ...] = ()
    place: Place | None = None
    not_looked_at: tuple[str, ...] = ()


class NotificationSpec(_Spec):
    """One phase that a saga has reached, as `progress` shows it: so no secret can be in it.

    `number` counts the saga's notifications. With `saga_id` it makes the event's id, which a dot must not stand in
    (Standard Webhooks 1.0, "Signature scheme"): Temporal's run ids have none.
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
