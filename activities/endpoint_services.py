"""The endpoint service over a link's load balancer, and who may connect to it."""

from temporalio import activity

from activities.checks.connection_matching import foreign_finding, is_own
from activities.inputs import EndpointService, EndpointServiceSpec, PrincipalSpec
from activities.scopes import RemovalScope, Removed
from activities.support.adoption import TAKEN_NEXT_STEP, may_exist
from activities.support.consistency import grace_from_schedule, note_effect, removal_deadline, since_effect
from activities.support.removals import each, nothing_found, patient, remember
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.codes import INVALID_PARAMETER, is_code
from clouds.aws.endpoint_connections import find_connections_of, reject_connection
from clouds.aws.endpoint_services import (
    AVAILABLE,
    DELETED,
    FAILED,
    LEAVING,
    FoundEndpointService,
    add_principal,
    create_endpoint_service,
    delete_endpoint_service,
    find_endpoint_service,
    find_endpoint_services,
    read_allowed_principals,
    remove_principals,
)
from clouds.aws.tags import add_ec2_tags, ec2_tags
from clouds.polling.schedule import Pending, PollSchedule
from privatelink.errors import (
    CloudRefused,
    EndpointServiceFailed,
    NameTaken,
    NotYet,
    PrivateLinkError,
    RemovalRefused,
)
from privatelink.model.names import TAG_LINK, client_token
from privatelink.pace import paced_delta

AVAILABILITY = PollSchedule(usual=10, fast=2, slow=10)
DELETION = PollSchedule(usual=20, fast=3, slow=10)


class EndpointServices:
    """The steps about the endpoint service and its allowed principals."""

    def __init__(self, aws: AwsAccounts) -> None:
        self._aws = aws

    @activity.defn
    async def create_endpoint_service(self, spec: EndpointServiceSpec) -> EndpointService:
        """Create the endpoint service over the load balancer, and wait until it is Available: usually seconds.

        It is IPv4, and we must accept every connection. The ClientToken makes a repeated call of one saga return the
        same service; one that carries the link's tag is adopted. Available does not yet mean that a consumer's call
        succeeds (aws-sdk issue 805); the PrivateLink's own step tolerates that.

        Raises `NameTaken` if the load balancer belongs to a foreign endpoint service: AWS lets a load balancer belong
        to only one ("Create a service powered by AWS PrivateLink"). Raises `EndpointServiceFailed` if it is Failed, or
        being deleted.
        """
        account = self._aws.account(spec.scope.aws)
        found = await find_endpoint_service(account, spec.scope.link) if may_exist(spec.scope) else None
        service = await _make(account, spec) if found is None else await _adopt(account, spec, found)

        def predicate(view: list[FoundEndpointService]) -> EndpointService | Pending:
            seen = next((one for one in view if one.service_id == service.service_id), None)
            if seen is None:
                return Pending(f"endpoint service {service.service_id} is not listed by AWS yet", service.service_id)
            if seen.state in LEAVING | {FAILED}:
                raise EndpointServiceFailed(
                    f"waiting for the endpoint service ({service.service_id}): it is {seen.state}",
                    resource=service.service_id,
                    next_step="find out who or what ended it (AWS CloudTrail), then create the link again",
                )
            if seen.state == AVAILABLE:
                return service
            return Pending(f"endpoint service {service.service_id} is {seen.state}", service.service_id)

        return await account.pollers.endpoint_services.poll(
            predicate, deadline=since_effect(spec.deadline), schedule=AVAILABILITY
        )

    @activity.defn
    async def add_allowed_principal(self, spec: PrincipalSpec) -> None:
        """Allow exactly this ARN to connect, and read it back.

        A principal that somebody else allowed is removed and named in the log: its endpoints would wait at the service
        and block every later delete. An endpoint that is already waiting stays, and is never accepted.
        """
        account = self._aws.account(spec.scope.aws)
        service_id, arn = spec.endpoint_service.service_id, spec.principal_arn
        allowed = await _allowed(account, service_id) if may_exist(spec.scope) else []
        if arn not in allowed:
            await add_principal(account, service_id, arn, unseen_until=grace_from_schedule())
            allowed = await _allowed(account, service_id)
        if arn not in allowed:
            raise NotYet(
                f"allowing {arn} at the endpoint service ({service_id}): AWS does not show it yet",
                resource=service_id,
                retry_after=paced_delta(2),
            )
        if others := sorted(set(allowed) - {arn}):
            activity.logger.warning(
                "endpoint service %s also allows %s, a foreign principal; it is removed",
                service_id,
                ", ".join(others),
                extra={"service_id": service_id},
            )
            await remove_principals(account, service_id, others)

    @activity.defn
    @patient
    async def remove_allowed_principals(self, spec: RemovalScope) -> Removed:
        """Remove every principal of the link's endpoint service, so that nobody new connects during the removal.

        This does not cut a live connection (AWS: "Manage permissions"). No service, or no principal, is success.
        """
        account = self._aws.account(spec.aws)
        services = [service for service in await _in_scope(account, spec) if service.is_live]
        if not services:
            return nothing_found()
        for service in services:
            allowed = await read_allowed_principals(account, service.service_id)
            remember(*allowed)
            if allowed:
                await remove_principals(account, service.service_id, allowed)
        return Removed(ids=remember())

    @activity.defn
    @patient
    async def delete_endpoint_service(self, spec: RemovalScope) -> Removed:
        """Delete the link's endpoint service, and wait until AWS no longer has it.

        None there is success; another saga's (in a rollback) is left alone. The link's own endpoint connections that
        are still attached to it are rejected. Raises `RemovalRefused` with the list while foreign ones are attached:
        deleting the service would cut them.
        """
        account = self._aws.account(spec.aws)
        services = await _in_scope(account, spec)
        if not services:
            return nothing_found()
        ids = remember(*(service.service_id for service in services))
        await each(services, lambda service: _delete(account, spec, service))
        note_effect()

        def predicate(view: list[FoundEndpointService]) -> Pending | None:
            left = [one for one in view if one.service_id in ids and one.state != DELETED]
            if not left:
                return None
            return Pending(f"endpoint service {left[0].service_id} is {left[0].state}", left[0].service_id)

        await account.pollers.endpoint_services.poll(predicate, deadline=removal_deadline(), schedule=DELETION)
        return Removed(ids=ids)


