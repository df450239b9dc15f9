"""The endpoint service: made once over its load balancer, for exactly one principal; removed, unless others use it."""

import pytest

from activities import inputs
from activities.endpoint_services import EndpointServices
from privatelink.errors import (
    CloudRefused,
    EndpointServiceFailed,
    FindingType,
    NameTaken,
    NotYet,
    RemovalRefused,
)
from privatelink.model.names import TAG_COMPLETE, TAG_LINK, TAG_SAGA
from privatelink.model.request import ConsolePlatform
from tests.support.sandbox import Sandbox
from tests.support.steps import (
    LINK,
    PRINCIPAL,
    SAGA,
    Provider,
    a_deadline,
    a_removal,
    a_scope,
    attempt,
    failure,
    perform,
    refusal,
)

OTHER_PRINCIPAL = "arn:aws:iam::410987654321:root"


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """The seeded account."""
    return Provider(sandbox)


@pytest.fixture
def steps(provider: Provider) -> EndpointServices:
    """The steps under test."""
    return EndpointServices(provider.aws)


async def a_spec(provider: Provider, saga_id: str = SAGA) -> inputs.EndpointServiceSpec:
    """An endpoint service over an active load balancer."""
    load_balancer = await provider.make_active_load_balancer(saga_id)
    return inputs.EndpointServiceSpec(scope=a_scope(saga_id), load_balancer=load_balancer, deadline=a_deadline())


async def test_it_stands_over_the_load_balancer_and_asks_us(provider: Provider, steps: EndpointServices) -> None:
    """One, known as ours by its tags; IPv4; nobody connects without our accepting."""
    spec = await a_spec(provider)
    made = await attempt(steps.create_endpoint_service, spec)
    (found,) = provider.books()["endpoint_services"]
    assert (made.service_id, made.service_name) == (found["id"], found["name"])
    assert [spec.load_balancer.arn] == found["load_balancer_arns"]
    assert (str(LINK), SAGA) == (found["tags"][TAG_LINK], found["tags"][TAG_SAGA])
    (described,) = provider.client("ec2").describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    assert (True, ["ipv4"]) == (described["AcceptanceRequired"], described["SupportedIpAddressTypes"])


async def test_twice_is_once(provider: Provider, steps: EndpointServices) -> None:
    """A repeated call gives the same and makes nothing."""
    spec = await a_spec(provider)
    assert await attempt(steps.create_endpoint_service, spec) == await attempt(steps.create_endpoint_service, spec)
    assert 1 == len(provider.books()["endpoint_services"])


@pytest.mark.parametrize("kind", ["lost_reply", "throttle", "server_error"])
async def test_a_bad_moment_makes_no_second_one(provider: Provider, steps: EndpointServices, kind: str) -> None:
    """Whatever goes wrong, the retry ends with one endpoint service."""
    provider.sandbox.fault("CreateVpcEndpointServiceConfiguration", kind)
    await perform(steps.create_endpoint_service, await a_spec(provider))
    assert 1 == len(provider.books()["endpoint_services"])


async def test_one_that_is_not_visible_yet_is_not_made_twice(provider: Provider, steps: EndpointServices) -> None:
    """No tag shows it, but the ClientToken does: AWS gives the same one again."""
    provider.sandbox.fault("CreateVpcEndpointServiceConfiguration", "not_visible", seconds=600)
    await refusal(NotYet, steps.create_endpoint_service, spec := await a_spec(provider))
    await perform(steps.create_endpoint_service, spec)
    assert 1 == len(provider.books()["endpoint_services"])


async def test_a_load_balancer_in_a_foreign_service_is_refused(provider: Provider, steps: EndpointServices) -> None:
    """AWS's InvalidParameter says little; ours says which endpoint service has it."""
    spec = await a_spec(provider)
    theirs = provider.client("ec2").create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[spec.load_balancer.arn]
    )["ServiceConfiguration"]["ServiceId"]
    error = await refusal(NameTaken, steps.create_endpoint_service, spec)
    assert theirs == error.details_model.resource
    await attempt(steps.delete_endpoint_service, a_removal())
    assert [theirs] == [found["id"] for found in provider.books()["endpoint_services"]]


