"""Encryption of what may name a patient: rejected inputs, in the journal and in the quarantine."""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ioc.errors import IocError

VERSION = b"\x01"
NONCE = 12
DIGEST = 16


class SealError(IocError):
    """What was sealed cannot be opened: it is damaged, or the key is another one."""


class Sealer:
    """Seals and opens bytes with a key drawn from the secret (AES-256-GCM)."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"ioc seal " + secret.encode()).digest())
        self._digest_key = hashlib.sha256(b"ioc digest " + secret.encode()).digest()

    def seal(self, plain: bytes) -> bytes:
        """Encrypt and authenticate."""
        nonce = os.urandom(NONCE)
        return VERSION + nonce + self._cipher.encrypt(nonce, plain, VERSION)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed; raises SealError."""
        version, nonce, body = sealed[:1], sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
        try:
            return self._cipher.decrypt(nonce, body, version)
        except (InvalidTag, ValueError):
            raise SealError(
                "A sealed record cannot be opened.",
                "Was secrets/quarantine.key replaced? Records sealed with the former key need the former key.",
            ) from None

    def digest(self, *parts: bytes) -> str:
        """The same for the same parts; tells nothing about them without the key."""
        hashed = hashlib.blake2b(key=self._digest_key, digest_size=DIGEST)
        for part in parts:
            hashed.update(len(part).to_bytes(8, "big"))
            hashed.update(part)
        return hashed.hexdigest()
