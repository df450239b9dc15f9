"""A worker's settings, from its variables and one file: where EMQX and the webhook are, and with which keys."""

import base64
import os
import resource
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, SecretStr, TypeAdapter, ValidationError

from clouds.api_access import DEPLOYMENT_PATH, PLATFORM_PATH, ApiAccess, endpoint_faults, is_plain, url_of
from clouds.emqx.platform import PlatformSettings
from clouds.secrets import SecretSettings
from clouds.webhook import WebhookSettings
from privatelink.errors import InvalidSettings
from privatelink.model.names import DeploymentId
from privatelink.settings import settings_faults
from runtime.own_keys import own_keys_on_offer
from runtime.role_settings import external_ids_of
from runtime.settings_file import SettingsFile
from runtime.sizes import USUAL, Sizes
from runtime.variables import DEFAULT_DEPLOYMENT, Variables
from workflows.saga.deadlines import deadline_faults

_KEY_BYTES = range(24, 65)
"""Allowed lengths of a signing key: 192 to 512 bits (Standard Webhooks 1.0, "Signature scheme")."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Settings(_Part):
    """All settings. `deployments` are those with an API key of their own; `default_deployment` serves the others.

    `default_deployment_id` is the deployment that `default_deployment` reaches; when it is None, `default_deployment`
    is used for every deployment without a key of its own. `concurrency` is the number of concurrent sagas, from which
    the worker's sizes follow. `account` is the account (12 digits) whose queue the worker serves; None for the shared
    queue. `external_ids` are those of customers' roles, by role ARN.
    """

    platform: PlatformSettings
    concurrency: Annotated[int, Field(ge=1)] = USUAL
    account: str | None = None
    webhook: WebhookSettings | None = None
    deployments: dict[str, ApiAccess] = {}
    default_deployment: ApiAccess | None = None
    default_deployment_id: DeploymentId | None = None
    secrets: SecretSettings = SecretSettings()
    external_ids: dict[str, SecretStr] = {}

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment and the file that `PRIVATELINK_SETTINGS` names.

        Raises `InvalidSettings` with every fault at once, also of what is read elsewhere when it is used.
        """
        faults = [*settings_faults(), *deadline_faults()]
        given = Variables.read(faults)
        platform = _access_of(
            "EMQXCLOUD_PLATFORM_",
            given.platform_endpoint,
            given.platform_api_key,
            given.platform_api_secret,
            path=PLATFORM_PATH,
            faults=faults,
        )
        default = _access_of(
            "EMQXCLOUD_DEPLOYMENT_",
            given.deployment_endpoint,
            given.deployment_api_key,
            given.deployment_api_secret,
            path=DEPLOYMENT_PATH,
            faults=faults,
        )
        faults.extend(_default_deployment_faults(given.deployment, default))
        webhook = _webhook(given.webhook_url, given.webhook_secret, faults)
        file = SettingsFile.read(given.settings_file, faults)
        deployments = file.accesses(os.environ, faults)
        external_ids = external_ids_of(file.roles, os.environ, faults)
        faults.extend(own_keys_on_offer(os.environ, file.key_variables, given.secrets_dir, file.key_files))
        faults.extend(Sizes.of(given.concurrency).faults(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
        if faults:
            raise InvalidSettings.of_faults(faults)
        return cls(
            platform=PlatformSettings(
                access=platform,
                reads_per_hour=given.reads_per_hour,
                writes_per_hour=given.writes_per_hour,
                further_types=given.deployment_types,
            ),
            concurrency=given.concurrency,
            account=given.account,
            webhook=webhook,
            deployments=deployments,
            default_deployment=default,
            default_deployment_id=given.deployment or None,
            secrets=SecretSettings(directory=given.secrets_dir, of_deployment=file.secrets),
            external_ids=external_ids,
        )

    def deployment_access(self, deployment: str) -> ApiAccess | None:
        """The API of this deployment, or None when the worker has no key for it."""
        default = self.default_deployment if self.default_deployment_id in {None, deployment} else None
        return self.deployments.get(deployment, default)


def _access_of(
    prefix: str, endpoint: str, api_key: str, api_secret: SecretStr, *, path: str, faults: list[str]
) -> ApiAccess | None:
    """The API whose endpoint, key and secret are in the variables `<prefix>*`; None when none of them is set."""
    given = {"ENDPOINT": endpoint, "API_KEY": api_key, "API_SECRET": api_secret.get_secret_value()}
    if not any(given.values()):
        return None
    faults.extend(
        f"{prefix}{name} is not set, though others of {prefix}* are" for name, text in given.items() if not text
    )
    endpoint = endpoint.rstrip("/")
    if endpoint:
        faults.extend(f"{prefix}ENDPOINT {fault}" for fault in endpoint_faults(endpoint, path))
    return ApiAccess(
        endpoint=endpoint,
        api_key=api_key,
        api_secret=api_secret,
        set_by=f"{prefix}API_KEY and {prefix}API_SECRET",
    )


def _default_deployment_faults(deployment: str, access: ApiAccess | None) -> Iterator[str]:
    if not deployment:
        return
    try:
        TypeAdapter(DeploymentId).validate_python(deployment)
    except ValidationError:
        yield f"{DEFAULT_DEPLOYMENT}={deployment!r} is not the id of a deployment"
    if access is None:
        yield f"{DEFAULT_DEPLOYMENT} names a deployment, and EMQXCLOUD_DEPLOYMENT_* gives no key of it"


def _webhook(its_url: SecretStr, its_secret: SecretStr, faults: list[str]) -> WebhookSettings | None:
    url, secret = its_url.get_secret_value(), its_secret.get_secret_value()
    if not url and not secret:
        return None
    unset = "is not set, though PRIVATELINK_WEBHOOK_{} is"
    wrong = _webhook_url_faults(url) if url else [unset.format("SECRET")]
    faults.extend(f"PRIVATELINK_WEBHOOK_URL {fault}" for fault in wrong)
    key = _signing_key(secret)
    if len(key) not in _KEY_BYTES:
        why = "is not 24 to 64 bytes in base64" if secret else unset.format("URL")
        faults.append(f"PRIVATELINK_WEBHOOK_SECRET {why}: `openssl rand -base64 32` makes one")
    return WebhookSettings(url=its_url, key=SecretBytes(key))


def _webhook_url_faults(url: str) -> Iterator[str]:
    """What is wrong with the webhook's URL. Unlike an API's URL, it may have any path and a query."""
    parts = url_of(url)
    if parts is None:
        yield "is not a URL of the form https://HOST/PATH"
        return
    if is_plain(parts):
        yield "must begin with https://: ids, addresses and errors go with every call"
    if "@" in parts.netloc or parts.fragment:
        yield "must hold neither user, password nor fragment"


def _signing_key(secret: str) -> bytes:
    """The bytes of a secret; empty when it is not base64."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return b""
