"""Looking a deployment up: facts, or every reason at once."""

import pytest

from activities.deployments import Deployments
from activities.inputs import DeploymentFacts
from clouds.emqx.platform import Platform
from privatelink.errors import CloudUnavailable, FindingType, PlatformKeyRefused, RequestRefused
from privatelink.model.request import PrivateLinkRequest
from runtime.settings import Settings
from tests.support.sandbox import Sandbox
from tests.support.steps import attempt


def request_of(deployment: str, region: str = "us-east-1") -> PrivateLinkRequest:
    """A request for a link of this deployment."""
    return PrivateLinkRequest.model_validate(
        {
            "name": "orders-db",
            "deployment": deployment,
            "aws": {"region": region},
            "subnets": ["subnet-0a1"],
            "listeners": [{"port": 3306, "targets": ["10.0.1.15"]}],
        }
    )


async def look_up(deployment: str, region: str = "us-east-1", **settings: object) -> DeploymentFacts:
    """One attempt of the step."""
    platform = Platform(Settings.from_environment().platform.model_copy(update=settings))
    return await attempt(Deployments(platform).look_up_deployment, request_of(deployment, region))


async def findings(deployment: str, region: str = "us-east-1") -> set[str]:
    """The types of what a look-up refuses."""
    with pytest.raises(RequestRefused) as refused:
        await look_up(deployment, region)
    assert all(found.message and found.next_step for found in refused.value.details_model.findings)
    return {found.type for found in refused.value.details_model.findings}


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("deployment", ["w41b11c0", "w41b11c1"])
async def test_a_deployment_that_can_have_a_privatelink_gives_its_facts(deployment: str) -> None:
    """Dedicated and Dedicated Flex; the AZ IDs and the principal are the console's own."""
    assert await look_up(deployment) == DeploymentFacts(
        region="us-east-1",
        az_ids=("use1-az1", "use1-az2"),
        principal_arn="arn:aws:iam::111122223333:root",
        account_id="111122223333",
    )


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("deployment", "region", "expected"),
    [
        ("wunknown", "us-east-1", {FindingType.UNKNOWN_DEPLOYMENT}),
        ("wserver0", "us-east-1", {FindingType.DEPLOYMENT_TYPE_UNSUPPORTED}),
        ("wstopped", "us-east-1", {FindingType.DEPLOYMENT_NOT_RUNNING}),
        ("wazure00", "us-east-1", {FindingType.DEPLOYMENT_NOT_ON_AWS}),
        ("wnocode0", "us-east-1", {FindingType.DEPLOYMENT_REGION_UNKNOWN}),
        ("weurope0", "us-east-1", {FindingType.REGION_MISMATCH}),
        ("wpathar0", "us-east-1", {FindingType.PRINCIPAL_UNSUPPORTED}),
        ("wstarar0", "us-east-1", {FindingType.PRINCIPAL_UNSUPPORTED}),
        ("wstopped", "eu-west-1", {FindingType.DEPLOYMENT_NOT_RUNNING, FindingType.REGION_MISMATCH}),
        ("wpathar0", "eu-west-1", {FindingType.PRINCIPAL_UNSUPPORTED, FindingType.REGION_MISMATCH}),
    ],
)
async def test_every_reason_against_it_is_named_at_once(deployment: str, region: str, expected: set[str]) -> None:
    """One run reports everything that must be fixed."""
    assert await findings(deployment, region) == expected


async def test_words_are_read_in_any_case(sandbox: Sandbox) -> None:
    """The console writes Running."""
    sandbox.quirk("status_case", "upper")
    assert (await look_up("w41b11c0")).region == "us-east-1"


@pytest.mark.usefixtures("sandbox")
async def test_a_type_that_the_settings_allow_is_allowed() -> None:
    """EMQX may give PrivateLink to types that we do not know."""
    facts = await look_up("wserver0", further_types=frozenset({"Serverless"}))
    assert facts.account_id == "111122223333"


async def test_nothing_is_written(sandbox: Sandbox) -> None:
    """A check only reads, each thing once."""
    await look_up("w41b11c0")
    assert [call["action"] for call in sandbox.calls()] == [
        "GET /deployments/{deploymentID}",
        "GET /deployments/{deploymentID}/network",
    ]


@pytest.mark.parametrize("action", ["GET /deployments/{deploymentID}", "GET /deployments/{deploymentID}/network"])
async def test_a_fault_of_the_platform_is_no_finding(sandbox: Sandbox, action: str) -> None:
    """What passes is retried; a refused key is reported as such."""
    sandbox.fault(action, "server_error")
    with pytest.raises(CloudUnavailable):
        await look_up("w41b11c0")
    sandbox.clear_faults()
    sandbox.fault(action, "access_denied")
    with pytest.raises(PlatformKeyRefused):
        await look_up("w41b11c0")
