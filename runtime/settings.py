"""A worker's settings, read from the environment and one file: where EMQX and the webhook are, and with which keys.

AWS and Temporal have their own settings (boto3's chain, `AWS_ENDPOINT_URL`; `TEMPORAL_ADDRESS`, `temporal.toml`).
"""

import base64
import os
import re
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, SecretStr, TypeAdapter, ValidationError

from clouds.api_access import DEPLOYMENT_PATH, PLATFORM_PATH, ApiAccess, endpoint_faults, is_plain, url_of
from clouds.emqx.platform import PlatformSettings
from clouds.secrets import SecretSettings
from clouds.webhook import WebhookSettings
from privatelink.errors import InvalidSettings
from privatelink.model.names import DeploymentId
from privatelink.model.secret_refs import SECRETS_DIR
from privatelink.settings import settings_faults
from runtime.own_keys import own_keys_on_offer
from runtime.role_settings import external_ids_of
from runtime.settings_file import SettingsFile
from runtime.sizes import USUAL, Sizes
from workflows.saga.deadlines import deadline_faults

DEFAULT_DEPLOYMENT = "PRIVATELINK_DEPLOYMENT"
"""Variable with the id of the deployment that `EMQXCLOUD_DEPLOYMENT_*` reaches; EMQX's API does not report it."""

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

        Raises `InvalidSettings` with every fault at once.
        """
        return cls._read(os.environ)

    @classmethod
    def _read(cls, environment: Mapping[str, str]) -> Self:
        faults = [*settings_faults(), *deadline_faults()]
        platform = _access_of(environment, "EMQXCLOUD_PLATFORM", PLATFORM_PATH, faults)
        default = _access_of(environment, "EMQXCLOUD_DEPLOYMENT", DEPLOYMENT_PATH, faults)
        faults.extend(_default_deployment_faults(environment, default))
        webhook = _webhook(environment, faults)
        limits = {
            field: limit
            for field in ("reads_per_hour", "writes_per_hour")
            if (limit := _limit(environment, f"PRIVATELINK_PLATFORM_{field.upper()}", faults))
        }
        further = {word.strip() for word in environment.get("PRIVATELINK_DEPLOYMENT_TYPES", "").split(",")} - {""}
        file = SettingsFile.named_in(environment, faults)
        deployments = file.accesses(environment, faults)
        directory = Path(environment[SECRETS_DIR]) if environment.get(SECRETS_DIR) else None
        external_ids = external_ids_of(file.roles, environment, faults)
        faults.extend(own_keys_on_offer(environment, file.key_variables, directory, file.key_files))
        concurrency = _limit(environment, "PRIVATELINK_CONCURRENCY", faults) or USUAL
        faults.extend(Sizes.of(concurrency).faults(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
        account = environment.get("PRIVATELINK_ACCOUNT") or None
        if account and not re.fullmatch(r"\d{12}", account):
            faults.append(f"PRIVATELINK_ACCOUNT={account!r} is not an account id of 12 digits")
        if faults:
            raise InvalidSettings.of_faults(faults)
        return cls(
            platform=PlatformSettings(access=platform, further_types=frozenset(further), **limits),
            concurrency=concurrency,
            account=account,
            webhook=webhook,
            deployments=deployments,
            default_deployment=default,
            default_deployment_id=environment.get(DEFAULT_DEPLOYMENT) or None,
            secrets=SecretSettings(directory=directory, of_deployment=file.secrets),
            external_ids=external_ids,
        )

    def deployment_access(self, deployment: str) -> ApiAccess | None:
        """The API of this deployment, or None when the worker has no key for it."""
        default = self.default_deployment if self.default_deployment_id in {None, deployment} else None
        return self.deployments.get(deployment, default)


def _access_of(environment: Mapping[str, str], prefix: str, path: str, faults: list[str]) -> ApiAccess | None:
    """The API whose endpoint, key and secret are in the variables `<prefix>_*`; None when none of them is set."""
    names = {field: f"{prefix}_{field.upper()}" for field in ("endpoint", "api_key", "api_secret")}
    values = {field: environment.get(name, "") for field, name in names.items()}
    if not any(values.values()):
        return None
    faults.extend(f"{names[field]} is not set, though others of {prefix}_* are" for field in names if not values[field])
    endpoint = values["endpoint"].rstrip("/")
    if endpoint:
        faults.extend(f"{names['endpoint']} {fault}" for fault in endpoint_faults(endpoint, path))
    return ApiAccess(
        endpoint=endpoint,
        api_key=values["api_key"],
        api_secret=SecretStr(values["api_secret"]),
        set_by=f"{names['api_key']} and {names['api_secret']}",
    )


def _default_deployment_faults(environment: Mapping[str, str], access: ApiAccess | None) -> Iterator[str]:
    deployment = environment.get(DEFAULT_DEPLOYMENT)
    if not deployment:
        return
    try:
        TypeAdapter(DeploymentId).validate_python(deployment)
    except ValidationError:
        yield f"{DEFAULT_DEPLOYMENT}={deployment!r} is not the id of a deployment"
    if access is None:
        yield f"{DEFAULT_DEPLOYMENT} names a deployment, and EMQXCLOUD_DEPLOYMENT_* gives no key of it"


def _webhook(environment: Mapping[str, str], faults: list[str]) -> WebhookSettings | None:
    url, secret = (environment.get(f"PRIVATELINK_WEBHOOK_{name}", "") for name in ("URL", "SECRET"))
    if not url and not secret:
        return None
    unset = "is not set, though PRIVATELINK_WEBHOOK_{} is"
    wrong = _webhook_url_faults(url) if url else [unset.format("SECRET")]
    faults.extend(f"PRIVATELINK_WEBHOOK_URL {fault}" for fault in wrong)
    key = _signing_key(secret)
    if len(key) not in _KEY_BYTES:
        why = "is not 24 to 64 bytes in base64" if secret else unset.format("URL")
        faults.append(f"PRIVATELINK_WEBHOOK_SECRET {why}: `openssl rand -base64 32` makes one")
    return WebhookSettings(url=SecretStr(url), key=SecretBytes(key))


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


def _limit(environment: Mapping[str, str], name: str, faults: list[str]) -> int | None:
    text = environment.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        faults.append(f"{name}={text!r} is not a whole number of at least 1")
        return None
    return int(text)
