"""Encryption of what crosses Temporal: with a key set, its server and its database hold only ciphertext.

`PRIVATELINK_PAYLOAD_KEY` names the keys and never holds one: `env:NAME` or `file:PATH`, each 32 random bytes in base64
(`openssl rand -base64 32`). Several keys are separated by commas: the first encrypts, all decrypt. To rotate a key, put
the new one behind the old one on every client and worker, then in front of it. Remove the old one when Temporal has
forgotten the last history that needs it.

Some values stay in the clear, because Temporal must be able to search or show them without the key: the workflow id
(deployment and name of the link), the search attributes (search_attributes.py) and the names of the steps, with ports.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadCodec

from privatelink.temporal.payloads import DATA_CONVERTER, ENCRYPTED, PAYLOAD_KEY, FailureConverter, PayloadKeyError

KEY_BYTES = 32
NONCE_BYTES = 12
"""The nonce length that AES-GCM is made for (NIST SP 800-38D, 5.2.1.1). If random, a key serves 2^32 payloads (8.3)."""

_KEY_ID = "encryption-key-id"


def payload_keys(environment: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The keys that `PRIVATELINK_PAYLOAD_KEY` refers to. The first one encrypts.

    Raises `PayloadKeyError`, whose message names the wrong reference and never shows what it holds.
    """
    references = [reference.strip() for reference in environment.get(PAYLOAD_KEY, "").split(",")]
    return tuple(_key(reference, environment) for reference in references)


def _key(reference: str, environment: Mapping[str, str]) -> bytes:
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        text = environment.get(name)
        if not text:
            raise PayloadKeyError(f"reading {PAYLOAD_KEY}: it names the variable {name}, which is not set")
    elif kind == "file" and name:
        try:
            text = Path(name).read_text(encoding="ascii")
        except UnicodeDecodeError:
            raise PayloadKeyError(f"reading {PAYLOAD_KEY}: the file {name} does not hold base64") from None
        except OSError as error:
            raise PayloadKeyError(f"reading {PAYLOAD_KEY}: the file {name}: {error.strerror}") from error
    else:
        # Not shown: it may be the key itself, pasted in place of its reference.
        raise PayloadKeyError(f"reading {PAYLOAD_KEY}: a reference is env:NAME or file:PATH, never the key itself")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise PayloadKeyError(f"reading {PAYLOAD_KEY}: what {reference} holds is not base64") from None
    if len(key) != KEY_BYTES:
        raise PayloadKeyError(
            f"reading {PAYLOAD_KEY}: {reference} holds {len(key)} bytes instead of {KEY_BYTES}; "
            "`openssl rand -base64 32` makes a key"
        )
    return key


def key_id(key: bytes) -> str:
    """The id of a key in each payload: a digest, so that nobody has to name keys and no two can share a name."""
    return hashlib.sha256(b"privatelink payload key\0" + key).hexdigest()[:16]


class EncryptionCodec(PayloadCodec):
    """AES-256-GCM over whole payloads, including metadata. `decode` returns unencrypted payloads unchanged."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The first of `keys` encrypts; all decrypt."""
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self._encrypting = key_id(keys[0])

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload under a nonce of its own."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt each payload. Raises `PayloadKeyError` if its key is not set here, or if it was tampered with."""
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        key = self._encrypting.encode()
        data = nonce + self._ciphers[self._encrypting].encrypt(nonce, payload.SerializeToString(), key)
        return Payload(metadata={"encoding": ENCRYPTED.encode(), _KEY_ID: key}, data=data)

    def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCRYPTED.encode():
            return payload
        key = payload.metadata.get(_KEY_ID, b"")
        cipher = self._ciphers.get(key.decode(errors="replace"))
        if cipher is None:
            raise PayloadKeyError(
                f"decrypting a payload: its key {key!r} is none of {', '.join(self._ciphers)}; "
                f"add the key that it was encrypted with to {PAYLOAD_KEY}"
            )
        try:
            plain = cipher.decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], key)
        except (InvalidTag, ValueError):
            raise PayloadKeyError(f"decrypting a payload: it is not what the key {key!r} encrypted") from None
        return Payload.FromString(plain)


class _EncodingFailureConverter(FailureConverter):
    def __init__(self) -> None:
        super().__init__(encode_common_attributes=True)


def encrypting_converter(keys: Sequence[bytes]) -> DataConverter:
    """`DATA_CONVERTER` with encryption, which also covers messages and stack traces of failures."""
    return replace(
        DATA_CONVERTER,
        payload_codec=EncryptionCodec(keys),
        failure_converter_class=_EncodingFailureConverter,
    )
