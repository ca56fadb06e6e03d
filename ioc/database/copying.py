"""Copying the whole database to an empty one, of the same or the other kind, and proving that all of it is there."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Integer, MetaData, Table, func, select

from ioc.database.postgresql import NUL, REPLACEMENT, copy_in, number_on
from ioc.database.schema import TABLE_OF_VERSION, version_of
from ioc.database.transactions import lift_limits, reading, take_turn, writing
from ioc.errors import IocError

ROWS_AT_ONCE = 2_000
POSTGRESQL = "postgresql"

Progress = Callable[[str, int, int], object]  # is given a table, how many of its rows are done, how many it has


@dataclass(frozen=True, slots=True)
class Counted:
    """One table: how many rows it has, and the sum of what each of them is, whatever their order."""

    name: str
    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: the tables in the order in which it was done, the same in both databases."""

    tables: tuple[Counted, ...]

    @property
    def rows(self) -> int:
        """How many in all."""
        return sum(table.rows for table in self.tables)


def copy_database(
    source: Engine, target: Engine, progress: Progress = lambda *_: None, *, replace: bool = False
) -> Copied:
    """Copy every table, as they all are at one moment; others may go on writing to the source meanwhile.

    The target has the schema of the same version (``migrate``) and no row; with ``replace`` its rows are deleted. All
    of it is done in one transaction and read again before that ends: a copy that fails or is stopped, however that
    happens, leaves the target as it was. Numbers that the
    database gives go on behind the highest. Raises IocError where a target is none or the copy is not the same.
    """
    _same_version(source, target)
    with reading(source) as old, writing(target, lane=None) as new:
        lift_limits(old)
        lift_limits(new)
        take_turn(new)
        tables = _tables(new)
        theirs = {table.name: table for table in _tables(old)}
        if replace:
            for table in reversed(tables):
                new.execute(table.delete())
        _must_be_empty(new, tables)
        done = tuple(_copy(old, theirs[table.name], new, table, progress) for table in tables)
        for table, counted in zip(tables, done, strict=True):
            if _counted(new, table, counted.rows, progress) != counted:
                raise IocError(f"The copy of the table {table.name} is not the same; nothing was kept.", _AGAIN)
            _go_on(new, table)
    return Copied(done)


_AGAIN = "Look at the disk and the log of the server, then copy again."


def _same_version(source: Engine, target: Engine) -> None:
    versions = version_of(source), version_of(target)
    if versions[0] is None:
        raise IocError("The database to copy from is none of the centre's: it has no version.", "Is its URL right?")
    if versions[0] != versions[1]:
        found = f"version {versions[0]}, the one to copy to {versions[1]}"
        raise IocError(
            f"The database to copy from has {found}.", "Start the centre once on the older one, and stop it."
        )


def _tables(connection: Connection) -> list[Table]:
    """What the database itself says that it has; what another refers to comes first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != TABLE_OF_VERSION]


def _must_be_empty(connection: Connection, tables: Iterable[Table]) -> None:
    full = [table.name for table in tables if connection.execute(select(table).limit(1)).first() is not None]
    if full:
        what = f"The database to copy to is not empty: there are rows in {', '.join(full[:5])}."
        raise IocError(what, "Nothing is ever written over. Make an empty database for it.")


def _copy(old: Connection, theirs: Table, new: Connection, table: Table, progress: Progress) -> Counted:
    total = old.execute(select(func.count()).select_from(theirs)).scalar_one()
    sum_ = _Sum()
    progress(table.name, 0, total)
    for rows in _read(old, theirs, table.columns.keys(), without_nul=new.dialect.name == POSTGRESQL):
        sum_.add(rows)
        if new.dialect.name == POSTGRESQL:
            copy_in(new, table, rows)
        else:
            new.execute(table.insert(), [dict(zip(table.columns.keys(), row, strict=True)) for row in rows])
        progress(table.name, sum_.rows, total)
    return sum_.of(table.name)


def _counted(connection: Connection, table: Table, total: int, progress: Progress) -> Counted:
    sum_ = _Sum()
    for rows in _read(connection, table, table.columns.keys()):
        sum_.add(rows)
        progress(f"{table.name}, compared", sum_.rows, total)
    return sum_.of(table.name)


def _read(
    connection: Connection, table: Table, names: Sequence[str], *, without_nul: bool = False
) -> Iterator[list[tuple[Any, ...]]]:
    """All rows, some at once, with the columns in this order."""
    query = select(*(table.c[name] for name in names)).execution_options(yield_per=ROWS_AT_ONCE)
    for rows in connection.execute(query).partitions():
        yield [tuple(_plain(value, without_nul=without_nul) for value in row) for row in rows]


def _plain(value: Any, *, without_nul: bool) -> Any:
    """The value as both databases give it."""
    if isinstance(value, float):
        return value + 0.0  # SQLite knows no -0.0
    if without_nul and isinstance(value, str) and NUL in value:
        return value.replace(NUL, REPLACEMENT)
    return bytes(value) if isinstance(value, memoryview) else value


class _Sum:
    """Counts rows and adds up their digests: the order in which two databases sort text is not the same."""

    def __init__(self) -> None:
        self.rows = self._total = 0

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for row in rows:
            self.rows += 1
            self._total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest())

    def of(self, name: str) -> Counted:
        return Counted(name, self.rows, f"{self._total % 2**128:032x}")


def _go_on(connection: Connection, table: Table) -> None:
    """Have the numbers that PostgreSQL gives begin behind those that are there; SQLite sees to that by itself."""
    keys = list(table.primary_key.columns)
    if connection.dialect.name == POSTGRESQL and len(keys) == 1 and isinstance(keys[0].type, Integer):
        number_on(connection, table, keys[0])
