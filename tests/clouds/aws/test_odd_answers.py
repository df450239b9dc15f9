"""Answers that no AWS gives: every one of them has a name, a limit of time and of size, and no consequence after it."""

import asyncio
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from mypy_boto3_ec2.type_defs import TagTypeDef as Ec2Tag
from mypy_boto3_elbv2.type_defs import TagTypeDef as ElbTag

from clouds.aws import limits
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.budgets import Bucket
from clouds.aws.endpoint_connections import accept_connection, read_endpoint_connections, reject_connection
from clouds.aws.endpoint_services import (
    add_principal,
    create_endpoint_service,
    delete_endpoint_service,
    read_allowed_principals,
    read_endpoint_services,
)
from clouds.aws.listeners import create_listener, delete_listener, find_listeners
from clouds.aws.load_balancers import (
    create_load_balancer,
    delete_load_balancer,
    read_load_balancer,
    read_load_balancers,
    set_cross_zone,
)
from clouds.aws.networks import find_instances, find_subnets, read_held_addresses, read_vpc
from clouds.aws.sessions import Clients
from clouds.aws.tags import add_ec2_tags, add_elb_tags, read_elb_tags
from clouds.aws.target_groups import (
    create_target_group,
    delete_target_group,
    read_target_groups,
)
from clouds.aws.targets import TargetHealth, deregister_targets, read_target_health, register_targets
from privatelink.errors import CloudUnavailable, PrivateLinkError, Throttled, UnknownCloudError
from privatelink.model.listeners import Listener
from privatelink.model.request import AwsAccess
from privatelink.pace import paced
from tests.support.odd_aws import OddAws, Reply, odd_aws

ARN = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/pl-orders/0a1"
SOON = datetime.now(UTC)
LISTENER = Listener.model_validate({"port": 3306, "targets": ["10.0.1.15"]})

TAGS: list[ElbTag] = [{"Key": "team", "Value": "orders"}]
EC2_TAGS: list[Ec2Tag] = [{"Key": "team", "Value": "orders"}]

Calls = dict[str, Callable[[AwsAccount], Awaitable[object]]]

READS: Calls = {
    "whose": lambda account: account.account_id(),
    "subnets": lambda account: find_subnets(account, ["subnet-1"]),
    "vpc": lambda account: read_vpc(account, "vpc-1"),
    "interfaces": lambda account: read_held_addresses(account, "vpc-1"),
    "instances": lambda account: find_instances(account, ["i-1"]),
    "load balancers": read_load_balancers,
    "load balancer": lambda account: read_load_balancer(account, ARN),
    "listeners": lambda account: find_listeners(account, ARN),
    "target groups": read_target_groups,
    "targets": lambda account: read_target_health(account, ARN),
    "tags": lambda account: read_elb_tags(account, [ARN]),
    "endpoint services": read_endpoint_services,
    "principals": lambda account: read_allowed_principals(account, "vpce-svc-1"),
    "connections": read_endpoint_connections,
}

MAKING: Calls = {
    "create load balancer": lambda account: create_load_balancer(account, "pl-orders", ["subnet-1"], TAGS),
    "create target group": lambda account: create_target_group(account, "pl-orders-3306", LISTENER, "vpc-1", TAGS),
    "create listener": lambda account: create_listener(account, ARN, 3306, ARN, TAGS, unseen_until=SOON),
    "create endpoint service": lambda account: create_endpoint_service(account, ARN, "t", EC2_TAGS, unseen_until=SOON),
}
"""Writes whose answer says what was made."""

CHANGING: Calls = {
    "cross-zone": lambda account: set_cross_zone(account, ARN, unseen_until=SOON),
    "register": lambda account: register_targets(account, ARN, ["10.0.1.15"], (), unseen_until=SOON),
    "deregister": lambda account: deregister_targets(account, ARN, [TargetHealth("10.0.1.15", "", "", "", 3306)]),
    "tag at ELB": lambda account: add_elb_tags(account, [ARN], TAGS),
    "tag at EC2": lambda account: add_ec2_tags(account, "vpce-svc-1", EC2_TAGS),
    "principal": lambda account: add_principal(account, "vpce-svc-1", "arn:aws:iam::1:root", unseen_until=SOON),
    "accept": lambda account: accept_connection(account, "vpce-svc-1", "vpce-1"),
    "reject": lambda account: reject_connection(account, "vpce-svc-1", "vpce-1"),
    "no service": lambda account: delete_endpoint_service(account, "vpce-svc-1"),
    "no load balancer": lambda account: delete_load_balancer(account, ARN),
    "no listener": lambda account: delete_listener(account, ARN),
    "no target group": lambda account: delete_target_group(account, ARN),
}

PAGE = b"<html><head><title>Log in</title></head><body>to the network</body></html>"


