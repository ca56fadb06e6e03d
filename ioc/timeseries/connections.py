"""The SQLite file: connections to it, its schema, and what its errors mean."""

import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ioc.errors import Fault, IocError, MisconfiguredError, RefuseToStartError, RetryError
from ioc.timeseries.contract import HOUR
from ioc.timeseries.sketch import Sketch

SCHEMA_VERSION = 2  # 1: no hours
BUSY_TIMEOUT_MS = 5_000

# secure_delete: Debian's SQLite overwrites what it drops with zeros; wal_autocheckpoint: 32 MB, so that pages
# that many batches touch are copied once; synchronous = full: the journal forgets what this store has taken.
_WRITER = """
pragma synchronous = full;
pragma secure_delete = off;
pragma wal_autocheckpoint = 8000;
pragma journal_size_limit = 67108864;
pragma cache_size = -8192;
"""
_READER = "pragma query_only = on; pragma cache_size = -8192;"

_SCHEMA = """
begin immediate;
create table if not exists series (
    id integer primary key, metric text not null, key text not null unique);
create index if not exists series_metric on series (metric);
create table if not exists raw (
    series integer not null, t integer not null, value real not null, quality integer not null,
    primary key (series, t)) without rowid;
create table if not exists five_minutes (
    series integer not null, t integer not null, sum real not null, count integer not null,
    min real not null, max real not null, last real not null, last_at integer not null,
    qualities integer not null, sketch blob,
    primary key (series, t)) without rowid;
create table if not exists one_hour (
    series integer not null, t integer not null, sum real not null, count integer not null,
    min real not null, max real not null, last real not null, last_at integer not null,
    qualities integer not null, primary key (series, t)) without rowid;
create table if not exists sketch (
    series integer not null, t integer not null, data blob not null, primary key (series, t)) without rowid;
create table if not exists block (
    id integer primary key, sums blob not null, flags blob not null, counts blob not null);
create table if not exists dirty (
    series integer not null, t integer not null, primary key (series, t)) without rowid;
create table if not exists dirty_hour (
    series integer not null, t integer not null, primary key (series, t)) without rowid;
create table if not exists mark (name text primary key, t integer not null) without rowid;
insert or ignore into mark values ('rolled_to', 0), ('raw_from', 0), ('five_minutes_from', 0), ('hours_to', 0),
    ('hours_claimed_to', 0), ('blocks_from', 0), ('blocks_to', 0), ('blocks_series', 0);
"""
_WHOLE_HOURS = "update mark set t = (t + ?1 - 1) / ?1 * ?1 where name in ('raw_from', 'five_minutes_from')"

_WAIT = {sqlite3.SQLITE_BUSY: "is locked by another process", sqlite3.SQLITE_LOCKED: "is locked"}
_MEND = {
    sqlite3.SQLITE_CORRUPT: ("is damaged", "Stop the centre, move the file away or restore it from a backup."),
    sqlite3.SQLITE_NOTADB: ("is not an SQLite database", "Stop the centre and move the file away."),
    sqlite3.SQLITE_READONLY: ("cannot be written", "Give the centre's user the right to write it and its folder."),
    sqlite3.SQLITE_PERM: ("may not be opened", "Give the centre's user the right to read and write it."),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "See that its folder exists and belongs to the centre's user."),
}


class Connections:
    """Connections to one file, lent to one thread at a time; about one is kept open between uses.

    Idle ones lie in a deque, whose ends are atomic: no lock is held, so that threads of gevent's pool and its
    loop may share it. The file is made, or its schema checked, when the first connection is opened.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._idle: deque[sqlite3.Connection] = deque()
        self._ready = False
        if not read_only or path.exists():
            self._begin()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One view of the data for all that is read in it."""
        with self._lent() as connection:
            connection.execute("begin")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its beginning; an error leaves nothing of it."""
        with self._lent() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                connection.rollback()
                raise

    def close(self) -> None:
        """Close what lies idle."""
        while self._idle:
            self._idle.pop().close()

    def _begin(self) -> None:
        try:
            with self._lent():
                pass
        except MisconfiguredError as error:
            raise RefuseToStartError([Fault("IOC-T001", "time series", str(error), error.hint)]) from error
        except RetryError:
            if not self.read_only:  # else each question says it, until the worker has made the file or taken it over
                raise

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop() if self._idle else self._open()
        except IndexError:  # another thread was faster
            connection = self._open()
        except sqlite3.Error as error:
            raise meaning(error, self.path) from error
        try:
            yield connection
        except sqlite3.Error as error:
            connection.close()
            raise meaning(error, self.path) from error
        except BaseException:
            connection.close()
            raise
        if self._idle:
            connection.close()  # each keeps a cache of up to 8 MB
        else:
            self._idle.append(connection)

    def _open(self) -> sqlite3.Connection:
        if self.read_only and not self.path.exists():
            raise RetryError(f"{self.path} is not there yet.", "The worker makes it when it starts first.")
        uri = f"{self.path.absolute().as_uri()}?mode={'ro' if self.read_only else 'rwc'}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            self._set_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        if not self._ready:
            self._check(connection)
        if self.read_only:
            connection.executescript(_READER)
        else:
            _turn_to_wal(connection)
            connection.executescript(_WRITER)
            connection.create_aggregate("sketch_of", 1, _SketchOf)
            if not self._ready:
                connection.executescript(_SCHEMA)
                connection.execute(_WHOLE_HOURS, (HOUR,))
                connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
                connection.execute("commit")
        self._ready = True

    def _check(self, connection: sqlite3.Connection) -> None:
        connection.execute("begin")  # one view: another process may be making the schema
        (version,) = connection.execute("pragma user_version").fetchone()
        tables = connection.execute("select count(*) from sqlite_master").fetchone() != (0,)
        connection.rollback()
        if version > SCHEMA_VERSION:
            what = f"{self.path} has schema {version}, newer than this program's {SCHEMA_VERSION}."
            raise MisconfiguredError(what, "Start the newer version of the program again.")
        if version == 0 and tables:
            raise MisconfiguredError(f"{self.path} is a database, but not one of time series.", "Move the file away.")
        if version < SCHEMA_VERSION and self.read_only:
            raise RetryError(f"{self.path} is not ready yet.", "The worker makes it when it starts first.")


class _SketchOf:
    """What the SQL function ``sketch_of`` gives: the bytes of the sketch of all values of a group."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def step(self, value: float) -> None:
        """One more value."""
        self._values.append(value)

    def finalize(self) -> Any:  # bytes, though the library's stub knows numbers only
        """All values were given."""
        return Sketch.of(self._values).encode()


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for the lock here as it does elsewhere, and processes start together."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def meaning(error: sqlite3.Error, path: Path) -> IocError:
    """What an error of SQLite asks of us: to wait and try again, or that a person mends something."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _MEND:
        what, hint = _MEND[code]
        return MisconfiguredError(f"{path} {what} ({error}).", hint)
    if code == sqlite3.SQLITE_FULL:
        return RetryError(f"The disk of {path} is full.", "Free some space: nothing is lost meanwhile.")
    return RetryError(f"{path} {_WAIT.get(code, 'cannot be used')} ({error}).")
