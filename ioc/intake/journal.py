"""The journal: what is in it has been acknowledged or may be; it is on the disk before anybody is told so."""

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from ioc.errors import Fault, RefuseToStartError, RetryError
from ioc.intake import salvage
from ioc.intake.batch import Entry, Kind

log = logging.getLogger(__name__)

ROW_OVERHEAD = 96  # bytes that a row costs beside its body, about
DROP_ROWS = 512  # deleted in one transaction, so that a commit never waits long
KEEP_FREE_PAGES = 4096  # 16 MB stay in the file to be used again
GIVE_BACK_PAGES = 2048  # what goes back to the file system in one step
WAL_LIMIT = 32 * 2**20

SCHEMA = """
create table if not exists entry (
    id integer primary key autoincrement,
    kind text not null, source text not null, count integer not null, received_ns integer not null,
    size integer not null, crc integer not null, body blob not null
);
create table if not exists meta (name text primary key, value text not null);
"""
INSERT = "insert into entry (kind, source, count, received_ns, size, crc, body) values (?, ?, ?, ?, ?, ?, ?)"
SELECT = "select id, kind, source, count, received_ns, crc, body from entry where id > ? order by id"


class JournalFullError(RetryError):
    """The journal or the disk is full: nothing may be acknowledged until the store takes data again."""


class JournalDamagedError(RetryError):
    """The file was damaged while it was open; the next start sets it aside and saves what can be read."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the journal. ``oldest_ns`` is when the oldest was received, None when nothing waits."""

    entries: int
    items: int
    bytes: int
    oldest_ns: int | None