def empty(question: str) -> Reply:
    """The operation's own answer, and nothing in it."""
    (action,) = parse_qs(question.rpartition(" ")[2])["Action"]
    return Reply(f"<{action}Response><{action}Result/></{action}Response>".encode())


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[OddAws]:
    """An AWS that answers with a page of HTML until a test says otherwise."""
    with odd_aws(lambda _: Reply(PAGE, content_type="text/html")) as odd:
        for name, value in {
            "AWS_ENDPOINT_URL": odd.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "an-example-of-a-secret",
        }.items():
            monkeypatch.setenv(name, value)
        yield odd


@pytest.fixture
def account(odd: OddAws) -> AwsAccount:
    """An account at that AWS, with two threads."""
    assert odd.endpoint
    return AwsAccounts(threads=2).account(AwsAccess(region="us-east-1"))


async def outcome(call: Awaitable[object]) -> PrivateLinkError:
    """The error that the call ends with, which must be ours, and show nothing of Python's."""
    with pytest.raises(PrivateLinkError) as raised:
        await call
    told = f"{raised.value} {raised.value.details_model}"
    for raw in ("KeyError", "IndexError", "ValueError", "AttributeError", "Traceback", ": ; "):
        assert raw not in told
    return raised.value


@pytest.mark.parametrize("name", [*READS, *MAKING, *CHANGING])
async def test_a_page_of_somebody_elses_is_no_answer(account: AwsAccount, name: str) -> None:
    """A captive portal answers every call with 200; neither is a read empty by that, nor a write done."""
    error = await outcome(((READS | MAKING | CHANGING)[name])(account))
    assert UnknownCloudError is type(error)
    assert "AWS answered in a form that the orchestrator does not know: HTTP 200: it begins with <html>" in str(error)
    assert "proxy" in error.details_model.next_step


@pytest.mark.parametrize("name", [*READS, *MAKING])
async def test_an_answer_without_its_member_is_not_an_empty_one(odd: OddAws, account: AwsAccount, name: str) -> None:
    """AWS sends an empty element for an empty list. What is not there at all must not pass for "there is none"."""
    odd.answer = empty
    error = await outcome((READS | MAKING)[name](account))
    assert UnknownCloudError is type(error)
    assert "it lacks " in str(error)


@pytest.mark.parametrize("call", CHANGING.values(), ids=CHANGING)
async def test_a_change_is_done_when_its_own_answer_says_so(
    odd: OddAws, account: AwsAccount, call: Callable[[AwsAccount], Awaitable[object]]
) -> None:
    """AWS answers most changes with nothing but the operation's name."""
    odd.answer = empty
    await call(account)


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(PAGE, 403, "text/html"), UnknownCloudError, "the answer was HTTP 403 with a page of HTML"),
        (Reply(b"<br>", 403, "text/html"), CloudUnavailable, "HTTP 403: the answer is a page of HTML, not AWS's"),
        (Reply(PAGE, 301, "text/html"), UnknownCloudError, "HTTP 301"),
        (Reply(b"<Response><Errors><Error/></Errors></Response>", 400), UnknownCloudError, "HTTP 400"),
        (Reply(PAGE, 429, "text/html", (("Retry-After", "30"),)), Throttled, "HTTP 429"),
        (Reply(b"", 502, "text/html"), CloudUnavailable, "HTTP 502"),
        (Reply(b""), UnknownCloudError, "it begins with no XML"),
    ],
)
async def test_an_answer_without_a_code_is_told_by_its_status(
    odd: OddAws, account: AwsAccount, reply: Reply, kind: type[PrivateLinkError], words: str
) -> None:
    """A proxy's refusal has no code of AWS in it; the sentence says what it has."""
    odd.answer = lambda _: reply
    error = await outcome(find_subnets(account, ["subnet-1"]))
    assert kind is type(error)
    assert words in str(error)


async def test_a_retry_after_is_kept(odd: OddAws, account: AwsAccount) -> None:
    """As long as the answer asks for, on the cloud's clock; one that no clock can hold is cut."""
    for header, seconds in (("300", 300.0), ("9" * 400, 3600.0), ("9" * 30, 3600.0)):
        odd.answer = lambda _, header=header: Reply(PAGE, 429, headers=(("Retry-After", header),))  # type: ignore[misc]
        error = await outcome(find_subnets(account, ["subnet-1"]))
        assert error.next_retry_delay is not None
        assert paced(seconds) <= error.next_retry_delay.total_seconds() <= paced(max(seconds, 8.0))


async def test_the_same_page_again_and_again_is_named(odd: OddAws, account: AwsAccount) -> None:
    """A list whose pagination token repeats would never end."""
    odd.answer = lambda _: Reply(
        b"<DescribeSubnetsResponse><subnetSet/><nextToken>again</nextToken></DescribeSubnetsResponse>"
    )
    error = await outcome(find_subnets(account, ["subnet-1"]))
    assert "it gives the same page again and again" in str(error)