async def _in_scope(account: AwsAccount, spec: RemovalScope) -> list[FoundEndpointService]:
    return [
        found
        for found in await find_endpoint_services(account, spec.link)
        if found.ownership.is_in_scope(spec.link, spec.saga_id)
    ]


async def _delete(account: AwsAccount, spec: RemovalScope, service: FoundEndpointService) -> None:
    if not service.is_live:
        return
    live = [one for one in await find_connections_of(account, service.service_id) if one.is_live]
    foreign = [foreign_finding(one) for one in live if not is_own(one, spec, [service])]
    if foreign:
        doing = f"deleting the endpoint service ({service.service_id})"
        raise RemovalRefused.of_findings(foreign, doing=doing, resource=service.service_id)
    for own in live:
        # It came after the step that saw the link's own endpoint go, and nothing else would remove it.
        await reject_connection(account, service.service_id, own.vpc_endpoint_id)
    await delete_endpoint_service(account, service.service_id)


async def _allowed(account: AwsAccount, service_id: str) -> list[str]:
    return await read_allowed_principals(account, service_id, unseen_until=grace_from_schedule())


async def _make(account: AwsAccount, spec: EndpointServiceSpec) -> EndpointService:
    scope, load_balancer_arn = spec.scope, spec.load_balancer.arn
    try:
        service_id, service_name = await create_endpoint_service(
            account,
            load_balancer_arn,
            client_token(scope.saga_id, "endpoint-service"),
            ec2_tags(scope.link, scope.saga_id, scope.tags, scope.place),
            unseen_until=grace_from_schedule(),
        )
    except PrivateLinkError as error:
        holder = await _holder(account, load_balancer_arn) if is_code(error, INVALID_PARAMETER) else None
        if holder is None:
            raise
        if not holder.ownership.belongs_to(scope.link):
            whose = f"of link {holder.ownership.link}" if holder.ownership.link else f"which has no tag {TAG_LINK}"
            raise NameTaken(
                f"creating the endpoint service ({load_balancer_arn}): the load balancer belongs to "
                f"{holder.service_id}, {whose}",
                resource=holder.service_id,
                next_step=TAKEN_NEXT_STEP,
            ) from error
        return await _adopt(account, spec, holder)
    return EndpointService(service_id=service_id, service_name=service_name)


async def _adopt(account: AwsAccount, spec: EndpointServiceSpec, found: FoundEndpointService) -> EndpointService:
    scope = spec.scope
    if not found.ownership.complete:
        if found.load_balancer_arns != (spec.load_balancer.arn,):
            raise CloudRefused(
                f"adopting the endpoint service ({found.service_id}), a leftover of an earlier create: it leads "
                f"to {', '.join(found.load_balancer_arns)}",
                resource=found.service_id,
                next_step="delete the link, then create it again",
            )
        if found.saga_id != scope.saga_id:
            await add_ec2_tags(account, found.service_id, ec2_tags(scope.link, scope.saga_id, scope.tags, scope.place))
    return EndpointService(service_id=found.service_id, service_name=found.service_name)


async def _holder(account: AwsAccount, load_balancer_arn: str) -> FoundEndpointService | None:
    """The endpoint service that the load balancer belongs to; there can be only one."""
    return next(
        (
            one
            for one in await account.pollers.endpoint_services.reading()
            if one.is_live and load_balancer_arn in one.load_balancer_arns
        ),
        None,
    )
