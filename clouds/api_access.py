"""How the settings describe an EMQX API: its base URL, its key, and the checks of both."""

from collections.abc import Iterator, Mapping
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


def access_from(environment: Mapping[str, str], prefix: str, path: str, faults: list[str]) -> ApiAccess | None:
    """The API whose endpoint, key and secret are in the variables `<prefix>_*`; None when none of them is set."""
    names = {field: f"{prefix}_{field.upper()}" for field in ("endpoint", "api_key", "api_secret")}
    values = {field: environment.get(name, "") for field, name in names.items()}
    if not any(values.values()):
        return None
    faults.extend(f"{names[field]} is not set, though others of {prefix}_* are" for field in names if not values[field])
    endpoint = values["endpoint"].rstrip("/")
    if endpoint:
        faults.extend(f"{names['endpoint']} {fault}" for fault in endpoint_faults(endpoint, path))
    return ApiAccess(
        endpoint=endpoint,
        api_key=values["api_key"],
        api_secret=SecretStr(values["api_secret"]),
        set_by=f"{names['api_key']} and {names['api_secret']}",
    )


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
