"""Sessions: rows on the server. The browser holds a random id; what is stored is its hash."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select

from ioc.access.audit import record
from ioc.access.model import Principal, Role, Scope
from ioc.access.tables import sessions, tokens, users
from ioc.access.tokens import Token, digest
from ioc.access.users import User
from ioc.database import reading, writing
from ioc.domain import MINUTE, Clock

SEEN_STEP = 5 * MINUTE  # a session in use is prolonged at most this often
FOREVER_NS = 400 * 24 * 60 * MINUTE  # how long a screen's session lasts when its token does not end


@dataclass(frozen=True, slots=True)
class Session:
    """A session that stands, with whose it is as the database says at this moment."""

    principal: Principal
    data: dict[str, Any]
    seen_ns: int
    expires_ns: int

    @property
    def of_screen(self) -> bool:
        """Whether it was opened with a token: it ends with the token and is not prolonged by use."""
        return self.principal.id.startswith("token:")


class Sessions:
    """The sessions of the database; a user's lasts ``hours`` after its last use."""

    def __init__(self, engine: Engine, clock: Clock, hours: float = 12) -> None:
        self._engine = engine
        self._clock = clock
        self._lasts_ns = int(hours * 60 * MINUTE)

    def open(self, owner: User | Token, data: dict[str, Any], address: str = "") -> tuple[str, int]:
        """A new session, noted in the audit log with the visitor's address: its id for the cookie, when it ends."""
        key, now = secrets.token_urlsafe(32), self._clock.now_ns()
        whose: dict[str, int]
        if isinstance(owner, User):
            whose, expires = {"user_id": owner.id}, now + self._lasts_ns
        else:
            whose, expires = {"token_id": owner.id}, owner.expires_ns or now + FOREVER_NS
        with writing(self._engine) as connection:
            connection.execute(
                sessions.insert().values(
                    id_hash=digest(key),
                    data=json.dumps(data),
                    created_ns=now,
                    seen_ns=now,
                    expires_ns=expires,
                    **whose,
                )
            )
            record(connection, now, owner.name, "session.open", owner.principal.id, address=address)
        return key, expires

    def find(self, key: str) -> Session | None:
        """The session of this id while it, its user or its token stands."""
        statement = (
            select(sessions, users, tokens)
            .outerjoin(users, users.c.id == sessions.c.user_id)
            .outerjoin(tokens, tokens.c.id == sessions.c.token_id)
            .where(sessions.c.id_hash == digest(key))
        )
        with reading(self._engine) as connection:
            row = connection.execute(statement).mappings().first()
        now = self._clock.now_ns()
        if row is None or row[sessions.c.expires_ns] <= now:
            return None
        principal: Principal | None = None
        if row[users.c.id] is not None:
            if row[users.c.disabled]:
                return None
            principal = _principal("user", row, users)
        elif row[tokens.c.id] is not None:
            ends = row[tokens.c.expires_ns]
            if row[tokens.c.revoked_ns] is not None or (ends is not None and ends <= now):
                return None
            principal = _principal("token", row, tokens)
        if principal is None:
            return None
        data = json.loads(row[sessions.c.data])
        return Session(principal, data, row[sessions.c.seen_ns], row[sessions.c.expires_ns])

    def ageing(self, session: Session) -> bool:
        """Whether ``prolong`` is due."""
        return not session.of_screen and self._clock.now_ns() - session.seen_ns >= SEEN_STEP

    def prolong(self, key: str) -> None:
        """Note that the session is in use: it lasts its hours from now."""
        now = self._clock.now_ns()
        self._update(key, seen_ns=now, expires_ns=now + self._lasts_ns)

    def save(self, key: str, data: dict[str, Any]) -> None:
        """Keep other data with the session."""
        self._update(key, data=json.dumps(data))

    def close(self, key: str) -> None:
        """End one session."""
        with writing(self._engine) as connection:
            connection.execute(sessions.delete().where(sessions.c.id_hash == digest(key)))

    def prune(self) -> int:
        """Drop the sessions that have ended; gives how many."""
        with writing(self._engine) as connection:
            return connection.execute(sessions.delete().where(sessions.c.expires_ns <= self._clock.now_ns())).rowcount

    def _update(self, key: str, **values: object) -> None:
        with writing(self._engine) as connection:
            connection.execute(sessions.update().where(sessions.c.id_hash == digest(key)).values(**values))


def _principal(kind: str, row: Any, table: Any) -> Principal:
    return Principal(
        f"{kind}:{row[table.c.id]}", row[table.c.name], Role(row[table.c.role]), Scope.parse(row[table.c.scope])
    )
