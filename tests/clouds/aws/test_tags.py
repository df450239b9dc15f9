"""Whose a thing is."""

import pytest

from clouds.aws.tags import Ownership, ec2_tags, elb_tags, tag_dict
from privatelink.model.names import TAG_LINK, TAG_SAGA, Link

LINK = Link(deployment="w41b11c0", name="orders-db")
OTHER = Link(deployment="w41b11c0", name="orders")


@pytest.mark.parametrize(
    ("ownership", "saga_id", "in_scope"),
    [
        (Ownership(str(LINK), "saga-1", complete=False), None, True),
        (Ownership(str(LINK), "saga-1", complete=True), None, True),
        (Ownership(str(LINK), "saga-1", complete=False), "saga-1", True),
        (Ownership(str(LINK), "saga-1", complete=True), "saga-2", False),
        (Ownership(str(OTHER), "saga-1", complete=False), None, False),
        (Ownership(str(OTHER), "saga-1", complete=False), "saga-1", False),
        (Ownership("", "", complete=False), None, False),
        (Ownership("", "saga-1", complete=False), "saga-1", False),
    ],
)
def test_a_removal_touches_the_links_own_and_a_rollback_its_sagas_own(
    ownership: Ownership, saga_id: str | None, *, in_scope: bool
) -> None:
    """A delete takes all of the link; a rollback what its saga made or adopted; nobody takes a foreign one."""
    assert in_scope == ownership.is_in_scope(LINK, saga_id)


@pytest.mark.parametrize("tags", [elb_tags, ec2_tags])
def test_our_tags_win_over_the_callers(tags: object) -> None:
    """Whatever a caller adds, identity stays ours."""
    assert callable(tags)
    made = tag_dict(tags(LINK, "saga-1", {"team": "orders", TAG_LINK: "somebody/else", TAG_SAGA: "saga-9"}))
    assert Ownership(str(LINK), "saga-1", complete=False) == Ownership.of(made)
    assert "orders" == made["team"]
