"""Tokens: the key of a program or of a wall screen. 256 random bits, shown once, stored as their hash."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Engine, Row, select

from ioc.access.audit import record
from ioc.access.model import Principal, Role, Scope
from ioc.access.tables import sessions, tokens
from ioc.catalogue import nearest
from ioc.database import reading, writing
from ioc.domain import MINUTE, Clock
from ioc.errors import IocError

LAST_USED_STEP = 10 * MINUTE  # how coarse ``last_used_ns`` is: one write in that time, not one a request


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed; what it opens with is not kept."""

    id: int
    name: str
    role: Role
    scope: Scope
    created_ns: int
    expires_ns: int | None
    revoked_ns: int | None
    last_used_ns: int | None

    @property
    def principal(self) -> Principal:
        """What the token is, to whoever authorises."""
        return Principal(f"token:{self.id}", self.name, self.role, self.scope)

    def valid_at(self, now_ns: int) -> bool:
        """Whether it still opens."""
        return self.revoked_ns is None and (self.expires_ns is None or now_ns < self.expires_ns)


class Tokens:
    """The tokens of the database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def create(
        self, role: Role, scope: Scope, name: str = "", expires_ns: int | None = None, *, actor: str
    ) -> tuple[str, Token]:
        """A new token: the text to hand over, once, and what is kept of it."""
        text, now = f"ioc_{secrets.token_urlsafe(32)}", self._clock.now_ns()
        with writing(self._engine) as connection:
            connection.execute(
                tokens.insert().values(
                    name=name[:64] or str(role),
                    hash=digest(text),
                    role=role,
                    scope=str(scope),
                    created_ns=now,
                    expires_ns=expires_ns,
                )
            )
            token = _token(connection.execute(select(tokens).where(tokens.c.hash == digest(text))).one())
            record(connection, now, actor, "token.create", f"token:{token.id}", **_told(token))
        return text, token

    def list(self) -> list[Token]:
        """Every token that there was, oldest first."""
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.id))]

    def find(self, text: str) -> Token | None:
        """The valid token with this text, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(tokens).where(tokens.c.hash == digest(text))).first()
        token = _token(row) if row else None
        return token if token and token.valid_at(self._clock.now_ns()) else None

    def used(self, token: Token) -> bool:
        """Whether ``mark_used`` is due: at most one write in ten minutes."""
        return token.last_used_ns is None or self._clock.now_ns() - token.last_used_ns >= LAST_USED_STEP

    def mark_used(self, token: Token) -> None:
        """Note that the token is in use."""
        with writing(self._engine) as connection:
            connection.execute(tokens.update().where(tokens.c.id == token.id).values(last_used_ns=self._clock.now_ns()))

    def revoke(self, which: str, *, actor: str) -> Token:
        """End a token, by its number or its name, and the sessions opened with it."""
        now = self._clock.now_ns()
        token = self._named(which)
        with writing(self._engine) as connection:
            connection.execute(tokens.update().where(tokens.c.id == token.id).values(revoked_ns=now))
            connection.execute(sessions.delete().where(sessions.c.token_id == token.id))
            record(connection, now, actor, "token.revoke", f"token:{token.id}", name=token.name)
        return token

    def _named(self, which: str) -> Token:
        standing = [token for token in self.list() if token.revoked_ns is None]
        found = [token for token in standing if which in {str(token.id), token.name}]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(str(token.id) for token in found)
            raise IocError(f"{len(found)} tokens are named {which!r}", f"Say which by its number: {numbers}.")
        close = nearest(which, [token.name for token in standing])
        raise IocError(f"there is no token {which!r}", f"Did you mean {close}?" if close else "")


def digest(text: str) -> str:
    """What is stored of a random key: it has 256 bits, so a plain hash cannot be searched back."""
    return hashlib.sha256(text.encode()).hexdigest()


def _told(token: Token) -> dict[str, str]:
    return {"name": token.name, "role": str(token.role), "scope": str(token.scope)}


def _token(row: Row[tuple[object, ...]]) -> Token:
    return Token(
        row.id,
        row.name,
        Role(row.role),
        Scope.parse(row.scope),
        row.created_ns,
        row.expires_ns,
        row.revoked_ns,
        row.last_used_ns,
    )
