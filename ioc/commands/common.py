"""What several commands share: opening the database with a clear word when there is none, and printing."""

import getpass
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import orjson
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from ioc.config import Settings, load_settings
from ioc.database import make_engine, shown_url
from ioc.errors import IocError

BEGIN = "`ioc run` (or `make run`) makes it at its first start."


def settings_of_environment() -> Settings:
    """The settings of this process; raises RefuseToStartError with all faults."""
    return load_settings(os.environ)


@contextmanager
def database(settings: Settings) -> Iterator[Engine]:
    """The relational database, never made by looking at it; raises IocError where it cannot be used."""
    url = make_url(settings.database.url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise IocError(f"There is no database {url.database} yet.", BEGIN)
    engine = make_engine(settings.database.url)
    where = shown_url(settings.database.url)
    try:
        yield engine
    except (OperationalError, ProgrammingError) as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "it does not answer"
        hint = BEGIN if "no such table" in reason or "does not exist" in reason else "See whether it runs."
        raise IocError(f"The database {where} cannot be used: {reason}.", hint) from error
    finally:
        engine.dispose()


def operator() -> str:
    """Who types this, as the audit log names them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"


def agreed(question: str) -> bool:
    """Whether somebody says yes; raises IocError where nobody is there to answer."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        hint = "--yes applies it without asking, --dry-run only shows what it would change."
        raise IocError("Nothing was changed: there is no terminal on which to ask.", hint) from None


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as they need to be; the last one runs on."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[n]) for line in [list(titles), *lines]) for n in range(len(titles))]
    for line in [list(titles), *lines]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
