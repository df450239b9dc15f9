"""The check of the service provider's side: every finding at once, nothing made; and the mark of a complete create."""

import ipaddress
from typing import Any

import pytest
from pydantic import SecretStr

from activities import inputs
from activities.checks.address_users import AddressUsers
from activities.inquiries import Inquiries
from activities.providers import Providers
from activities.removal import Removals
from activities.scopes import RemovalScope
from activities.support.inventory_reader import InventoryReader
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from privatelink.errors import CredentialsRefused, FindingType, RemovalRefused, RequestRefused, Throttled
from privatelink.model.names import TAG_COMPLETE, TAG_LINK, aws_name
from privatelink.model.request import AwsAccess, PrivateLinkRequest
from runtime.settings import Settings
from tests.support.parts import TAGGED
from tests.support.sandbox import Sandbox
from tests.support.steps import CONSUMER, LINK, PRINCIPAL, PROVIDER, SAGA, Provider, a_scope, attempt, perform, refusal

AZ_IDS = ("use1-az1", "use1-az2")


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """The seeded account."""
    return Provider(sandbox)


@pytest.fixture
def steps(provider: Provider) -> Providers:
    """The steps under test."""
    return Providers(provider.aws, Platform(Settings.from_environment().platform))


def a_spec(request: PrivateLinkRequest, az_ids: tuple[str, ...] = AZ_IDS) -> inputs.ProviderSpec:
    """The check of a request for a deployment with endpoints in these AZ IDs."""
    deployment = inputs.DeploymentFacts(region="us-east-1", az_ids=az_ids, principal_arn=PRINCIPAL, account_id=CONSUMER)
    return inputs.ProviderSpec(request=request, saga_id=SAGA, deployment=deployment)


async def findings(steps: Providers, spec: inputs.ProviderSpec) -> list[tuple[str, str]]:
    """What the check finds: type and what it concerns."""
    error = await refusal(RequestRefused, steps.check_provider, spec)
    assert all(finding.next_step for finding in error.details_model.findings)
    return sorted((finding.type, finding.resource) for finding in error.details_model.findings)


