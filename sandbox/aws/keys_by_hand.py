"""What happens to credentials outside their caller's control: they end early, are revoked, or are rotated.

The control path triggers it, under `/sandbox/credentials`; `sandbox.control` lists the verbs. `of` says whose
credentials: an account id, a role's ARN or one access key id. Without it, they are those of every session.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox import bodies

if TYPE_CHECKING:
    from sandbox.aws.credential_endpoint import CredentialEndpoint
    from sandbox.aws.credentials import AccessKey, Keyring
    from sandbox.aws.state import World


class KeysByHand:
    """The verbs. Thread-safe."""

    def __init__(self, world: World, keyring: Keyring, endpoint: CredentialEndpoint) -> None:
        """Act on the keys of `keyring` and on the credentials that `endpoint` gives out."""
        self._world = world
        self._keyring = keyring
        self._endpoint = endpoint

    def shown(self) -> dict[str, Any]:
        """The lifetimes, and every access key without its secret."""
        return {
            **self._world.lifetimes.model_dump(),
            "keys": [
                {
                    "access_key_id": key.id,
                    "account": key.account,
                    "principal": key.principal,
                    "role_arn": key.role_arn,
                    "expires_at": None if key.expires_at is None else _time(key.expires_at),
                    "revoked": self._keyring.is_revoked(key),
                }
                for key in self._keyring.every_key()
            ],
        }

    def put(self, lifetimes: dict[str, Any]) -> None:
        """Set how long new credentials last; the endpoints give out new ones at the next call."""
        self._world.lifetimes.put(lifetimes)
        self._endpoint.rotate()

    def act(self, verb: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """`expire`, `revoke`, `restore` or `rotate`; ValueError for any other verb, or an unknown key or account."""
        if verb == "rotate":
            return self._rotate(bodies.OfAccount.model_validate(body).account)
        keys = self._named(bodies.Whose.model_validate(body).of)
        match verb:
            case "expire":
                self._keyring.expire(keys)
            case "revoke":
                self._keyring.revoke(keys)
            case "restore":
                self._keyring.restore(keys)
            case _:
                raise ValueError(f"credentials are expired, revoked, restored or rotated, not {verb!r}")
        return {"access_key_ids": [key.id for key in keys]}

    def _rotate(self, account: str | None) -> dict[str, Any]:
        if account is None:
            self._endpoint.rotate()
            return {}
        if account not in self._world.seed.accounts:
            raise ValueError(f"there is no account {account}; there are: {', '.join(self._world.seed.accounts)}")
        key = self._keyring.rotate(account)
        return {"access_key_id": key.id, "secret_access_key": key.secret}

    def _named(self, of: str | None) -> list[AccessKey]:
        keys = self._keyring.named(of)
        if not keys and of is not None:
            raise ValueError(f"no credentials are of {of!r}: an account id, a role's ARN or an access key id is known")
        return keys


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat()
