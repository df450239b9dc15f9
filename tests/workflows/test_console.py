"""Console mode: a person does the two clicks, AWS proves them, and nothing is asked of the platform's API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError

from activities import private_links_by_hand
from activities.checks.connection_matching import CLOCK_SLACK, live_at
from activities.inputs import ByHandWait
from activities.support.emqx_console import private_link_page
from clouds.aws.endpoint_connections import FoundConnection
from privatelink import PrivateLinkResult
from privatelink.client.links import SagaHandle
from privatelink.errors import (
    Cancelled,
    CloudRefused,
    DeadlinePassed,
    GivenUp,
    InvalidRequest,
    Outcome,
    RollbackIncomplete,
    UpdateRefused,
    from_failure,
)
from privatelink.model.progress import Phase
from privatelink.model.request import PrivateLinkRequest
from tests.chaos.foreign_clients import ForeignClients, Ids
from tests.support.co_tenant import connect_co_tenant
from tests.support.deadlines import BELOW_ANY_FLOOR, SetDeadlines
from tests.support.laws import NOTHING, counts, of_link
from tests.support.person import CONSOLE, Person
from tests.support.requests import SECRET, SECRET_VARIABLE, full_request
from tests.support.sandbox import SPEED, Sandbox
from tests.support.step_faults import once
from tests.support.world import World, working_world
from workflows.platform_side import BY_HAND, CONFIRM_RUNNING
from workflows.saga.controls import APPROVAL

LINK = "w41b11c0/orders-db"
DELETION = "wait-for-deletion-by-hand"


@pytest.fixture
async def world(sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A worker that has no key of the platform's API, as against the real one: it cannot even try to call it."""
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    for name in ("ENDPOINT", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"EMQXCLOUD_PLATFORM_{name}")
    async with working_world(sandbox, client) as running:
        yield running


def _request(world: World, **changes: Any) -> PrivateLinkRequest:  # noqa: ANN401 - as a caller writes them
    return full_request(world.sandbox, platform=CONSOLE, **changes)


async def _clicked(world: World, **changes: Any) -> tuple[Person, SagaHandle]:  # noqa: ANN401 - as a caller writes them
    """A create without connector for which a person has clicked, and approved the endpoint that came."""
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, connector=None, **changes))
    await person.create((await person.asked(BY_HAND)).paste["Endpoint service name"])
    await person.approves()
    return person, saga


async def test_two_clicks_one_paste_and_one_copy_make_a_link(world: World) -> None:
    """The saga says what to click and paste, sees it at AWS by itself, and asks whether it is that one, and where."""
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world))
    ask = await person.asked(BY_HAND)
    assert (await person.progress()).phase is Phase.WAITING_FOR_PERSON
    assert ask.clicks == ("Allow principals and go to the next step", "Create PrivateLink")
    assert list(ask.paste) == ["Endpoint service name"]
    assert ask.page.startswith("EMQX Platform Console, deployment w41b11c0")
    await person.create(ask.paste["Endpoint service name"])
    approved = await person.approves()
    confirm = await person.asked(CONFIRM_RUNNING)
    address = await person.address()
    assert address in confirm.message, "AWS's name of the endpoint is proposed"
    await person.says("confirm", step=CONFIRM_RUNNING, by="ana")
    result = await saga.result()
    assert result.operation == "create"
    assert result.address == address
    assert result.private_link_id is None
    assert result.connector == "mysql:orders-db"
    progress = await person.progress()
    assert [(one.action, one.resource) for one in progress.interventions] == [("approve", approved), ("confirm", "")]
    assert progress.asks == []

    deleting = await world.links.start_delete(LINK)
    assert "Delete" in (await person.asked(DELETION)).clicks[0]
    assert len(world.sandbox.books()["aws"]["210987654321"]["us-east-1"]["endpoint_services"]) == 1, "AWS's side waits"
    await person.delete()
    assert (await deleting.result()).status == "deleted"
    assert world.sandbox.books() == NOTHING


