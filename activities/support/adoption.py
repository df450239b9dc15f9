"""Adoption: what a create does with a thing that already has the link's identity.

Complete: used as it is, never tagged again, so that no rollback removes what an earlier create completed. Ours, but of
a saga that died: made to fit, and removed by this saga's rollback, whichever step it comes from. Not ours: refused by
name.
"""

from temporalio import activity

from activities.inputs import Scope
from clouds.aws.accounts import AwsAccount
from clouds.aws.tags import TAG_VPC_ENDPOINT, Ownership, add_ec2_tags
from privatelink.errors import NameTaken
from privatelink.model.names import TAG_LINK, Link

TAKEN_NEXT_STEP = "rename or delete that one, or give the link another name"


def may_exist(scope: Scope) -> bool:
    """Whether a step must look before it makes its thing: not at its first attempt where the link is new.

    That holds for what hangs on a thing of ours, or on our token. A load balancer and a target group are always looked
    for: AWS answers a create of the same name and settings with the one that is there, were it a stranger's.
    """
    info = activity.info()
    # An operator's Reset of the activity sets the attempt back to 1, and not the time at which the step was scheduled.
    return not scope.is_new or info.attempt > 1 or info.current_attempt_scheduled_time > info.scheduled_time


async def mark_own(account: AwsAccount, scope: Scope, service_id: str, vpc_endpoint_id: str) -> None:
    """Mark the VPC endpoint as proven to be the link's, by a tag on the endpoint service; nothing if it is marked."""
    if may_exist(scope):
        for service in await account.views.endpoint_services.reading():
            if (service.service_id, service.vpc_endpoint_id) == (service_id, vpc_endpoint_id):
                return
    await add_ec2_tags(account, service_id, [{"Key": TAG_VPC_ENDPOINT, "Value": vpc_endpoint_id}])


def check_ours(ownership: Ownership, link: Link, *, kind: str, thing_id: str) -> None:
    """Raise `NameTaken` when the thing does not carry this link's tag."""
    if not ownership.belongs_to(link):
        raise NameTaken(
            f"making the {kind} ({thing_id}): {taken_words(ownership, kind)}",
            resource=thing_id,
            next_step=TAKEN_NEXT_STEP,
        )


def taken_words(ownership: Ownership, kind: str) -> str:
    """Whose the thing is that has the name."""
    if ownership.link:
        return f"a {kind} of link {ownership.link} has that name"
    return f"a {kind} without our tag {TAG_LINK} has that name"
