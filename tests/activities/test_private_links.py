"""Creating, awaiting and deleting the PrivateLink, against the sandbox."""

import asyncio
from datetime import UTC, datetime, timedelta

import boto3
import httpx
import pytest
from temporalio.exceptions import ApplicationError

from activities.inputs import EndpointService, PrivateLink, PrivateLinkSpec, PrivateLinkWait, RemovalWait
from activities.private_links import DELETE_SECONDS, PrivateLinks
from activities.private_links_by_hand import PrivateLinksByHand
from activities.scopes import Removed
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.platform import Platform
from clouds.emqx.wire import PrivateLinkRow
from privatelink.errors import (
    CloudRefused,
    CloudUnavailable,
    DeadlinePassed,
    NameTaken,
    NotYet,
    PlatformKeyRefused,
    PrivateLinkFailed,
)
from privatelink.model.deadlines import span
from privatelink.model.names import Link, description
from privatelink.model.request import ConsolePlatform
from privatelink.pace import pace, paced, paced_delta
from runtime.settings import Settings
from tests.activities.consumer_side import (
    accept_connection,
    make_address,
    make_endpoint_service,
    private_links,
    vpc_endpoint_id,
)
from tests.support.sandbox import Sandbox
from tests.support.steps import LINK, SAGA, a_deadline, a_removal, a_scope, address_users, attempt, perform

LIST = "GET /deployments/{deploymentID}/privatelinks"
POST = "POST /deployments/{deploymentID}/privatelinks"
DELETE = "DELETE /deployments/{deploymentID}/privatelinks/{privatelinkID}"
SERVICE = EndpointService(
    service_id="vpce-svc-0a1b2c3d4e5f6a7b8", service_name="com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8"
)

CONSOLE = ConsolePlatform(mode="console", az_ids=("use1-az1",), principal_arn="arn:aws:iam::111122223333:root")
BY_HAND = a_removal().model_copy(update={"platform": CONSOLE})
"""The delete of a link whose PrivateLink a person deletes."""


@pytest.fixture
def platform(sandbox: Sandbox) -> Platform:
    """The sandbox's platform, with as many writes as the sandbox allows."""
    assert sandbox.endpoint
    return Platform(Settings.from_environment().platform.model_copy(update={"writes_per_hour": 60}))


@pytest.fixture
def steps(platform: Platform) -> PrivateLinks:
    """The activities."""
    return PrivateLinks(platform, AwsAccounts(), address_users())


def spec(service: EndpointService = SERVICE, saga_id: str = SAGA) -> PrivateLinkSpec:
    """The PrivateLink to this endpoint service."""
    return PrivateLinkSpec(scope=a_scope(saga_id), endpoint_service=service)


async def create(steps: PrivateLinks, service: EndpointService = SERVICE, saga_id: str = SAGA) -> PrivateLink:
    """One attempt to create."""
    return await attempt(steps.create_private_link, spec(service, saga_id))


async def remove(steps: PrivateLinks, saga_id: str | None = None) -> Removed:
    """Delete it, and see it gone."""
    return await perform(steps.delete_private_link, a_removal(saga_id))


