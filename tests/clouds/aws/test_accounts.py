"""As whom we come to AWS."""

from typing import Any

import pytest
from pydantic import SecretStr

from clouds.aws.accounts import AwsAccounts
from clouds.aws.networks import find_subnets
from privatelink.errors import CredentialsRefused
from privatelink.model.request import AwsAccess
from tests.support.sandbox import Sandbox

OWN = AwsAccess(region="us-east-1")


def role(sandbox: Sandbox, **changes: Any) -> AwsAccess:  # noqa: ANN401 - fields of the access
    """The role in the second provider account, as a request names it."""
    fields = {"region": "us-east-1", "role_arn": sandbox.seed["role_arn"], "external_id": sandbox.seed["external_id"]}
    return AwsAccess.model_validate(fields | changes)


async def test_without_a_role_the_worker_comes_as_itself(sandbox: Sandbox) -> None:
    """boto3's own chain decides."""
    assert sandbox.env["AWS_ACCESS_KEY_ID"]
    assert "210987654321" == await AwsAccounts().account(OWN).account_id()


async def test_with_a_role_the_worker_comes_as_the_role(sandbox: Sandbox) -> None:
    """Credentials of the role's account, and its things."""
    account = AwsAccounts().account(role(sandbox))
    assert "310987654321" == await account.account_id()
    theirs = sandbox.seed["accounts"]["310987654321"]["networks"]["us-east-1"]["subnets"]["use1-az1"]["id"]
    assert [theirs] == list(await find_subnets(account, [theirs]))


async def test_a_role_is_assumed_once_for_many_calls(sandbox: Sandbox) -> None:
    """Credentials are kept and shared: by every account object of one `AwsAccounts` for this role."""
    accounts = AwsAccounts()
    await accounts.account(role(sandbox)).account_id()
    await find_subnets(accounts.account(role(sandbox)), ["subnet-1"])
    assert 1 == sum(call["action"] == "AssumeRole" for call in sandbox.calls())


@pytest.mark.parametrize("external_id", [None, "ext-wrong"])
async def test_a_role_is_not_assumed_without_its_external_id(sandbox: Sandbox, external_id: str | None) -> None:
    """The customer's trust policy demands it; the error says that it is about the role."""
    with pytest.raises(CredentialsRefused) as raised:
        await AwsAccounts().account(role(sandbox, external_id=external_id)).account_id()
    assert "trust policy" in raised.value.details_model.next_step


async def test_the_operators_external_id_is_taken_and_no_other(sandbox: Sandbox) -> None:
    """A request needs none for a role in the settings; one that gives another is refused, and neither is shown."""
    external_ids = {sandbox.seed["role_arn"]: SecretStr(sandbox.seed["external_id"])}
    accounts = AwsAccounts(external_ids=external_ids)
    assert "310987654321" == await accounts.account(role(sandbox, external_id=None)).account_id()
    assert accounts.account(role(sandbox, external_id=None)) is accounts.account(role(sandbox))
    with pytest.raises(CredentialsRefused) as raised:
        accounts.account(role(sandbox, external_id="ext-guess"))
    told = f"{raised.value} {raised.value.details_model}"
    assert "another external_id" in told
    assert "ext-guess" not in told
    assert sandbox.seed["external_id"] not in told


async def test_a_wrong_secret_is_told_and_never_shown(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the secret nor the signature that was made with it."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-pa55word-of-the-worker")
    with pytest.raises(CredentialsRefused) as raised:
        await AwsAccounts().account(OWN).account_id()
    assert "wrong-pa55word" not in f"{raised.value} {raised.value.details_model}"
    assert sandbox.books()["aws"] == {}


async def test_no_credentials_at_all_are_told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a role: nothing to sign with is the worker's setting, not a moment of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    for access in (OWN, role(sandbox)):
        with pytest.raises(CredentialsRefused):
            await AwsAccounts().account(access).account_id()
