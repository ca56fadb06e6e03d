"""SQLite as the centre uses it: WAL mode, and transactions that begin as ``reading`` and ``writing`` say."""

from typing import Any

from sqlalchemy import Connection, Engine, event

BUSY_TIMEOUT_MS = 5_000


def set_up_sqlite(engine: Engine) -> None:
    """Give every new connection its pragmas, and leave BEGIN to ``reading`` and ``writing``."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # sqlite3's own BEGIN would come too late
        connection.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("ioc_durable"):  # SQLite takes this between transactions only
            connection.exec_driver_sql("pragma synchronous = full")
        connection.exec_driver_sql(f"begin {options.get('ioc_begin', 'deferred')}")