def listener(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the listener
    """A listener on 3306."""
    return {"port": 3306, **fields}


async def test_a_good_request_gives_what_the_create_builds_on(provider: Provider, steps: Providers) -> None:
    """Account, VPC, and the subnets by AZ ID; nothing is made."""
    facts = await attempt(steps.check_provider, a_spec(provider.request()))
    expected = inputs.ProviderFacts(
        account_id="210987654321",
        vpc_id=provider.vpc_id,
        subnets=provider.subnets,
        is_new=True,
    )
    assert expected == facts
    assert {} == provider.sandbox.books()["aws"]


async def test_only_reads_are_made(provider: Provider, steps: Providers) -> None:
    """A check that changes something is no check."""
    await attempt(steps.check_provider, a_spec(provider.request()))
    assert all(call["read"] for call in provider.sandbox.calls())


async def test_another_account_is_checked_as_its_role(provider: Provider, steps: Providers) -> None:
    """The subnets of the role's account, which the worker's own does not have."""
    seed = provider.sandbox.seed
    theirs = seed["accounts"]["310987654321"]["networks"]["us-east-1"]["subnets"]
    request = provider.request(
        aws={"region": "us-east-1", "role_arn": seed["role_arn"], "external_id": seed["external_id"]},
        subnets=[theirs[az_id]["id"] for az_id in AZ_IDS],
    )
    assert "310987654321" == (await attempt(steps.check_provider, a_spec(request))).account_id
    own = request.model_copy(update={"aws": AwsAccess(region="us-east-1")})
    assert FindingType.SUBNET_NOT_FOUND in {kind for kind, _ in await findings(steps, a_spec(own))}


@pytest.mark.parametrize("given", [True, False])
async def test_every_check_refuses_a_role_that_lets_anyone_in(
    provider: Provider, steps: Providers, *, given: bool
) -> None:
    """Create, delete, inspection and set-up ask the role itself: leaving the external id out switches nothing off."""
    seed = provider.sandbox.seed
    theirs = seed["accounts"]["310987654321"]["networks"]["us-east-1"]["subnets"]
    external_id = seed["external_id"] if given else None
    access = AwsAccess(region="us-east-1", role_arn=seed["open_role_arn"], external_id=external_id)
    request = provider.request(aws=access.model_dump(), subnets=[theirs[az_id]["id"] for az_id in AZ_IDS])
    open_role = [(FindingType.TRUST_POLICY_OPEN, seed["open_role_arn"])]
    assert open_role == await findings(steps, a_spec(request))
    settings = Settings.from_environment()
    platform, apis = Platform(settings.platform), DeploymentApis(settings.deployment_access)
    inventory = InventoryReader(provider.aws, platform, apis)
    inquiries = Inquiries(provider.aws, platform, apis, inventory)
    removal = RemovalScope(link=LINK, aws=access)
    for kind, look in (
        (RemovalRefused, Removals(inventory, AddressUsers(apis)).check_removal),
        (RequestRefused, inquiries.inspect_link),
    ):
        refused = (await refusal(kind, look, removal)).details_model.findings
        assert open_role == [(finding.type, finding.resource) for finding in refused]
    (role,) = [one for one in (await attempt(inquiries.check_keys, removal)).findings if one.name == "role"]
    assert not role.ok
    assert "its trust policy is open" in role.message


async def test_a_check_tells_of_an_external_id_that_is_not_the_operators(provider: Provider) -> None:
    """As a finding beside the others; neither of the two ids is shown."""
    seed = provider.sandbox.seed
    settings = Settings.from_environment()
    aws = AwsAccounts(external_ids={seed["role_arn"]: SecretStr(seed["external_id"])})
    platform, apis = Platform(settings.platform), DeploymentApis(settings.deployment_access)
    inquiries = Inquiries(aws, platform, apis, InventoryReader(aws, platform, apis))
    access = AwsAccess(region="us-east-1", role_arn=seed["role_arn"], external_id="ext-guess")
    found = (await attempt(inquiries.check_keys, RemovalScope(link=LINK, aws=access))).findings
    assert {"AWS": False, "role": False} == {one.name: one.ok for one in found if one.name in {"AWS", "role"}}
    assert "another external_id" in str(found)
    assert "ext-guess" not in str(found)
    assert seed["external_id"] not in str(found)


async def test_whether_a_role_is_open_must_be_answered(provider: Provider, steps: Providers) -> None:
    """An answer that is no refusal of the role, such as a throttle, is no proof that the trust policy is closed."""
    seed = provider.sandbox.seed
    access = {"region": "us-east-1", "role_arn": seed["role_arn"], "external_id": seed["external_id"]}
    theirs = seed["accounts"]["310987654321"]["networks"]["us-east-1"]["subnets"]
    request = provider.request(aws=access, subnets=[theirs[az_id]["id"] for az_id in AZ_IDS])
    await attempt(steps.check_provider, a_spec(request))
    provider.sandbox.fault("AssumeRole", "throttle", times=1)
    await refusal(Throttled, steps.check_provider, a_spec(request))


async def test_subnets_in_an_az_twice_and_missing_ones_are_named(provider: Provider, steps: Providers) -> None:
    """One subnet for each AZ ID of the deployment, and only one in each."""
    subnets = provider.sandbox.seed["subnets"]
    request = provider.request(subnets=[subnets["use1-az1"], subnets["use1-az1-second"], "subnet-0123"])
    assert sorted(
        [
            (FindingType.AZ_NOT_COVERED, "use1-az2"),
            (FindingType.SUBNETS_IN_ONE_AZ, "use1-az1"),
            (FindingType.SUBNET_NOT_FOUND, "subnet-0123"),
        ]
    ) == await findings(steps, a_spec(request))


async def test_subnets_of_several_vpcs_and_full_ones_are_named(provider: Provider, steps: Providers) -> None:
    """A load balancer is in one VPC, and takes addresses."""
    subnets = provider.sandbox.seed["subnets"]
    request = provider.request(subnets=[subnets["other-vpc"], subnets["use1-az2-tiny"]])
    found = await findings(steps, a_spec(request))
    assert (FindingType.SUBNETS_IN_SEVERAL_VPCS, "subnets") in found
    assert (FindingType.SUBNET_WITHOUT_ADDRESSES, subnets["use1-az2-tiny"]) in found


async def test_an_az_without_a_subnet_says_what_to_do(provider: Provider, steps: Providers) -> None:
    """Otherwise the deployment's VPC endpoint would fail as a whole, minutes later, in the consumer's account."""
    spec = a_spec(provider.request(), (*AZ_IDS, "use1-az5"))
    error = await refusal(RequestRefused, steps.check_provider, spec)
    assert "no subnet in use1-az5" in error.details_model.message
    assert "create a subnet in use1-az5 or add it to subnets" in error.details_model.next_step


@pytest.mark.parametrize(
    ("target", "finding"),
    [
        ("10.0.1.15", None),
        ("10.0.1.99", FindingType.TARGET_NOT_FOUND),
        ("10.0.250.10", FindingType.TARGET_NOT_FOUND),
        ("10.0.4.15", FindingType.TARGET_ELSEWHERE),
        ("172.16.5.9", None),
        ("10.9.9.9", None),
        ("100.64.0.1", None),
        ("8.8.8.8", FindingType.TARGET_ELSEWHERE),
        ("198.19.4.10", FindingType.TARGET_ELSEWHERE),
        ("169.254.169.254", FindingType.TARGET_ELSEWHERE),
    ],
)
async def test_an_address_in_the_vpc_must_be_someones(
    provider: Provider, steps: Providers, target: str, finding: FindingType | None
) -> None:
    """In a zone of the load balancer. Outside the VPC a peering may lead to it, which nobody can look up."""
    spec = a_spec(provider.request(listeners=[listener(targets=[target])]))
    if finding:
        assert [(finding, target)] == await findings(steps, spec)
    else:
        facts = await attempt(steps.check_provider, spec)
        assert facts.outside == ({target} if target != "10.0.1.15" else set())


async def test_every_block_of_the_vpc_can_hold_targets(provider: Provider, steps: Providers) -> None:
    """AWS takes what is in a subnet of the VPC, whatever range it is of: shared address space, or a public block."""
    ec2 = provider.client("ec2")
    zone = ec2.describe_subnets(SubnetIds=[provider.subnets["use1-az1"]])["Subnets"][0]["AvailabilityZone"]
    for block in ("198.19.0.0/16", "11.20.0.0/16"):
        ec2.associate_vpc_cidr_block(VpcId=provider.vpc_id, CidrBlock=block)
        cidr, target = block.replace("0.0/16", "4.0/24"), block.replace("0.0/16", "4.10")
        subnet = ec2.create_subnet(VpcId=provider.vpc_id, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=target)
        facts = await attempt(
            steps.check_provider, a_spec(provider.request(listeners=[listener(port=4000, targets=[target])]))
        )
        assert facts.outside == set()


async def test_in_a_shared_vpc_what_is_not_shown_is_left_to_aws(provider: Provider, steps: Providers) -> None:
    """Neither the interfaces nor every subnet of the owner are shown; the zone of a shared subnet is."""
    owner = provider.sandbox.seed["accounts"]["310987654321"]["networks"]["us-east-1"]["subnets"]
    shared = [owner[az_id]["id"] for az_id in (*AZ_IDS, "use1-az4")]
    provider.sandbox.share(shared, participant=PROVIDER)
    blocks = provider.client("ec2").describe_subnets(SubnetIds=shared)["Subnets"]
    cidrs = {one["AvailabilityZoneId"]: ipaddress.IPv4Network(one["CidrBlock"]) for one in blocks}
    unseen = str(ipaddress.IPv4Network(cidrs["use1-az1"]).supernet(new_prefix=16)[-20])
    theirs, zoneless = str(cidrs["use1-az1"][99]), str(cidrs["use1-az4"][99])
    request = provider.request(subnets=shared[:2], listeners=[listener(targets=[theirs, unseen])])
    assert {unseen} == (await attempt(steps.check_provider, a_spec(request))).outside
    request = provider.request(subnets=shared[:2], listeners=[listener(targets=[theirs, zoneless])])
    assert [(FindingType.TARGET_ELSEWHERE, zoneless)] == await findings(steps, a_spec(request))


async def test_instances_and_albs_need_a_zone_of_the_load_balancer(provider: Provider, steps: Providers) -> None:
    """What AWS would tell at the end, as `Target.NotInUse`, after everything was made."""
    seed = provider.sandbox.seed
    subnets = [seed["subnets"][az_id] for az_id in ("use1-az4", "use1-az6")]
    (arn,), instance = seed["albs"], seed["instances"][0]
    listeners = [listener(target_type="instance", targets=[instance]), alb(arn)]
    request = provider.request(subnets=subnets, listeners=listeners)
    assert sorted([(FindingType.TARGET_ELSEWHERE, instance), (FindingType.TARGET_ELSEWHERE, arn)]) == (
        await findings(steps, a_spec(request, ("use1-az4", "use1-az6")))
    )


async def test_instances_must_run_in_the_vpc(provider: Provider, steps: Providers) -> None:
    """Running ones pass; absent and stopped ones are named."""
    running, stopped = provider.sandbox.seed["instances"]
    provider.client("ec2").stop_instances(InstanceIds=[stopped])
    absent = "i-0123456789abcdef0"
    request = provider.request(listeners=[listener(target_type="instance", targets=[running, stopped, absent])])
    assert sorted([(FindingType.TARGET_NOT_FOUND, stopped), (FindingType.TARGET_NOT_FOUND, absent)]) == (
        await findings(steps, a_spec(request))
    )


async def test_instances_of_another_vpc_are_elsewhere(provider: Provider, steps: Providers) -> None:
    """A target group of type instance serves one VPC."""
    other = provider.sandbox.seed["subnets"]["other-vpc"]
    made = provider.client("ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=other)
    instance = made["Instances"][0]["InstanceId"]
    request = provider.request(listeners=[listener(target_type="instance", targets=[instance])])
    assert [(FindingType.TARGET_ELSEWHERE, instance)] == await findings(steps, a_spec(request))


def alb(arn: str, port: int = 80) -> dict[str, Any]:
    """A listener to an Application Load Balancer."""
    return {"port": port, "target_type": "alb", "targets": [arn], "health_check": {"protocol": "http"}}


async def test_an_alb_must_be_there_and_listen(provider: Provider, steps: Providers) -> None:
    """It passes on its listener's port; another port, an absent one and one of another region are named."""
    (arn,) = provider.sandbox.seed["albs"]
    await attempt(steps.check_provider, a_spec(provider.request(listeners=[alb(arn)])))
    absent, abroad = arn[:-4] + "0000", arn.replace("us-east-1", "eu-west-1")
    request = provider.request(listeners=[alb(arn, 8080), alb(absent, 81), alb(abroad, 82)])
    assert sorted(
        [
            (FindingType.TARGET_NOT_FOUND, arn),
            (FindingType.TARGET_NOT_FOUND, absent),
            (FindingType.TARGET_ELSEWHERE, abroad),
        ]
    ) == await findings(steps, a_spec(request))


async def test_names_that_others_have_are_named(provider: Provider, steps: Providers) -> None:
    """Both of them at once, and left as they are."""
    elbv2 = provider.client("elbv2")
    subnets = list(provider.subnets.values())
    elbv2.create_load_balancer(Name=aws_name(LINK), Type="network", Scheme="internal", Subnets=subnets)
    elbv2.create_target_group(
        Name=aws_name(LINK, 3306),
        Protocol="TCP",
        Port=3306,
        VpcId=provider.vpc_id,
        TargetType="ip",
        Tags=[{"Key": TAG_LINK, "Value": "w41b11c0/other"}],
    )
    before = provider.things()
    assert sorted([(FindingType.NAME_TAKEN, aws_name(LINK)), (FindingType.NAME_TAKEN, aws_name(LINK, 3306))]) == (
        await findings(steps, a_spec(provider.request()))
    )
    assert before == provider.things()


async def made_complete(provider: Provider, steps: Providers) -> list[str]:
    """Load balancer, target group, listener and endpoint service, marked complete; their ids."""
    service = await provider.make_endpoint_service()
    load_balancer = await provider.make_load_balancer()
    group = await provider.make_target_group()
    arns = (load_balancer.arn, group.arn, await provider.make_listener(load_balancer, group))
    spec = inputs.CompleteSpec(scope=a_scope(), arns=arns, service_id=service.service_id)
    await perform(steps.mark_complete, spec)
    return [*arns, service.service_id]


async def test_everything_is_marked_complete(provider: Provider, steps: Providers) -> None:
    """All that the create made, also when a call goes wrong and is repeated."""
    provider.sandbox.fault("AddTags", "lost_reply")
    provider.sandbox.fault("CreateTags", "throttle")
    await made_complete(provider, steps)
    books = provider.books()
    things = [one for part in TAGGED for one in books[part.book]]
    assert ["true"] * len(TAGGED) == [one["tags"].get(TAG_COMPLETE) for one in things]


async def test_the_same_request_of_a_complete_link_passes(provider: Provider, steps: Providers) -> None:
    """A create converges; addresses that its own load balancer took are not missed."""
    await made_complete(provider, steps)
    await attempt(steps.check_provider, a_spec(provider.request()))


@pytest.mark.parametrize(
    ("changes", "resource", "words"),
    [
        ({"targets": ["10.0.1.15"]}, aws_name(LINK, 3306), "its targets are"),
        ({"target_port": 3307}, aws_name(LINK, 3306), "its target port is 3306, not 3307"),
        ({"health_check": {"protocol": "tcp", "port": 9}}, aws_name(LINK, 3306), "its health check is"),
        ({"port": 5432}, aws_name(LINK), "it listens on 3306, not on 5432"),
    ],
)
async def test_another_request_of_a_complete_link_is_a_conflict(
    provider: Provider, steps: Providers, changes: dict[str, Any], resource: str, words: str
) -> None:
    """The difference is named, and the link stays as it is."""
    await made_complete(provider, steps)
    before = provider.things()
    fields = {"targets": provider.sandbox.seed["targets"][:2]} | changes
    request = provider.request(listeners=[listener(**fields)])
    error = await refusal(RequestRefused, steps.check_provider, a_spec(request))
    (finding,) = error.details_model.findings
    assert (FindingType.LINK_DIFFERS, resource) == (finding.type, finding.resource)
    assert words in finding.message
    assert before == provider.things()


async def test_other_subnets_of_a_complete_link_are_a_conflict(provider: Provider, steps: Providers) -> None:
    """A load balancer stays where it was made."""
    await made_complete(provider, steps)
    subnets = [*provider.subnets.values(), provider.sandbox.seed["subnets"]["use1-az4"]]
    found = await findings(steps, a_spec(provider.request(subnets=subnets)))
    assert [(FindingType.LINK_DIFFERS, aws_name(LINK))] == found


async def test_a_leftover_is_no_conflict(provider: Provider, steps: Providers) -> None:
    """What a dead saga left is made to fit by the create, whatever its request was."""
    await provider.make_target_group("saga-0", target_port=3307)
    await provider.make_load_balancer("saga-0")
    await attempt(steps.check_provider, a_spec(provider.request()))


async def test_a_role_that_cannot_be_assumed_is_told(provider: Provider, steps: Providers) -> None:
    """At once: no finding can be had without it."""
    role = {"region": "us-east-1", "role_arn": provider.sandbox.seed["role_arn"], "external_id": "ext-wrong"}
    await refusal(CredentialsRefused, steps.check_provider, a_spec(provider.request(aws=role)))
