"""IAM policies of roles: which statement, if any, allows what a call asks for.

The sandbox reads a part of the IAM policy language: Allow statements with actions, resources and string conditions
("IAM JSON policy elements reference"). A policy with anything more is refused when it is put; nothing is ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

CONDITION_KEYS = (
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "ec2:CreateAction",
    "elasticloadbalancing:CreateAction",
    "iam:AWSServiceName",
)
"""Condition keys that the sandbox supports; a tag's key follows those that end in a slash."""


@dataclass(frozen=True)
class Asked:
    """One permission that a call needs: an action on a resource ("*" if it takes none), and the condition keys."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Strings = Annotated[list[str], BeforeValidator(_listed)]


class PolicyStatement(BaseModel):
    """One statement; a request must match its action, its resource and every key of its condition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    Sid: str
    Effect: Literal["Allow"]
    Action: _Strings
    Resource: _Strings
    Condition: dict[Literal["StringEquals", "StringLike"], dict[str, _Strings]] = {}

    def allows(self, asked: Asked) -> bool:
        """Whether this statement allows it. A condition on a key that is absent from the request is not met."""
        return (
            any(_like(pattern.lower(), asked.action.lower()) for pattern in self.Action)
            and any(_like(pattern, asked.resource) for pattern in self.Resource)
            and all(
                key in asked.context and any(_holds(operator, value, asked.context[key]) for value in values)
                for operator, keys in self.Condition.items()
                for key, values in keys.items()
            )
        )


class Policy(BaseModel):
    """An identity-based policy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    Version: Literal["2012-10-17"]
    Statement: list[PolicyStatement]

    @classmethod
    def read(cls, document: Any) -> Policy:  # noqa: ANN401  JSON
        """Parse a policy's JSON; ValueError (or pydantic's ValidationError) for what the sandbox does not know."""
        policy = cls.model_validate(document)
        for statement in policy.Statement:
            for key in (key for keys in statement.Condition.values() for key in keys):
                if not any(key == known or (known.endswith("/") and key.startswith(known)) for known in CONDITION_KEYS):
                    raise ValueError(f"{statement.Sid}: the sandbox does not know the condition key {key}")
        return policy

    def allowing(self, asked: Asked) -> PolicyStatement | None:
        """The first statement that allows it; None when it is denied because no statement allows it."""
        return next((one for one in self.Statement if one.allows(asked)), None)


def _holds(operator: str, wanted: str, value: str) -> bool:
    return wanted == value if operator == "StringEquals" else _like(wanted, value)


def _like(pattern: str, text: str) -> bool:
    """IAM's wildcards: `*` for any characters, `?` for one."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None
