"""Access keys, signatures, and the customer's role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.sandbox.conftest import FOREIGN_ACCOUNT, PROVIDER, client, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws

SECOND = "310987654321"


def wrong(aws: Aws, service: str, *, key: str | None = None, secret: str | None = None) -> Any:  # noqa: ANN401
    """A client with something wrong about its credentials."""
    owner = aws.seed["accounts"][PROVIDER]
    return client(
        service,
        aws.sandbox.endpoint,
        key or owner["access_key_id"],
        secret or owner["secret_access_key"],
        None,
        "us-east-1",
    )


def test_the_default_credentials_are_the_provider_s(aws: Aws) -> None:
    """The ready line's key belongs to the provider account (sts GetCallerIdentity)."""
    assert PROVIDER == aws.sts.get_caller_identity()["Account"]
    assert aws.sandbox.env["AWS_ACCESS_KEY_ID"] == aws.seed["accounts"][PROVIDER]["access_key_id"]


@pytest.mark.parametrize(
    ("service", "read", "expected"),
    [
        ("ec2", "describe_vpcs", ("AuthFailure", 401)),
        ("elbv2", "describe_load_balancers", ("InvalidClientTokenId", 403)),
        ("sts", "get_caller_identity", ("InvalidClientTokenId", 403)),
    ],
)
def test_an_unknown_access_key_is_refused(aws: Aws, service: str, read: str, expected: tuple[str, int]) -> None:
    """EC2 says AuthFailure (EC2 error codes), the query services InvalidClientTokenId (STS common errors)."""
    assert expected == refused(getattr(wrong(aws, service, key="AKIA" + "Z" * 16), read))


@pytest.mark.parametrize(
    ("service", "read", "expected"),
    [
        ("ec2", "describe_vpcs", ("AuthFailure", 401)),
        ("elbv2", "describe_load_balancers", ("SignatureDoesNotMatch", 403)),
        ("sts", "get_caller_identity", ("SignatureDoesNotMatch", 403)),
    ],
)
def test_a_wrong_secret_is_refused(aws: Aws, service: str, read: str, expected: tuple[str, int]) -> None:
    """The signature is verified (SigV4), also with a key that exists."""
    assert expected == refused(getattr(wrong(aws, service, secret="not the secret"), read))


def test_an_unsigned_request_is_refused(aws: Aws) -> None:
    """STS common errors: MissingAuthenticationToken."""
    answer = httpx.post(aws.sandbox.endpoint, data={"Action": "DescribeVpcs", "Version": "2016-11-15"})
    assert 403 == answer.status_code
    assert "MissingAuthenticationToken" in answer.text


def test_a_role_is_assumed_with_its_external_id(aws: Aws) -> None:
    """API_AssumeRole: temporary credentials of the other account, under the role's session."""
    seed = aws.seed
    answer = aws.sts.assume_role(
        RoleArn=seed["role_arn"], RoleSessionName="orders", ExternalId=seed["external_id"], DurationSeconds=900
    )
    made = answer["Credentials"]
    endpoint = aws.sandbox.endpoint
    key, secret, token = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    identity = client("sts", endpoint, key, secret, token, "us-east-1").get_caller_identity()
    assert (SECOND, f"arn:aws:sts::{SECOND}:assumed-role/privatelink-provider/orders") == (
        identity["Account"],
        identity["Arn"],
    )
    subnets = client("ec2", endpoint, key, secret, token, "us-east-1").describe_subnets()["Subnets"]
    own = seed["accounts"][SECOND]["networks"]["us-east-1"]["subnets"]
    assert {one["id"] for one in own.values()} == {one["SubnetId"] for one in subnets}


def test_a_session_without_its_token_is_refused(aws: Aws) -> None:
    """IAM user guide, temporary credentials: the token is part of them."""
    made = aws.sts.assume_role(
        RoleArn=aws.seed["role_arn"], RoleSessionName="orders", ExternalId=aws.seed["external_id"]
    )["Credentials"]
    caller = client(
        "sts", aws.sandbox.endpoint, made["AccessKeyId"], made["SecretAccessKey"], "another token", "us-east-1"
    )
    assert ("InvalidClientTokenId", 403) == refused(caller.get_caller_identity)


@pytest.mark.parametrize("external_id", [None, "ext-wrong"])
def test_a_role_without_its_external_id_is_refused(aws: Aws, external_id: str | None) -> None:
    """IAM user guide, third parties: StringEquals sts:ExternalId in the trust policy, or AccessDenied."""
    wanted: dict[str, str] = {"RoleArn": aws.seed["role_arn"], "RoleSessionName": "orders"}
    if external_id is not None:
        wanted["ExternalId"] = external_id
    assert ("AccessDenied", 403) == refused(aws.sts.assume_role, **wanted)


def test_an_unknown_role_and_a_foreign_account_are_refused_alike(aws: Aws) -> None:
    """API_AssumeRole does not reveal whether a role exists."""
    seed = aws.seed
    wanted = {"RoleSessionName": "orders", "ExternalId": seed["external_id"]}
    absent = re.sub("role/.*", "role/absent", seed["role_arn"])
    owner = seed["accounts"][FOREIGN_ACCOUNT]
    endpoint = aws.sandbox.endpoint
    foreign = client("sts", endpoint, owner["access_key_id"], owner["secret_access_key"], None, "us-east-1")
    assert ("AccessDenied", 403) == refused(aws.sts.assume_role, RoleArn=absent, **wanted)
    assert ("AccessDenied", 403) == refused(foreign.assume_role, RoleArn=seed["role_arn"], **wanted)
