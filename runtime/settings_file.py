"""The TOML settings file that `PRIVATELINK_SETTINGS` names: settings of single deployments and roles.

A table `[deployments.<id>]` has `endpoint`, `api_key` and `api_secret_env` if the deployment has an API key of its own;
`api_secret_env` is the variable that holds the secret, never the secret. It may have `secrets`, the names that the
deployment's requests may refer to, as in `secrets = ["ORDERS_DB"]`.

A table `[roles."<role ARN>"]` says where the role's external id is kept: `external_id_env`, a variable, or
`external_id_file` (see `runtime/role_settings.py`).
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints, ValidationError, model_validator

from clouds.api_access import DEPLOYMENT_PATH, ApiAccess, endpoint_faults
from privatelink.model.forms import Form
from privatelink.model.names import DeploymentId
from privatelink.model.secret_refs import NAME
from runtime.role_settings import RoleArn, RoleEntry


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeploymentEntry(_Part):
    """One `[deployments.<id>]` table. Endpoint, key and secret are given together or not at all."""

    endpoint: str | None = None
    api_key: Annotated[str, StringConstraints(min_length=1)] | None = None
    api_secret_env: (
        Annotated[str, Form(r"^[A-Za-z_][A-Za-z0-9_]*$", "a variable's name has letters, digits and _")] | None
    ) = None
    secrets: (
        frozenset[Annotated[str, Form(NAME, "a secret's name has letters, digits, _, . and -, as in ORDERS_DB")]] | None
    ) = None

    @model_validator(mode="after")
    def _all_of_an_access_or_none(self) -> Self:
        access = {"endpoint": self.endpoint, "api_key": self.api_key, "api_secret_env": self.api_secret_env}
        missing = [name for name, value in access.items() if value is None]
        if missing and (len(missing) < len(access) or self.secrets is None):
            message = f"{', '.join(missing)} is missing"
            raise ValueError(message)
        return self


class SettingsFile(_Part):
    """The whole file; empty when there is none."""

    deployments: dict[DeploymentId, DeploymentEntry] = {}
    roles: dict[RoleArn, RoleEntry] = {}

    @classmethod
    def read(cls, name: str, faults: list[str]) -> Self:
        """Read the file, or none when there is no name. What is wrong is added to `faults`, and it counts as empty."""
        if not name:
            return cls()
        try:
            return cls.model_validate(tomllib.loads(Path(name).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            faults.append(f"PRIVATELINK_SETTINGS={name!r} cannot be read: {error}")
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_context=False, include_input=False):
                place = ".".join(str(part) for part in fault["loc"])
                faults.append(f"PRIVATELINK_SETTINGS={name!r}, {place}: {fault['msg'].removeprefix('Value error, ')}")
        return cls()

    @property
    def key_variables(self) -> set[str]:
        """The variables that hold the secrets of API keys, or external ids."""
        keys = {entry.api_secret_env for entry in self.deployments.values() if entry.api_secret_env}
        return keys | {entry.external_id_env for entry in self.roles.values() if entry.external_id_env}

    @property
    def key_files(self) -> set[Path]:
        """The files that hold external ids."""
        return {entry.external_id_file for entry in self.roles.values() if entry.external_id_file}

    @property
    def secrets(self) -> dict[str, frozenset[str]]:
        """The names that each deployment with a list may refer to."""
        return {id_: entry.secrets for id_, entry in self.deployments.items() if entry.secrets is not None}

    def accesses(self, environment: Mapping[str, str], faults: list[str]) -> dict[str, ApiAccess]:
        """The APIs of the deployments that have a key of their own."""
        accesses = {}
        for id_, entry in self.deployments.items():
            if entry.endpoint is None or entry.api_key is None or entry.api_secret_env is None:
                continue
            endpoint, place = entry.endpoint.rstrip("/"), f"PRIVATELINK_SETTINGS, deployments.{id_}"
            faults.extend(f"{place}.endpoint {fault}" for fault in endpoint_faults(endpoint, DEPLOYMENT_PATH))
            secret = environment.get(entry.api_secret_env, "")
            if not secret:
                faults.append(f"{place}.api_secret_env names {entry.api_secret_env}, which is not set")
            accesses[id_] = ApiAccess(
                endpoint=endpoint,
                api_key=entry.api_key,
                api_secret=SecretStr(secret),
                set_by=f"deployments.{id_} of the settings file and {entry.api_secret_env}",
            )
        return accesses