async def _two_connect(world: World) -> tuple[str, str]:
    """Start a create to whose endpoint service a co-tenant in EMQX's account connects too: ours and theirs."""
    person, found = Person(world, LINK), asyncio.Event()
    theirs = ""

    async def connect_both() -> None:
        nonlocal theirs
        service_name = _service(world)["name"]
        theirs = await asyncio.to_thread(connect_co_tenant, world.sandbox, service_name)
        await person.create(service_name)
        while len(_connections(world)) < 2:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.02)
        found.set()

    world.faults.at(f"privatelink:{LINK.replace('/', ':')}", "add-allowed-principal", "after", connect_both)
    await world.links.start_create(_request(world, connector=None))
    await found.wait()
    [ours] = _connections(world).keys() - {theirs}
    return ours, theirs


async def test_of_two_candidates_none_is_accepted_until_a_person_chooses(world: World) -> None:
    """Owner, time and id of each are shown, and a choice that was not offered is refused."""
    ours, theirs = await _two_connect(world)
    person = Person(world, LINK)
    progress = await person.sees(lambda seen: any("--vpc-endpoint-id" in "".join(ask.commands) for ask in seen.asks))
    [ask] = progress.asks
    assert ask.step == APPROVAL
    assert all(f"{one} of account 111122223333, pendingAcceptance, since 20" in ask.message for one in (ours, theirs))
    assert set(_connections(world).values()) == {"pendingAcceptance"}
    for refused in ({"vpc_endpoint_id": "vpce-0000000000000000f"}, {}):
        with pytest.raises(WorkflowUpdateFailedError):
            await person.says("approve", by="ana", **refused)
    await person.approves(ours)
    await person.asked(CONFIRM_RUNNING)
    await person.says("confirm", step=CONFIRM_RUNNING)
    result = await world.handle(LINK).result()
    assert isinstance(result, dict)
    assert result["vpc_endpoint_id"] == ours
    assert _connections(world) == {ours: "available", theirs: "pendingAcceptance"}


async def test_a_delete_waits_for_nobody_who_was_never_let_in(world: World) -> None:
    """At the deployment's console nobody can delete a co-tenant's PrivateLink, which would hold up the delete for days.

    Without AWS's side it can only fail, as it could only wait before.
    """
    ours, theirs = await _two_connect(world)
    person = Person(world, LINK)
    await person.sees(lambda seen: any("--vpc-endpoint-id" in "".join(ask.commands) for ask in seen.asks))
    await person.approves(ours)
    await person.asked(CONFIRM_RUNNING)
    await person.says("confirm", step=CONFIRM_RUNNING)
    await world.handle(LINK).result()
    deleting = await world.links.start_delete(LINK)
    assert theirs not in str(await person.asked(DELETION))
    await person.delete()
    async with asyncio.timeout(60):
        assert (await deleting.result()).status == "deleted"
    assert not of_link(world.sandbox.books(), LINK)


