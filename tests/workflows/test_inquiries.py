"""The looks that stand alone: what is there of a link, and whether the worker's keys work."""

from privatelink.client.inquiries import check_clouds
from privatelink.model.request import DeleteRequest
from tests.support.parts import PARTS, one_of_each
from tests.support.person import CONSOLE
from tests.support.requests import full_request
from tests.support.world import World


async def test_an_inspection_tells_everything_of_a_link_that_temporal_may_have_forgotten(world: World) -> None:
    """Each thing with its console, from the consumer's end to the targets; and nothing of what is not there."""
    request = full_request(world.sandbox)
    assert (await world.links.inspect(DeleteRequest.of(request))).things == ()
    created = await world.links.create(request)
    found = await world.links.inspect(DeleteRequest.of(request))
    number = one_of_each(ports=2)
    assert [thing.kind for thing in found.things] == [part.kind for part in PARTS for _ in range(number[part.book])]
    assert {created.connector, created.private_link_id, created.service_id, created.load_balancer_arn} <= {
        thing.id for thing in found.things
    }
    assert all(thing.console for thing in found.things)
    before = len(world.sandbox.calls())
    await world.links.inspect(DeleteRequest.of(request))
    assert {call["read"] for call in world.sandbox.calls()[before:]} == {True}


async def test_the_worker_checks_its_own_keys(world: World) -> None:
    """Right keys are ok with what they show; a key that a cloud does not take is a finding with its fix."""
    request = DeleteRequest.of(full_request(world.sandbox))
    found = {one.name: one for one in (await check_clouds(world.client, request)).findings}
    assert all(one.ok for one in found.values())
    assert found["AWS"].message == "account 210987654321, region us-east-1"
    world.sandbox.fault("GET /deployments/{deploymentID}", "access_denied")
    world.sandbox.fault("GetCallerIdentity", "access_denied")
    found = {one.name: one for one in (await check_clouds(world.client, request)).findings}
    assert not found["platform"].ok
    assert "EMQXCLOUD_PLATFORM_API_KEY" in found["platform"].next_step


async def test_in_console_mode_no_key_of_the_platform_is_no_fault(world: World) -> None:
    """The deployment is looked up where there is a key."""
    request = DeleteRequest.of(full_request(world.sandbox, platform=CONSOLE))
    assert (await check_clouds(world.client, request)).ok
