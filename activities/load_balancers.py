"""The internal Network Load Balancer of a link: create, wait until active, delete."""

from temporalio import activity

from activities.inputs import LoadBalancer, LoadBalancerSpec, LoadBalancerWait
from activities.scopes import RemovalScope, Removed
from activities.support.adoption import check_ours
from activities.support.consistency import grace_from_now, note_effect, removal_deadline
from activities.support.removals import nothing_found, patient, remember
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.listeners import delete_listener, find_listeners
from clouds.aws.load_balancers import (
    ACTIVE,
    ACTIVE_IMPAIRED,
    FAILED,
    FoundLoadBalancer,
    create_load_balancer,
    delete_load_balancer,
    find_load_balancer,
    set_cross_zone,
)
from clouds.aws.tags import add_elb_tags, elb_tags
from clouds.aws.target_groups import delete_target_group, find_target_groups
from clouds.polling.schedule import Pending, PollSchedule
from privatelink.errors import CloudRefused, LoadBalancerFailed, NotYet
from privatelink.model.names import aws_name
from privatelink.pace import paced_delta

ACTIVATION = PollSchedule(usual=150, fast=2, slow=30)
"""Poll schedule until it is active: two to three minutes in the field, with tails of ten and more."""

DELETION = PollSchedule(usual=20, fast=3, slow=10)


class LoadBalancers:
    """The steps about the load balancer."""

    def __init__(self, aws: AwsAccounts) -> None:
        self._aws = aws

    @activity.defn
    async def create_load_balancer(self, spec: LoadBalancerSpec) -> LoadBalancer:
        """Create the link's load balancer: internal, IPv4, cross-zone, in exactly the subnets given.

        An existing one is adopted. A leftover in other subnets is replaced. A leftover's listeners and target groups on
        ports other than `ports` are deleted. Raises `NameTaken` if a foreign load balancer has the name.
        """
        account = self._aws.account(spec.scope.aws)
        found = await find_load_balancer(account, spec.scope.link)
        if found is None:
            tags = elb_tags(spec.scope.link, spec.scope.saga_id, spec.scope.tags, spec.scope.place)
            arn = await create_load_balancer(account, aws_name(spec.scope.link), sorted(spec.subnets.values()), tags)
        else:
            arn = found.arn
            check_ours(found.ownership, spec.scope.link, kind="load balancer", thing_id=found.name)
            if found.ownership.complete:
                return LoadBalancer(arn=arn)
            if found.state == FAILED or found.differences(set(spec.subnets.values())):
                await _make_way(account, found)
            await _delete_other_ports(account, spec, arn)
            if found.ownership.saga_id != spec.scope.saga_id:
                tags = elb_tags(spec.scope.link, spec.scope.saga_id, spec.scope.tags, spec.scope.place)
                await add_elb_tags(account, [arn], tags)
        await set_cross_zone(account, arn, unseen_until=grace_from_now())
        return LoadBalancer(arn=arn)

    @activity.defn
    async def wait_for_load_balancer(self, spec: LoadBalancerWait) -> str:
        """Wait until the load balancer is active. Returns a warning if it is active but impaired, otherwise nothing.

        States: API_LoadBalancerState. Raises `LoadBalancerFailed` with AWS's reason if it is `failed`.
        """
        arn = spec.load_balancer.arn
        name = aws_name(spec.scope.link)

        def predicate(view: dict[str, FoundLoadBalancer]) -> str | Pending:
            found = view.get(arn)
            if found is None:
                return Pending(f"load balancer {name} is not listed by AWS yet", arn)
            if found.state == FAILED:
                raise LoadBalancerFailed(
                    f"waiting for the load balancer ({name}): it failed: {found.reason or 'AWS gives no reason'}",
                    resource=arn,
                    next_step="check its subnets and AWS's health page, then create the link again",
                )
            if found.state == ACTIVE:
                return ""
            if found.state == ACTIVE_IMPAIRED:
                return f"load balancer {name} is active but impaired: {found.reason or 'AWS gives no reason'}"
            return Pending(f"load balancer {name} is {found.state}", arn)

        pollers = self._aws.account(spec.scope.aws).pollers
        warning = await pollers.load_balancers.poll(predicate, deadline=spec.deadline, schedule=ACTIVATION)
        if warning:
            activity.logger.warning(warning, extra={"load_balancer_arn": arn})
        return warning

    @activity.defn
    @patient
    async def delete_load_balancer(self, spec: RemovalScope) -> Removed:
        """Delete the link's load balancer and its listeners, and wait until AWS no longer lists it.

        None there is success; a foreign one, or (in a rollback) another saga's, is left alone.
        """
        account = self._aws.account(spec.aws)
        found = await find_load_balancer(account, spec.link)
        if found is None or not found.ownership.is_in_scope(spec.link, spec.saga_id):
            return nothing_found()
        arn = found.arn
        ids = remember(arn)
        await delete_load_balancer(account, arn)
        note_effect()
        await account.pollers.load_balancers.poll(
            lambda view: Pending(f"load balancer {found.name} is still listed", arn) if arn in view else None,
            deadline=removal_deadline(),
            schedule=DELETION,
        )
        return Removed(ids=ids)


async def _make_way(account: AwsAccount, found: FoundLoadBalancer) -> None:
    """Delete a leftover that cannot fit. Always raises: `NotYet` while it goes, `CloudRefused` when it can't go."""
    for service in await account.pollers.endpoint_services.reading():
        if found.arn in service.load_balancer_arns and service.is_live:
            raise CloudRefused(
                f"replacing the load balancer ({found.name}), a leftover of an earlier create that does not fit this "
                f"request: endpoint service {service.service_id} uses it",
                resource=found.arn,
                next_step="delete the link, then create it again",
            )
    await delete_load_balancer(account, found.arn)
    raise NotYet(
        f"replacing the load balancer ({found.name}): a leftover that does not fit this request is being deleted",
        resource=found.arn,
        retry_after=paced_delta(5),
    )


async def _delete_other_ports(account: AwsAccount, spec: LoadBalancerSpec, arn: str) -> None:
    """Keep a create from ending with open ports, or target groups, that its request does not name."""
    if not spec.ports:
        return
    link = spec.scope.link
    groups = {
        group.arn
        for group in await find_target_groups(account, link)
        if group.ownership.belongs_to(link) and group.listener_port(link) not in spec.ports
    }
    for listener in await find_listeners(account, arn):
        holds_one = not groups.isdisjoint(listener.target_group_arns)
        if listener.ownership.belongs_to(link) and (holds_one or listener.port not in spec.ports):
            await delete_listener(account, listener.arn)
    for group_arn in sorted(groups):
        await delete_target_group(account, group_arn)
