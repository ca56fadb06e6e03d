"""One connection to a database, and what it says of its health."""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Annotated, Any

from pydantic import AfterValidator
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from ioc.database import driver_url
from ioc.polling import Deadline, Found, Target, TargetShape, read_secret_file, thing

# Whether this user sees the sessions and standbys of others: pg_monitor is in this role, and so is a superuser. Who is
# not sees their rows with nothing in them, and would count itself alone.
SEES = "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"
OF_OTHERS = ("connections", "connections_used", "oldest")
UNSEEN = "it does not show the sessions of others: its user needs the role pg_monitor"

# Each is one number or null. A standby that has replayed all that it received lags by nothing, however long ago the
# last transaction was (PostgreSQL manual, 26.5).
POSTGRESQL: Mapping[str, str] = {
    "connections": "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'",
    "connections_used": "SELECT 100.0 * count(*) / current_setting('max_connections')::int FROM pg_stat_activity"
    " WHERE backend_type = 'client backend'",
    "size": "SELECT pg_database_size(current_database())",
    "lag": "SELECT CASE WHEN NOT pg_is_in_recovery()"
    " THEN (SELECT extract(epoch FROM max(coalesce(replay_lag, interval '0'))) FROM pg_stat_replication"
    " WHERE pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'))"
    " WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
    " ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END",
    "oldest": "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
}

# What a refusal says, as libpq gives no code of it: then we are set up wrongly, and nobody knows how the database is.
REFUSED = ("password authentication failed", "no password supplied", "no pg_hba.conf entry")


def _url(given: str) -> str:
    try:
        url = make_url(given)
    except ArgumentError:
        raise ValueError("it is no address of a database, such as postgresql://monitor@10.1.2.3/his") from None
    if url.password:
        raise ValueError("a password does not belong into the URL: write password_file")
    return given


class SqlShape(TargetShape):
    """A database. ``url`` as SQLAlchemy writes it; ``postgresql://`` may be said without its driver."""

    url: Annotated[str, AfterValidator(_url)]
    password_file: str = ""


def engine_of(ask: SqlShape, timeout_s: float) -> Engine:
    """Opens nothing. Raises UnusableError where the password cannot be read, ValueError without such a driver."""
    try:
        url = make_url(driver_url(ask.url))
        if ask.password_file:
            url = url.set(password=read_secret_file(ask.password_file).reveal())
        return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=_arguments(url, timeout_s))
    except (NoSuchModuleError, ImportError) as error:
        raise ValueError(f"there is no driver for this database: {error}") from None


def _arguments(url: URL, timeout_s: float) -> dict[str, Any]:
    if url.get_backend_name() != "postgresql":
        return {}
    statement_ms = max(1, round(timeout_s * 1000))
    return {
        "connect_timeout": max(1, round(timeout_s)),
        "options": f"-c statement_timeout={statement_ms} -c default_transaction_read_only=on",
        "application_name": "ioc-health",
    }


class Health:
    """Asks databases. ``engines`` by target."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines

    def __call__(self, target: Target[SqlShape], _now_ns: int) -> Found:
        """Connect, ask, and close again: what programs go through that connect anew."""
        deadline = Deadline(target.timeout_s)
        engine = self._engines[target.name]
        fields: dict[str, float | None] = {}
        missing: list[str] = []
        try:
            with engine.connect() as connection, _cut_at(deadline, connection):
                connection.execute(text("SELECT 1")).scalar_one()
                fields |= {"up": 1.0, "latency": deadline.took_ms}
                if engine.dialect.name == "postgresql":
                    _postgresql(connection, deadline, fields, missing)
        except (SQLAlchemyError, OSError) as error:
            missing.append(reason(error))
            if not fields and any(refusal in str(error) for refusal in REFUSED):
                return Found(error=missing[-1])
        return Found((thing("sql", target, fields or {"up": 0.0}),), "; ".join(missing))


def reason(error: Exception) -> str:
    """The first line of what the driver says; it names neither statement nor parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return (lines[0][:200] if lines else type(cause).__name__).rstrip(".")


def _postgresql(connection: Connection, deadline: Deadline, found: dict[str, float | None], missing: list[str]) -> None:
    """Add all its figures to ``found``; one that is refused or slow is left out, and said in ``missing``.

    Raises DBAPIError or OSError where no more can be asked; what was found until then stands.
    """
    asked = dict(POSTGRESQL)
    if not connection.execute(text(SEES)).scalar_one():
        missing.append(UNSEEN)
        found.update((name, None) for name in OF_OTHERS)
        asked = {name: question for name, question in POSTGRESQL.items() if name not in OF_OTHERS}
    each_ms = max(1, round(deadline.left() * 1000 / (len(asked) + 1)))  # the slow one leaves time for the others
    connection.execute(text(f"SET statement_timeout = {each_ms}"))
    connection.commit()
    for name, question in asked.items():
        try:
            value = connection.execute(text(question)).scalar()
        except DBAPIError as error:
            if error.connection_invalidated or connection.closed:
                raise
            connection.rollback()
            missing.append(f"it does not say its {name}: {reason(error)}")
        else:
            found[name] = None if value is None else float(value)


@contextmanager
def _cut_at(deadline: Deadline, connection: Connection) -> Iterator[None]:
    """Cut the connection at the deadline: a server that is frozen answers no timeout of its own."""
    lock = threading.Lock()
    driver = connection.connection.driver_connection
    done = False

    def cut() -> None:
        with lock, suppress(OSError, AttributeError):  # some drivers have no socket: SQLite is a file
            if not done:
                with socket.socket(fileno=os.dup(driver.fileno())) as own:  # type: ignore[union-attr]  # as above
                    own.shutdown(socket.SHUT_RDWR)

    ended = threading.Timer(deadline.left(), cut)
    ended.daemon = True
    ended.start()
    try:
        yield
    finally:
        with lock:
            done = True
        ended.cancel()
