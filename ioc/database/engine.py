"""Engines: what every connection to the database is given before anybody uses it."""

from typing import Any

from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.pool import NullPool

from ioc.database.pool import IdlePool
from ioc.database.postgresql import connect_args, driver_url, set_up_postgresql
from ioc.database.sqlite import set_up_sqlite

metadata = MetaData()


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for ``url``, set up as the centre needs it; ``postgresql://`` may be said without its driver.

    SQLite connections are opened for each use: opening one costs 0.1 ms, and a pool shared between gevent's
    native threads and its loop does not survive monkey-patching.
    """
    engine = create_engine(driver_url(url), **engine_options(url) | options)
    set_up_engine(engine)
    return engine


def engine_options(url: str) -> dict[str, Any]:
    """What ``create_engine`` is told for this URL."""
    options: dict[str, Any] = {"hide_parameters": True}  # they may name a person, and errors go to the log
    if url.startswith("sqlite"):
        return options | {"poolclass": NullPool}
    return options | {"pool_pre_ping": True, "connect_args": connect_args()}


def web_options(url: str) -> dict[str, Any]:
    """The same for a web process, whose requests and native threads share the connections."""
    options = engine_options(url)
    return options if url.startswith("sqlite") else options | {"poolclass": IdlePool}


def set_up_engine(engine: Engine) -> None:
    """Have every new connection of the engine work as ``reading`` and ``writing`` expect it to."""
    if engine.dialect.name == "sqlite":
        set_up_sqlite(engine)
    else:
        set_up_postgresql(engine)
