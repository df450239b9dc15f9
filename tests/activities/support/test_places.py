"""A link has one place: account, region and platform mode. Whatever shows another place refuses a saga by name."""

from typing import Any

import pytest

from activities import inputs
from activities.connectors import Connectors
from activities.inquiries import Inquiries
from activities.private_links import PrivateLinks
from activities.providers import Providers
from activities.scopes import RemovalScope
from activities.target_groups import TargetGroups
from clouds.emqx.deployment_api import DeploymentApis
from clouds.secrets import OfferedSecrets
from clouds.settings import Settings
from privatelink.errors import FindingType, NameTaken, RemovalRefused, RequestRefused
from privatelink.model.names import Place, description
from privatelink.model.request import ApiPlatform, AwsAccess, Connector, ConsolePlatform
from tests.activities.standing_world import HERE, World, world
from tests.support.steps import (
    CONSUMER,
    LINK,
    PRINCIPAL,
    SAGA,
    a_deadline,
    a_removal,
    a_scope,
    address_users,
    attempt,
    refusal,
)

__all__ = ["world"]  # the fixture

ELSEWHERE = [
    HERE.model_copy(update={"account": "310987654321"}),
    HERE.model_copy(update={"region": "eu-west-1"}),
    HERE.model_copy(update={"mode": "console"}),
]
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"


async def a_row(world: World, place: Place | None, service_name: str = SERVICE) -> str:
    """A PrivateLink of the link that leads to an endpoint service which nobody here has; its id."""
    mark = description(LINK, "saga-0", place)
    return (await world.platform.create_private_link(LINK.deployment, service_name, mark)).private_link_id


def providers(world: World) -> Providers:
    """The check of a create."""
    return Providers(world.provider.aws, world.platform)


def the_connectors(world: World) -> Connectors:
    """The steps about connectors."""
    settings = Settings.from_environment()
    return Connectors(DeploymentApis(settings), world.provider.aws, OfferedSecrets(settings.secrets))


def a_check(world: World, **changes: Any) -> inputs.ProviderSpec:  # noqa: ANN401 - fields of the request
    """The check of a create that nothing else is wrong with."""
    deployment = inputs.DeploymentFacts(
        region="us-east-1", az_ids=("use1-az1", "use1-az2"), principal_arn=PRINCIPAL, account_id=CONSUMER
    )
    return inputs.ProviderSpec(request=world.provider.request(**changes), saga_id=SAGA, deployment=deployment)


async def found_by_delete(world: World, spec: RemovalScope) -> set[tuple[str, str]]:
    """Type and thing of each finding of the delete's check."""
    error = await refusal(RemovalRefused, world.steps.check_removal, spec)
    return {(finding.type, finding.resource) for finding in error.details_model.findings}


@pytest.mark.parametrize("place", ELSEWHERE, ids=["account", "region", "mode"])
async def test_a_privatelink_of_another_place_refuses_create_and_delete_by_name(world: World, place: Place) -> None:
    """Each says where the link is; an inspection shows the same finding, and nothing is touched."""
    private_link_id = await a_row(world, place)
    expected = (FindingType.LINK_ELSEWHERE, private_link_id)
    assert {expected} == await found_by_delete(world, a_removal())
    error = await refusal(RequestRefused, providers(world).check_provider, a_check(world))
    assert {expected} == {(one.type, one.resource) for one in error.details_model.findings}
    assert str(place) in str(error)
    assert f"privatelink delete {LINK}" in error.details_model.next_step
    apis = DeploymentApis(Settings.from_environment())
    inquiries = Inquiries(world.provider.aws, world.platform, apis, world.steps._inventory)
    inspection = await attempt(inquiries.inspect_link, a_removal())
    assert [expected] == [(one.type, one.resource) for one in inspection.findings]
    assert (HERE.account, HERE.region) == (inspection.account, inspection.region)


