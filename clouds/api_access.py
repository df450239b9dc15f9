"""How to reach an EMQX API: its base URL, its key, and what a URL must look like that a key is sent to."""

from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr

PLATFORM_PATH = "/public_api/v1"
DEPLOYMENT_PATH = "/api/v5"

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ApiAccess(BaseModel):
    """One EMQX API with HTTP Basic: base URL without a trailing slash, key, secret, and where the two were set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str
    api_key: str
    api_secret: SecretStr
    set_by: str

    @property
    def is_loopback(self) -> bool:
        """Whether the API runs on this machine and is reached without a proxy."""
        return urlsplit(self.endpoint).hostname in LOOPBACK


def endpoint_faults(endpoint: str, path: str) -> Iterator[str]:
    """What is wrong with a base URL. The URL itself is never shown, because it may contain a password."""
    parts = url_of(endpoint)
    if parts is None:
        yield "is not a URL of the form https://HOST" + path
        return
    if is_plain(parts):
        yield "must begin with https://: the API key goes with every call"
    if not parts.path.endswith(path):
        yield f"must end in {path}"
    if "@" in parts.netloc or parts.query or parts.fragment:
        yield "must hold neither user, password, query nor fragment"


def url_of(text: str) -> SplitResult | None:
    """The parts of a URL that can be called, or None."""
    try:
        parts = urlsplit(text)
        host, _, _ = parts.hostname, parts.port, httpx.URL(text).host
    except (ValueError, httpx.InvalidURL):
        return None
    return parts if host and parts.scheme in {"http", "https"} and not any(map(str.isspace, text)) else None


def is_plain(url: SplitResult) -> bool:
    """Whether a call would cross a network unencrypted."""
    return url.scheme == "http" and url.hostname not in LOOPBACK
