"""Names: pure functions of the link, valid wherever they are used, and different for different links."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from privatelink.model.names import (
    Link,
    Place,
    aws_name,
    client_token,
    described_owner,
    description,
    link_of_workflow_id,
    ownership_tags,
)

LINK_NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
DEPLOYMENTS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
LINKS = st.builds(Link, deployment=DEPLOYMENTS, name=LINK_NAMES)
PORTS = st.none() | st.integers(1, 65535)
SAGAS = st.uuids().map(str)
PLACES = st.none() | st.builds(
    Place,
    account=st.from_regex(r"[0-9]{12}", fullmatch=True),
    region=st.sampled_from(["us-east-1", "ap-southeast-2", "us-gov-west-1"]),
    mode=st.sampled_from(["api", "console"]),
)


@given(link=LINKS)
def test_a_link_is_read_back_from_its_text_and_from_its_workflow_id(link: Link) -> None:
    """What a person types and what Temporal lists both lead to the link."""
    assert Link.parse(str(link)) == link
    assert link_of_workflow_id(link.workflow_id) == link


@pytest.mark.parametrize("text", ["", "/", "w41b11c0", "w41b11c0/", "/orders", "W/orders", "w/a/b", "w/Orders", "w/a-"])
def test_a_text_that_names_no_link_is_refused(text: str) -> None:
    """Also by pydantic's own error, which is a ValueError."""
    with pytest.raises(ValueError, match=r"deployment|name"):
        Link.parse(text)


@pytest.mark.parametrize(
    "workflow_id",
    ["", "orders", "privatelink:w", "privatelink:w:a:b", "other:w:a", "privatelink:W:a", "privatelink:w:A_"],
)
def test_a_foreign_workflow_is_no_link(workflow_id: str) -> None:
    """A list of workflows may hold anybody's."""
    assert link_of_workflow_id(workflow_id) is None


@pytest.mark.parametrize("name", ["", "a" * 64, "-a", "a-", "Orders", "a_b", "a b", "ä", "a\n"])
def test_a_name_that_aws_could_not_bear_is_refused(name: str) -> None:
    """Before anything is named by it."""
    with pytest.raises(ValidationError):
        Link(deployment="w41b11c0", name=name)


@given(link=LINKS, port=PORTS)
def test_an_aws_name_keeps_the_rules_of_load_balancers_and_target_groups(link: Link, port: int | None) -> None:
    """At most 32 of [a-z0-9-], no hyphen at either end, not beginning with `internal-`."""
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", aws_name(link, port))
    assert not aws_name(link, port).startswith("internal-")


@given(one=st.tuples(LINKS, PORTS), other=st.tuples(LINKS, PORTS))
def test_aws_names_differ_where_link_or_port_does(one: tuple[Link, int | None], other: tuple[Link, int | None]) -> None:
    """Two links never meet in one load balancer."""
    assert (aws_name(*one) == aws_name(*other)) is (one == other)


def test_a_slash_in_the_middle_of_the_hash_is_no_way_to_collide() -> None:
    """`a/b-c` and `a-b/c` have other hashes though their letters are the same."""
    assert aws_name(Link(deployment="a", name="b-c")) != aws_name(Link(deployment="a-b", name="c"))


@given(sagas=st.lists(SAGAS, min_size=2, max_size=2, unique=True))
def test_a_client_token_belongs_to_one_saga_and_one_step(sagas: list[str]) -> None:
    """The same for every retry, new for the next saga, within EC2's 64 ASCII characters."""
    token = client_token(sagas[0], "endpoint-service")
    assert token == client_token(sagas[0], "endpoint-service")
    assert token != client_token(sagas[1], "endpoint-service")
    assert token != client_token(sagas[0], "other")
    assert token.isascii()
    assert len(token) <= 64


@given(link=LINKS, saga=SAGAS, place=PLACES)
def test_a_description_is_read_back(link: Link, saga: str, place: Place | None) -> None:
    """It replaces tags; those of earlier versions, which name no place, are read too."""
    read = described_owner(description(link, saga, place))
    assert read is not None
    assert (str(link), saga, place) == (read.link, read.saga_id, read.place)


@given(text=st.text() | LINKS.map(lambda link: f"{description(link, 's')} by hand"))
def test_another_text_is_nobodys(text: str) -> None:
    """A person's note, even one that begins like ours, marks nothing."""
    assert described_owner(text) is None


@given(link=LINKS, saga=SAGAS, place=PLACES)
def test_tags_keep_awss_limits(link: Link, saga: str, place: Place | None) -> None:
    """Keys up to 128, values up to 256, of the characters that every service takes."""
    for key, value in ownership_tags(link, saga, place).items():
        assert re.fullmatch(r"[\w .:/=+@-]{1,128}", key)
        assert re.fullmatch(r"[\w .:/=+@-]{0,256}", value)