async def test_a_leftover_is_adopted(provider: Provider, steps: EndpointServices) -> None:
    """The dead saga's becomes this saga's."""
    spec = await a_spec(provider, "saga-0")
    first = await attempt(steps.create_endpoint_service, spec)
    assert first == await attempt(steps.create_endpoint_service, spec.model_copy(update={"scope": a_scope()}))
    assert SAGA == provider.books()["endpoint_services"][0]["tags"][TAG_SAGA]


async def test_a_leftover_over_another_load_balancer_is_a_persons_business(
    provider: Provider, steps: EndpointServices
) -> None:
    """It cannot serve this request, and someone may depend on it."""
    spec = await a_spec(provider, "saga-0")
    await attempt(steps.create_endpoint_service, spec)
    other = spec.model_copy(update={"load_balancer": inputs.LoadBalancer(arn=spec.load_balancer.arn + "0")})
    before = provider.things()
    await refusal(CloudRefused, steps.create_endpoint_service, other)
    assert before == provider.things()


async def test_a_complete_one_is_used_as_it_is(provider: Provider, steps: EndpointServices) -> None:
    """What an earlier create completed keeps its saga, so that this one's rollback leaves it alone."""
    spec = await a_spec(provider, "saga-0")
    first = await attempt(steps.create_endpoint_service, spec)
    tag = {"Key": TAG_COMPLETE, "Value": "true"}
    provider.client("ec2").create_tags(Resources=[first.service_id], Tags=[tag])
    before = provider.things()
    assert first == await attempt(steps.create_endpoint_service, spec.model_copy(update={"scope": a_scope()}))
    await attempt(steps.remove_allowed_principals, a_removal(SAGA))
    await attempt(steps.delete_endpoint_service, a_removal(SAGA))
    assert before == provider.things()


async def test_the_step_ends_when_it_is_available(provider: Provider, steps: EndpointServices) -> None:
    """Pending on the way is progress."""
    await perform(steps.create_endpoint_service, await a_spec(provider))
    assert ["Available"] == [found["state"] for found in provider.books()["endpoint_services"]]


async def test_a_failed_one_ends_the_wait(provider: Provider, steps: EndpointServices) -> None:
    """Waiting does not cure it."""
    provider.sandbox.fault("CreateVpcEndpointServiceConfiguration", "failed")
    await failure(EndpointServiceFailed, steps.create_endpoint_service, await a_spec(provider))


async def test_one_that_someone_deletes_meanwhile_ends_the_wait(provider: Provider, steps: EndpointServices) -> None:
    """It will never be available."""
    provider.sandbox.durations(endpoint_service_available=10_000, endpoint_service_delete=10_000)
    spec = await a_spec(provider)
    pending = await refusal(NotYet, steps.create_endpoint_service, spec)
    provider.client("ec2").delete_vpc_endpoint_service_configurations(ServiceIds=[pending.details_model.resource])
    error = await failure(EndpointServiceFailed, steps.create_endpoint_service, spec)
    assert pending.details_model.resource == error.details_model.resource


async def a_principal(provider: Provider, steps: EndpointServices) -> inputs.PrincipalSpec:
    """The principal at a new endpoint service."""
    service = await perform(steps.create_endpoint_service, await a_spec(provider))
    return inputs.PrincipalSpec(scope=a_scope(), endpoint_service=service, principal_arn=PRINCIPAL)


@pytest.mark.parametrize("kind", [None, "lost_reply", "throttle"])
async def test_exactly_the_principal_is_allowed(provider: Provider, steps: EndpointServices, kind: str | None) -> None:
    """Once, also when the call is repeated or its reply is lost."""
    if kind:
        provider.sandbox.fault("ModifyVpcEndpointServicePermissions", kind)
    spec = await a_principal(provider, steps)
    await perform(steps.add_allowed_principal, spec)
    await perform(steps.add_allowed_principal, spec)
    assert [PRINCIPAL] == provider.books()["endpoint_services"][0]["principals"]


async def test_a_principal_of_someone_else_is_removed(provider: Provider, steps: EndpointServices) -> None:
    """It is the link's own service, for exactly one principal; another's endpoints would block every later delete."""
    spec = await a_principal(provider, steps)
    provider.client("ec2").modify_vpc_endpoint_service_permissions(
        ServiceId=spec.endpoint_service.service_id, AddAllowedPrincipals=[OTHER_PRINCIPAL]
    )
    await perform(steps.add_allowed_principal, spec)
    assert [PRINCIPAL] == provider.books()["endpoint_services"][0]["principals"]


