"""STS: GetCallerIdentity, and AssumeRole for the customer's roles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.aws.actions import Call, action
from sandbox.aws.errors import STS, AwsError
from sandbox.seed import PROVIDER

_SHORTEST_SESSION = 900
_LONGEST_SESSION = 3600


@action(STS, "GetCallerIdentity", read=True)
def get_caller_identity(call: Call) -> dict[str, Any]:
    """The account and ARN of the caller."""
    return {"UserId": call.caller.user_id, "Account": call.account, "Arn": call.principal}


@action(STS, "AssumeRole")
def assume_role(call: Call) -> dict[str, Any]:
    """Let the provider's identities assume the customer's roles, only with the ExternalId.

    The trust policy is that of IAM's "access to AWS accounts owned by third parties": StringEquals sts:ExternalId. Only
    the seeded open role lacks this condition. A role that the control path gave a policy exists too. An unknown role,
    another caller, and a missing or wrong ExternalId all get the same AccessDenied.
    """
    role_arn, session = call.required("RoleArn"), call.required("RoleSessionName")
    seconds = int(call.params.get("DurationSeconds") or _LONGEST_SESSION)
    if not _SHORTEST_SESSION <= seconds <= _LONGEST_SESSION:
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    seed = call.world.seed
    closed = role_arn == seed.role_arn or role_arn in call.world.roles
    trusted = role_arn == seed.open_role_arn or (closed and call.params.get("ExternalId") == seed.external_id)
    if not trusted or call.account != PROVIDER:
        raise AwsError(
            "AccessDenied",
            f"User: {call.principal} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            403,
        )
    lasts = call.world.lifetimes.session_seconds or seconds
    key = call.keyring.assume(role_arn=role_arn, session=session, seconds=lasts)
    return {
        "Credentials": {
            "AccessKeyId": key.id,
            "SecretAccessKey": key.secret,
            "SessionToken": key.token,
            "Expiration": datetime.fromtimestamp(key.expires_at or 0.0, tz=UTC),
        },
        "AssumedRoleUser": {"AssumedRoleId": key.user_id, "Arn": key.principal},
    }
