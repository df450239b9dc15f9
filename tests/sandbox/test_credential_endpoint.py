"""Credentials from an instance's metadata and from the container endpoint, and what can happen to any credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.session import Session

from tests.sandbox.conftest import PROVIDER, client, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws

ROLE_ARN = f"arn:aws:iam::{PROVIDER}:role/privatelink-worker"
CONTAINER = "GET /v2/credentials"


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> pytest.MonkeyPatch:  # noqa: ANN401 - a path
    """An environment without any key of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return monkeypatch


def sts_of(aws: Aws) -> Any:  # noqa: ANN401 - boto3's
    """STS with whatever credentials the environment leads to."""
    return boto3.session.Session(botocore_session=Session()).client(
        "sts",
        region_name="us-east-1",
        endpoint_url=aws.sandbox.endpoint,
        config=Config(retries={"total_max_attempts": 1}),
    )


def use(aws: Aws, environment: pytest.MonkeyPatch, which: str) -> None:
    """Point the SDK to one of the two endpoints."""
    ready: dict[str, str] = aws.sandbox.credential_env[which]
    for name, value in ready.items():
        environment.setenv(name, value)


@pytest.mark.parametrize("which", ["instance", "container"])
def test_an_sdk_without_keys_gets_the_role_of_its_machine(aws: Aws, keyless: pytest.MonkeyPatch, which: str) -> None:
    """EC2 user guide, IAM roles for Amazon EC2; SDK reference, container credential provider."""
    use(aws, keyless, which)
    assert (
        sts_of(aws).get_caller_identity()["Arn"].startswith(f"arn:aws:sts::{PROVIDER}:assumed-role/privatelink-worker/")
    )


def test_instance_metadata_wants_a_token(aws: Aws) -> None:
    """EC2 user guide, IMDSv2: a session token by PUT, which each request must carry."""
    with httpx.Client(base_url=aws.sandbox.endpoint) as http:
        roles = "/latest/meta-data/iam/security-credentials/"
        assert [401, 401] == [
            http.get(roles, headers=headers).status_code for headers in ({}, {"X-aws-ec2-metadata-token": "guessed"})
        ]
        assert 400 == http.put("/latest/api/token").status_code
        token = http.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}).text
        given = {"X-aws-ec2-metadata-token": token}
        assert "privatelink-worker" == http.get(roles, headers=given).text
        assert 404 == http.get(f"{roles}another", headers=given).status_code


def test_an_endpoint_that_is_not_ready_gives_none(aws: Aws, keyless: pytest.MonkeyPatch) -> None:
    """boto/botocore, issues 1403 and 1965: a metadata service that is not there yet leaves a session without any."""
    use(aws, keyless, "instance")
    aws.sandbox.fault("PUT /latest/api/token", "refusal", code="ServiceUnavailable", status=503, times=None)
    with pytest.raises(NoCredentialsError):
        sts_of(aws).get_caller_identity()
    aws.sandbox.clear_faults()
    assert sts_of(aws).get_caller_identity()["Account"] == PROVIDER


def test_the_same_credentials_are_given_until_shortly_before_their_end(aws: Aws) -> None:
    """EC2 user guide: new ones are made available at least five minutes before the old ones end."""

    def given() -> str:
        return str(
            httpx.get(aws.sandbox.credential_env["container"]["AWS_CONTAINER_CREDENTIALS_FULL_URI"]).json()["Token"]
        )

    first = given()
    assert first == given()
    aws.control.post("/credentials/rotate", json={}).raise_for_status()
    second = given()
    assert first != second == given()
    aws.control.put("/credentials", json={"endpoint_seconds": 0.001}).raise_for_status()
    assert given() != given()