async def test_a_connection_without_a_vpc_endpoint_passes_for_nobodys(odd: OddAws, account: AwsAccount) -> None:
    """A transit gateway's has another id; an empty one would equal that of a link which does not know its own yet."""
    gateway = "<transitGatewayAttachmentId>tgw-attach-1</transitGatewayAttachmentId>"
    items = "".join(f"<item><serviceId>vpce-svc-1</serviceId>{id_}</item>" for id_ in (gateway, ""))
    operation = "DescribeVpcEndpointConnectionsResponse"
    body = f"<{operation}><vpcEndpointConnectionSet>{items}</vpcEndpointConnectionSet></{operation}>"
    odd.answer = lambda _: Reply(body.encode())
    assert ["tgw-attach-1", "(no id)"] == [one.vpc_endpoint_id for one in await read_endpoint_connections(account)]


SUBNETS = b"<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>"


@pytest.mark.parametrize("call", [READS["subnets"], CHANGING["accept"]], ids=["read", "write"])
async def test_a_call_that_trickles_is_given_up_and_holds_nothing_afterwards(
    odd: OddAws,
    account: AwsAccount,
    call: Callable[[AwsAccount], Awaitable[object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It ends at its limit, its connection is shut down, and more such calls than there are threads stop no other."""
    odd.answer = lambda _: Reply(SUBNETS, every=0.5)
    began = time.monotonic()
    with monkeypatch.context() as shorter:
        shorter.setattr(limits, "CALL_SECONDS", 0.4)
        for error in await asyncio.gather(*(outcome(call(account)) for _ in range(4))):
            assert CloudUnavailable is type(error)
            assert "we gave up the call to AWS: the answer was not whole after" in str(error)
    assert time.monotonic() - began < len(SUBNETS) * 0.5, "no answer was waited for"
    assert await asyncio.to_thread(odd.hung_up.wait, 10)
    odd.answer = lambda _: Reply(SUBNETS)
    assert {} == await find_subnets(account, ["subnet-1"])


async def test_a_thread_that_cannot_be_stopped_costs_no_turn(
    odd: OddAws, account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that waits for a name server: its call is given up, others go on, and too many of them are reported."""
    may_end = threading.Event()
    odd.answer = lambda _: Reply(SUBNETS)

    async def stuck() -> PrivateLinkError:
        with monkeypatch.context() as shorter:
            shorter.setattr(limits, "OPERATION_SECONDS", 0.2)
            return await outcome(account.call(Bucket.EC2_READ, "reading", "it", lambda _: may_end.wait(20)))

    try:
        assert "it had not ended after" in str(await stuck())
        assert {} == await find_subnets(account, ["subnet-1"])
        await stuck()
        assert "calls hang in threads" in str(await outcome(find_subnets(account, ["subnet-1"])))
    finally:
        may_end.set()
    async with asyncio.timeout(5):
        while account._threads.stuck:  # noqa: ASYNC110 - the threads come back by themselves
            await asyncio.sleep(0.01)
    assert {} == await find_subnets(account, ["subnet-1"])


async def test_a_given_up_write_is_never_sent_late(
    odd: OddAws, account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that comes free after its call was given up must not begin the write then."""
    monkeypatch.setattr(limits, "OPERATION_SECONDS", 0.2)
    may_go_on, ended = threading.Event(), threading.Event()

    def write(clients: Clients) -> None:
        may_go_on.wait(20)
        try:
            clients.ec2.create_tags(Resources=["vpce-svc-1"], Tags=[])
        finally:
            ended.set()

    await outcome(account.call(Bucket.EC2_WRITE, "tagging", "it", write))
    may_go_on.set()
    assert await asyncio.to_thread(ended.wait, 5)
    assert [] == odd.asked


async def test_an_answer_has_a_limit_of_size(odd: OddAws, account: AwsAccount) -> None:
    """Nobody reads a hundred megabytes to learn that they are none of AWS's."""
    odd.answer = lambda _: Reply(b"<a>" + b" " * (limits.MOST_BYTES + 1))
    error = await outcome(find_subnets(account, ["subnet-1"]))
    assert "the answer is larger than 10 MiB" in str(error)
    assert CloudUnavailable is type(error)


async def test_the_cause_is_kept_without_a_secret(odd: OddAws, account: AwsAccount) -> None:
    """The worker's log has boto3's own words, and never a body or a signed request, which may hold a token."""
    odd.answer = lambda _: Reply(b"<AssumeRoleResponse><SecretAccessKey>s3cret", 400)
    error = await outcome(find_subnets(account, ["subnet-1"]))
    assert "invalid XML received" in str(error.__cause__)
    assert "s3cret" not in "".join(traceback.format_exception(error))