class Journal:
    """An append-only queue in one SQLite file; safe to use from several threads of one process.

    Refuses to start while another process holds it. A damaged file is set aside under another name, never
    deleted; what can still be read of it goes into the new one.
    """

    def __init__(
        self, path: Path, max_bytes: int, *, timed: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> None:
        """``timed`` opens what measures how long each append takes."""
        self._timed = timed
        self.path = path
        self.max_bytes = max_bytes
        self.damaged = ""  # why the file cannot be used any more
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._arrived = threading.Event()
        self._guard = _hold(path.with_name(path.name + ".lock"))
        self._set_aside_if_damaged()
        self._writer = _connect(path)
        self._reader = _connect(path)
        self._prepare()

    @property
    def set_aside(self) -> list[Path]:
        """Damaged journals that lie beside this one until somebody has looked at them."""
        return sorted(salvage.set_aside_files(self.path))

    @property
    def last_id(self) -> int:
        """The id of the newest entry there ever was, 0 before the first."""
        with self._read_lock, self._faults():
            row = self._reader.execute("select seq from sqlite_sequence where name = 'entry'").fetchone()
        return row[0] if row else 0

    def append(self, entries: Sequence[Entry]) -> int:
        """Write the entries in one transaction and return, with the last id, once the disk has them.

        Raises JournalFullError when there is no room: none of the entries is written then.
        """
        size = sum(len(entry.body) + ROW_OVERHEAD for entry in entries)
        rows = [
            (e.kind, e.source, e.count, e.received_ns, len(e.body) + ROW_OVERHEAD, zlib.crc32(e.body), e.body)
            for e in entries
        ]
        with self._timed(), self._lock:
            if self._bytes + size > self.max_bytes:
                raise JournalFullError(
                    f"The journal holds {self._bytes / 2**20:.0f} MiB and may hold {self.max_bytes / 2**20:.0f} MiB: "
                    "nothing more is acknowledged until what waits in it is written.",
                    "Look first at what it is written to; journal.max_bytes may be raised while the disk has room.",
                )
            with self._transaction() as connection:
                for row in rows:
                    last = connection.execute(INSERT, row).lastrowid
            self._bytes += size
            self._entries += len(entries)
            self._items += sum(entry.count for entry in entries)
        self._arrived.set()
        assert last is not None
        return last

    def read(self, after_id: int, limit: int) -> list[Entry]:
        """The entries after this id, oldest first, until they hold ``limit`` items; at least one if there is one."""
        entries: list[Entry] = []
        items = 0
        with self._read_lock, self._faults():
            cursor = self._reader.execute(SELECT, (after_id,))
            for id_, kind, source, count, received_ns, crc, body in cursor:
                if zlib.crc32(body) != crc:
                    raise sqlite3.DatabaseError(f"entry {id_} does not match its checksum")
                entries.append(Entry(Kind(kind), source, body, count, received_ns, id_))
                items += count
                if items >= limit:
                    break
            cursor.close()
        return entries

    def drop_through(self, last_id: int) -> None:
        """Forget the entries up to this id, a few at a time; gives room in the file back when there is much."""
        while True:
            with self._lock, self._transaction() as connection:
                doomed = "select id, size, count from entry where id <= ? order by id limit ?"
                rows = connection.execute(doomed, (last_id, DROP_ROWS)).fetchall()
                if rows:
                    connection.execute("delete from entry where id <= ?", (rows[-1][0],))
                self._entries -= len(rows)
                self._bytes -= sum(row[1] for row in rows)
                self._items -= sum(row[2] for row in rows)
            if len(rows) < DROP_ROWS:
                break
        with self._lock, self._faults():
            if self._writer.execute("pragma freelist_count").fetchone()[0] > KEEP_FREE_PAGES + GIVE_BACK_PAGES:
                self._writer.executescript(f"pragma incremental_vacuum({GIVE_BACK_PAGES})")  # execute() frees one page

    def backlog(self) -> Backlog:
        """How much waits."""
        with self._read_lock, self._faults():
            row = self._reader.execute("select received_ns from entry order by id limit 1").fetchone()
        return Backlog(self._entries, self._items, self._bytes, row[0] if row else None)

    def wait(self, timeout: float) -> bool:
        """Wait until something was appended since the last call, at most so many seconds."""
        arrived = self._arrived.wait(timeout)
        self._arrived.clear()
        return arrived

    def wake(self) -> None:
        """End a ``wait``, as at the end of the program."""
        self._arrived.set()

    def close(self) -> None:
        """Close the file and let another process have it."""
        with self._lock, self._read_lock:
            self._reader.close()
            self._writer.close()
            os.close(self._guard)

    def _prepare(self) -> None:
        self._writer.executescript(SCHEMA)
        self._writer.execute("insert or ignore into meta values ('id', ?)", (uuid.uuid4().hex,))
        self.id: str = self._writer.execute("select value from meta where name = 'id'").fetchone()[0]
        totals = "select count(*), coalesce(sum(count), 0), coalesce(sum(size), 0) from entry"
        self._entries, self._items, self._bytes = self._writer.execute(totals).fetchone()
        if self._entries:
            self._arrived.set()

    def _set_aside_if_damaged(self) -> None:
        fault = salvage.find_fault(self.path)
        if not fault:
            return
        aside = salvage.set_aside(self.path)
        with contextlib.closing(_connect(self.path)) as connection:
            connection.executescript(SCHEMA)
            rows = salvage.readable_rows(aside)
            connection.execute("begin immediate")
            connection.executemany(INSERT, rows)
            connection.execute("commit")
        log.critical(
            "The journal was damaged (%s). It was set aside as %s; %d of its entries could be read and are kept. "
            "Entries that could not be read may be lost: keep the file and look into the disk.",
            fault,
            aside,
            len(rows),
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._faults():
            self._writer.execute("begin immediate")
            try:
                yield self._writer
                self._writer.execute("commit")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("rollback")
                raise

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn SQLite's errors into decisions."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise JournalFullError(
                f"The journal cannot be written or read ({error}): nothing is acknowledged until it can.",
                f"Is the disk of {self.path.parent} full, read-only or failing?",
            ) from error
        except sqlite3.DatabaseError as error:
            self.damaged = str(error)
            raise JournalDamagedError(f"The journal {self.path} is damaged: {error}.") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    connection.execute("pragma auto_vacuum = incremental")  # only a new file takes it
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute(f"pragma journal_size_limit = {WAL_LIMIT}")
    return connection


def _hold(path: Path) -> int:
    """Keep every other process out for as long as this one lives."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        what = "another worker uses this journal already."
        hint = "One worker runs for each data directory: stop the other one, or give this one its own IOC_DATA_DIR."
        raise RefuseToStartError([Fault("IOC-J001", str(path.parent), what, hint)]) from None
    return descriptor
