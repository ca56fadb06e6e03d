"""``ioc database``: moving the relational side from one database to another."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Engine, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError

from ioc.commands.common import print_json, print_table, settings_of_environment
from ioc.database import Copied, copy_database, driver_url, make_engine, migrate, reading, version_of
from ioc.domain import SECOND, SystemClock
from ioc.errors import IocError
from ioc.intake import SourceStatuses
from ioc.lease import TTL_NS, leases

AT_WORK_NS = 15 * SECOND  # a worker writes each second that it is there
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
    source, target = source or here, target or settings.database.url
    if driver_url(source) == driver_url(target):
        raise click.UsageError("--from and --to are the same. Without --to it is IOC_DATABASE__URL.")
    with _opened(source) as old, _opened(target) as new:
        _must_exist(source)
        if version_of(old) is not None:
            _must_rest(old)
            migrate(old)
        migrate(new)
        copied = copy_database(old, new, _Shown())
    _report(copied, json_=json_)


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
    at_work = any(0 <= now_ns - status.updated_ns < AT_WORK_NS for status in SourceStatuses(engine).all())
    if owners or at_work:
        who = f"the scheduler {owners[0]}" if owners else "a worker"
        raise IocError(f"The centre is at work on it: {who}.", "Stop it, wait 15 seconds, and copy again.")


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    try:
        engine = make_engine(url)
    except ArgumentError as error:
        raise IocError(f"{url!r} is no address of a database.", "As postgresql://user@host/name.") from error
    try:
        yield engine
    except DBAPIError as error:
        where = make_url(url).render_as_string(hide_password=True)
        raise IocError(f"The copy failed, with {where} open: {error.orig}.", "Nothing was kept of it.") from error
    finally:
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
