"""The endpoint connection: exactly this PrivateLink's is proven and accepted, and no foreign one is touched."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from activities import inputs
from activities.checks.connection_matching import LATE_SECONDS, NAMING_SECONDS, the_named, the_only
from activities.endpoint_connections import LEAVING_SECONDS, EndpointConnections
from activities.private_links import PrivateLinks
from clouds.aws.endpoint_connections import FoundConnection
from clouds.aws.tags import TAG_VPC_ENDPOINT
from clouds.emqx.platform import Platform
from privatelink.errors import (
    AmbiguousConnection,
    DeadlinePassed,
    EndpointConnectionFailed,
    NotYet,
    PrivateLinkError,
    PrivateLinkFailed,
    Throttled,
)
from privatelink.model.deadlines import Deadline
from privatelink.pace import paced_delta
from runtime.settings import Settings
from tests.support.sandbox import Sandbox
from tests.support.steps import (
    CONSUMER,
    PROVIDER,
    SAGA,
    Provider,
    a_deadline,
    a_removal,
    a_scope,
    address_users,
    attempt,
    failure,
    perform,
    refusal,
)

FOREIGN_ACCOUNT = "410987654321"


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """The seeded account, its platform quick."""
    sandbox.durations(platform_endpoint=5, platform_running=2, platform_delete=4)
    return Provider(sandbox)


@pytest.fixture
def platform(provider: Provider) -> Platform:
    """The platform; `provider` has set the environment."""
    assert provider.sandbox.env
    return Platform(Settings.from_environment().platform)


@pytest.fixture
def steps(provider: Provider, platform: Platform) -> EndpointConnections:
    """The steps under test."""
    return EndpointConnections(provider.aws, platform)


async def asked(provider: Provider, platform: Platform, seconds: float = 1200) -> inputs.ConnectionWait:
    """An endpoint service, the PrivateLink asked for, and the wait for its connection."""
    service = await provider.make_endpoint_service()
    private_link = await perform(
        PrivateLinks(platform, provider.aws, address_users()).create_private_link,
        inputs.PrivateLinkSpec(scope=a_scope(), endpoint_service=service),
    )
    return inputs.ConnectionWait(
        scope=a_scope(),
        endpoint_service=service,
        private_link=private_link,
        consumer_account_id=CONSUMER,
        deadline=a_deadline(seconds),
    )


def states(provider: Provider) -> dict[str, str]:
    """The state of every connection by its VPC endpoint."""
    return {one["vpc_endpoint_id"]: one["state"] for one in provider.books()["endpoint_connections"]}


def allow(provider: Provider, service: inputs.EndpointService, account_id: str) -> None:
    """Let another account connect, as someone other than us may do."""
    provider.client("ec2").modify_vpc_endpoint_service_permissions(
        ServiceId=service.service_id, AddAllowedPrincipals=[f"arn:aws:iam::{account_id}:root"]
    )


async def own(steps: EndpointConnections, spec: inputs.ConnectionWait) -> inputs.Connection:
    """The PrivateLink's own connection, waited for."""
    found = (await perform(steps.wait_for_endpoint_connection, spec)).connection
    assert found
    return found


