"""The names of fields, headers and query parameters whose value is a secret.

The tables follow EMQX's own list of what it redacts (emqx/emqx, `emqx_utils_redact:is_sensitive_key/1` and
`is_sensitive_header/1`) and add what the schemas of other systems use. As in English, the last word of a name decides:
`client_secret` is a secret, `secret_name` is a name.
"""

import re
import unicodedata

_ENDINGS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "credential", "authorization"),
    *("cookie", "apikey", "accesskey", "accesskeyid", "secretkey", "privatekey", "accountkey", "serviceaccountjson"),
    *("jaas", "totpcode", "mfacode", "sharedaccesssignature"),
)
"""Endings that only the names of secrets have, each written as one word."""

_LAST_WORDS = frozenset({"pass", "pw", "jwt", "jwk", "otp", "bearer"})
"""Last words of the names of secrets. They are part of harmless words (`bypass`), so they must be whole words."""

_KEYS = frozenset(
    [
        *("", "api", "app", "application", "access", "account", "secret", "private", "encryption", "decryption"),
        *("signing", "hmac", "shared", "master", "license", "subscription", "storage", "sas", "auth", "session"),
        *("service", "ssh", "deploy", "write", "ingest", "ingestion", "integration", "admin", "function", "functions"),
        *("symmetric", "preshared", "psk", "aes", "primary", "secondary"),
    ]
)
"""Words before `key` that make it a secret. Other keys only sort, route or find something: `partition_key`."""

_HARMLESS_KEYS = frozenset(
    [
        *("partition", "routing", "foreign", "idempotency", "message", "ordering", "cache", "sort", "row", "hash"),
        *("range", "object", "map", "group", "public", "shard", "record", "deduplication", "index", "unique"),
        *("websocket", "correlation", "event", "topic"),
    ]
)
"""The keys among HTTP headers and query parameters that are none: there, all others count as secret."""

_SAYS_IN_CALLS = frozenset({"auth", "sig", "signature"})
"""Words that name a secret only in headers and query parameters; elsewhere they name a mechanism."""

_ABOUT_THE_FORM = frozenset(
    [
        *("value", "text", "string", "str", "plain", "plaintext", "cleartext", "raw", "base64", "b64", "base", "b"),
        *("encoded", "hex", "content", "data", "current", "new", "old", "config", "json", "pem", "der", "header"),
        *("headers", "v"),
    ]
)
"""Words after the name of a secret that describe its form: `password_value`, `token_v2`."""


def says_secret(name: str, *, in_call: bool = False, within: bool = False) -> bool:
    """Whether a value with this name is a secret.

    `in_call`: it is an HTTP header or a query parameter. `within`: it is inside an object that has the name of a
    secret, such as `value` in `password: {value: ...}`.
    """
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", unicodedata.normalize("NFKC", name))]
    if "".join(words).endswith(_ENDINGS):
        return True
    while words and words[-1] in _ABOUT_THE_FORM:
        words.pop()
    if not words:
        return within
    whole = "".join(words)
    if whole.endswith(_ENDINGS) or whole.removesuffix("s").endswith(_ENDINGS):
        return True
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in {"key", "keys"}:
        return before in _KEYS or (in_call and before not in _HARMLESS_KEYS)
    return last in _LAST_WORDS or (in_call and last in _SAYS_IN_CALLS)
