"""Adoption: what a create does with a resource that already has the link's identity.

- Complete: it is used as it is, and never tagged again, so no rollback removes what an earlier create completed.
- Ours, but from a saga that died: it is made to fit. This saga's rollback removes it, whichever step it comes from.
- Foreign: it is refused by name.
"""

from temporalio import activity

from activities.scopes import Scope
from clouds.aws.tags import Ownership
from privatelink.errors import NameTaken
from privatelink.model.names import TAG_LINK, Link

TAKEN_NEXT_STEP = "rename or delete that one, or give the link another name"


def may_exist(scope: Scope) -> bool:
    """Whether a step must look before it makes its resource. It need not at its first attempt for a new link.

    This holds for what hangs on a resource of ours, or on our token. A load balancer and a target group are always
    looked for: AWS answers a create of the same name and settings with the existing one, even if it is foreign.
    """
    info = activity.info()
    # An operator's Reset of the activity sets the attempt back to 1, but keeps the time at which the step was
    # scheduled.
    return not scope.is_new or info.attempt > 1 or info.current_attempt_scheduled_time > info.scheduled_time


def check_ours(ownership: Ownership, link: Link, *, kind: str, thing_id: str) -> None:
    """Raise `NameTaken` if the resource does not carry this link's tag."""
    if not ownership.belongs_to(link):
        raise NameTaken(
            f"making the {kind} ({thing_id}): {taken_words(ownership, kind)}",
            resource=thing_id,
            next_step=TAKEN_NEXT_STEP,
        )


def taken_words(ownership: Ownership, kind: str) -> str:
    """Whose resource has the name."""
    if ownership.link:
        return f"a {kind} of link {ownership.link} has that name"
    return f"a {kind} without our tag {TAG_LINK} has that name"
