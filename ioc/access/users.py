"""Users: people with a password. What changes their rights ends their sessions in the same transaction."""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, func, select

from ioc.access.audit import record
from ioc.access.model import EVERYTHING, Principal, Role, Scope
from ioc.access.passwords import generate_password, hash_password, password_fits
from ioc.access.tables import sessions, users
from ioc.catalogue import nearest
from ioc.database import reading, writing
from ioc.domain import Clock, SystemClock
from ioc.errors import IocError

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}", flags=re.ASCII)


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in."""

    id: int
    name: str
    role: Role
    scope: Scope
    disabled: bool
    created_ns: int

    @property
    def principal(self) -> Principal:
        """What the user is, to whoever authorises."""
        return Principal(f"user:{self.id}", self.name, self.role, self.scope)


class Users:
    """The users of the database. ``actor`` of each change is who makes it, for the audit log."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, name: str, password: str, role: Role, scope: Scope = EVERYTHING, *, actor: str) -> User:
        """A new user; raises IocError for a name that is taken or cannot be one."""
        if not _NAME.fullmatch(name):
            raise IocError(
                f"{name!r} cannot be a user's name", "Use small letters, digits and . _ @ -, at most 64 of them."
            )
        hashed, now = hash_password(password), self._clock.now_ns()
        with writing(self._engine) as connection:
            if _find(connection, name) is not None:
                raise IocError(f"there is a user {name} already")
            connection.execute(
                users.insert().values(
                    name=name,
                    password_hash=hashed,
                    role=role,
                    scope=str(scope),
                    disabled=False,
                    created_ns=now,
                    changed_ns=now,
                )
            )
            record(connection, now, actor, "user.add", name, role=role, scope=str(scope))
            return self._of(connection, name)

    def list(self) -> list[User]:
        """Everybody, by name."""
        with reading(self._engine) as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def named(self, name: str) -> User:
        """The user of this name; raises IocError, with the nearest name, where there is none."""
        with reading(self._engine) as connection:
            return self._of(connection, name)

    def verify(self, name: str, password: str) -> User | None:
        """The user whose name and password these are, unless disabled; takes about 0.1 s whatever the answer."""
        with reading(self._engine) as connection:
            row = _find(connection, name)
        fits = password_fits(row.password_hash if row else None, password)
        return _user(row) if row is not None and fits and not row.disabled else None

    def set_password(self, name: str, password: str, *, actor: str) -> None:
        """A new password; ends the user's sessions."""
        self._change(name, "user.password", actor, {"password_hash": hash_password(password)}, {})

    def set_disabled(self, name: str, *, disabled: bool, actor: str) -> None:
        """Shut the user out, or let in again; ends the user's sessions."""
        action = "user.disable" if disabled else "user.enable"
        self._change(name, action, actor, {"disabled": disabled}, {})

    def set_rights(self, name: str, role: Role, scope: Scope, *, actor: str) -> None:
        """Another role or scope; ends the user's sessions."""
        detail = {"role": str(role), "scope": str(scope)}
        self._change(name, "user.rights", actor, dict(detail), detail)

    def _change(self, name: str, action: str, actor: str, values: dict[str, object], detail: dict[str, str]) -> None:
        now = self._clock.now_ns()
        with writing(self._engine) as connection:
            user = self._of(connection, name)
            connection.execute(users.update().where(users.c.id == user.id).values(changed_ns=now, **values))
            connection.execute(sessions.delete().where(sessions.c.user_id == user.id))
            record(connection, now, actor, action, name, **detail)

    def _of(self, connection: Connection, name: str) -> User:
        row = _find(connection, name)
        if row is None:
            close = nearest(name, connection.scalars(select(users.c.name)))
            raise IocError(f"there is no user {name!r}", f"Did you mean {close}?" if close else "")
        return _user(row)


def ensure_admin(engine: Engine, clock: Clock | None = None) -> str | None:
    """Where there is no user at all, make ``admin`` and give its password, which is shown once; else None."""
    with reading(engine) as connection:
        if connection.scalar(select(func.count()).select_from(users)):
            return None
    password = generate_password()
    Users(engine, clock or SystemClock()).add("admin", password, Role.ADMIN, actor="system")
    return password


def _find(connection: Connection, name: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(users).where(users.c.name == name)).first()


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(row.id, row.name, Role(row.role), Scope.parse(row.scope), row.disabled, row.created_ns)
