"""The service providers' AWS accounts: as whom we come, and one `AwsAccount` for each role, external id and region.

Credentials live in memory only, are refreshed by botocore well before they expire (15 minutes), and are shared by all
the links of a role; that is why CloudTrail shows one session name for all of them, and the link in names and tags.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader, create_loader
from botocore.session import Session as BotocoreSession

from clouds.aws.budgets import Bucket, Budgets
from clouds.aws.calls import CONFIG, AccountCalls, Clients
from clouds.aws.errors import is_denied
from clouds.aws.views import Views
from privatelink.errors import PrivateLinkError

if TYPE_CHECKING:
    from privatelink.request import AwsAccess

ROLE_SESSION_NAME = "privatelink-orchestrator"

_SHORTEST_SESSION_SECONDS = 900
"""STS's least, for a session that nobody uses."""


class AwsAccounts:
    """Every account that the worker's requests name. One per worker process and event loop."""

    def __init__(self, threads: int = 16) -> None:
        """Credentials, endpoints and profiles come from boto3's own chain, read at the first call.

        `threads`: how many calls are made at once.
        """
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="aws")
        self._accounts: dict[AwsAccess, AwsAccount] = {}
        self._budgets: dict[tuple[str, str], Budgets] = {}

    def account(self, access: AwsAccess) -> AwsAccount:
        """The account behind a request's `aws`. No call is made yet."""
        if access not in self._accounts:
            owner = access.account_id or "the worker's own account"
            budgets = self._budgets.setdefault((owner, access.region), Budgets(owner, access.region))
            self._accounts[access] = AwsAccount(access, budgets, self._executor)
        return self._accounts[access]


class AwsAccount(AccountCalls):
    """One account and region as one role sees it: its calls, and the views that all who wait share."""

    def __init__(self, access: AwsAccess, budgets: Budgets, executor: ThreadPoolExecutor) -> None:
        """Nothing is read, and no session opened, before the first call."""
        clients = Clients(partial(_open_session, access), access.region)
        super().__init__(clients, access.region, budgets, executor)
        self._as_worker = AccountCalls(Clients(_new_session, access.region), access.region, budgets, executor)
        self._id: str | None = None
        self.views = Views(self)

    async def account_id(self) -> str:
        """The 12 digits of the account that the credentials belong to (STS GetCallerIdentity; needs no permission)."""
        if self._id is None:
            identity = await self.call(
                Bucket.STS_READ,
                "asking whose AWS credentials these are",
                self.region,
                lambda clients: clients.sts.get_caller_identity(),
            )
            self._id = identity["Account"]
        return self._id

    async def lets_anyone_in(self, role_arn: str) -> bool:
        """Whether the worker may assume the role without any external id (STS AssumeRole), which a customer forbids.

        Else whoever names the role to this worker acts in the customer's account (IAM: "The confused deputy problem").
        """
        try:
            await self._as_worker.call(
                Bucket.STS_READ,
                "assuming the role without its external id",
                role_arn,
                lambda clients: clients.sts.assume_role(
                    RoleArn=role_arn, RoleSessionName=ROLE_SESSION_NAME, DurationSeconds=_SHORTEST_SESSION_SECONDS
                ),
            )
        except PrivateLinkError as error:
            if is_denied(error):
                return False
            raise
        return True


@cache
def _models() -> Loader:
    """The models of AWS's APIs, read once for all accounts: EC2's alone takes 0.1 s and tens of megabytes."""
    return create_loader()


def _new_session() -> BotocoreSession:
    session = BotocoreSession()
    session.register_component("data_loader", _models())
    return session


def _open_session(access: AwsAccess) -> BotocoreSession:
    own = _new_session()
    if access.role_arn is None:
        return own
    source = own.get_credentials()
    if source is None:
        raise NoCredentialsError
    extra: dict[str, Any] = {"RoleSessionName": ROLE_SESSION_NAME}
    if access.external_id:
        extra["ExternalId"] = access.external_id
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=partial(own.create_client, region_name=access.region, config=CONFIG),
        source_credentials=source,
        role_arn=access.role_arn,
        extra_args=extra,
    )
    session = _new_session()
    session.register_component("credential_provider", CredentialResolver([_AssumedRole(fetcher)]))
    return session


class _AssumedRole(CredentialProvider):
    METHOD = "assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        """Give credentials that are fetched at their first use, and again early enough before they expire."""
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)
