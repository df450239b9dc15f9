"""EC2's ClientToken: the same token and parameters make nothing second, others are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws.errors import AwsError

if TYPE_CHECKING:
    from sandbox.aws.actions import Call

_LONGEST = 64


def made_before(call: Call) -> str | None:
    """The id of what an earlier call of this action with this token made; None when there was none.

    IdempotentParameterMismatch when it had other parameters (ec2/latest/devguide/ec2-api-idempotency). A token is
    never forgotten, not even when the thing is deleted.
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
    """Answer the next call with this token by what this one made."""
    if token := call.params.get("ClientToken"):
        call.store.client_tokens[call.action.name, token] = (call.params, made)
