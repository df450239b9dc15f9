"""The platform's API, against the sandbox."""

import pytest
from pydantic import SecretStr

from clouds.api_access import ApiAccess
from clouds.emqx.platform import LEAST_LIST_SECONDS, LISTS_AT_ONCE, Platform, PlatformSettings, seconds_between_listings
from privatelink.errors import (
    AccessDenied,
    CloudRefused,
    CloudUnavailable,
    PlatformKeyRefused,
    PrivateLinkError,
    Throttled,
    UnknownCloudError,
)
from runtime.settings import Settings
from tests.clouds.emqx.test_http import answering_server
from tests.support.sandbox import Sandbox

DEPLOYMENT = "w41b11c0"
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8"


def settings() -> PlatformSettings:
    """As the sandbox's environment gives them."""
    return Settings.from_environment().platform


@pytest.fixture
def platform(sandbox: Sandbox) -> Platform:
    """The sandbox's platform."""
    assert sandbox.endpoint
    return Platform(settings())


async def test_a_deployment_and_its_network_are_read(platform: Platform) -> None:
    """Names of fields are EMQX's own, odd casing included."""
    deployment = await platform.get_deployment(DEPLOYMENT)
    network = await platform.get_network(DEPLOYMENT)
    assert deployment is not None
    assert (deployment.status, deployment.platform, deployment.region) == ("running", "AWS", "N. Virginia (us-east-1)")
    assert network.az_ids == ("use1-az1", "use1-az2")
    assert network.aws_arn == "arn:aws:iam::111122223333:root"


async def test_absence_is_typed(platform: Platform) -> None:
    """A find gives None; a list of an unknown deployment is an error with its code."""
    assert await platform.get_deployment("wunknown") is None
    assert await platform.find_private_link(DEPLOYMENT, "plunknown") is None
    with pytest.raises(CloudRefused) as refused:
        await platform.list_private_links("wunknown")
    assert refused.value.cloud_code == "NOT_FOUND"


async def test_gone_may_be_an_empty_object(platform: Platform, sandbox: Sandbox) -> None:
    """EMQX's published sibling answers `{}` where others answer 404."""
    sandbox.quirk("gone_answer", "empty_object")
    assert await platform.find_private_link(DEPLOYMENT, "plunknown") is None


async def test_a_privatelink_is_created_listed_found_and_deleted(platform: Platform, sandbox: Sandbox) -> None:
    """The whole life, by the contract's paths."""
    row = await platform.create_private_link(DEPLOYMENT, SERVICE, "ours")
    assert (row.service_name, row.description) == (SERVICE, "ours")
    assert [row.private_link_id] == [one.private_link_id for one in await platform.list_private_links(DEPLOYMENT)]
    assert await platform.find_private_link(DEPLOYMENT, row.private_link_id) is not None
    await platform.delete_private_link(DEPLOYMENT, row.private_link_id)
    (left,) = sandbox.books()["platform"][DEPLOYMENT]
    assert left["status"] == "terminated"


async def test_deleting_what_is_not_there_is_success(platform: Platform) -> None:
    """Absent is what a delete wants."""
    await platform.delete_private_link(DEPLOYMENT, "plunknown")


FAULTS: dict[str, type[PrivateLinkError]] = {
    "throttle": Throttled,
    "server_error": CloudUnavailable,
    "access_denied": PlatformKeyRefused,
    "lost_reply": CloudUnavailable,
}


@pytest.mark.parametrize("code", ["string", "number", "missing"])
@pytest.mark.parametrize("kind", FAULTS)
async def test_faults_have_names_whatever_their_code_looks_like(
    platform: Platform, sandbox: Sandbox, kind: str, code: str
) -> None:
    """A code may be text, a number or missing."""
    sandbox.quirk("error_code", code)
    sandbox.fault("GET /deployments/{deploymentID}", kind)
    with pytest.raises(FAULTS[kind]):
        await platform.get_deployment(DEPLOYMENT)


async def test_a_missing_permission_is_told_from_a_refused_key(platform: Platform, sandbox: Sandbox) -> None:
    """They are fixed by different people."""
    sandbox.quirk("denied_answer", "forbidden")
    sandbox.fault("GET /deployments/{deploymentID}", "access_denied")
    with pytest.raises(AccessDenied):
        await platform.get_deployment(DEPLOYMENT)


