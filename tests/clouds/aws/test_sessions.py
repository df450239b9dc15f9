"""Credentials that come late, are refused, or change: what failed is not kept, and what changed is noticed."""

import asyncio
import gc
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouds.aws import accounts as aws_accounts
from clouds.aws import sessions
from clouds.aws.accounts import AwsAccounts
from clouds.aws.load_balancers import read_load_balancers
from clouds.aws.networks import find_subnets
from privatelink.errors import AccessDenied, CredentialsRefused
from privatelink.model.request import AwsAccess
from tests.support.odd_aws import OddAws, Reply, odd_aws
from tests.support.sandbox import Sandbox

OWN = AwsAccess(region="us-east-1")


def access_of(sandbox: Sandbox, *, by_role: bool) -> AwsAccess:
    """The worker's own, or a role that it assumes."""
    if not by_role:
        return OWN
    seed = sandbox.seed
    return AwsAccess(region="us-east-1", role_arn=seed["role_arn"], external_id=seed["external_id"])


@pytest.fixture
def _no_keys(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert sandbox.env["AWS_ACCESS_KEY_ID"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def given(sandbox: Sandbox) -> dict[str, str]:
    """The worker's own keys, as a metadata service gives them."""
    return {
        "Code": "Success",
        "AccessKeyId": sandbox.env["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": sandbox.env["AWS_SECRET_ACCESS_KEY"],
        "Token": "",
        "Expiration": (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@pytest.fixture
def source(sandbox: Sandbox) -> Iterator[tuple[OddAws, asyncio.Event]]:
    """A metadata service of an instance and of a container, which answers 503 until the event is set."""
    is_well = asyncio.Event()

    def answer(question: str) -> Reply:
        if not is_well.is_set():
            return Reply(b"", 503)
        if "/api/token" in question:
            return Reply(b"token", headers=(("X-aws-ec2-metadata-token-ttl-seconds", "21600"),))
        if question.split()[1].endswith("security-credentials/"):
            return Reply(b"worker")
        return Reply(json.dumps(given(sandbox)).encode(), content_type="application/json")

    with odd_aws(answer) as odd:
        yield odd, is_well


@pytest.mark.usefixtures("_no_keys")
@pytest.mark.parametrize("by_role", [False, True])
@pytest.mark.parametrize("place", ["instance", "container"])
async def test_credentials_that_were_not_there_are_asked_for_again(
    sandbox: Sandbox,
    source: tuple[OddAws, asyncio.Event],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    *,
    by_role: bool,
) -> None:
    """A worker that starts before its metadata service serves at the first call after it does."""
    service, is_well = source
    if place == "instance":
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.endpoint)
    else:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.endpoint}/credentials")
    account = AwsAccounts().account(access_of(sandbox, by_role=by_role))
    with pytest.raises(CredentialsRefused):
        await account.account_id()
    is_well.set()
    assert ("310987654321" if by_role else "210987654321") == await account.account_id()


@pytest.mark.usefixtures("_no_keys")
async def test_calls_at_once_look_for_credentials_once(
    sandbox: Sandbox, source: tuple[OddAws, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that wait while another finds none do not ask again, one after the other, for minutes."""
    assert sandbox.seed
    service, _ = source
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.endpoint)
    account = AwsAccounts().account(OWN)
    with pytest.raises(CredentialsRefused):
        await account.account_id()
    alone = len(service.asked)
    calls = (find_subnets(account, ["subnet-1"]) for _ in range(12))
    assert all(isinstance(one, CredentialsRefused) for one in await asyncio.gather(*calls, return_exceptions=True))
    assert len(service.asked) <= 3 * alone


@pytest.mark.usefixtures("_no_keys")
@pytest.mark.parametrize("by_role", [False, True])
async def test_a_changed_credentials_file_is_read_again(sandbox: Sandbox, tmp_path: Path, *, by_role: bool) -> None:
    """Keys are rotated while the worker runs, whether AWS refuses the old ones by then or not."""
    account = AwsAccounts().account(access_of(sandbox, by_role=by_role))

    def write(key: str, secret: str) -> None:
        text = f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        (tmp_path / "credentials").write_text(text)

    write("AKIAIOSFODNN7EXAMPLE", "a-wrong-one")
    with pytest.raises(CredentialsRefused):
        await account.account_id()
    write(sandbox.env["AWS_ACCESS_KEY_ID"], sandbox.env["AWS_SECRET_ACCESS_KEY"])
    assert ("310987654321" if by_role else "210987654321") == await account.account_id()
    if not by_role:
        theirs = sandbox.seed["accounts"]["310987654321"]
        write(theirs["access_key_id"], theirs["secret_access_key"])
        assert "310987654321" == await account.account_id()


async def test_a_role_that_was_refused_is_assumed_at_the_next_call(sandbox: Sandbox) -> None:
    """A trust policy takes effect some seconds after somebody has fixed it."""
    account = AwsAccounts().account(access_of(sandbox, by_role=True))
    sandbox.fault("AssumeRole", "access_denied", times=1)
    with pytest.raises(CredentialsRefused):
        await account.account_id()
    assert "310987654321" == await account.account_id()


async def test_a_session_that_aws_has_forgotten_is_made_anew(sandbox: Sandbox) -> None:
    """As after its keys were deactivated: the refusal is reported, and the next call comes with another session."""
    account = AwsAccounts().account(access_of(sandbox, by_role=True))
    await account.account_id()
    sandbox.fault("DescribeSubnets", "refusal", code="AuthFailure", message="not validated", times=1)
    with pytest.raises(CredentialsRefused):
        await find_subnets(account, ["subnet-1"])
    await find_subnets(account, ["subnet-1"])
    assert 2 == sum(call["action"] == "AssumeRole" for call in sandbox.calls())


@pytest.mark.usefixtures("_no_keys")
async def test_a_call_that_is_cancelled_while_it_looks_for_credentials_is_nobody_elses_failure(
    sandbox: Sandbox, source: tuple[OddAws, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call that waits for the same credentials looks for them again."""
    assert sandbox.seed
    service, is_well = source
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.endpoint)
    is_well.set()
    well = service.answer
    service.answer = lambda question: well(question)._replace(every=0.5)
    account = AwsAccounts().account(OWN)
    first = asyncio.create_task(find_subnets(account, ["subnet-1"]))
    while not service.asked:  # noqa: ASYNC110 - the thread tells nobody
        await asyncio.sleep(0.01)
    second = asyncio.create_task(account.account_id())
    await asyncio.sleep(0.1)
    service.answer = well
    first.cancel()
    assert "210987654321" == await second


async def test_a_closed_role_says_nothing_against_the_workers_credentials(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The refusal that the trust check hopes for makes no new session, and is not logged."""
    accounts = AwsAccounts()
    worker = accounts.account(OWN)
    await worker.account_id()
    before = worker._clients.generation
    assert not await accounts.account(access_of(sandbox, by_role=True)).lets_anyone_in(sandbox.seed["role_arn"])
    assert before == worker._clients.generation
    assert not [record for record in caplog.records if record.name == "privatelink.allowed"]


async def test_a_session_that_somebody_revoked_is_made_anew(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS denies it everything in the words of a missing permission, and would do so until it ends by itself."""
    account = AwsAccounts().account(access_of(sandbox, by_role=True))
    await find_subnets(account, ["subnet-1"])
    sandbox.out_of_band("credentials/revoke", of=sandbox.seed["role_arn"])
    with pytest.raises(AccessDenied):
        await find_subnets(account, ["subnet-1"])
    with pytest.raises(AccessDenied):  # a young session is not replaced at each denial
        await find_subnets(account, ["subnet-1"])
    monkeypatch.setattr(sessions, "YOUNG_SECONDS", 0.0)
    with pytest.raises(AccessDenied):
        await find_subnets(account, ["subnet-1"])
    await find_subnets(account, ["subnet-1"])


async def test_a_session_that_has_ended_is_made_anew_within_the_call(sandbox: Sandbox) -> None:
    """Whatever expiry its credentials had given."""
    account = AwsAccounts().account(access_of(sandbox, by_role=True))
    for read in (lambda: find_subnets(account, ["subnet-1"]), lambda: read_load_balancers(account)):
        await read()
        sandbox.out_of_band("credentials/expire", of=sandbox.seed["role_arn"])
        await read()


def with_external_id(number: int) -> AwsAccess:
    """One of the many that a caller may choose."""
    arn = "arn:aws:iam::310987654321:role/privatelink"
    return AwsAccess(region="us-east-1", role_arn=arn, external_id=f"ext-{number}")


async def test_no_choice_of_external_ids_fills_the_memory() -> None:
    """Accounts that nobody uses are bounded in number; one that is in use stays the same, however many come."""
    accounts = AwsAccounts()
    used = accounts.account(with_external_id(0))
    looking = asyncio.create_task(used.pollers.load_balancers.reading())
    await asyncio.sleep(0)
    for number in range(1, 1000):
        accounts.account(with_external_id(number))
    assert len(accounts) <= aws_accounts.MOST_IDLE + 3
    assert accounts.account(with_external_id(0)) is used
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_accounts_and_their_budgets_end_when_they_are_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that nobody has used for long is forgotten, and its budget with its last user."""
    accounts = AwsAccounts()
    for number in range(10):
        accounts.account(AwsAccess(region="us-east-1", role_arn=f"arn:aws:iam::31098765432{number}:role/privatelink"))
    assert 11 == len(accounts)
    assert 11 == accounts.budgets
    monkeypatch.setattr(aws_accounts, "IDLE_SECONDS", -1.0)
    monkeypatch.setattr(aws_accounts, "_SWEPT_EVERY", -1.0)
    accounts.account(OWN)
    assert 1 == len(accounts)
    gc.collect()
    assert 1 == accounts.budgets


async def test_all_roles_of_an_account_share_its_budget() -> None:
    """AWS counts by account and region, whoever calls."""
    accounts = AwsAccounts()
    for number in range(3):
        accounts.account(with_external_id(number))
    assert 2 == accounts.budgets
