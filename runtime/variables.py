"""The variables of a worker: what the environment may set, each under its name there.

AWS and Temporal have their own (boto3's chain, `AWS_ENDPOINT_URL`; `TEMPORAL_ADDRESS`, `temporal.toml`). Those that
callers have too are in `privatelink.settings`, and the deadlines in `workflows.saga.deadlines`.
"""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from clouds.emqx.platform import PlatformSettings
from privatelink.model.forms import Form
from privatelink.model.secret_refs import SECRETS_DIR
from runtime.sizes import USUAL

DEFAULT_DEPLOYMENT = "PRIVATELINK_DEPLOYMENT"
"""Variable with the id of the deployment that `EMQXCLOUD_DEPLOYMENT_*` reaches; EMQX's API does not report it."""

_LIMITS = PlatformSettings()


def _whole_number(given: str | int) -> str | int:
    # Pydantic's own int would also take `1_0`, signs and blanks.
    if not re.fullmatch(r"0*[1-9][0-9]*", str(given)):
        message = "is not a whole number of at least 1"
        raise ValueError(message)
    return given


def _or_none(text: str | None) -> str | None:
    return text or None


def _words(text: str | frozenset[str]) -> frozenset[str]:
    return frozenset({word.strip() for word in text.split(",")} - {""}) if isinstance(text, str) else text


_WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
_AccountId = Annotated[str, Form(r"\d{12}", "is not an account id of 12 digits")]


class Variables(BaseSettings):
    """The text of every variable, or its default. What a text must be by itself is checked here, without secrets."""

    model_config = SettingsConfigDict(case_sensitive=True, frozen=True, extra="ignore", enable_decoding=False)

    platform_endpoint: str = Field("", validation_alias="EMQXCLOUD_PLATFORM_ENDPOINT")
    platform_api_key: str = Field("", validation_alias="EMQXCLOUD_PLATFORM_API_KEY")
    platform_api_secret: SecretStr = Field(SecretStr(""), validation_alias="EMQXCLOUD_PLATFORM_API_SECRET")
    reads_per_hour: _WholeNumber = Field(_LIMITS.reads_per_hour, validation_alias="PRIVATELINK_PLATFORM_READS_PER_HOUR")
    writes_per_hour: _WholeNumber = Field(
        _LIMITS.writes_per_hour, validation_alias="PRIVATELINK_PLATFORM_WRITES_PER_HOUR"
    )
    deployment_types: Annotated[frozenset[str], BeforeValidator(_words)] = Field(
        frozenset(), validation_alias="PRIVATELINK_DEPLOYMENT_TYPES"
    )

    deployment_endpoint: str = Field("", validation_alias="EMQXCLOUD_DEPLOYMENT_ENDPOINT")
    deployment_api_key: str = Field("", validation_alias="EMQXCLOUD_DEPLOYMENT_API_KEY")
    deployment_api_secret: SecretStr = Field(SecretStr(""), validation_alias="EMQXCLOUD_DEPLOYMENT_API_SECRET")
    deployment: str = Field("", validation_alias=DEFAULT_DEPLOYMENT)

    settings_file: str = Field("", validation_alias="PRIVATELINK_SETTINGS")
    secrets_dir: Annotated[Path | None, BeforeValidator(_or_none)] = Field(None, validation_alias=SECRETS_DIR)

    webhook_url: SecretStr = Field(SecretStr(""), validation_alias="PRIVATELINK_WEBHOOK_URL")
    webhook_secret: SecretStr = Field(SecretStr(""), validation_alias="PRIVATELINK_WEBHOOK_SECRET")

    concurrency: _WholeNumber = Field(USUAL, validation_alias="PRIVATELINK_CONCURRENCY")
    account: Annotated[_AccountId | None, BeforeValidator(_or_none)] = Field(
        None, validation_alias="PRIVATELINK_ACCOUNT"
    )

    @classmethod
    def read(cls, faults: list[str]) -> Self:
        """Read the environment. A wrong variable is added to `faults`, and then has its default.

        So whoever reads on finds what else is wrong.
        """
        try:
            return cls()
        except ValidationError as error:
            wrong = {str(fault["loc"][0]): fault for fault in error.errors(include_url=False)}
            faults.extend(
                f"{name}={fault['input']!r} {fault['msg'].removeprefix('Value error, ')}"
                for name, fault in wrong.items()
            )
            defaults = {one.validation_alias: one.default for one in cls.model_fields.values()}
            return cls(**{name: defaults[name] for name in wrong})