async def test_a_service_that_is_not_visible_yet_is_waited_for(provider: Provider, steps: EndpointServices) -> None:
    """InvalidVpcEndpointServiceId.NotFound just after the create is a matter of moments."""
    provider.sandbox.fault("CreateVpcEndpointServiceConfiguration", "not_visible", seconds=60)
    await perform(steps.add_allowed_principal, await a_principal(provider, steps))
    assert [PRINCIPAL] == provider.books()["endpoint_services"][0]["principals"]


async def test_principals_are_removed_and_again_is_fine(provider: Provider, steps: EndpointServices) -> None:
    """All of them: nobody is to connect while the endpoint service is taken down."""
    assert () == (await attempt(steps.remove_allowed_principals, a_removal())).ids
    await provider.make_endpoint_service()
    provider.sandbox.fault("ModifyVpcEndpointServicePermissions", "lost_reply")
    assert (PRINCIPAL,) == (await perform(steps.remove_allowed_principals, a_removal())).ids
    assert [] == provider.books()["endpoint_services"][0]["principals"]
    assert () == (await attempt(steps.remove_allowed_principals, a_removal())).ids


async def test_it_is_deleted_and_gone_then(provider: Provider, steps: EndpointServices) -> None:
    """The step ends when AWS has it no more, so that its load balancer is free; again is fine."""
    service = await provider.make_endpoint_service()
    provider.sandbox.fault("DeleteVpcEndpointServiceConfigurations", "lost_reply")
    assert (service.service_id,) == (await perform(steps.delete_endpoint_service, a_removal())).ids
    assert [] == provider.books()["endpoint_services"]
    assert () == (await attempt(steps.delete_endpoint_service, a_removal())).ids


async def test_a_200_that_did_nothing_is_no_success(provider: Provider, steps: EndpointServices) -> None:
    """AWS answers 200 and says in `Unsuccessful` that it did not delete."""
    await provider.make_endpoint_service()
    provider.sandbox.fault("DeleteVpcEndpointServiceConfigurations", "unsuccessful")
    await refusal(NotYet, steps.delete_endpoint_service, a_removal())
    assert ["Available"] == [found["state"] for found in provider.books()["endpoint_services"]]
    await perform(steps.delete_endpoint_service, a_removal())
    assert [] == provider.books()["endpoint_services"]


async def test_foreign_endpoints_refuse_its_deletion(provider: Provider, steps: EndpointServices) -> None:
    """Each is named; nothing is cut; once they are gone, the same call goes on."""
    service = await provider.make_endpoint_service()
    foreign = [provider.make_vpc_endpoint(service) for _ in range(2)]
    before = provider.things()
    error = await refusal(RemovalRefused, steps.delete_endpoint_service, a_removal())
    assert {FindingType.FOREIGN_ENDPOINT} == {finding.type for finding in error.details_model.findings}
    assert set(foreign) == {finding.resource for finding in error.details_model.findings}
    assert before == provider.things()
    provider.client("ec2", "111122223333").delete_vpc_endpoints(VpcEndpointIds=foreign)
    await perform(steps.delete_endpoint_service, a_removal())
    assert [] == provider.books()["endpoint_services"]


async def test_in_console_mode_an_endpoint_of_the_deployments_account_is_not_foreign(
    provider: Provider, steps: EndpointServices
) -> None:
    """It bears no mark where it came after the person's delete was seen: it is rejected, and the rest goes on."""
    service = await provider.make_endpoint_service()
    endpoint = provider.make_vpc_endpoint(service)
    by_hand = ConsolePlatform(mode="console", az_ids=("use1-az1",), principal_arn=PRINCIPAL)
    other = by_hand.model_copy(update={"principal_arn": OTHER_PRINCIPAL})
    error = await refusal(RemovalRefused, steps.delete_endpoint_service, a_removal(platform=other))
    assert {endpoint} == {finding.resource for finding in error.details_model.findings}
    await perform(steps.delete_endpoint_service, a_removal(platform=by_hand))
    assert [] == provider.books()["endpoint_services"]
