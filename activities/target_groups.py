"""The target groups of a link, one for each listener: create with targets registered, wait until healthy, delete."""

from temporalio import activity

from activities.inputs import TargetGroup, TargetGroupSpec, TargetsWait
from activities.scopes import RemovalScope, Removed
from activities.support.adoption import check_ours
from activities.support.consistency import grace_from_now, note_effect
from activities.support.removals import each, nothing_found, patient, remember
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.codes import RESOURCE_IN_USE
from clouds.aws.listeners import delete_listener, find_listeners
from clouds.aws.tags import add_elb_tags, elb_tags
from clouds.aws.target_groups import (
    FoundTargetGroup,
    create_target_group,
    delete_target_group,
    find_target_group,
    find_target_groups,
    set_deregistration_delay,
)
from clouds.aws.targets import DRAINING, TargetHealth, deregister_targets, read_target_health, register_targets
from clouds.polling.schedule import Pending, PollSchedule, still_pending
from privatelink.errors import NotYet, TargetsUnhealthy
from privatelink.model.deadlines import span
from privatelink.model.names import aws_name
from privatelink.model.progress import TRIED_AGAIN
from privatelink.pace import paced, paced_delta

HEALTH = PollSchedule(usual=120, fast=15, slow=30)

FIRST_CHECKS_SECONDS = 120
"""Seconds that registration and the first checks take: one and a half to three minutes in the field. An earlier read
would be wasted, and two sagas cannot share one. The PrivateLink, which is made meanwhile, takes longer."""

NEVER_HEALTHY = frozenset({"Target.InvalidState", "Target.IpUnusable", "Target.NotRegistered"})
"""Reasons that waiting does not cure (API_TargetHealth)."""

NOT_IN_USE = "Target.NotInUse"
NOT_IN_USE_SECONDS = 300
"""Seconds after which NotInUse no longer counts as normal. It is normal until the load balancer is active. If it lasts
longer, the target's AZ is not enabled."""


class TargetGroups:
    """The steps about target groups."""

    def __init__(self, aws: AwsAccounts) -> None:
        self._aws = aws

    @activity.defn
    async def create_target_group(self, spec: TargetGroupSpec) -> TargetGroup:
        """Create the target group of one listener and register exactly its targets.

        An existing one is adopted. A leftover with other settings is replaced; a leftover's further targets are
        deregistered. Raises `NameTaken` if a foreign target group has the name.
        """
        scope, port = spec.scope, spec.listener.port
        account = self._aws.account(scope.aws)
        found = await find_target_group(account, scope.link, port)
        if found:
            check_ours(found.ownership, scope.link, kind="target group", thing_id=found.name)
            if found.ownership.complete:
                return TargetGroup(arn=found.arn, port=port)
            if found.differences(spec.listener, spec.vpc_id):
                await _make_way(account, found)
                found = None
        tags = elb_tags(scope.link, scope.saga_id, scope.tags, scope.place)
        if found is None:
            arn = await create_target_group(account, aws_name(scope.link, port), spec.listener, spec.vpc_id, tags)
        else:
            arn = found.arn
            if found.ownership.saga_id != scope.saga_id:
                await add_elb_tags(account, [arn], tags)
            await _deregister_others(account, spec, arn)
        await set_deregistration_delay(account, arn, unseen_until=grace_from_now())
        await register_targets(account, arn, spec.listener.targets, spec.outside, unseen_until=grace_from_now())
        return TargetGroup(arn=arn, port=port)

    @activity.defn
    async def wait_for_targets(self, spec: TargetsWait) -> None:
        """Wait until every registered target is healthy. Meaningful only after the listener exists.

        Nothing is read before the first checks can be over, unless an operator retries the step: `check_provider` has
        already refused targets that were wrong from the start. Raises `TargetsUnhealthy` at once for reasons that
        waiting does not cure. Other unhealthy targets are waited for until the deadline, each with AWS's reason.
        """
        group, deadline = spec.target_group, spec.deadline
        name = aws_name(spec.scope.link, group.port)
        # The deadline may be shorter than that, and must not pass without a read.
        early = min(paced(FIRST_CHECKS_SECONDS), (deadline.elapsed + deadline.remaining) / 2) - deadline.elapsed
        if early > 0 and TRIED_AGAIN not in activity.info().activity_id:
            usual = span(paced(FIRST_CHECKS_SECONDS))
            checked = Pending(f"targets of {name}: their first checks take about {usual}", group.arn)
            raise still_pending(checked, deadline, reading_due=early)

        def predicate(targets: list[TargetHealth]) -> Pending | None:
            waiting = [target for target in targets if target.state != "healthy"]
            lasting = NEVER_HEALTHY | ({NOT_IN_USE} if deadline.elapsed > paced(NOT_IN_USE_SECONDS) else set())
            hopeless = [target for target in waiting if target.reason in lasting]
            if hopeless:
                raise TargetsUnhealthy(
                    f"waiting for the targets of {name} to become healthy ({group.arn}): "
                    + "; ".join(str(target) for target in hopeless),
                    resource=group.arn,
                    next_step="correct the targets: each must be running, in an AZ that has one of the subnets",
                )
            if waiting or not targets:
                words = "; ".join(str(target) for target in waiting) or "none registered yet"
                return Pending(f"targets of {name}: {words}", group.arn)
            return None

        view = self._aws.account(spec.scope.aws).pollers.target_health(group.arn)
        await view.poll(predicate, deadline=deadline, schedule=HEALTH)

    @activity.defn
    @patient
    async def delete_target_groups(self, spec: RemovalScope) -> Removed:
        """Delete every target group of the link, and see them gone; each is tried, then the first error is raised.

        None there is success; a foreign one, or (in a rollback) another saga's, is left alone.
        """
        account = self._aws.account(spec.aws)

        async def in_scope() -> list[str]:
            return [
                group.arn
                for group in await find_target_groups(account, spec.link)
                if group.ownership.is_in_scope(spec.link, spec.saga_id)
            ]

        arns = await in_scope()
        if not arns:
            return nothing_found()
        ids = remember(*arns)
        try:
            await each(arns, lambda arn: delete_target_group(account, arn))
        except NotYet as error:
            if error.cloud_code != RESOURCE_IN_USE:
                raise
            # Usual for some seconds: the load balancer that used it is being deleted at the same time.
            raise NotYet(
                f"deleting the target groups of {spec.link} ({error.details_model.resource}): "
                "AWS still counts it as in use by a load balancer",
                resource=error.details_model.resource,
                retry_after=paced_delta(5),
            ) from error
        note_effect()
        if left := await in_scope():
            raise NotYet(
                f"deleting the target groups of {spec.link} ({', '.join(left)}): AWS still lists them",
                resource=", ".join(left),
                retry_after=paced_delta(2),
            )
        return Removed(ids=ids)


async def _make_way(account: AwsAccount, found: FoundTargetGroup) -> None:
    """Delete a leftover that cannot fit, after the listeners that forward to it."""
    for load_balancer_arn in found.load_balancer_arns:
        for listener in await find_listeners(account, load_balancer_arn):
            if found.arn in listener.target_group_arns:
                await delete_listener(account, listener.arn)
    await delete_target_group(account, found.arn)


async def _deregister_others(account: AwsAccount, spec: TargetGroupSpec, arn: str) -> None:
    registered = await read_target_health(account, arn, unseen_until=grace_from_now())
    others = [one for one in registered if not one.is_asked_for(spec.listener) and one.state != DRAINING]
    if others:
        await deregister_targets(account, arn, others)