@pytest.mark.usefixtures("sandbox")
async def test_a_wrong_secret_is_refused_and_not_told() -> None:
    """The error names the variables to correct."""
    right = settings().access
    assert right
    access = right.model_copy(update={"api_secret": SecretStr("wr0ng")})
    with pytest.raises(PlatformKeyRefused, match="EMQXCLOUD_PLATFORM_API_SECRET") as refused:
        await Platform(PlatformSettings(access=access)).get_deployment(DEPLOYMENT)
    assert "wr0ng" not in str(refused.value)


async def test_without_a_key_every_call_says_what_is_missing_and_who_needs_it() -> None:
    """A worker for console mode starts without one; a request that needs the API is refused at its first call."""
    keyless = Platform(PlatformSettings())
    assert not keyless.is_configured
    for call in (
        keyless.get_deployment(DEPLOYMENT),
        keyless.get_network(DEPLOYMENT),
        keyless.list_private_links(DEPLOYMENT),
        keyless.find_private_link(DEPLOYMENT, "pl1"),
        keyless.create_private_link(DEPLOYMENT, SERVICE, "ours"),
        keyless.delete_private_link(DEPLOYMENT, "pl1"),
    ):
        with pytest.raises(PlatformKeyRefused, match="the worker has no API key of the platform") as refused:
            await call
        for word in ("ENDPOINT", "API_KEY", "API_SECRET"):
            assert f"EMQXCLOUD_PLATFORM_{word}" in refused.value.details_model.next_step
        assert "requests with `platform: {mode: console}` need none" in refused.value.details_model.next_step


def test_with_a_key_it_is_configured(platform: Platform) -> None:
    """A step that can do without the API asks first."""
    assert platform.is_configured


async def test_each_kind_of_call_has_its_own_budget(sandbox: Sandbox) -> None:
    """A used-up budget of writes leaves the reads alone, and is never the platform's refusal."""
    platform = Platform(settings().model_copy(update={"writes_per_hour": 1}))
    row = await platform.create_private_link(DEPLOYMENT, SERVICE, "ours")
    await platform.list_private_links(DEPLOYMENT)
    await platform.delete_private_link(DEPLOYMENT, row.private_link_id)
    statuses = {call["status"] for call in sandbox.calls() if call["service"] == "platform"}
    assert statuses == {200, 201, 204}


@pytest.mark.parametrize("reads_per_hour", [PlatformSettings().reads_per_hour, 100, 366])
def test_the_listings_that_waits_cause_fill_an_hour(reads_per_hour: int) -> None:
    """A burst, and then one after another: together what the platform allows for this kind of call, and no more."""
    assert LISTS_AT_ONCE + 3600 / seconds_between_listings(reads_per_hour) == pytest.approx(reads_per_hour)


@pytest.mark.parametrize("reads_per_hour", [1, LISTS_AT_ONCE, 100_000])
def test_listings_are_never_close_together_nor_hours_apart(reads_per_hour: int) -> None:
    """However few or many readings are allowed: where there are few, the budget beneath keeps the count."""
    assert LEAST_LIST_SECONDS <= seconds_between_listings(reads_per_hour) <= 3600


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((200, body) for body in (b"", b"null", b"[]", b'""', b"0")),
        *((404, body) for body in (b"", b"default backend - 404", b"<html>Not Found</html>")),
    ],
)
async def test_only_emqx_itself_says_that_a_thing_is_gone(status: int, body: bytes) -> None:
    """Nothing at all, or nothing of the right form, is a broken proxy's: what it hides may run."""
    with answering_server() as server:
        server.answer = (status, {}, body)
        endpoint = f"http://127.0.0.1:{server.server_port}/public_api/v1"
        access = ApiAccess(endpoint=endpoint, api_key="key", api_secret=SecretStr("s"), set_by="KEY")
        platform = Platform(PlatformSettings(access=access))
        with pytest.raises(UnknownCloudError):
            await platform.find_private_link(DEPLOYMENT, "pl1")
        with pytest.raises(UnknownCloudError):
            await platform.get_deployment(DEPLOYMENT)
        server.answer = (200, {}, b"{}")
        assert await platform.find_private_link(DEPLOYMENT, "pl1") is None
