"""One call to AWS: its budget, its thread, its translation. And the clients that a call is made with."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.config import Config

from clouds.allowed import Allowed
from clouds.aws.errors import EXPIRED, is_code, translated
from clouds.finishing import let_end
from clouds.leases import check_lease
from clouds.sizes import MOST_THREADS
from privatelink.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from datetime import datetime

    from botocore.session import Session as BotocoreSession
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_sts import STSClient

    from clouds.aws.budgets import Bucket, Budgets
    from privatelink.errors import PrivateLinkError

T = TypeVar("T")

CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    # Temporal retries. A retry in here would hide throttling from it, and repeat writes whose outcome is unknown.
    retries={"total_max_attempts": 1},
    max_pool_connections=MOST_THREADS,
)


READS = ("Describe", "Get", "Assume")
"""How the names of operations begin that change nothing."""


class Clients:
    """boto3's clients of one account and region, made in the thread of the first call, since making one takes long."""

    def __init__(self, open_session: Callable[[], BotocoreSession], region: str) -> None:
        """`open_session` gives a botocore session with its credentials."""
        self._open_session = open_session
        self._region = region
        self._lock = threading.Lock()
        self._made: dict[str, object] = {}
        self._session: BotocoreSession | None = None
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

    def forget(self) -> None:
        """Drop session, credentials and clients; the next call makes them anew."""
        with self._lock:
            self._made = {}
            self._session = None

    def _client(self, name: str) -> object:
        with self._lock:
            if name not in self._made:
                if self._session is None:
                    self._session = self._open_session()
                client = self._session.create_client(name, region_name=self._region, config=CONFIG)
                client.meta.events.register("before-send", _before_send)
                client.meta.events.register("after-call", self._after_call)
                self._made[name] = client
            return self._made[name]

    def _after_call(self, http_response: Any, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        if http_response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            self.allowed.succeeded(model.name)


def _before_send(event_name: str, **_: object) -> None:
    """Begin no write without a lease: this is the last moment before botocore sends (botocore, "before-send")."""
    operation = event_name.rpartition(".")[2]
    if not operation.startswith(READS):
        check_lease(operation)


class AccountCalls:
    """Makes the calls of one account and region, as one role."""

    def __init__(self, clients: Clients, region: str, budgets: Budgets, executor: Executor) -> None:
        """`budgets` are shared by every role of the account; `executor` bounds how many calls are in flight."""
        self.region = region
        self._clients = clients
        self._budgets = budgets
        self._executor = executor

    async def call(
        self,
        bucket: Bucket,
        doing: str,
        concerns: str,
        operation: Callable[[Clients], T],
        *,
        settles_at: datetime | None = None,
    ) -> T:
        """Make one call. `doing` and `concerns` begin the sentence of its error: "creating the listener (3306): ...".

        Raises what `translated` gives; until `settles_at` a `*NotFound` is `NotYet`.
        """
        try:
            return await self._once(bucket, doing, concerns, operation, settles_at)
        except _Expired:
            # An expired token is refused before anything happens, so the call may be repeated with fresh credentials.
            self._clients.forget()
        try:
            return await self._once(bucket, doing, concerns, operation, settles_at)
        except _Expired as expired:
            raise expired.error from None

    async def _once(
        self,
        bucket: Bucket,
        doing: str,
        concerns: str,
        operation: Callable[[Clients], T],
        settles_at: datetime | None,
    ) -> T:
        await self._budgets.take(bucket)
        try:
            return await self._in_thread(bucket, operation)
        except Exception as error:  # noqa: BLE001 - `translated` raises again what is not boto3's
            translation = translated(error, doing, concerns, settles_at)
            if isinstance(translation, NotAllowed):
                self._clients.allowed.refused(getattr(error, "operation_name", ""), translation)
        if is_code(translation, *EXPIRED):
            raise _Expired(translation)
        raise translation

    async def _in_thread(self, bucket: Bucket, operation: Callable[[Clients], T]) -> T:
        # The thread asks for the attempt's lease, which stands in its context.
        running = asyncio.get_running_loop().run_in_executor(
            self._executor, copy_context().run, operation, self._clients
        )
        # A thread can't be stopped. A write that went on after its activity had ended would race its own undo.
        return await (let_end(running) if bucket.writes else asyncio.shield(running))


class _Expired(Exception):  # noqa: N818 - a signal between two methods
    def __init__(self, error: PrivateLinkError) -> None:
        super().__init__()
        self.error = error
