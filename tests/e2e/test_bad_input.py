"""Bad input: each case gets a named error and exit code 2, and nothing is made."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from temporalio.client import Client

from privatelink.model.names import Link, aws_name
from scripts.temporal_server import TemporalServer
from tests.support.judged_cli import run
from tests.support.laws import NOTHING
from tests.support.requests import request_json
from tests.support.sandbox import Sandbox
from tests.support.world import World, working_world

Change = Callable[[dict[str, Any], dict[str, Any]], object]
"""Makes a right request wrong; gets the request and the sandbox's seed."""


def _listener(**fields: object) -> Change:
    return lambda request, _: request["listeners"][0].update(fields)


def _field(**fields: object) -> Change:
    return lambda request, _: request.update(fields)


def _subnets(*keys: str) -> Change:
    return lambda request, seed: request.update(subnets=[seed["subnets"].get(key, key) for key in keys])


def _connector(**parameters: object) -> Change:
    whole = {"server": "{address}:3306", "database": "d", "username": "u", **parameters}
    return lambda request, _: request.update(connector={"type": "mysql", "name": "c", "parameters": whole})


SCHEMA: dict[str, tuple[Change, str]] = {
    "an unknown field": (_field(surprise=1), "surprise"),
    "a name with capitals": (_field(name="Orders"), "name"),
    "a secret in the clear": (_connector(password="hunter2"), "connector.parameters"),
    "a port out of range": (_listener(port=70_000), "listeners.0.port"),
    "a port twice": (lambda request, _: request["listeners"].append(request["listeners"][0]), "request"),
    "a target that is no address": (_listener(targets=["db.example.com"]), "listeners.0.targets"),
}

CHECKS: dict[str, tuple[Change, str, str]] = {
    "an unknown deployment": (_field(deployment="wunknown"), "UnknownDeployment", "wunknown"),
    "a deployment that does not run": (_field(deployment="wstopped"), "DeploymentNotRunning", "wstopped"),
    "a deployment on another cloud": (_field(deployment="wazure00"), "DeploymentNotOnAws", "wazure00"),
    "a type without PrivateLink": (_field(deployment="wserver0"), "DeploymentTypeUnsupported", "wserver0"),
    "another region": (_field(deployment="weurope0"), "RegionMismatch", "weurope0"),
    "a region label without code": (_field(deployment="wnocode0"), "DeploymentRegionUnknown", "wnocode0"),
    "a principal with a path": (_field(deployment="wpathar0"), "PrincipalUnsupported", "role/emqx/deployment"),
    "any principal": (_field(deployment="wstarar0"), "PrincipalUnsupported", "*"),
    "an AZ ID without a subnet": (_field(deployment="wmanyaz0"), "AzNotCovered", "use1-az5"),
    "an absent subnet": (
        _subnets("use1-az1", "subnet-0000000000000dead"),
        "SubnetNotFound",
        "subnet-0000000000000dead",
    ),
    "subnets of two VPCs": (_subnets("other-vpc", "use1-az2"), "SubnetsInSeveralVpcs", "vpc-"),
    "two subnets in one AZ": (_subnets("use1-az1", "use1-az1-second", "use1-az2"), "SubnetsInOneAz", "use1-az1"),
    "too few addresses": (_subnets("use1-az1", "use1-az2-tiny"), "SubnetWithoutAddresses", "subnet-"),
    "an absent address": (_listener(targets=["10.0.1.99"]), "TargetNotFound", "10.0.1.99"),
    "a public target": (_listener(targets=["8.8.8.8"]), "TargetElsewhere", "8.8.8.8"),
    "a target in no subnet": (_listener(targets=["10.0.250.10"]), "TargetNotFound", "10.0.250.10"),
    "a target in a zone without a subnet": (_listener(targets=["10.0.4.15"]), "TargetElsewhere", "use1-az4"),
    "an absent instance": (
        _listener(target_type="instance", targets=["i-0123456789abcdef0"]),
        "TargetNotFound",
        "i-0123456789abcdef0",
    ),
    "a secret that the worker has not": (
        _connector(password={"secret": "env:NOT_THERE"}),
        "SecretNotFound",
        "env:NOT_THERE",
    ),
    "a worker's own key": (
        _connector(password={"secret": "env:AWS_SECRET_ACCESS_KEY"}),
        "SecretNotFound",
        "env:AWS_SECRET_ACCESS_KEY",
    ),
}