async def test_the_privatelink_is_made_and_marked_as_ours(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """The platform has it, with the endpoint service's name and our description; it was asked for a moment ago."""
    before = datetime.now(UTC)
    made = await create(steps)
    (row,) = private_links(sandbox)
    assert (row["privatelinkID"], row["serviceName"]) == (made.private_link_id, SERVICE.service_name)
    assert row["description"] == description(LINK, SAGA)
    assert before - timedelta(minutes=2) < made.asked_at <= datetime.now(UTC)


async def test_creating_twice_makes_one(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """The second call adopts what the first made, and never says that it was asked for later than it was."""
    first, second = await create(steps), await create(steps, saga_id="saga-2")
    assert [first.private_link_id] == [row["privatelinkID"] for row in private_links(sandbox)]
    assert first.private_link_id == second.private_link_id
    assert second.asked_at < first.asked_at


async def test_a_lost_reply_makes_one(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """The retry, which waits until a list can be trusted, finds what the first try made."""
    sandbox.fault(POST, "lost_reply", times=1)
    with pytest.raises(CloudUnavailable) as unknown:
        await create(steps)
    assert unknown.value.next_retry_delay == paced_delta(60)
    assert not unknown.value.non_retryable
    made = await create(steps)
    assert [made.private_link_id] == [row["privatelinkID"] for row in private_links(sandbox)]


async def test_one_that_is_there_and_not_listed_is_waited_for(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """The platform says that it exists, its list does not show it yet: no second one, and no failure."""
    sandbox.fault(POST, "not_visible", times=1)
    await create(steps)
    with pytest.raises(NotYet, match="does not list it yet"):
        await create(steps)
    assert len(private_links(sandbox)) == 1


@pytest.mark.parametrize("code", ["number", "missing"])
@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_refused_repetition_is_adopted_whatever_the_refusal_looks_like(
    platform: Platform, sandbox: Sandbox, code: str, status: int
) -> None:
    """ALREADY_EXISTS may come without its code: then too the list decides."""

    class LateList(Platform):
        """A platform whose first list is older than its row."""

        lists = 0

        async def list_private_links(self, deployment: str) -> tuple[PrivateLinkRow, ...]:
            self.lists += 1
            return () if self.lists == 1 else await super().list_private_links(deployment)

    sandbox.quirk("error_code", code)
    sandbox.quirk("refusal_status", status)
    row = await platform.create_private_link(LINK.deployment, SERVICE.service_name, description(LINK, SAGA))
    late = LateList(Settings.from_environment().platform)
    made = await create(PrivateLinks(late, AwsAccounts(), address_users()))
    assert (made.private_link_id, late.lists) == (row.private_link_id, 2)


async def test_another_links_privatelink_is_not_adopted(
    steps: PrivateLinks, platform: Platform, sandbox: Sandbox
) -> None:
    """It is named and left alone."""
    other = Link(deployment=LINK.deployment, name="others")
    await platform.create_private_link(LINK.deployment, SERVICE.service_name, description(other, "s"))
    with pytest.raises(NameTaken, match="w41b11c0/others"):
        await create(steps)
    assert len(private_links(sandbox)) == 1


async def test_one_made_by_hand_to_our_endpoint_service_is_adopted(steps: PrivateLinks, platform: Platform) -> None:
    """Only this link can own the way to this service; a second one would be refused by the platform."""
    row = await platform.create_private_link(LINK.deployment, SERVICE.service_name, "made by hand")
    assert (await create(steps)).private_link_id == row.private_link_id


async def test_a_quota_is_told_as_such(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """Waiting does not cure it."""
    sandbox.quirk("privatelinks_per_deployment", 0)
    with pytest.raises(ApplicationError) as error:
        await create(steps)
    assert (error.value.type, error.value.non_retryable) == ("QuotaExceeded", True)


async def test_a_refused_key_is_told_as_such(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """The step that meets the 401 names the key."""
    sandbox.fault(POST, "access_denied")
    with pytest.raises(PlatformKeyRefused, match="EMQXCLOUD_PLATFORM_API_KEY"):
        await create(steps)


class Refusing(Platform):
    """A platform that does not know the endpoint service."""

    async def create_private_link(self, deployment: str, service_name: str, description: str) -> PrivateLinkRow:
        """Refuse as the assumed contract lets it."""
        error = CloudRefused(f"creating the PrivateLink in {deployment} ({service_name}): {description}")
        error.cloud_code = "NOT_FOUND"
        raise error


@pytest.mark.usefixtures("sandbox")
async def test_a_service_that_the_platform_does_not_see_yet_is_waited_for_and_not_for_ever() -> None:
    """A new endpoint service may be unknown to other accounts for minutes (aws-sdk #805)."""
    steps = PrivateLinks(Refusing(Settings.from_environment().platform), AwsAccounts(), address_users())
    with pytest.raises(NotYet, match="does not see the new endpoint service yet"):
        await attempt(steps.create_private_link, spec(), scheduled=paced_delta(200))
    with pytest.raises(CloudRefused):
        await attempt(steps.create_private_link, spec(), scheduled=paced_delta(400))


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("message", "kind"),
    [("endpoint service is not found", NotYet), ("the deployment is stopped", CloudRefused), ("", CloudRefused)],
)
async def test_only_a_refusal_about_the_service_may_mean_that_it_does_not_show_yet(
    steps: PrivateLinks, sandbox: Sandbox, message: str, kind: type[Exception]
) -> None:
    """Any other refusal of the request is final, and reported at once."""
    sandbox.fault(POST, "refusal", code="BAD_REQUEST", message=message, status=400)
    with pytest.raises(kind) as told:
        await create(steps)
    assert type(told.value) is kind


async def test_two_of_it_are_reported_and_neither_is_chosen() -> None:
    """Whichever were chosen, the other would be left behind."""

    class Doubled(Platform):
        """A platform that made two."""

        async def list_private_links(self, deployment: str) -> tuple[PrivateLinkRow, ...]:
            assert deployment == LINK.deployment
            return tuple(PrivateLinkRow(private_link_id=id_, service_name=SERVICE.service_name) for id_ in ("p1", "p2"))

    steps = PrivateLinks(Doubled(Settings.from_environment().platform), AwsAccounts(), address_users())
    with pytest.raises(PrivateLinkFailed, match="p1, p2"):
        await create(steps)


async def test_a_failed_one_of_before_is_told_at_once(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """Waiting for its connection would be for nothing."""
    sandbox.durations(platform_endpoint=0)
    sandbox.fault(POST, "failed")
    await create(steps)
    while private_links(sandbox)[0]["status"] != "failed":
        pass
    with pytest.raises(PrivateLinkFailed, match="creating the PrivateLink"):
        await create(steps)
    assert len(private_links(sandbox)) == 1


@pytest.mark.usefixtures("sandbox")
async def test_with_its_deployment_a_privatelink_is_gone(steps: PrivateLinks) -> None:
    """A link must be deletable after its deployment was."""
    gone = a_removal().model_copy(update={"link": Link(deployment="wunknown", name="orders-db")})
    assert await attempt(steps.delete_private_link, gone) == Removed()


async def running_link(steps: PrivateLinks, sandbox: Sandbox) -> tuple[EndpointService, PrivateLink]:
    """A PrivateLink that is on its way to running: its connection is accepted."""
    sandbox.durations(platform_endpoint=0, connection_available=0, platform_running=0)
    service = make_endpoint_service(sandbox)
    made = await create(steps, service)
    accept_connection(service, vpc_endpoint_id(sandbox))
    return service, made


async def address_of(steps: PrivateLinks, made: PrivateLink) -> str:
    """Its address, once it runs."""
    spec = PrivateLinkWait(scope=a_scope(), private_link=made, deadline=a_deadline(600))
    return await perform(steps.wait_for_private_link, spec)


@pytest.mark.parametrize("case", ["lower", "capitalized", "upper"])
async def test_the_address_is_given_when_it_runs(steps: PrivateLinks, sandbox: Sandbox, case: str) -> None:
    """Running in any case, and the address is the platform's own."""
    sandbox.quirk("status_case", case)
    _, made = await running_link(steps, sandbox)
    address = await address_of(steps, made)
    assert address
    assert address == private_links(sandbox)[0]["address"]


@pytest.mark.parametrize(("recent", "listings"), [(3600, 0), (0, 1)])
async def test_who_comes_late_hears_the_listing_that_others_caused_a_moment_ago(
    steps: PrivateLinks, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, recent: float, listings: int
) -> None:
    """Otherwise it waits a minute for the next one, and in a crowd comes late for that one too."""
    monkeypatch.setattr("activities.private_links.RECENT", timedelta(seconds=recent))
    _, made = await running_link(steps, sandbox)
    address = await address_of(steps, made)
    before = len(listed(sandbox))
    deadline = PrivateLinkWait(scope=a_scope(), private_link=made, deadline=a_deadline(600, since=3600))
    assert address == await attempt(steps.wait_for_private_link, deadline)
    assert len(listed(sandbox)) == before + listings


async def test_an_answer_that_outlasts_its_look_is_heard_by_the_next_look(
    steps: PrivateLinks, sandbox: Sandbox
) -> None:
    """Otherwise a platform that always takes longer than a poll would never be heard."""
    _, made = await running_link(steps, sandbox)
    address = await address_of(steps, made)
    deadline = PrivateLinkWait(scope=a_scope(), private_link=made, deadline=a_deadline(3600))
    sandbox.fault(LIST, "slow", seconds=1.5 * pace())
    with pytest.raises(NotYet, match="not read yet"):
        await attempt(steps.wait_for_private_link, deadline)
    before = len(listed(sandbox))
    await asyncio.sleep(1)
    assert address == await attempt(steps.wait_for_private_link, deadline)
    assert len(listed(sandbox)) == before


def listed(sandbox: Sandbox) -> list[object]:
    """The listings of PrivateLinks so far."""
    return [call for call in sandbox.calls() if call["action"] == LIST]


async def test_running_without_an_address_is_not_the_end(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """The address may come a while after running."""
    sandbox.durations(platform_address=100)
    _, made = await running_link(steps, sandbox)
    assert await address_of(steps, made)


async def look(steps: PrivateLinks, made: PrivateLink, *, seconds: float = 600) -> str:
    """One look."""
    deadline = PrivateLinkWait(scope=a_scope(), private_link=made, deadline=a_deadline(seconds))
    return await attempt(steps.wait_for_private_link, deadline)


@pytest.mark.parametrize("word", [None, "provisioning"])
async def test_moving_is_told_in_the_platforms_word(steps: PrivateLinks, sandbox: Sandbox, word: str | None) -> None:
    """A word that nobody knows is shown to the operator, and waited for."""
    sandbox.quirk("pending_word", word)
    sandbox.durations(platform_endpoint=100_000)
    made = await create(steps)
    with pytest.raises(NotYet, match=f"{made.private_link_id} is {word or 'pending'}"):
        await look(steps, made)


async def test_the_deadline_ends_the_wait_with_the_last_word(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """What was seen last is what the operator reads."""
    made = await create(steps)
    with pytest.raises(DeadlinePassed, match="is pending"):
        await look(steps, made, seconds=-1)
    assert len(private_links(sandbox)) == 1


@pytest.mark.parametrize("withheld", [False, True])
async def test_failed_ends_the_wait_with_the_platforms_reason(
    steps: PrivateLinks, sandbox: Sandbox, *, withheld: bool
) -> None:
    """With its reason, or with the words that it gives none."""
    sandbox.quirk("withhold_reason", withheld)
    sandbox.durations(platform_endpoint=0)
    sandbox.fault(POST, "failed")
    made = await create(steps)
    while private_links(sandbox)[0]["status"] != "failed":
        pass
    with pytest.raises(PrivateLinkFailed) as failed:
        await look(steps, made)
    assert ("gives no reason" in failed.value.message) is withheld


@pytest.mark.parametrize("answer", ["not_found", "empty_object"])
async def test_gone_ends_the_wait(steps: PrivateLinks, sandbox: Sandbox, answer: str) -> None:
    """Somebody deleted it in the console."""
    sandbox.quirk("gone_answer", answer)
    made = await create(steps)
    await remove(steps)
    with pytest.raises(PrivateLinkFailed, match="gone"):
        await address_of(steps, made)


async def test_absence_from_the_list_alone_does_not(steps: PrivateLinks, platform: Platform, sandbox: Sandbox) -> None:
    """A list may lag; the object itself is asked for before anything is rolled back."""

    class EmptyList(Platform):
        """A platform whose list lags."""

        async def list_private_links(self, deployment: str) -> tuple[PrivateLinkRow, ...]:
            assert deployment == LINK.deployment
            return ()

    made = await create(steps)
    lagging = PrivateLinks(EmptyList(Settings.from_environment().platform), AwsAccounts(), address_users())
    with pytest.raises(NotYet, match="not listed"):
        await look(lagging, made)
    assert await platform.find_private_link(LINK.deployment, made.private_link_id)
    assert len(private_links(sandbox)) == 1


async def test_a_deleted_privatelink_is_gone_when_the_step_ends(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """Not when the platform has taken the order; and the ids are returned, though another attempt saw the end."""
    made = await create(steps)
    assert await remove(steps) == Removed(ids=(made.private_link_id,))
    assert private_links(sandbox) == []
    assert len([call for call in sandbox.calls() if call["action"] == DELETE]) == 1


async def test_deleting_nothing_is_done_and_deleting_twice_too(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """An undo must accept that there never was anything."""
    assert await remove(steps) == Removed()
    await create(steps)
    await remove(steps)
    assert await remove(steps) == Removed()
    assert private_links(sandbox) == []


async def test_a_delete_whose_reply_is_lost_is_asked_for_once(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """The retry sees that it is being deleted."""
    await create(steps)
    sandbox.fault(DELETE, "lost_reply", times=1)
    with pytest.raises(CloudUnavailable):
        await attempt(steps.delete_private_link, a_removal())
    await remove(steps)
    assert private_links(sandbox) == []
    assert len([call for call in sandbox.calls() if call["action"] == DELETE]) == 1


@pytest.mark.usefixtures("sandbox")
async def test_finding_nothing_counts_only_when_it_has_settled(steps: PrivateLinks) -> None:
    """A create with a lost reply may have made something that is not listed yet."""
    later = a_removal(SAGA, settled_at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(NotYet, match="none is seen"):
        await attempt(steps.delete_private_link, later)
    past = a_removal(SAGA, settled_at=datetime.now(UTC))
    assert await attempt(steps.delete_private_link, past) == Removed()


async def test_a_foreign_privatelink_is_left_alone(steps: PrivateLinks, platform: Platform, sandbox: Sandbox) -> None:
    """Neither a person's nor another link's is touched."""
    other = Link(deployment=LINK.deployment, name="others")
    await platform.create_private_link(LINK.deployment, "com.amazonaws.vpce.a.vpce-svc-1", description(other, "s"))
    await platform.create_private_link(LINK.deployment, "com.amazonaws.vpce.a.vpce-svc-2", "made by hand")
    listed = {row["privatelinkID"] for row in private_links(sandbox)}
    assert await remove(steps) == Removed()
    assert listed == {row["privatelinkID"] for row in private_links(sandbox)}
    assert DELETE not in {call["action"] for call in sandbox.calls()}


async def test_a_rollback_leaves_what_an_earlier_saga_made(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """Its endpoint service belongs to the earlier saga, so the PrivateLink does too."""
    service = make_endpoint_service(sandbox, saga_id=SAGA, complete=True)
    await create(steps, service, SAGA)
    await create(steps, service, "saga-2")
    assert await remove(steps, "saga-2") == Removed()
    assert len(private_links(sandbox)) == 1


async def test_a_rollback_removes_what_its_saga_adopted(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """The endpoint service was re-tagged by this saga: a leftover is its to remove."""
    service = make_endpoint_service(sandbox, saga_id="saga-2")
    made = await create(steps, service, SAGA)
    assert await remove(steps, "saga-2") == Removed(ids=(made.private_link_id,))
    assert private_links(sandbox) == []


async def test_a_rollback_removes_what_its_saga_made(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """Our description is enough, the endpoint service may be gone."""
    made = await create(steps, saga_id="saga-2")
    assert await remove(steps, "saga-2") == Removed(ids=(made.private_link_id,))
    assert private_links(sandbox) == []


async def test_a_refused_delete_is_retried_for_a_person_may_mend_it(steps: PrivateLinks, sandbox: Sandbox) -> None:
    """A rollback that gave up at a missing permission would leave things behind."""
    await create(steps)
    sandbox.fault(DELETE, "access_denied", times=1)
    with pytest.raises(ApplicationError) as refused:
        await attempt(steps.delete_private_link, a_removal())
    assert (refused.value.type, refused.value.non_retryable) == ("PlatformKeyRefused", False)
    await remove(steps)
    assert private_links(sandbox) == []


async def test_an_old_one_that_is_being_deleted_is_waited_for(
    steps: PrivateLinks, platform: Platform, sandbox: Sandbox
) -> None:
    """A create right after a delete does not adopt what is about to go."""
    made = await create(steps)
    await platform.delete_private_link(LINK.deployment, made.private_link_id)
    with pytest.raises(NotYet, match="is still being deleted"):
        await create(steps)
    assert len(private_links(sandbox)) == 1


AUTHENTICATOR = {"mechanism": "password_based", "backend": "mysql"}


def configure(sandbox: Sandbox, method: str, path: str, **body: object) -> None:
    """Change something in the deployment, as a person would."""
    endpoint = sandbox.env["EMQXCLOUD_DEPLOYMENT_ENDPOINT"]
    auth = (sandbox.env["EMQXCLOUD_DEPLOYMENT_API_KEY"], sandbox.env["EMQXCLOUD_DEPLOYMENT_API_SECRET"])
    httpx.request(method, f"{endpoint}{path}", json=body, auth=auth).raise_for_status()


@pytest.mark.parametrize("saga_id", [None, SAGA])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/authentication", AUTHENTICATOR),
        ("/connectors", {"type": "mysql", "name": "payments", "database": "d"}),
    ],
)
async def test_somebody_who_came_to_use_the_address_after_the_check_is_seen_before_the_platforms_side_goes(
    steps: PrivateLinks, sandbox: Sandbox, path: str, body: dict[str, str], saga_id: str | None
) -> None:
    """In a delete and in a rollback. It ends at once, so that somebody hears of the user, and nothing is lost."""
    address = make_address(sandbox)
    configure(sandbox, "POST", path, server=f"{address}:3306", **body)
    user = "authenticator password_based:mysql" if path == "/authentication" else "mysql:payments"
    with pytest.raises(ApplicationError, match=user) as refused:
        await attempt(steps.delete_private_link, a_removal(saga_id))
    assert (refused.value.type, refused.value.non_retryable) == ("RemovalRefused", True)
    assert [row["status"] for row in private_links(sandbox)] == ["running"]
    assert DELETE not in [call["action"] for call in sandbox.calls()]


async def test_who_dials_the_name_of_one_az_is_seen_before_the_platforms_side_goes(
    steps: PrivateLinks, sandbox: Sandbox
) -> None:
    """The platform gives the endpoint's name for the region; AWS's names for its AZs lead to the same."""
    make_address(sandbox)
    ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sandbox.endpoint)
    (connection,) = ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    *_, of_one_az = [entry["DnsName"] for entry in connection["DnsEntries"]]
    configure(sandbox, "POST", "/authentication", server=f"{of_one_az}:3306", **AUTHENTICATOR)
    with pytest.raises(ApplicationError, match="authenticator password_based:mysql"):
        await attempt(steps.delete_private_link, a_removal())
    assert [row["status"] for row in private_links(sandbox)] == ["running"]


async def test_each_place_is_read_once_for_a_delete_and_not_again_while_the_platform_deletes(
    steps: PrivateLinks, sandbox: Sandbox
) -> None:
    """A deployment's API is its owner's, too; a rollback reads as much, and a create reads none of it."""
    make_address(sandbox)
    await remove(steps)
    read = [call["action"] for call in sandbox.calls() if call["service"] == "deployment"]
    places = {"/authentication", "/authorization/sources", "/exhooks", "/cluster/links", "/gateways", "/ai/providers"}
    assert {f"GET {place}" for place in places} < set(read)
    assert len(read) == len(set(read))


async def test_nobody_is_asked_to_delete_at_the_console_what_somebody_uses(sandbox: Sandbox) -> None:
    """The look comes right before the ask, since a person's click cannot look."""
    address = make_address(sandbox)
    configure(sandbox, "POST", "/authentication", server=f"{address}:3306", **AUTHENTICATOR)
    steps = PrivateLinksByHand(AwsAccounts(), address_users())
    with pytest.raises(ApplicationError, match="authenticator password_based:mysql"):
        await attempt(steps.find_private_link_by_hand, BY_HAND)
    configure(sandbox, "DELETE", "/authentication/password_based%3Amysql")
    assert await attempt(steps.find_private_link_by_hand, BY_HAND) == [vpc_endpoint_id(sandbox)]


async def test_the_end_of_a_persons_delete_is_seen_though_the_service_has_lost_its_tags(sandbox: Sandbox) -> None:
    """Where no endpoint service of the link is found, the endpoint that was to go is waited for all the same."""
    make_address(sandbox)
    steps = PrivateLinksByHand(AwsAccounts(), address_users())
    endpoint = vpc_endpoint_id(sandbox)
    [page] = [one for one in sandbox.books()["aws"]["210987654321"].values() if one["endpoint_services"]]
    sandbox.out_of_band("tags", id=page["endpoint_services"][0]["id"], remove="all")

    def waiting() -> RemovalWait:
        return RemovalWait(removal=BY_HAND, vpc_endpoints=(endpoint,), deadline=a_deadline(600, since=60))

    with pytest.raises(NotYet, match=endpoint):
        await attempt(steps.wait_for_deletion_by_hand, waiting())
    boto3.Session(region_name="us-east-1").client("ec2").reject_vpc_endpoint_connections(
        ServiceId=page["endpoint_services"][0]["id"], VpcEndpointIds=[endpoint]
    )
    await perform(steps.wait_for_deletion_by_hand, waiting())


async def test_a_refused_delete_costs_no_turn_of_the_hours_few(sandbox: Sandbox) -> None:
    """Each attempt looks again; once nothing uses the address, the one call of the hour is still there."""
    settings = Settings.from_environment().platform.model_copy(update={"writes_per_hour": 1})
    steps = PrivateLinks(Platform(settings), AwsAccounts(), address_users())
    address = make_address(sandbox)
    configure(sandbox, "POST", "/authentication", server=f"{address}:3306", **AUTHENTICATOR)
    for _ in range(3):
        with pytest.raises(ApplicationError, match="authenticator"):
            await attempt(steps.delete_private_link, a_removal())
    configure(sandbox, "DELETE", "/authentication/password_based%3Amysql")
    before = asyncio.get_running_loop().time()
    with pytest.raises(NotYet, match=f"takes about {span(paced(DELETE_SECONDS))}"):
        await attempt(steps.delete_private_link, a_removal())
    assert asyncio.get_running_loop().time() - before < 5


async def test_what_may_no_longer_be_read_holds_up_a_delete_and_no_rollback(
    steps: PrivateLinks, sandbox: Sandbox
) -> None:
    """The check read it, so it comes back; a rollback must not leave forever what a create made without it."""
    make_address(sandbox)
    sandbox.quirk("deployment_key_scopes", ["data_integration"])
    with pytest.raises(ApplicationError, match="UNAUTHORIZED_ROLE"):
        await attempt(steps.delete_private_link, a_removal())
    sandbox.quirk("deployment_key_scopes", None)
    sandbox.fault("GET /connectors", "access_denied", times=2)
    with pytest.raises(ApplicationError, match="BAD_API_KEY_OR_SECRET"):
        await attempt(steps.delete_private_link, a_removal())
    with pytest.raises(NotYet, match=f"takes about {span(paced(DELETE_SECONDS))}"):
        await attempt(steps.delete_private_link, a_removal(SAGA))
