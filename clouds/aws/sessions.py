"""Sessions, credentials and clients of boto3: kept while they work, and replaced at the next call when they do not.

botocore looks for credentials once per client. A client that was created without credentials never signs anything
(botocore issues 1403 and 1791), and keys in a file are read only once (botocore, `SharedCredentialProvider.load`). So a
client is kept only if there were credentials for it, until AWS refuses them or the files that they may come from
change.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader, create_loader
from botocore.session import Session as BotocoreSession

from clouds.allowed import Allowed
from clouds.aws import MOST_THREADS
from clouds.aws.forms import check_answers_of
from clouds.aws.limits import LimitPassedError, is_given_up
from clouds.leases import check_lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.client import BaseClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_sts import STSClient

    from privatelink.model.request import AwsAccess

ROLE_SESSION_NAME = "privatelink-orchestrator"

CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    # Temporal retries. A retry by boto3 would hide throttling from it, and repeat writes whose outcome is unknown.
    retries={"total_max_attempts": 1},
    max_pool_connections=MOST_THREADS,
)

READS = ("Describe", "Get", "Assume")
"""Prefixes of operations that change nothing."""

_LOCK_SECONDS = 10.0
"""Maximum seconds that a call waits while another one looks for credentials."""

YOUNG_SECONDS = 60.0
"""Minimum age in seconds of a session that a denial may replace."""

_CREDENTIAL_FILES = ("credentials_file", "config_file")


class Clients:
    """boto3's clients of one account and region. The first call creates them in its thread, because that takes long."""

    def __init__(self, open_session: Callable[[], BotocoreSession], region: str) -> None:
        """`open_session` returns a botocore session. Its errors are raised by the call that needs a client."""
        self._open_session = open_session
        self._region = region
        self._lock = threading.Lock()
        self._made: dict[str, BaseClient] = {}
        self._session: BotocoreSession | None = None
        self._files: tuple[object, ...] = ()
        self._opened = 0.0
        self._generation = 0
        self._forgotten = -1
        self._failed: tuple[float, Exception] | None = None
        self.allowed = Allowed()

    @property
    def ec2(self) -> EC2Client:
        """EC2: networks and endpoint services."""
        return cast("EC2Client", self._client("ec2"))

    @property
    def elbv2(self) -> ElasticLoadBalancingv2Client:
        """Elastic Load Balancing v2."""
        return cast("ElasticLoadBalancingv2Client", self._client("elbv2"))

    @property
    def sts(self) -> STSClient:
        """STS: whose credentials these are."""
        return cast("STSClient", self._client("sts"))

    @property
    def generation(self) -> int:
        """Number of the session. What was learnt with one session may be wrong with the next."""
        session = self._session
        is_outdated = session is not None and self._files != _state_of(session)
        return max(self._generation + is_outdated, self._forgotten + 1)

    def forget(self, generation: int) -> None:
        """Make the next call open a new session, unless that has happened since this generation."""
        self._forgotten = max(self._forgotten, generation)

    def doubt(self, generation: int) -> None:
        """Forget the session unless it is young, because AWS may deny something only to this session.

        Revoking a role's sessions denies everything to older ones (IAM User Guide, "Revoke IAM role temporary security
        credentials"). If a permission is missing, a new session does not help and costs a call.
        """
        if time.monotonic() - self._opened > YOUNG_SECONDS:
            self.forget(generation)

    def _client(self, name: str) -> BaseClient:
        asked = time.monotonic()
        with self._locked():
            if self._session and (self._forgotten >= self._generation or self._files != _state_of(self._session)):
                self._drop()
            if name not in self._made:
                if self._failed and self._failed[0] >= asked:
                    # Another call failed to create it while this one waited, so do not try again.
                    raise self._failed[1].with_traceback(None)
                try:
                    self._made[name] = self._make(name)
                except Exception as error:
                    if not is_given_up():
                        self._failed = (time.monotonic(), error)
                    self._drop()
                    raise
            return self._made[name]

    def _make(self, name: str) -> BaseClient:
        if self._session is None:
            session = self._open_session()
            if session.get_credentials() is None:
                raise NoCredentialsError
            self._session, self._files, self._opened = session, _state_of(session), time.monotonic()
        client = _make_client(self._session, name, self._region)
        client.meta.events.register("before-send", _before_send)
        client.meta.events.register("after-call", self._after_call)
        return client

    def _after_call(self, http_response: Any, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        if http_response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            self.allowed.succeeded(model.name)

    def _drop(self) -> None:
        self._made = {}
        self._session = None
        self._generation = max(self._generation, self._forgotten) + 1

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            raise LimitPassedError(f"another call has been looking for credentials for {_LOCK_SECONDS:.0f} s")
        try:
            yield
        finally:
            self._lock.release()


def _before_send(event_name: str, **_: object) -> None:
    """Begin no write after the lease is lost: this is the last moment before botocore sends ("before-send")."""
    operation = event_name.rpartition(".")[2]
    if not operation.startswith(READS):
        check_lease(operation)


def new_session() -> BotocoreSession:
    """A session whose credentials come from boto3's own chain."""
    session = BotocoreSession()
    session.register_component("data_loader", _models())
    return session


def open_session(access: AwsAccess) -> BotocoreSession:
    """A session of the role, or of the worker's own identity if there is no role. Raises `NoCredentialsError`."""
    own = new_session()
    if access.role_arn is None:
        return own
    source = own.get_credentials()
    if source is None:
        raise NoCredentialsError
    extra: dict[str, Any] = {"RoleSessionName": ROLE_SESSION_NAME}
    if access.external_id:
        extra["ExternalId"] = access.external_id
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=partial(_make_client, own, region_name=access.region),
        source_credentials=source,
        role_arn=access.role_arn,
        extra_args=extra,
    )
    session = new_session()
    session.register_component("credential_provider", CredentialResolver([_AssumedRole(fetcher)]))
    return session


def _make_client(session: BotocoreSession, name: str, region_name: str, **more: Any) -> BaseClient:  # noqa: ANN401 - boto3's
    client: BaseClient = session.create_client(name, region_name=region_name, config=CONFIG, **more)
    check_answers_of(client)
    return client


def _state_of(session: BotocoreSession) -> tuple[object, ...]:
    """Modification time and size of the files that credentials may come from."""
    return tuple(_written(session.get_config_variable(name)) for name in _CREDENTIAL_FILES)


def _written(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).expanduser().stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@cache
def _models() -> Loader:
    """The models of AWS's APIs, read once for all accounts: EC2's alone takes 0.1 s and tens of megabytes."""
    return create_loader()


class _AssumedRole(CredentialProvider):
    METHOD = "assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        """Credentials that are fetched at their first use, and again well before they expire."""
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)
