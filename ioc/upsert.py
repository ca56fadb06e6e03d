"""Insert or update, on SQLite and PostgreSQL alike."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

When = Callable[[Any], ColumnElement[bool]]


def upsert_statement(
    engine: Engine, table: Table, columns: Sequence[str] = (), when: When | None = None, add: Sequence[str] = ()
) -> Any:
    """Insert a row, or write it over the one that has the same primary key.

    ``columns`` are those replaced (all but the key unless given), those in ``add`` by the sum of old and new;
    ``when`` says, given the row that is offered, under which condition.
    """
    insert = _insert(engine, table)
    offered = insert.excluded
    keys = [column.name for column in table.primary_key.columns]
    names = columns or [column.name for column in table.columns if column.name not in keys]
    return insert.on_conflict_do_update(
        index_elements=keys,
        set_={name: table.c[name] + offered[name] if name in add else offered[name] for name in names},
        where=when(offered) if when else None,
    )


def insert_statement(engine: Engine, table: Table) -> Any:
    """Insert a row; nothing where there is one of its key."""
    return _insert(engine, table).on_conflict_do_nothing()


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] = (),
    add: Sequence[str] = (),
) -> None:
    """Write the rows so, in the connection's transaction."""
    if rows:
        connection.execute(upsert_statement(connection.engine, table, columns, add=add), list(rows))


def _insert(engine: Engine, table: Table) -> Any:
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[engine.dialect.name](table)
