"""What a caller asks of the worker's keys, against the sandbox."""

import pytest

from activities.inquiries import Inquiries
from activities.scopes import RemovalScope
from activities.support.inventory_reader import InventoryReader
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from privatelink.model.result import SetUpCheck
from runtime.settings import Settings
from tests.clouds.emqx.test_http import answering_server
from tests.support.sandbox import Sandbox
from tests.support.steps import ACCESS, LINK, attempt


async def said_of(what: str) -> SetUpCheck:
    """The finding of one look."""
    settings = Settings.from_environment()
    aws, platform, apis = AwsAccounts(), Platform(settings.platform), DeploymentApis(settings.deployment_access)
    inquiries = Inquiries(aws, platform, apis, InventoryReader(aws, platform, apis))
    answer = await attempt(inquiries.check_keys, RemovalScope(link=LINK, aws=ACCESS))
    (finding,) = [one for one in answer.findings if one.name == what]
    return finding


async def test_a_key_that_no_delete_could_use_is_told_before_there_is_a_link(sandbox: Sandbox) -> None:
    """The scopes that it lacks are asked for early; a key that may read everything is right."""
    assert (await said_of("address users")).ok
    sandbox.quirk("deployment_key_scopes", ["data_integration", "gateways"])
    finding = await said_of("address users")
    assert not finding.ok
    assert "/authentication, /authorization/sources, /cluster/links" in finding.message
    assert finding.next_step == "give it the scopes access_control, cluster_operations"
    assert (await said_of("deployment API")).ok


async def test_a_page_in_the_platforms_place_is_told_at_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever mistyped the endpoint does not wait until a read times out, and learns where it is set."""
    assert sandbox.endpoint
    with answering_server() as server:
        server.answer = (404, {}, b"<html>Not Found</html>")
        endpoint = f"http://127.0.0.1:{server.server_port}/public_api/v1"
        monkeypatch.setenv("EMQXCLOUD_PLATFORM_ENDPOINT", endpoint)
        finding = await said_of("platform")
    assert not finding.ok
    assert "HTTP 404 without EMQX's JSON" in finding.message
    assert "the endpoint beside EMQXCLOUD_PLATFORM_API_KEY" in finding.next_step
