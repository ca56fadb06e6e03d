"""Passwords: argon2id. Verifying takes about 0.1 s on purpose, so the web server does it in its threadpool."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ioc.errors import IocError

SHORTEST = 10
LONGEST = 200  # argon2 takes any length; a megabyte of password is an attack

_hasher = PasswordHasher()


def generate_password() -> str:
    """A random password that a person can copy from a terminal."""
    return secrets.token_urlsafe(15)


def hash_password(password: str) -> str:
    """The argon2id hash to store; raises IocError where the password cannot do."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise IocError(f"a password has {SHORTEST} to {LONGEST} characters, this one {len(password)}")
    return _hasher.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Whether the password is the one of ``stored``; as slow for None, the hash of nobody."""
    if len(password) > LONGEST:
        return False
    try:
        return _hasher.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """What an unknown name is checked against, so that it takes as long as a known one. Made when first needed: most
    processes never ask for a password."""
    return _hasher.hash(secrets.token_urlsafe(24))
