"""Who it is, without saying who: keyed hashes that stay the same and tell nothing without the key."""

import hashlib

DIGEST = 15  # bytes; 30 hexadecimal digits


class Identity:
    """Hashes of one installation; another key gives other hashes, and no stay would be known again."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"ioc identity " + secret.encode()).digest()

    def patient(self, facility: str, number: str) -> str:
        """Of a record number (PID-3, MRG-1)."""
        return self._digest(b"patient", facility.encode(), number.encode())

    def visit(self, facility: str, number: str) -> str:
        """Of a visit number (PV1-19)."""
        return self._digest(b"visit", facility.encode(), number.encode())

    def account(self, facility: str, number: str) -> str:
        """Of an account number (PID-18), for those who number no visits."""
        return self._digest(b"account", facility.encode(), number.encode())

    def control(self, sender: bytes, control: bytes) -> str:
        """Of a sender and a control id."""
        return self._digest(b"control", sender, control)

    def message(self, sender: bytes, control: bytes, body: bytes) -> str:
        """Of a message: its sender, its control id and every byte of it."""
        return self._digest(b"message", sender, control, body)

    def _digest(self, *parts: bytes) -> str:
        hashed = hashlib.blake2b(key=self._key, digest_size=DIGEST)
        for part in parts:
            hashed.update(len(part).to_bytes(8, "big"))
            hashed.update(part)
        return hashed.hexdigest()
