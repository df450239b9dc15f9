"""The external ids of customers' roles, which the operator sets in the settings file: `[roles."<role ARN>"]`.

The operator gives each customer an external id of its own (IAM User Guide, "Access to AWS accounts owned by third
parties"). An external id in a request proves nothing about the sender. With this table a request needs none, and people
who can send requests to the worker do not learn it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints, model_validator

RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$")]

_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")
"""Form of an external id (STS, AssumeRole: ExternalId)."""


class RoleEntry(BaseModel):
    """Where the external id of one role is kept: in a variable of the worker or in a file, never in the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    external_id_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    external_id_file: Path | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.external_id_env is None) == (self.external_id_file is None):
            message = "give either external_id_env or external_id_file"
            raise ValueError(message)
        return self


def external_ids_of(
    roles: Mapping[str, RoleEntry], environment: Mapping[str, str], faults: list[str]
) -> dict[str, SecretStr]:
    """The external id of each role. Those that cannot be read are reported in `faults`, without their values."""
    found = {}
    for arn, entry in roles.items():
        place = f'PRIVATELINK_SETTINGS, roles."{arn}"'
        if entry.external_id_file is not None:
            try:
                text = entry.external_id_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is not text"
                faults.append(f"{place}.external_id_file, {entry.external_id_file}, cannot be read: {reason}")
                continue
        else:
            text = environment.get(entry.external_id_env or "", "").strip()
        if not _EXTERNAL_ID.fullmatch(text):
            where = entry.external_id_env or entry.external_id_file
            why = "holds no external id: 2 to 1224 letters, digits and _+=,.@:/-" if text else "is not set, or empty"
            faults.append(f"{place}: {where} {why}")
        found[arn] = SecretStr(text)
    return found