async def test_what_a_person_approved_stays_approved_while_aws_does_not_show_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EC2 is eventually consistent: one reading without the endpoint does not make the saga ask for it again."""
    hidden: list[str] = []

    def seen(connections: list[FoundConnection], spec: ByHandWait) -> list[FoundConnection]:
        if spec.chosen and not hidden:
            hidden.append(spec.chosen)
            return []
        return live_at(connections, spec)

    monkeypatch.setattr(private_links_by_hand, "live_at", seen)
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    await person.says("confirm", step=CONFIRM_RUNNING)
    result = await saga.result()
    assert isinstance(result, PrivateLinkResult)
    assert hidden == [result.vpc_endpoint_id]


async def test_rejecting_the_other_candidate_leaves_one_to_approve(world: World) -> None:
    """What is shown follows what AWS has."""
    ours, theirs = await _two_connect(world)
    person = Person(world, LINK)
    await person.sees(lambda seen: any("--vpc-endpoint-id" in "".join(ask.commands) for ask in seen.asks))
    boto3.client("ec2").reject_vpc_endpoint_connections(ServiceId=_service(world)["id"], VpcEndpointIds=[theirs])
    await person.sees(lambda seen: len([one for ask in seen.asks for one in ask.commands]) == 1)
    await person.approves(ours)
    await person.asked(CONFIRM_RUNNING)
    assert _connections(world)[ours] == "available"
    await person.says("confirm", step=CONFIRM_RUNNING)
    await world.handle(LINK).result()


@pytest.fixture
def _hasty(set_deadlines: SetDeadlines) -> None:
    """A person has as little time as any deadline leaves: its floor."""
    set_deadlines(person=BELOW_ANY_FLOOR)


@pytest.mark.usefixtures("_hasty")
async def test_when_nobody_clicks_in_time_all_is_rolled_back(world: World) -> None:
    """Nothing was made at the console, so nothing is left."""
    with pytest.raises(DeadlinePassed, match="no endpoint connection of account 111122223333 yet") as caught:
        await world.links.create(_request(world, connector=None))
    assert caught.value.details_model.outcome == Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


@pytest.mark.usefixtures("_hasty")
async def test_when_nobody_confirms_in_time_only_the_consoles_privatelink_is_left_and_listed(world: World) -> None:
    """The rollback waits for the person's delete too; then AWS's side goes all the same."""
    _, saga = await _clicked(world)
    with pytest.raises(RollbackIncomplete, match="waiting for a person") as caught:
        await saga.result()
    [left] = caught.value.details_model.leftovers
    assert (left.kind, left.console) == ("PrivateLink", private_link_page(_request(world).link))
    assert "nobody deleted it" in left.reason
    books = world.sandbox.books()
    assert counts(books, LINK) == {}
    assert [one["status"] for one in books["platform"]["w41b11c0"]] == ["failed"]


@pytest.mark.usefixtures("_hasty")
async def test_a_persons_time_that_is_over_is_never_held(world: World) -> None:
    """A hold would ask the same person once more; what a person can fix at AWS is held in console mode too."""
    with pytest.raises(DeadlinePassed, match="no endpoint connection") as caught:
        await world.links.create(_request(world, connector=None, on_failure="hold"))
    assert caught.value.details_model.outcome == Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


async def test_a_hold_in_the_middle_of_an_ask_leaves_the_ask_standing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are needed, both are reminded of, and each ends by itself."""
    monkeypatch.setattr("workflows.saga.asks.REMINDER_SECONDS", SPEED)

    async def fail() -> None:
        raise CloudRefused("refused on purpose")

    world.faults.at(f"privatelink:{LINK.replace('/', ':')}", BY_HAND, "before", once(fail))
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, connector=None, on_failure="hold"))
    progress = await person.sees(lambda seen: [one.reminders >= 1 for one in seen.asks] == [True, True])
    assert {one.step for one in progress.asks} == {BY_HAND}
    assert progress.phase is Phase.HELD
    await person.says("retry_now")
    await person.reaches(Phase.WAITING_FOR_PERSON)
    await person.create((await person.asked(BY_HAND)).paste["Endpoint service name"])
    await person.approves()
    await person.asked(CONFIRM_RUNNING)
    await person.says("confirm", step=CONFIRM_RUNNING)
    await saga.result()


async def test_the_second_confirm_of_a_step_is_refused(world: World) -> None:
    """Also when both come before the saga has gone on; the first one's address is the link's."""
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    names = _names()[:2]
    answers = await asyncio.gather(
        *(person.says("confirm", step=CONFIRM_RUNNING, address=name) for name in names), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, WorkflowUpdateFailedError | RPCError)]
    [taken] = [one for one in answers if not isinstance(one, BaseException)]
    assert len(refused) == 1
    result = await saga.result()
    assert isinstance(result, PrivateLinkResult)
    assert result.address in taken.message
    assert [one.action for one in (await person.progress()).interventions] == ["approve", "confirm"]


async def test_a_delete_that_cannot_look_removes_nothing_at_aws(world: World, set_deadlines: SetDeadlines) -> None:
    """The platform goes first: while it is not known whether a PrivateLink stands, AWS's side stays."""
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    await person.says("confirm", step=CONFIRM_RUNNING)
    await saga.result()
    before = counts(world.sandbox.books(), LINK)
    set_deadlines(removal=BELOW_ANY_FLOOR)

    async def fail() -> None:
        raise CloudRefused("refused on purpose")

    world.faults.at(f"privatelink:{LINK.replace('/', ':')}", "find-private-link-by-hand", "before", fail)
    with pytest.raises(RollbackIncomplete, match="refused on purpose"):
        await world.links.delete(LINK)
    assert counts(world.sandbox.books(), LINK) == before