async def test_the_one_that_the_platform_names_is_proven(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """Also among others of the same account, which a shared principal lets in."""
    spec = await asked(provider, platform)
    others = {provider.make_vpc_endpoint(spec.endpoint_service) for _ in range(2)}
    found = await own(steps, spec)
    (row,) = provider.sandbox.books()["platform"]["w41b11c0"]
    assert row["vpcEndpointID"] == found.vpc_endpoint_id
    assert found.vpc_endpoint_id not in others
    assert {"pendingAcceptance"} == set(states(provider).values())


async def test_one_reading_of_aws_is_enough_to_prove_the_one_that_the_platform_names(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """In a crowd readings are half a minute apart, and an attempt that wants two of them ends before the second."""
    spec = await asked(provider, platform)
    while not states(provider):  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.01)
    await own(steps, spec)
    assert len([one for one in provider.sandbox.calls() if one["action"] == "DescribeVpcEndpointConnections"]) == 1


async def test_the_proven_one_is_marked_on_the_endpoint_service(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """The mark distinguishes it from a foreign one when the platform has forgotten it."""
    found = await own(steps, await asked(provider, platform))
    assert found.vpc_endpoint_id == provider.books()["endpoint_services"][0]["tags"][TAG_VPC_ENDPOINT]


async def test_without_a_name_the_only_one_is_proven_after_a_while(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """A foreign account does not count, however early it came."""
    provider.sandbox.quirk("withhold_vpc_endpoint_id", value=True)
    spec = await asked(provider, platform)
    allow(provider, spec.endpoint_service, FOREIGN_ACCOUNT)
    foreign = provider.make_vpc_endpoint(spec.endpoint_service, FOREIGN_ACCOUNT)
    found = await own(steps, spec)
    assert foreign != found.vpc_endpoint_id
    assert found.vpc_endpoint_id in states(provider)


async def test_without_a_name_it_is_not_proven_before_the_platform_had_its_time(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """The platform may be about to name another one."""
    provider.sandbox.quirk("withhold_vpc_endpoint_id", value=True)
    begun = datetime.now(UTC)
    await own(steps, await asked(provider, platform))
    assert datetime.now(UTC) - begun >= paced_delta(NAMING_SECONDS)


async def test_a_foreign_one_that_comes_long_before_ours_is_not_taken_for_it(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """For a while it is the only one, made after we asked, and the platform cannot name what it has not made."""
    provider.sandbox.durations(platform_endpoint=LATE_SECONDS / 2)
    spec = await asked(provider, platform)
    foreign = provider.make_vpc_endpoint(spec.endpoint_service)
    found = await own(steps, spec)
    assert {foreign, found.vpc_endpoint_id} == set(states(provider))
    assert foreign != found.vpc_endpoint_id


async def test_one_that_comes_while_the_platform_is_asked_gets_its_own_time(
    provider: Provider, platform: Platform
) -> None:
    """What the platform said was said before it: neither is it taken, nor does it make the others ambiguous."""
    spec = await asked(provider, platform)
    service_id = spec.endpoint_service.service_id
    first, newcomer = (
        FoundConnection(service_id, f"vpce-{one}", CONSUMER, "pendingAcceptance", datetime.now(UTC)) for one in (1, 2)
    )
    for connections in ([newcomer], [first, newcomer]):
        with pytest.raises(NotYet) as caught:
            the_only([first], connections, spec)
        assert newcomer.vpc_endpoint_id == caught.value.details_model.resource
    assert first == the_only([first], [first], spec)


async def test_several_without_a_name_are_a_persons_business(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """Each is named with owner and time; none is accepted, none is marked."""
    provider.sandbox.quirk("withhold_vpc_endpoint_id", value=True)
    spec = await asked(provider, platform)
    other = provider.make_vpc_endpoint(spec.endpoint_service)
    patience = a_deadline()
    while len(states(provider)) < 2:
        assert not patience.passed
    error = await failure(AmbiguousConnection, steps.wait_for_endpoint_connection, spec)
    for vpc_endpoint_id in states(provider):
        assert f"{vpc_endpoint_id} of account {CONSUMER}" in error.details_model.message
    assert other in error.details_model.message
    assert {"pendingAcceptance"} == set(states(provider).values())
    assert TAG_VPC_ENDPOINT not in provider.books()["endpoint_services"][0]["tags"]


async def test_one_that_is_older_than_the_asking_is_no_candidate(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """It belongs to something that was there before."""
    provider.sandbox.quirk("withhold_vpc_endpoint_id", value=True)
    provider.sandbox.durations(platform_endpoint=10_000)
    spec = await asked(provider, platform, 100)
    provider.make_vpc_endpoint(spec.endpoint_service)
    later = spec.private_link.model_copy(update={"asked_at": datetime.now(UTC) + timedelta(minutes=1)})
    error = await failure(
        DeadlinePassed, steps.wait_for_endpoint_connection, spec.model_copy(update={"private_link": later})
    )
    assert "no endpoint connection of this PrivateLink" in error.details_model.message


async def test_the_platform_is_not_asked_before_aws_moves(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """Its few reads an hour are for what only it can tell."""
    provider.sandbox.durations(platform_endpoint=10_000)
    spec = await asked(provider, platform)
    before = platform_reads(provider)
    await refusal(NotYet, steps.wait_for_endpoint_connection, spec)
    assert before == platform_reads(provider)


def platform_reads(provider: Provider) -> int:
    """How often the platform was read."""
    return sum(call["service"] == "platform" and call["read"] for call in provider.sandbox.calls())


async def test_a_failed_private_link_is_told_when_it_is_late(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """No connection will ever come: the platform's reason is reported instead of a passed deadline."""
    provider.sandbox.fault("POST /deployments/{deploymentID}/privatelinks", "failed")
    spec = await asked(provider, platform)
    since = datetime.now(UTC) - paced_delta(LATE_SECONDS + 10)
    late = spec.model_copy(update={"deadline": Deadline(since=since, until=datetime.now(UTC) + timedelta(minutes=1))})
    error = await failure(PrivateLinkFailed, steps.wait_for_endpoint_connection, late)
    assert spec.private_link.private_link_id == error.details_model.resource


async def proven(
    provider: Provider, platform: Platform, steps: EndpointConnections, *, is_new: bool = False
) -> inputs.Acceptance:
    """A connection that waits for our acceptance, proven."""
    found = await own(steps, await asked(provider, platform))
    return inputs.Acceptance(
        scope=a_scope().model_copy(update={"is_new": is_new}), connection=found, deadline=a_deadline()
    )


read_or_not = pytest.mark.parametrize("is_new", [True, False], ids=["unread", "read before"])
"""A new link's connection is accepted without a reading before, and only what AWS refuses is looked at."""


@read_or_not
@pytest.mark.parametrize("kind", [None, "lost_reply", "throttle", "server_error"])
async def test_exactly_that_one_is_accepted(
    provider: Provider, platform: Platform, steps: EndpointConnections, kind: str | None, *, is_new: bool
) -> None:
    """Others wait on, and it is available at the end; accepting again, or after a lost reply, is fine."""
    spec = await proven(provider, platform, steps, is_new=is_new)
    other = provider.make_vpc_endpoint(inputs.EndpointService(service_id="", service_name=service_name(provider)))
    if kind:
        provider.sandbox.fault("AcceptVpcEndpointConnections", kind)
    dns_name = await perform(steps.accept_endpoint_connection, spec)
    assert dns_name == await perform(steps.accept_endpoint_connection, spec)
    assert spec.connection.vpc_endpoint_id in dns_name[0]
    assert {spec.connection.vpc_endpoint_id: "available", other: "pendingAcceptance"} == states(provider)


def service_name(provider: Provider) -> str:
    """The name of the one endpoint service."""
    return str(provider.books()["endpoint_services"][0]["name"])


async def test_a_new_links_connection_is_accepted_without_another_reading(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """In a crowd a reading takes longer than the attempt has."""
    spec = await proven(provider, platform, steps, is_new=True)
    before = len(provider.sandbox.calls())
    await perform(steps.accept_endpoint_connection, spec)
    ours = [one["action"] for one in provider.sandbox.calls()[before:] if one["account"] == PROVIDER]
    assert ours[0] == "AcceptVpcEndpointConnections"


async def test_what_exists_already_is_not_accepted_again(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """A create of what already runs writes nothing."""
    spec = await proven(provider, platform, steps)
    for _ in range(2):
        await perform(steps.accept_endpoint_connection, spec)
    assert [one["action"] for one in provider.sandbox.calls()].count("AcceptVpcEndpointConnections") == 1


@read_or_not
async def test_a_200_that_accepted_nothing_is_no_success(
    provider: Provider, platform: Platform, steps: EndpointConnections, *, is_new: bool
) -> None:
    """AWS answers 200 and says in `Unsuccessful` that it did not accept."""
    spec = await proven(provider, platform, steps, is_new=is_new)
    provider.sandbox.fault("AcceptVpcEndpointConnections", "unsuccessful", times=None)
    with pytest.raises(Exception, match="accepting the endpoint connection"):
        await attempt(steps.accept_endpoint_connection, spec)
    assert {"pendingAcceptance"} == set(states(provider).values())


@read_or_not
async def test_one_that_was_rejected_meanwhile_is_a_failure(
    provider: Provider, platform: Platform, steps: EndpointConnections, *, is_new: bool
) -> None:
    """Whoever did it: it is reported, before the accept and after it."""
    spec = await proven(provider, platform, steps, is_new=is_new)
    provider.client("ec2").reject_vpc_endpoint_connections(
        ServiceId=spec.connection.service_id, VpcEndpointIds=[spec.connection.vpc_endpoint_id]
    )
    error = await failure(EndpointConnectionFailed, steps.accept_endpoint_connection, spec)
    assert "accepting the endpoint connection" in error.details_model.message
    later = await refusal(EndpointConnectionFailed, steps.accept_endpoint_connection, spec, beats=("accepted",))
    assert "waiting for the endpoint connection" in later.details_model.message
    assert "rejected" in later.details_model.message


@read_or_not
async def test_one_that_aws_does_not_show_is_waited_for_and_then_told(
    provider: Provider, platform: Platform, steps: EndpointConnections, *, is_new: bool
) -> None:
    """Just after it was proven that is eventual consistency; later it is gone."""
    spec = await proven(provider, platform, steps, is_new=is_new)
    unseen = spec.connection.model_copy(update={"vpc_endpoint_id": "vpce-0123456789abcdef0"})
    await refusal(NotYet, steps.accept_endpoint_connection, spec.model_copy(update={"connection": unseen}))
    await refusal(
        EndpointConnectionFailed,
        steps.accept_endpoint_connection,
        spec.model_copy(update={"connection": unseen}),
        scheduled=timedelta(hours=1),
    )
    assert {"pendingAcceptance"} == set(states(provider).values())


@pytest.mark.parametrize(("state", "kind"), [(None, NotYet), ("rejected", EndpointConnectionFailed)])
def test_the_platforms_word_counts_when_aws_shows_it_alive(state: str | None, kind: type[PrivateLinkError]) -> None:
    """An id that AWS does not show is waited for; one that has ended is reported."""
    shown = [FoundConnection("vpce-svc-1", "vpce-1", CONSUMER, state, datetime.now(UTC))] if state else []
    with pytest.raises(kind):
        the_named("vpce-1", shown)


async def test_a_connection_that_goes_by_itself_is_not_rejected(
    provider: Provider, platform: Platform, steps: EndpointConnections
) -> None:
    """The platform's delete takes it away; rejecting it first would only look like a failure to EMQX."""
    spec = await proven(provider, platform, steps)
    provider.client("ec2", CONSUMER).delete_vpc_endpoints(VpcEndpointIds=[spec.connection.vpc_endpoint_id])
    removed = await perform(steps.reject_endpoint_connections, a_removal())
    assert (spec.connection.vpc_endpoint_id,) == removed.ids
    assert not any(call["action"] == "RejectVpcEndpointConnections" for call in provider.sandbox.calls())


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_connection_that_stays_is_rejected_and_no_other(
    provider: Provider, platform: Platform, steps: EndpointConnections, *, accepted: bool
) -> None:
    """Not before its time to go by itself is over; a foreign one is never touched."""
    spec = await proven(provider, platform, steps)
    if accepted:
        await perform(steps.accept_endpoint_connection, spec)
    other = provider.make_vpc_endpoint(inputs.EndpointService(service_id="", service_name=service_name(provider)))
    await refusal(NotYet, steps.reject_endpoint_connections, a_removal())
    late = paced_delta(LEAVING_SECONDS + 1)
    provider.sandbox.fault("RejectVpcEndpointConnections", "throttle")
    await refusal(Throttled, steps.reject_endpoint_connections, a_removal(), scheduled=late)
    await attempt(steps.reject_endpoint_connections, a_removal(), scheduled=late)
    assert {spec.connection.vpc_endpoint_id: "rejected", other: "pendingAcceptance"} == states(provider)
    await attempt(steps.reject_endpoint_connections, a_removal(), scheduled=late)


async def test_nothing_to_reject_is_fine(provider: Provider, steps: EndpointConnections) -> None:
    """No endpoint service; one without a proven connection, and a foreign one on it."""
    await attempt(steps.reject_endpoint_connections, a_removal(SAGA))
    service = await provider.make_endpoint_service()
    other = provider.make_vpc_endpoint(service)
    await attempt(steps.reject_endpoint_connections, a_removal(SAGA))
    assert {other: "pendingAcceptance"} == states(provider)