async def test_a_row_of_before_places_must_lead_to_a_service_that_is_shown_here(world: World) -> None:
    """Region and id of the endpoint service are in its name; a failed one may go by explicit choice."""
    world.provider.sandbox.durations(platform_endpoint=0)
    private_link_id = await a_row(world, None)
    assert (FindingType.LINK_ELSEWHERE, private_link_id) in await found_by_delete(world, a_removal())
    while (await world.platform.list_private_links(LINK.deployment))[0].status != "failed":
        pass
    assert (FindingType.LINK_ELSEWHERE, private_link_id) in await found_by_delete(world, a_removal())
    assert private_link_id in (await attempt(world.steps.check_removal, a_removal(allow_failed=True))).ids


async def test_a_row_of_before_places_that_leads_here_is_here(world: World) -> None:
    """Links of earlier versions go on being found, and can be deleted."""
    spec = await world.run(place=None)
    assert spec.private_link.private_link_id in (await attempt(world.steps.check_removal, a_removal())).ids


async def test_the_region_of_the_deployment_refuses_a_delete_of_another_region(world: World) -> None:
    """EMQX connects within one region, so there is nothing of the link to find elsewhere; `absent` would be no answer.

    In console mode too, where the worker has a key of the platform.
    """
    console = ConsolePlatform(mode="console", az_ids=("use1-az1",), principal_arn=PRINCIPAL)
    for platform in (ApiPlatform(), console):
        spec = RemovalScope(link=LINK, aws=AwsAccess(region="eu-west-1"), platform=platform)
        assert {(FindingType.REGION_MISMATCH, "aws.region")} == await found_by_delete(world, spec)


async def test_a_tag_of_the_other_platform_mode_refuses_create_and_delete(world: World) -> None:
    """A person made that PrivateLink at the console; the platform's API would make a second one."""
    console = HERE.model_copy(update={"mode": "console"})
    group = world.provider.target_group_spec()
    scope = a_scope().model_copy(update={"place": console})
    await attempt(TargetGroups(world.provider.aws).create_target_group, group.model_copy(update={"scope": scope}))
    assert {(FindingType.LINK_ELSEWHERE, str(LINK))} == await found_by_delete(world, a_removal())
    error = await refusal(RequestRefused, providers(world).check_provider, a_check(world))
    assert [FindingType.LINK_ELSEWHERE] == [one.type for one in error.details_model.findings]


async def test_no_removal_touches_what_stands_elsewhere(world: World) -> None:
    """Were it to come there all the same, the description's place decides."""
    await a_row(world, ELSEWHERE[0])
    world.connect("orders", "db.example.com:3306", description(LINK, "saga-0", ELSEWHERE[0]))
    connectors = the_connectors(world)
    private_links = PrivateLinks(world.platform, world.provider.aws, address_users())
    for saga_id in (None, SAGA):
        spec = a_removal(saga_id, place=HERE)
        assert () == (await attempt(private_links.delete_private_link, spec)).ids
        assert () == (await attempt(connectors.delete_connector, spec)).ids
    books = world.provider.sandbox.books()
    assert [1, 1] == [len(books["platform"][LINK.deployment]), len(books["connectors"][LINK.deployment])]


async def test_a_connector_of_another_place_is_refused_in_the_check_and_never_replaced(world: World) -> None:
    """It carries the running link's data, whatever the new request would have it be."""
    world.connect("orders", "db.example.com:3306", description(LINK, "saga-0", ELSEWHERE[0]))
    connector = Connector(type="mysql", name="orders", parameters={"server": "{address}:3306", "database": "orders"})
    steps = the_connectors(world)
    error = await refusal(
        RequestRefused, steps.check_connector, inputs.ConnectorSpec(scope=a_scope(), connector=connector)
    )
    assert (FindingType.LINK_ELSEWHERE, "mysql:orders") in {
        (one.type, one.resource) for one in error.details_model.findings
    }
    scope = a_scope().model_copy(update={"place": HERE})
    creation = inputs.ConnectorCreation(
        scope=scope, connector=connector, address="a.example.com", deadline=a_deadline()
    )
    await refusal(NameTaken, steps.create_connector, creation)
    assert len(world.provider.sandbox.books()["connectors"][LINK.deployment]) == 1
