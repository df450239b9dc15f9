"""Who is calling: access keys and SigV4."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.aws.errors import EC2, AwsError
from sandbox.aws.ids import new_elb_id

if TYPE_CHECKING:
    from werkzeug import Request

    from sandbox.seed import Seed

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r" ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]+)"
)


@dataclass(frozen=True)
class AccessKey:
    """An access key of a user, or of a role's session, which also has a token and an end."""

    id: str
    secret: str
    account: str
    principal: str
    user_id: str
    role_arn: str | None = None
    """The role whose session this is; the role's policy, if any, limits what the session may do."""
    token: str | None = None
    expires_at: float | None = None
    """End in real time, because the caller's SDK compares it with its own clock."""


@dataclass(frozen=True)
class Signature:
    """What a request's Authorization header claims."""

    access_key_id: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


class Keyring:
    """Every access key of the sandbox."""

    def __init__(self, seed: Seed) -> None:
        """Begin with the seeded users' keys."""
        self._seed = seed
        self._keys: dict[str, AccessKey] = {}
        self.reset()

    def reset(self) -> None:
        """Drop rotated keys and revocations. Sessions stay valid until their end, because STS cannot end them."""
        self._revoked: set[str] = set()
        sessions = {key.id: key for key in self._keys.values() if key.token is not None}
        self._keys = sessions | {
            account.access_key_id: _user_key(account.id, account.access_key_id, account.secret_access_key)
            for account in self._seed.accounts.values()
        }

    def caller(self, request: Request, signature: Signature) -> AccessKey:
        """The owner of the key that signed the request.

        EC2 answers AuthFailure for an unknown key and for a wrong secret. ELB and STS answer InvalidClientTokenId for
        an unknown key and SignatureDoesNotMatch for a wrong secret (EC2 error codes; STS CommonErrors). For a session
        that is over, EC2 answers RequestExpired, the others ExpiredToken.
        """
        key = self._keys.get(signature.access_key_id)
        ec2 = signature.service == EC2
        inactive = key is not None and key.token is None and self.is_revoked(key)
        if key is None or inactive or not _same(key.token or "", request.headers.get("X-Amz-Security-Token", "")):
            raise _AUTH_FAILURE if ec2 else _UNKNOWN_KEY
        if not _same(signature.signature, _signed(request, signature, key)):
            raise _AUTH_FAILURE if ec2 else _WRONG_SECRET
        if key.expires_at is not None and key.expires_at <= time.time():
            code = "RequestExpired" if ec2 else "ExpiredToken"
            raise AwsError(code, "The security token included in the request is expired", 400 if ec2 else 403)
        return key

    def is_revoked(self, key: AccessKey) -> bool:
        """Whether the key was revoked: a user's key is then inactive, and a session is denied everything."""
        return key.id in self._revoked

    def named(self, of: str | None) -> list[AccessKey]:
        """The keys of an account, of a role (its ARN) or of one access key id; with None, those of all sessions."""
        if of is None:
            return [key for key in self.every_key() if key.token is not None]
        return [key for key in self.every_key() if of in {key.account, key.role_arn, key.id}]

    def every_key(self) -> list[AccessKey]:
        """All keys, including those that are no longer valid."""
        return list(self._keys.values())

    def revoke(self, keys: list[AccessKey]) -> None:
        """Revoke these keys.

        A user's key becomes inactive and is refused like an unknown one ("Update access keys"). A session is denied
        everything by a policy on its role ("Revoke IAM role temporary security credentials"); a new session is not.
        """
        self._revoked.update(key.id for key in keys)

    def restore(self, keys: list[AccessKey]) -> None:
        """Undo `revoke` for these keys."""
        self._revoked.difference_update(key.id for key in keys)

    def expire(self, keys: list[AccessKey]) -> None:
        """End these sessions now. A user's key has no end, so it stays valid."""
        for key in keys:
            if key.token is not None:
                self._keys[key.id] = replace(key, expires_at=time.time())

    def rotate(self, account: str) -> AccessKey:
        """Create a new access key for the account's user, and make the user's earlier keys inactive."""
        self.revoke([key for key in self.named(account) if key.token is None])
        key = _user_key(account, "AKIA" + new_elb_id().upper(), secrets.token_hex(20))
        self._keys[key.id] = key
        return key

    def assume(self, *, role_arn: str, session: str, seconds: float) -> AccessKey:
        """Create the key of a new session of a role."""
        account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
        key = AccessKey(
            id="ASIA" + new_elb_id().upper(),
            secret=secrets.token_hex(20),
            account=account,
            principal=f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            user_id=f"AROA{account}{name[:4].upper()}:{session}",
            role_arn=role_arn,
            token=secrets.token_urlsafe(96),
            expires_at=time.time() + seconds,
        )
        self._keys[key.id] = key
        return key


def _user_key(account: str, id_: str, secret: str) -> AccessKey:
    return AccessKey(
        id=id_,
        secret=secret,
        account=account,
        principal=f"arn:aws:iam::{account}:user/sandbox",
        user_id="AIDA" + id_.removeprefix("AKIA"),
    )


_AUTH_FAILURE = AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
_UNKNOWN_KEY = AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
_WRONG_SECRET = AwsError(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key"
    " and signing method.",
    403,
)


def signature_of(request: Request) -> Signature | None:
    """What the Authorization header claims; None when there is no SigV4 header."""
    found = _AUTHORIZATION.match(request.headers.get("Authorization", ""))
    if found is None:
        return None
    return Signature(
        access_key_id=found["key"],
        region=found["region"],
        service=found["service"],
        headers=tuple(found["headers"].split(";")),
        signature=found["signature"],
    )


def _signed(request: Request, claimed: Signature, key: AccessKey) -> str:
    """The signature that this request has when it is signed with the key's secret."""
    signer = SigV4Auth(Credentials(key.id, key.secret, key.token), claimed.service, claimed.region)
    query = f"?{urlencode(list(request.args.items(multi=True)))}" if request.args else ""
    copy = AWSRequest(
        method=request.method,
        url=f"http://{request.host}{request.path}{query}",
        headers={name: request.headers.get(name, "") for name in claimed.headers},
        data=request.get_data(),
    )
    copy.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    return str(signer.signature(signer.string_to_sign(copy, signer.canonical_request(copy)), copy))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