async def test_a_rollback_that_cannot_look_removes_nothing_at_aws(world: World, set_deadlines: SetDeadlines) -> None:
    """As a delete: who cannot look must not say that nothing stands at the console, nor make it `failed` there."""
    set_deadlines(removal=BELOW_ANY_FLOOR)

    async def fail() -> None:
        raise CloudRefused("refused on purpose")

    world.faults.at(f"privatelink:{LINK.replace('/', ':')}", "find-private-link-by-hand", "before", fail)
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    before = counts(world.sandbox.books(), LINK)
    await saga.cancel("test")
    with pytest.raises(RollbackIncomplete, match="refused on purpose"):
        await saga.result()
    assert counts(world.sandbox.books(), LINK) == before


async def test_a_person_who_does_not_come_is_reminded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the progress, and so in the UI's details, as often as the time says."""
    monkeypatch.setattr("workflows.saga.asks.REMINDER_SECONDS", SPEED)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, connector=None))
    await person.sees(lambda seen: any(ask.reminders >= 2 for ask in seen.asks))
    await saga.cancel("test")
    with pytest.raises(Cancelled):
        await saga.result()
    assert world.sandbox.books() == NOTHING


async def test_a_cancelled_create_asks_for_the_click_that_undoes_the_other(world: World) -> None:
    """The platform goes first in a rollback too, and the endpoint connection's end proves it."""
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    await saga.cancel("test")
    await person.asked(DELETION)
    await person.delete()
    with pytest.raises(Cancelled):
        await saga.result()
    assert world.sandbox.books() == NOTHING


async def test_what_only_the_console_shows_is_never_said_to_be_gone(world: World) -> None:
    """A person may click after the saga has stopped to ask: AWS shows nothing of that, so the answers say it."""
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, connector=None))
    await person.asked(BY_HAND)
    await world.links.roll_back(LINK, reason="test")
    with pytest.raises(GivenUp) as given_up:
        await saga.result()
    page = private_link_page(_request(world).link)
    assert page in given_up.value.details_model.next_step
    deleted = await world.links.delete(_request(world, connector=None))
    assert ("absent", [True]) == (deleted.status, [page in one for one in deleted.not_looked_at])


async def test_a_privatelink_whose_endpoint_was_deleted_is_told_to_be_looked_at(world: World) -> None:
    """AWS cannot tell it from a deleted PrivateLink; the console may show it as failed, and nobody else would know."""
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    [vpc_endpoint_id] = _connections(world)
    with closing(ForeignClients(world.sandbox)) as clients:
        await asyncio.to_thread(clients.delete_vpc_endpoint, Ids.of(world.sandbox.books(), LINK))
    while vpc_endpoint_id in _connections(world):  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.02)
    await world.links.roll_back(LINK, reason="test")
    with pytest.raises(GivenUp) as given_up:
        await saga.result()
    details = given_up.value.details_model
    assert details.outcome is Outcome.ROLLED_BACK
    assert vpc_endpoint_id in details.next_step
    assert private_link_page(saga.link) in details.next_step
    assert world.sandbox.books()["aws"] == {}
    await person.delete()


async def test_an_address_of_another_endpoint_is_never_confirmed(world: World) -> None:
    """Not one whose id only begins alike either; each of the endpoint's own names is taken."""
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    [own] = _connections(world)
    regional, zonal = _names()[:2]
    digit = "0" if own[-1] != "0" else "1"
    for other in (own[:-1] + digit, own[:-1], f"{own}0"):
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await person.says("confirm", step=CONFIRM_RUNNING, address=regional.replace(own, other))
        assert f"is not an address of {own}; AWS shows {regional}" in str(from_failure(refused.value.cause))
    await person.says("confirm", step=CONFIRM_RUNNING, address=zonal)
    result = await saga.result()
    assert isinstance(result, PrivateLinkResult)
    assert result.address == zonal


