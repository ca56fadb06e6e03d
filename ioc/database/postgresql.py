"""PostgreSQL as the centre uses it. The only module that knows psycopg."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection as Driver
from psycopg import Error
from psycopg.types.string import StrDumper, StrDumperUnknown
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ExceptionContext,
    String,
    Table,
    event,
    func,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.ext.compiler import compiles

from ioc.database.transactions import reading
from ioc.errors import IocError

PLAIN, OURS = ("postgresql://", "postgres://"), "postgresql+psycopg://"
CONNECT_WITHIN_S = 5
LOCK_TIMEOUT_MS = 5_000  # as SQLite's busy timeout
# Whoever is stopped in the middle of a transaction (a machine that swaps, SIGSTOP) keeps what it has locked from all
# others; the server ends its session after this long. Below the 5 s of a lease, far above any pause of ours.
IDLE_IN_TRANSACTION_MS = 4_000
UTF8 = "UTF8"
MAKE_UTF8 = "createdb --encoding UTF8 --template template0 NAME"
NUL, REPLACEMENT = "\0", "\N{REPLACEMENT CHARACTER}"


@compiles(String, "postgresql")
def _text(_type: String, _compiler: Any, **_more: Any) -> str:
    """Columns of text have no limit, as on SQLite: a name that is too long must not stop what waits behind it."""
    return "TEXT"


class _Text(StrDumper):
    """Text with U+FFFD for each NUL: PostgreSQL keeps none, and one in a message must not stop the others."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace(NUL, REPLACEMENT) if NUL in obj else obj)


class _Untyped(StrDumperUnknown):
    """The same where psycopg leaves the type to the server."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace(NUL, REPLACEMENT) if NUL in obj else obj)


def driver_url(url: str) -> str:
    """The URL with the driver's name, where a user has left it out; `postgres://`, which libpq takes, is the same."""
    return OURS + url.partition("://")[2] if url.startswith(PLAIN) else url


def shown_url(url: str) -> str:
    """The URL for people: without password, and without options, which may hold one too."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def connect_args() -> dict[str, Any]:
    """What every connection is opened with: a server that is gone is noticed, and nobody waits for ever for a lock."""
    settings = {
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
        "client_encoding": "UTF8",
    }
    return {
        "connect_timeout": CONNECT_WITHIN_S,
        "application_name": "ioc",
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }


def set_up_postgresql(engine: Engine) -> None:
    """Have every new connection take any text, and errors say one line without the values they are about."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Driver[Any], _record: Any) -> None:
        connection.adapters.register_dumper(str, _Untyped)
        connection.adapters.register_dumper(str, _Text)

    @event.listens_for(engine, "handle_error")
    def _shorten(context: ExceptionContext) -> None:
        error = context.original_exception
        line = next(iter(str(error).strip().splitlines()), "")
        if isinstance(error, Error) and line:
            error.args = (line,)
            if context.sqlalchemy_exception is not None:
                context.sqlalchemy_exception.args = (f"({type(error).__name__}) {line}",)


def copy_in(connection: Connection, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows, with the columns in the table's order, the quick way; raises IocError."""
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(f"copy {quote(table.name)} ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
    except Error as error:
        why = str(error).strip().partition("\n")[0]
        raise IocError(f"The table {table.name} cannot be written: {why}.") from error


def number_on(connection: Connection, table: Table, key: Column[Any]) -> None:
    """Have the numbers that the server gives to this key go on behind the highest that is there."""
    sequence = connection.execute(select(func.pg_get_serial_sequence(table.name, key.name))).scalar()
    if sequence:
        highest = select(func.coalesce(func.max(key), 0) + 1).scalar_subquery()
        connection.execute(select(func.setval(sequence, highest, literal(value=False))))


@dataclass(frozen=True, slots=True)
class Server:
    """What the server says of itself. ``standby``: it takes no writes; ``durable``: a commit is on the disk."""

    version: str
    encoding: str
    standby: bool
    durable: bool
    connections: int
    most: int


def must_be_utf8(engine: Engine) -> None:
    """Raises IocError where the server keeps text in an encoding that lacks letters.

    SQL_ASCII, what a server has that was set up without a locale, keeps bytes as they are and so ours too: only
    `ioc doctor` speaks of it.
    """
    if engine.dialect.name != "postgresql":
        return
    with reading(engine) as connection:
        encoding = connection.execute(text("select current_setting('server_encoding')")).scalar_one()
    if encoding not in (UTF8, "SQL_ASCII"):
        name = engine.url.database
        raise IocError(f"The database {name} keeps text as {encoding}, not as {UTF8}.", f"Make it with: {MAKE_UTF8}")


def ask_server(engine: Engine) -> Server | None:
    """What is to be known of the server before anybody relies on it; None where there is none, as with SQLite."""
    if engine.dialect.name != "postgresql":
        return None
    said = """select current_setting('server_version'), current_setting('server_encoding'), pg_is_in_recovery(),
        current_setting('fsync') = 'on' and current_setting('synchronous_commit') <> 'off',
        (select count(*) from pg_stat_activity where backend_type = 'client backend'),
        current_setting('max_connections')::int"""
    with reading(engine) as connection:
        return Server(*connection.execute(text(said)).one())
