"""The listeners of a link's load balancer, one for each port: create, delete."""

from temporalio import activity

from activities.inputs import ListenerSpec
from activities.scopes import RemovalScope, Removed
from activities.support.adoption import check_ours, may_exist
from activities.support.consistency import grace_from_schedule, note_effect
from activities.support.removals import each, nothing_found, patient, remember
from clouds.aws.accounts import AwsAccounts
from clouds.aws.listeners import create_listener, delete_listener, find_listeners
from clouds.aws.load_balancers import find_load_balancer
from clouds.aws.tags import add_elb_tags, elb_tags
from privatelink.errors import NotYet
from privatelink.pace import paced_delta


class Listeners:
    """The steps about listeners."""

    def __init__(self, aws: AwsAccounts) -> None:
        self._aws = aws

    @activity.defn
    async def create_listener(self, spec: ListenerSpec) -> str:
        """Create the TCP listener on the target group's port that forwards to it; returns its ARN.

        An existing one is adopted, and a leftover that forwards elsewhere is replaced. Raises `NameTaken` if a foreign
        listener is on the port.
        """
        scope, group, load_balancer_arn = spec.scope, spec.target_group, spec.load_balancer.arn
        account = self._aws.account(scope.aws)
        tags = elb_tags(scope.link, scope.saga_id, scope.tags, scope.place)
        listed = (
            await find_listeners(account, load_balancer_arn, unseen_until=grace_from_schedule())
            if may_exist(scope)
            else ()
        )
        found = next((one for one in listed if one.port == group.port), None)
        if found:
            check_ours(found.ownership, scope.link, kind="listener", thing_id=f"port {group.port}")
            if found.ownership.complete:
                return found.arn
            if found.target_group_arns == (group.arn,):
                if found.ownership.saga_id != scope.saga_id:
                    await add_elb_tags(account, [found.arn], tags)
                return found.arn
            await delete_listener(account, found.arn)
        return await create_listener(
            account, load_balancer_arn, group.port, group.arn, tags, unseen_until=grace_from_schedule()
        )

    @activity.defn
    @patient
    async def delete_listeners(self, spec: RemovalScope) -> Removed:
        """Delete every listener of the link; each is tried, then the first error is raised.

        No listener is success, and so is no load balancer. A foreign one, or (in a rollback) another saga's, is left
        alone.
        """
        account = self._aws.account(spec.aws)
        load_balancer = await find_load_balancer(account, spec.link)
        if load_balancer is None:
            return nothing_found()

        async def in_scope() -> list[str]:
            return [
                found.arn
                for found in await find_listeners(account, load_balancer.arn)
                if found.ownership.is_in_scope(spec.link, spec.saga_id)
            ]

        arns = await in_scope()
        if not arns:
            return nothing_found()
        ids = remember(*arns)
        await each(arns, lambda arn: delete_listener(account, arn))
        note_effect()
        if left := await in_scope():
            raise NotYet(
                f"deleting the listeners of {spec.link} ({', '.join(left)}): AWS still lists them",
                resource=load_balancer.arn,
                retry_after=paced_delta(2),
            )
        return Removed(ids=ids)