async def test_a_foreign_endpoint_is_shown_and_never_accepted_without_a_persons_word(world: World) -> None:
    """Also while it is the only one; the person waits for the own one, and names it."""
    person = Person(world, LINK)
    await world.links.start_create(_request(world, connector=None))
    service_name = (await person.asked(BY_HAND)).paste["Endpoint service name"]
    theirs = await asyncio.to_thread(connect_co_tenant, world.sandbox, service_name)
    ask = await person.asked(APPROVAL)
    assert f"{theirs} of account 111122223333, pendingAcceptance, since 20" in ask.message
    await person.create(service_name)
    await person.sees(lambda seen: len([one for ask in seen.asks for one in ask.commands]) == 2)
    assert set(_connections(world).values()) == {"pendingAcceptance"}
    with pytest.raises(WorkflowUpdateFailedError, match="failed"):
        await person.says("approve", by="ana")
    [ours] = _connections(world).keys() - {theirs}
    await person.approves(ours)
    await person.asked(CONFIRM_RUNNING)
    assert _connections(world) == {ours: "available", theirs: "pendingAcceptance"}


async def test_without_approval_an_endpoint_older_than_the_request_is_never_taken(world: World) -> None:
    """One that came while nobody waited may be anybody's; one that comes now is taken after a quiet minute."""
    person = Person(world, LINK)
    first = await world.links.start_create(_request(world, connector=None, approval=False))
    service_name = (await person.asked(BY_HAND)).paste["Endpoint service name"]
    await first.handle.terminate("test")
    while world.faults.busy[first.link.workflow_id]:  # noqa: ASYNC110 - a counter, looked at from outside
        await asyncio.sleep(0.02)
    theirs = await asyncio.to_thread(connect_co_tenant, world.sandbox, service_name)
    while not _connections(world):  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.02)
    await asyncio.sleep(CLOCK_SLACK.total_seconds() + 2)
    second = await world.links.start_create(_request(world, connector=None, approval=False))
    await person.create((await person.asked(BY_HAND)).paste["Endpoint service name"])
    await person.asked(CONFIRM_RUNNING)
    [ours] = _connections(world).keys() - {theirs}
    assert _connections(world) == {ours: "available", theirs: "pendingAcceptance"}
    assert (await person.progress()).saga_id == second.saga_id


async def test_a_repeated_create_of_a_link_that_runs_asks_for_no_second_approval(world: World) -> None:
    """Its endpoint was approved before it was accepted, and is marked."""
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    await person.says("confirm", step=CONFIRM_RUNNING)
    await saga.result()
    await world.links.start_create(_request(world, connector=None))
    await person.asked(CONFIRM_RUNNING)
    assert (await person.progress()).interventions == []


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ({"step": "accept-endpoint-connection"}, "waits for confirm-running"),
        ({"step": CONFIRM_RUNNING, "address": "10.0.0.1"}, "address"),
        ({"step": CONFIRM_RUNNING, "address": "https://x.example.com"}, "address"),
        ({"step": CONFIRM_RUNNING, "address": "x.example.com"}, "AWS shows vpce-"),
        ({"step": CONFIRM_RUNNING, "vpc_endpoint_id": "vpce-1"}, "no vpc_endpoint_id is asked for"),
        ({"address": "x.example.com"}, "step"),
    ],
    ids=str,
)
async def test_a_confirm_that_does_not_fit_is_refused_with_a_sentence(
    world: World, argument: dict[str, object], why: str
) -> None:
    """Without effect: the saga waits on, and the right one is taken, once."""
    person, saga = await _clicked(world)
    await person.asked(CONFIRM_RUNNING)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await person.says("confirm", **argument)
    error = from_failure(refused.value.cause)
    assert isinstance(error, UpdateRefused | InvalidRequest)
    assert why in str(error)
    assert [one.action for one in (await person.progress()).interventions] == ["approve"]
    await person.says("confirm", step=CONFIRM_RUNNING)
    await saga.result()
    with pytest.raises(RPCError, match="already completed"):
        await person.says("confirm", step=CONFIRM_RUNNING)


def _service(world: World) -> dict[str, str]:
    [service] = world.sandbox.books()["aws"]["210987654321"]["us-east-1"]["endpoint_services"]
    return dict(service)


def _names() -> list[str]:
    """The DNS names of the one endpoint, as AWS lists them."""
    found = boto3.client("ec2").describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    return [entry["DnsName"] for one in found for entry in one["DnsEntries"]]


def _connections(world: World) -> dict[str, str]:
    """State by VPC endpoint id."""
    books = world.sandbox.books()["aws"]["210987654321"]["us-east-1"]["endpoint_connections"]
    return {one["vpc_endpoint_id"]: one["state"] for one in books}
