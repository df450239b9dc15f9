"""Encryption of what crosses Temporal: with a key set, its server and its database hold only ciphertext.

`PRIVATELINK_PAYLOAD_KEY` names the keys and never holds one: `env:NAME` or `file:PATH`, each 32 random bytes in base64
(`openssl rand -base64 32`). Several keys are separated by commas: the first encrypts, all decrypt. To rotate a key, put
the new one behind the old one on every client and worker, then in front of it. Remove the old one when Temporal has
forgotten the last history that needs it.

Some values stay in the clear, because Temporal must be able to search or show them without the key: the workflow id
(deployment and name of the link), the search attributes (search_attributes.py) and the names of the steps, with ports.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadCodec

from privatelink.settings import PAYLOAD_KEY, PayloadKeyError
from privatelink.temporal.payloads import DATA_CONVERTER, ENCRYPTED, FailureConverter

NONCE_BYTES = 12
"""The nonce length that AES-GCM is made for (NIST SP 800-38D, 5.2.1.1). If random, a key serves 2^32 payloads (8.3)."""

_KEY_ID = "encryption-key-id"


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
