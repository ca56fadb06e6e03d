"""The relational database: flask-sqlalchemy in the web server, plain engines elsewhere, alembic migrations.

Tables are defined beside the code that owns them, as ``Table(..., metadata, ...)``. SQLite runs in WAL mode;
whoever writes opens with BEGIN IMMEDIATE (``writing``), whoever reads does not (``reading``): a read that turns
into a write fails at once with SQLITE_BUSY_SNAPSHOT whatever the busy timeout says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

db = SQLAlchemy()
metadata = db.metadata

BUSY_TIMEOUT_MS = 5_000


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for ``url``, set up as the centre needs it.

    SQLite connections are opened for each use: opening one costs 0.1 ms, and a pool shared between gevent's
    native threads and its loop does not survive monkey-patching.
    """
    if url.startswith("sqlite"):
        options.setdefault("poolclass", NullPool)
    engine = create_engine(url, hide_parameters=True, **options)  # they may name a person, and errors go to the log
    set_up_engine(engine)
    return engine


def set_up_engine(engine: Engine) -> None:
    """Give every new SQLite connection its pragmas, and leave BEGIN to ``reading`` and ``writing``."""
    if engine.dialect.name != "sqlite":
        return

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


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: takes the write lock when it opens; commits at the end, rolls back on error.

    What it commits is on the disk when it returns: the journal forgets what the quarantine has taken, and a revoked
    token must not come back with the power. (``ioc.latest`` writes ten times a second and does without: after a power
    cut the present may be a moment behind, and each value still says its true age.)
    """
    options = {"ioc_begin": "immediate", "ioc_durable": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A short transaction that only reads."""
    with engine.connect() as connection, connection.begin():
        yield connection


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version; does nothing when it is there already."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(ioc_begin="immediate") as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
