"""``ioc database``: moving the relational side from one database to another."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError

from ioc.commands.common import print_json, print_table, settings_of_environment
from ioc.config import parse_database_url
from ioc.database import (
    Copied,
    copy_database,
    driver_url,
    make_engine,
    migrate,
    must_be_utf8,
    reading,
    shown_url,
    version_of,
)
from ioc.domain import SECOND, SystemClock
from ioc.errors import IocError
from ioc.intake import SourceStatuses
from ioc.lease import TTL_NS, leases
from ioc.telemetry import ALIVE_NS, Pulses

SHOW_EVERY_S = 1.0


@click.group("database")
def command() -> None:
    """Move what the centre keeps in its relational database. docs/move-to-postgresql.md"""


@command.command("copy")
@click.option("--from", "source", metavar="URL", help="Where it is. Without: `ioc.sqlite` in the data folder.")
@click.option("--to", "target", metavar="URL", help="Where it is to be. Without: IOC_DATABASE__URL.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def copy(source: str | None, target: str | None, *, json_: bool) -> None:
    """Copy people, tokens, alerts, beds, the census and all else to an empty database, then compare every row.

    URLs as sqlite:////path/to/ioc.sqlite or postgresql://user@host/name; a password is better kept in ~/.pgpass, or in
    IOC_DATABASE__URL_FILE. Stop the centre first. The tables are made where they are to be; nothing is ever written
    over, and a copy that is stopped leaves nothing. The journals of the data folder stay where they are.
    """
    settings = settings_of_environment()
    here = f"sqlite:///{settings.data_dir / 'ioc.sqlite'}"
    to_is_known = target is not None or "database.url" in settings.given
    source, target = source or here, target or settings.database.url
    source, target = _parsed("--from", source), _parsed("--to", target)
    if driver_url(source) == driver_url(target):
        raise click.UsageError(_SAME if to_is_known else _NOWHERE)
    with _opened(source, target) as (old, new):
        _must_exist(source)
        if version_of(old) is not None:
            _must_rest(old)
            migrate(old)
        must_be_utf8(new)  # also where somebody has made the tables already
        migrate(new)
        copied = copy_database(old, new, _Shown())
    _report(copied, json_=json_)


_SAME = "--from and --to are the same. Without --to it is IOC_DATABASE__URL."
_NOWHERE = (
    "IOC_DATABASE__URL is not set, so there is nowhere to copy to. Set it, or IOC_DATABASE__URL_FILE, to "
    "postgresql://user@host/name, or give --to."
)


def _parsed(option: str, url: str) -> str:
    """The URL, never shown where it is wrong: it may hold a password."""
    try:
        parsed = parse_database_url(url)
        make_url(parsed)
    except (ValueError, ArgumentError) as error:
        why = error if isinstance(error, ValueError) else "it cannot be taken apart"
        raise IocError(f"{option} is no address of a database: {why}.", "As postgresql://user@host/name.") from None
    return parsed


def _report(copied: Copied, *, json_: bool) -> None:
    if json_:
        rows = [{"table": it.name, "rows": it.rows, "checksum": it.checksum} for it in copied.tables]
        print_json({"rows": copied.rows, "tables": rows})
        return
    print_table(("table", "rows", "checksum"), [(it.name, f"{it.rows:,}", it.checksum) for it in copied.tables])
    click.echo(f"{copied.rows:,} rows copied and compared: both databases have the same.")


def _must_exist(url: str) -> None:
    """A file that is not there would be made by looking at it."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not (parsed.database and Path(parsed.database).exists()):
        raise IocError(f"There is no database {parsed.database}.", "Name it with --from sqlite:////path/to/ioc.sqlite.")


def _must_rest(engine: Engine) -> None:
    """What is written after the copy has begun would be left behind."""
    now_ns = SystemClock().now_ns()
    with reading(engine) as connection:
        held = connection.execute(select(leases.c.owner, leases.c.expires_at_ns)).all()
    owners = [row.owner for row in held if 0 < row.expires_at_ns - now_ns <= TTL_NS]
    at_work = [f"the scheduler {owner}" for owner in owners] or _beating(engine, now_ns)
    if at_work:
        hint = f"Stop it and copy again. Of one that was killed this is known after {ALIVE_NS // SECOND} seconds."
        raise IocError(f"The centre is at work on it: {', '.join(at_work)}.", hint)


def _beating(engine: Engine, now_ns: int) -> list[str]:
    """The processes that have not said that they end: their pulses. Versions before had the status of sources only,
    which a worker that ends writes once more."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("pulse"):
            alive = any(0 <= now_ns - status.updated_ns < ALIVE_NS for status in SourceStatuses(engine).all())
            return ["a worker"] if alive else []
    found = [pulse for pulse in Pulses(engine).alive(now_ns) if pulse.at_ns <= now_ns + ALIVE_NS]
    return [f"{it.part} on {it.host} (process {it.pid})" for it in found]


@contextmanager
def _opened(source: str, target: str) -> Iterator[tuple[Engine, Engine]]:
    """Both databases; raises IocError where one of them fails, and says which."""
    failed: list[tuple[str, str]] = []
    engines = []
    for side, url in (("from", source), ("to", target)):
        engine = make_engine(url)
        event.listen(engine, "handle_error", lambda _, it=(side, url): failed.append(it))
        engines.append(engine)
    old, new = engines
    try:
        yield old, new
    except DBAPIError as error:
        side, url = failed[-1]
        what = f"The database to copy {side}, {shown_url(url)}, failed: {error.orig}."
        raise IocError(what, "Nothing was kept of the copy.") from error
    finally:
        for engine in engines:
            engine.dispose()


class _Shown:
    """How far it is, on standard error: one line, about each second and at the end of each table."""

    def __init__(self) -> None:
        self._at = 0.0
        self._terminal = sys.stderr.isatty()

    def __call__(self, table: str, done: int, total: int) -> None:
        """As ``copy_database`` calls it."""
        now = time.monotonic()
        if not total or (done < total and now - self._at < SHOW_EVERY_S):
            return
        self._at = now
        text = f"{table:<24}{done / total:5.0%}  {done:,} of {total:,} rows"
        over = done >= total
        click.echo(f"\r{text}\033[K" if self._terminal else text, err=True, nl=over or not self._terminal)
