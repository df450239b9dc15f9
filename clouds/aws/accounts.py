"""The service providers' AWS accounts: one `AwsAccount` for each role, external id and region.

Credentials are kept only in memory. botocore refreshes them well before they expire (15 minutes). All links of a role
share them, so CloudTrail shows one session name for all of these links; names and tags identify the link.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from botocore.exceptions import ClientError

from clouds.aws.budgets import Bucket, Budgets
from clouds.aws.calls import AccountCalls
from clouds.aws.codes import DENIED
from clouds.aws.next_steps import WORKER
from clouds.aws.pollers import Pollers
from clouds.aws.sessions import ROLE_SESSION_NAME, Clients, open_session
from clouds.aws.threads import Threads
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import CredentialsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from privatelink.model.request import AwsAccess

IDLE_SECONDS = 1800.0
"""Seconds (our clock) that an account is kept after its last use. A waiting saga uses it more often than that."""

MOST_IDLE = 50
"""Maximum number of idle accounts that are kept. The clients of each take about 2 MiB."""

_SWEPT_EVERY = 60.0

_SHORTEST_SESSION_SECONDS = 900
"""The shortest session that STS offers; it is never used."""


class AwsAccounts:
    """All accounts that the worker's requests name. One per worker process and event loop."""

    def __init__(
        self,
        threads: int = 16,
        external_ids: Mapping[str, SecretStr] | None = None,
        workers: WorkerCount | None = None,
    ) -> None:
        """Credentials, endpoints and profiles come from boto3's own chain, which is read at the first call.

        `threads`: number of concurrent calls. `external_ids`: those that the operator has set, by role ARN.
        `workers`: those that divide AWS's limits; None when this one is alone.
        """
        self._threads = Threads(threads)
        self._external_ids = external_ids or {}
        self._workers = workers or WorkerCount()
        self._accounts: dict[AwsAccess, AwsAccount] = {}
        # A budget lives as long as its account is in use: a second budget of the account would double its limit.
        self._budgets: WeakValueDictionary[tuple[str, str], Budgets] = WeakValueDictionary()
        self._swept = time.monotonic()

    def __len__(self) -> int:
        """Number of accounts that are kept."""
        return len(self._accounts)

    @property
    def budgets(self) -> int:
        """Number of budgets that are kept: one for each account and region in use."""
        return len(self._budgets)

    def account(self, access: AwsAccess) -> AwsAccount:
        """The account behind a request's `aws`. Makes no call.

        Raises `CredentialsRefused` when the request gives an external id other than the operator's one for the role.
        """
        access = self._with_the_operators_external_id(access)
        account = self._accounts.pop(access, None) or self._made(access)
        account.last_used = time.monotonic()
        # Keeps the accounts in the order of their last use.
        self._accounts[access] = account
        if len(self._accounts) > MOST_IDLE or account.last_used > self._swept + _SWEPT_EVERY:
            self._swept = account.last_used
            self._end_idle(account)
        return account

    def _with_the_operators_external_id(self, access: AwsAccess) -> AwsAccess:
        own = self._external_ids.get(access.role_arn or "")
        if own is None:
            return access
        if access.external_id not in {None, own.get_secret_value()}:
            raise CredentialsRefused(
                f"assuming the role ({access.role_arn}): the request gives another external_id than the worker's "
                "settings have for this role",
                resource=access.role_arn or "",
                next_step="leave external_id out of the request",
            )
        return access.model_copy(update={"external_id": own.get_secret_value()})

    def _made(self, access: AwsAccess) -> AwsAccount:
        owner = access.account_id or "the worker's own account"
        budgets = self._budgets.get((owner, access.region)) or Budgets(owner, access.region, self._workers)
        self._budgets[owner, access.region] = budgets
        worker = None
        if access.role_arn is not None:
            worker = self.account(access.model_copy(update={"role_arn": None, "external_id": None}))
        return AwsAccount(access, budgets, self._threads, self._workers, worker)

    def _end_idle(self, but: AwsAccount) -> None:
        idle = [access for access, one in self._accounts.items() if one is not but and not one.is_busy]
        for number, access in enumerate(reversed(idle)):
            if number >= MOST_IDLE or self._accounts[access].last_used < self._swept - IDLE_SECONDS:
                del self._accounts[access]


class AwsAccount(AccountCalls):
    """One account and region as one role sees it: its calls, and the pollers that all sagas share."""

    def __init__(
        self,
        access: AwsAccess,
        budgets: Budgets,
        threads: Threads,
        workers: WorkerCount,
        worker: AccountCalls | None = None,
    ) -> None:
        """`worker` makes calls as the worker itself; None if this account already does.

        Nothing is read and no session is opened before the first call.
        """
        clients = Clients(partial(open_session, access), access.region)
        super().__init__(clients, access.region, budgets, threads, acts_as=access.role_arn or WORKER)
        self._worker = worker or self
        self._id: tuple[int, str] | None = None
        self.pollers = Pollers(self, workers)

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way, or anyone is waiting for a poller."""
        return self.is_calling or self.pollers.are_in_use

    async def account_id(self) -> str:
        """The 12 digits of the account that the credentials belong to (STS GetCallerIdentity; needs no permission)."""
        generation = self._clients.generation
        if self._id is None or self._id[0] != generation:
            account_id = await self.call(
                Bucket.STS_READ,
                "asking whose AWS credentials these are",
                self.region,
                lambda clients: clients.sts.get_caller_identity()["Account"],
            )
            self._id = generation, account_id
        return self._id[1]

    async def lets_anyone_in(self, role_arn: str) -> bool:
        """Whether the worker may assume the role without an external id (STS AssumeRole), which a customer must forbid.

        Otherwise anyone who names the role to this worker acts in the customer's account (IAM: "The confused deputy
        problem").
        """
        return await self._worker.call(
            Bucket.STS_READ, "assuming the role without its external id", role_arn, partial(_can_assume, role_arn)
        )


def _can_assume(role_arn: str, clients: Clients) -> bool:
    try:
        clients.sts.assume_role(
            RoleArn=role_arn, RoleSessionName=ROLE_SESSION_NAME, DurationSeconds=_SHORTEST_SESSION_SECONDS
        )
    except ClientError as error:
        # A denial is the desired answer here, so it must not count against the worker's credentials.
        if error.response.get("Error", {}).get("Code") in DENIED:
            return False
        raise
    return True
