"""Inquiries: what a caller asks of the worker, which holds the credentials. They change nothing."""

from collections.abc import Awaitable, Callable
from functools import partial

from temporalio import activity

from activities.checks.address_users import AddressUsers
from activities.checks.provider import trust_findings
from activities.checks.removal import removal_findings
from activities.scopes import RemovalScope
from activities.support.inventory_reader import InventoryReader
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from privatelink.errors import (
    AccessDenied,
    CredentialsRefused,
    NotAllowed,
    PlatformKeyRefused,
    PrivateLinkError,
    RequestRefused,
    UnknownCloudError,
)
from privatelink.model.request import ConsolePlatform
from privatelink.model.result import InspectionResult, SetUpCheck, SetUpResult


class Inquiries:
    """The read-only steps that belong to no saga."""

    def __init__(
        self, aws: AwsAccounts, platform: Platform, deployment_apis: DeploymentApis, inventory: InventoryReader
    ) -> None:
        self._aws = aws
        self._platform = platform
        self._deployment_apis = deployment_apis
        self._inventory = inventory
        self._users = AddressUsers(deployment_apis)

    @activity.defn
    async def inspect_link(self, spec: RemovalScope) -> InspectionResult:
        """Everything of the link that exists in either cloud, whatever Temporal remembers.

        Raises `RequestRefused` if the role may be assumed without its external ID.
        """
        if untrusted := await self._inventory.trust_findings(spec):
            raise RequestRefused.of_findings(untrusted)
        found = await self._inventory.read(spec)
        return InspectionResult(
            link=str(spec.link),
            things=tuple(found.things()),
            account=found.here.account,
            region=found.here.region,
            findings=(
                *await removal_findings(self._inventory, found),
                *await self._users.findings(spec, found.addresses),
                *await self._inventory.foreign_principals(found),
            ),
        )

    @activity.defn
    async def check_keys(self, spec: RemovalScope) -> SetUpResult:
        """Try the worker's keys by reading: AWS's identity, the role's trust, the platform's and the deployment's.

        A check that fails is a finding with the error's message. Only an error that waiting may cure is raised.
        """
        deployment = spec.link.deployment

        async def identity() -> str:
            return f"account {await self._aws.account(spec.aws).account_id()}, region {spec.aws.region}"

        async def trust() -> str:
            role = spec.aws.role_arn
            if untrusted := await trust_findings(self._aws.account(spec.aws), spec.aws):
                raise CredentialsRefused(f"{role}: {untrusted[0].message}", next_step=untrusted[0].next_step)
            return (
                f"{role} requires its external id"
                if role
                else "no role is assumed; the worker uses its own credentials"
            )

        async def platform() -> str:
            if isinstance(spec.platform, ConsolePlatform) and not self._platform.is_configured:
                return "no key, and none is needed: a person uses the console"
            found = await self._platform.get_deployment(deployment)
            if found is None:
                raise PlatformKeyRefused(
                    f"the platform does not know {deployment}",
                    next_step="correct the deployment's id, or use an API key that can see it",
                )
            return f"deployment {deployment} is {found.status or 'there'}"

        looks: dict[str, Callable[[], Awaitable[str]]] = {
            "AWS": identity,
            "role": trust,
            "platform": platform,
            "deployment API": partial(self._connectors, deployment),
            "address users": partial(self._address_users, deployment),
        }
        return SetUpResult(findings=tuple([await _finding(what, look) for what, look in looks.items()]))

    async def _connectors(self, deployment: str) -> str:
        api = self._deployment_apis.find(deployment)
        if api is None:
            return f"no API key of {deployment}: connectors can be neither made nor read"
        return f"its API answers; connectors in {deployment}: {len(await api.list_connectors())}"

    async def _address_users(self, deployment: str) -> str:
        api = self._deployment_apis.find(deployment)
        if api is None:
            return f"no API key of {deployment}: a delete cannot see what uses the address"
        unread = (await api.holders.reading()).unread
        if unread:
            raise AccessDenied(
                f"the API key of {deployment} may not read {', '.join(one.kind.path for one in unread)}, where "
                "something may use an address: a delete would be refused",
                next_step="give it the scopes " + ", ".join(sorted({one.kind.scope for one in unread})),
            )
        return f"every place in {deployment} that may use an address can be read"


async def _finding(what: str, look: Callable[[], Awaitable[str]]) -> SetUpCheck:
    try:
        return SetUpCheck(name=what, ok=True, message=await look())
    except PrivateLinkError as error:
        if error.waiting_helps and not isinstance(error, NotAllowed | UnknownCloudError):
            raise
        details = error.details_model
        return SetUpCheck(name=what, ok=False, message=details.message, next_step=details.next_step)
