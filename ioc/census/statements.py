"""Statements that are compiled once, and take rows as tuples: the unit of work is a few hundred rows of six tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam

from ioc.census.rows import Values
from ioc.upsert import When, insert_statement, upsert_statement


class Statement:
    """One statement with a fixed list of parameters."""

    def __init__(self, engine: Engine, statement: Any, names: Sequence[str]) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        self._text: str = compiled.string
        self._names = None if compiled.positional else tuple(names)

    def run(self, connection: Connection, rows: Iterable[Values]) -> None:
        """Run it for each of the rows, whose values are in the order of the names."""
        given: Any = list(rows)
        if given:
            if self._names:
                given = [dict(zip(self._names, row, strict=True)) for row in given]
            connection.exec_driver_sql(self._text, given)


def add(engine: Engine, table: Table) -> Statement:
    """Insert a row; nothing where there is one of its key."""
    return Statement(engine, insert_statement(engine, table), table.columns.keys())


def put(
    engine: Engine, table: Table, columns: Sequence[str] = (), when: When | None = None, plus: Sequence[str] = ()
) -> Statement:
    """Insert a row, or write it over the one of its key: see ``ioc.upsert``."""
    return Statement(engine, upsert_statement(engine, table, columns, when, plus), table.columns.keys())


def remove(engine: Engine, table: Table) -> Statement:
    """Delete the row of a key."""
    keys = [column.name for column in table.primary_key.columns]
    same = [table.c[key] == bindparam(key) for key in keys]
    return Statement(engine, table.delete().where(*same), keys)
