"""The place of each step: a worker with the AWS credentials of another account touches nothing of the link."""

from typing import Any

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from clouds.aws.accounts import AwsAccounts
from privatelink.errors import CredentialsRefused


class OwnPlace(Interceptor):
    """Compares, before every attempt, the account of the link's place with that of the worker's credentials.

    A request without a `role_arn` uses the worker's own credentials, which may change while a saga runs. A worker
    restarted with another account's credentials would find nothing there, and take that as removed.
    """

    def __init__(self, aws: AwsAccounts) -> None:
        """`aws` knows which account the credentials belong to; it asks AWS once for each."""
        self._aws = aws

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's
        """Wrap every attempt of the worker."""
        return _InPlace(next, self._aws)


class _InPlace(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, aws: AwsAccounts) -> None:  # noqa: A002 - the SDK's
        super().__init__(next)
        self._aws = aws

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's
        for spec in input.args:
            await self._compare(spec)
        return await super().execute_activity(input)

    async def _compare(self, spec: object) -> None:
        placed = getattr(spec, "scope", None) or getattr(spec, "removal", None) or spec
        place, access = getattr(placed, "place", None), getattr(placed, "aws", None)
        if place is None or access is None:
            return
        account_id = await self._aws.account(access).account_id()
        if account_id != place.account:
            raise CredentialsRefused(
                f"reaching the link's AWS account ({place.account}): the worker's credentials are of account "
                f"{account_id}",
                resource=place.account,
                next_step=f"give the worker credentials of account {place.account} again, or stop this worker, so that "
                "one that has them continues",
            )