async def create(
    request: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    """Run `privatelink create`; give its exit code and the error that it printed."""
    file = folder / "request.json"
    file.write_text(json.dumps(request))
    code = await asyncio.to_thread(run, ["create", "-f", str(file), "--output", "json"])
    return code, dict(json.loads(capsys.readouterr().out)["error"])


@pytest.fixture(autouse=True)
def _address(server: TemporalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", server.namespace)


@pytest.mark.parametrize("case", SCHEMA)
async def test_a_request_that_breaks_the_schema(
    case: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is `InvalidRequest`, and names the path of the fault."""
    change, path = SCHEMA[case]
    request = request_json(world.sandbox)
    change(request, world.sandbox.seed)
    code, error = await create(request, tmp_path, capsys)
    assert (code, error["type"]) == (2, "InvalidRequest")
    assert [found["resource"] for found in error["findings"]] == [path]
    assert "hunter2" not in json.dumps(error)
    assert world.sandbox.books() == NOTHING


@pytest.mark.parametrize("case", CHECKS)
async def test_a_request_that_the_checks_refuse(
    case: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The finding is named, and names the thing; no writing call has been made."""
    change, finding, resource = CHECKS[case]
    request = request_json(world.sandbox)
    change(request, world.sandbox.seed)
    code, error = await create(request, tmp_path, capsys)
    assert (code, error["type"], error["outcome"]) == (2, "RequestRefused", "refused")
    [found] = [found for found in error["findings"] if found["type"] == finding]
    assert resource in f"{found['resource']} {found['message']}"
    assert found["next_step"]
    assert [call for call in world.sandbox.calls() if not call["read"]] == []
    assert world.sandbox.books() == NOTHING


async def test_every_fault_is_told_at_once(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three faults of the schema, three findings."""
    request = request_json(world.sandbox, name="Orders", surprise=1, subnets=[])
    _, error = await create(request, tmp_path, capsys)
    assert sorted(found["resource"] for found in error["findings"]) == ["name", "subnets", "surprise"]


async def test_a_name_taken_by_something_that_is_not_ours(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A load balancer with our name and without our tags is named and left alone."""
    request = request_json(world.sandbox)
    elb = boto3.client("elbv2", region_name="us-east-1")
    name = aws_name(Link.parse("w41b11c0/orders-db"))
    elb.create_load_balancer(Name=name, Type="network", Scheme="internal", Subnets=request["subnets"])
    before = world.sandbox.books()
    code, error = await create(request, tmp_path, capsys)
    assert (code, [found["type"] for found in error["findings"]]) == (2, ["NameTaken"])
    assert world.sandbox.books()["aws"].keys() == before["aws"].keys()


CREDENTIALS: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "a wrong secret key": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, {}, "CredentialsRefused"),
    "an unknown access key": ({"AWS_ACCESS_KEY_ID": "AKIA0000000000000000"}, {}, "CredentialsRefused"),
    "no credentials": ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, {}, "CredentialsRefused"),
    "an unknown role": ({}, {"role_arn": "arn:aws:iam::310987654321:role/other"}, "CredentialsRefused"),
    "a wrong external id": (
        {},
        {"role_arn": "arn:aws:iam::310987654321:role/privatelink-provider", "external_id": "wrong"},
        "CredentialsRefused",
    ),
    "a wrong platform key": ({"EMQXCLOUD_PLATFORM_API_SECRET": "wrong"}, {}, "PlatformKeyRefused"),
}
"""What the worker's environment and the request's `aws` have wrong, and the error's name."""


@pytest.fixture(params=CREDENTIALS)
def refused(
    request: pytest.FixtureRequest, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], str]:
    """A request that no cloud lets through, with the worker's environment set for it; and the error's name."""
    environment, aws, expected = CREDENTIALS[request.param]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return request_json(sandbox, aws={"region": "us-east-1", **aws}), expected


async def test_credentials_that_a_cloud_refuses(
    refused: tuple[dict[str, Any], str],
    sandbox: Sandbox,
    client: Client,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The error is named and says the next step; nothing is made."""
    request, expected = refused
    async with working_world(sandbox, client):
        code, error = await create(request, tmp_path, capsys)
    assert (code, error["type"], error["outcome"]) == (2, expected, "refused")
    assert error["next_step"]
    assert sandbox.books() == NOTHING
