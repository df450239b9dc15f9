"""One call to AWS: its budget, its thread, its limits, and the translation of its errors."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from clouds.aws.codes import EXPIRED, is_code
from clouds.aws.errors import cause_of, translated
from clouds.aws.limits import Watch
from clouds.aws.next_steps import WORKER
from privatelink.errors import CredentialsRefused, NotAllowed, PrivateLinkError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from clouds.aws.budgets import Bucket, Budgets
    from clouds.aws.sessions import Clients
    from clouds.aws.threads import Threads

T = TypeVar("T")


class AccountCalls:
    """Makes the calls of one account and region, as one role."""

    def __init__(
        self, clients: Clients, region: str, budgets: Budgets, threads: Threads, *, acts_as: str = WORKER
    ) -> None:
        """`budgets` are shared by all roles of the account. `acts_as`, for messages: whose credentials are used."""
        self.region = region
        self.acts_as = acts_as
        self._clients = clients
        self._budgets = budgets
        self._threads = threads
        self._under_way = 0
        self.last_used = time.monotonic()

    @property
    def is_calling(self) -> bool:
        """Whether a call is under way or waiting for its turn."""
        return self._under_way > 0

    async def call(
        self,
        bucket: Bucket,
        doing: str,
        resource: str,
        operation: Callable[[Clients], T],
        *,
        unseen_until: datetime | None = None,
    ) -> T:
        """Make one call. `doing` and `resource` begin the message of its error: "creating the listener (3306): ...".

        `operation` runs in a thread. It must extract everything that we need from AWS's answer, so that a missing field
        is an error of this call too. Raises the error that `translated` returns; until `unseen_until` a `*NotFound` is
        `NotYet`.
        """
        self._under_way += 1
        try:
            try:
                return await self._once(bucket, doing, resource, operation, unseen_until)
            except PrivateLinkError as error:
                if not is_code(error, *EXPIRED):
                    raise
            # AWS refuses an expired token before it does anything, so the call can be repeated with fresh credentials.
            return await self._once(bucket, doing, resource, operation, unseen_until)
        finally:
            self._under_way -= 1
            self.last_used = time.monotonic()

    async def _once(
        self,
        bucket: Bucket,
        doing: str,
        resource: str,
        operation: Callable[[Clients], T],
        unseen_until: datetime | None,
    ) -> T:
        await self._budgets.take(bucket)
        generation = self._clients.generation
        watch = Watch()
        try:
            return await self._threads.run(watch, partial(operation, self._clients), is_write=bucket.writes)
        except Exception as error:  # noqa: BLE001 - every error has a translation
            ours = translated(error, doing, resource, unseen_until, acts_as=self.acts_as, answer=watch.answer)
            if isinstance(ours, NotAllowed):
                self._clients.allowed.refused(getattr(error, "operation_name", ""), ours)
                if isinstance(ours, CredentialsRefused):
                    self._clients.forget(generation)
                else:
                    self._clients.doubt(generation)
            raise ours from (None if ours is error else cause_of(error))