def test_a_session_that_ended_is_refused_and_the_next_one_is_not(aws: Aws) -> None:
    """EC2 says RequestExpired, the others ExpiredToken, whatever end the caller had read."""
    session = assumed(aws)
    aws.control.post("/credentials/expire", json={"of": aws.seed["role_arn"]}).raise_for_status()
    assert ("ExpiredToken", 403) == refused(session("sts").get_caller_identity)
    assert ("RequestExpired", 400) == refused(session("ec2").describe_vpcs)
    assumed(aws)("sts").get_caller_identity()


def test_a_revoked_session_is_denied_everything_until_it_is_restored(aws: Aws) -> None:
    """IAM user guide, Revoke temporary security credentials: an explicit deny; who one is may always be asked."""
    session = assumed(aws)
    aws.control.post("/credentials/revoke", json={"of": aws.seed["role_arn"]}).raise_for_status()
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        session("elbv2").describe_load_balancers()
    assert ("UnauthorizedOperation", 403) == refused(session("ec2").describe_vpcs)
    session("sts").get_caller_identity()
    assumed(aws)("ec2").describe_vpcs()
    aws.control.post("/credentials/restore", json={"of": aws.seed["role_arn"]}).raise_for_status()
    session("ec2").describe_vpcs()


def test_a_rotated_key_is_good_and_the_one_before_is_not(aws: Aws) -> None:
    """IAM user guide, Update access keys: an inactive key is refused like an unknown one."""
    new = aws.control.post("/credentials/rotate", json={"account": PROVIDER}).json()
    assert ("InvalidClientTokenId", 403) == refused(aws.sts.get_caller_identity)
    assert ("AuthFailure", 401) == refused(aws.ec2.describe_vpcs)
    key, secret = new["access_key_id"], new["secret_access_key"]
    rotated = client("sts", aws.sandbox.endpoint, key, secret, None, "us-east-1")
    assert f"arn:aws:iam::{PROVIDER}:user/sandbox" == rotated.get_caller_identity()["Arn"]
    aws.sandbox.reset()
    aws.sts.get_caller_identity()


def test_assumed_sessions_can_be_shorter_than_asked_for(aws: Aws) -> None:
    """Of the world's clock, so that a test need not wait the quarter of an hour that AWS lets a session last."""
    aws.control.put("/credentials", json={"session_seconds": 0.001}).raise_for_status()
    assert ("ExpiredToken", 403) == refused(assumed(aws)("sts").get_caller_identity)


def test_the_container_endpoint_can_refuse_and_throttle(aws: Aws) -> None:
    """aws-samples/service-screener-v2, pull request 190: it answers 429 to a crowd."""
    address = aws.sandbox.credential_env["container"]["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    aws.sandbox.fault(CONTAINER, "throttle")
    aws.sandbox.fault(CONTAINER, "server_error")
    assert [429, 500, 200] == [httpx.get(address).status_code for _ in range(3)]
    assert {("credentials", CONTAINER)} == {(call["service"], call["action"]) for call in aws.sandbox.calls()}
    shown = aws.control.get("/credentials").json()["keys"]
    assert ROLE_ARN in {one["role_arn"] for one in shown}


@pytest.mark.parametrize(
    ("verb", "body"),
    [("expire", {"of": "nobody"}), ("rotate", {"account": "012345678901"}), ("lose", {}), ("revoke", {"off": 1})],
)
def test_a_verb_that_means_nothing_is_refused(aws: Aws, verb: str, body: dict[str, Any]) -> None:
    """A test that revokes nobody would prove nothing."""
    assert 400 == aws.control.post(f"/credentials/{verb}", json=body).status_code


def assumed(aws: Aws) -> Any:  # noqa: ANN401 - a function that makes a client
    """Clients of a fresh session of the customer's role, by service."""
    made = aws.sts.assume_role(
        RoleArn=aws.seed["role_arn"], RoleSessionName="orders", ExternalId=aws.seed["external_id"]
    )["Credentials"]
    key, secret, token = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    return lambda service: client(service, aws.sandbox.endpoint, key, secret, token, "us-east-1")
