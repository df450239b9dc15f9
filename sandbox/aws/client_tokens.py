"""EC2's ClientToken: a repeat with the same parameters creates nothing, one with other parameters is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws.errors import AwsError

if TYPE_CHECKING:
    from sandbox.aws.actions import Call

_LONGEST = 64


def made_before(call: Call) -> str | None:
    """The id of what an earlier call of this action with this token created; None when there was no such call.

    IdempotentParameterMismatch when that call had other parameters (ec2/latest/devguide/ec2-api-idempotency). A token
    stays valid forever, even when the resource is deleted.
    """
    token = call.params.get("ClientToken")
    if not token:
        return None
    if len(token) > _LONGEST or not token.isascii():
        raise AwsError("InvalidParameterValue", f"ClientToken must be at most {_LONGEST} ASCII characters")
    known = call.store.client_tokens.get((call.action.name, token))
    if known is None:
        return None
    parameters, made = known
    if parameters != call.params:
        raise AwsError(
            "IdempotentParameterMismatch",
            "The client token you have provided is associated with a different set of request parameters",
        )
    return made


def remember(call: Call, made: str) -> None:
    """Store what this call created, under its token, for `made_before`."""
    if token := call.params.get("ClientToken"):
        call.store.client_tokens[call.action.name, token] = (call.params, made)
