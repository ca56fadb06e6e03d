"""Transactions that mean the same on SQLite and PostgreSQL: who reads sees one moment, who writes is alone."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, select, text

CENTRE = "centre"  # the lane of all who name none
_TURN = select(func.pg_advisory_xact_lock(bindparam("lane")))
_SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_ALONE = {"ioc_begin": "immediate", "ioc_durable": True}


@contextmanager
def writing(engine: Engine, lane: str | None = CENTRE) -> Iterator[Connection]:
    """A transaction that writes: takes the write lock when it opens; commits at the end, rolls back on error.

    On SQLite it is the lock of the file: a read that turns into a write fails at once with SQLITE_BUSY_SNAPSHOT
    whatever the busy timeout says. On PostgreSQL it is a lock of the ``lane``: writers of one lane come one after the
    other and may decide by what they read, writers of two lanes do not wait for each other and touch no common row.
    With None the code relies on the locks of its rows alone.

    What it commits is on the disk when it returns: the journal forgets what the quarantine has taken, and a revoked
    token must not come back with the power. (``ioc.latest`` writes ten times a second and does without on SQLite: after
    a power cut the present may be a moment behind, and each value still says its true age.)
    """
    with engine.connect().execution_options(**_ALONE) as connection, connection.begin():
        if lane is not None:
            take_turn(connection, lane)
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A short transaction that only reads: all it reads is of one moment."""
    options = _SNAPSHOT if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def take_turn(connection: Connection, lane: str = CENTRE) -> None:
    """Wait until nobody else writes in this lane; held to the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(_TURN, {"lane": _number(lane)})


def lift_limits(connection: Connection) -> None:
    """Let this transaction take long: it changes or copies whole tables, and waits for others that do."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
        connection.execute(text("set local lock_timeout = '10min'"))


@cache
def _number(lane: str) -> int:
    """The number by which PostgreSQL knows the lock of a lane."""
    return int.from_bytes(hashlib.sha256(f"ioc {lane}".encode()).digest()[:8], signed=True)
