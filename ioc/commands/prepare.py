"""``python -m ioc.commands.prepare``: secrets, database, first user and first beds, before anything starts.

A program of its own, as what it loads is needed once and would stay in the supervisor's memory. Prints the
password of the first user, this once.
"""

import logging
import os
import sys

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ioc.access import ensure_admin
from ioc.assets import AssetRegister, read_first_assets
from ioc.beds import BedRegister, read_first_beds
from ioc.catalogue import load_catalogue
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.database import make_engine, migrate
from ioc.errors import IocError
from ioc.registry import load_registry

FAILED = 1
WHO = "setup"  # in the audit log


def prepare(settings: Settings) -> str | None:
    """Set up what the parts need; the password of the first user where it was made now.

    Raises RefuseToStartError or IocError where it cannot be done.
    """
    ensure_secrets(settings)
    try:
        engine = make_engine(settings.database.url)
        migrate(engine)
        password = ensure_admin(engine)
        first_beds(settings, engine)
        first_assets(settings, engine)
        engine.dispose()
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        hint = "Is IOC_DATABASE__URL right, and does the disk have room?"
        raise IocError(f"The database cannot be set up: {cause}.", hint) from error
    except ModuleNotFoundError as error:
        what = f"The database of IOC_DATABASE__URL needs the Python package {error.name}, which is not installed."
        raise IocError(what, f"Install it with: {sys.executable} -m pip install '{error.name}[binary]'") from error
    return password


def first_beds(settings: Settings, engine: Engine) -> None:
    """Import ``configs/beds/FACILITY.csv`` of each facility that has never had a bed; they count since ever.

    Raises RefuseToStartError where such a file has faults. What changes later comes through `ioc import beds`.
    """
    register = BedRegister(engine)
    paths = [path for path in sorted(settings.config_dir.glob("beds/*.csv")) if not register.beds(path.stem).all]
    if not paths:
        return
    registry = load_registry(settings.config_dir, load_catalogue(settings.config_dir), settings.timezone)
    for path in paths:
        register.apply(register.preview(read_first_beds(path, registry, settings.timezone).beds), WHO)


def first_assets(settings: Settings, engine: Engine) -> None:
    """Import ``configs/assets/FACILITY.csv`` of each facility that has never had an asset, likewise."""
    register = AssetRegister(engine)
    paths = [path for path in sorted(settings.config_dir.glob("assets/*.csv")) if not register.assets(path.stem).all]
    if not paths:
        return
    registry = load_registry(settings.config_dir, load_catalogue(settings.config_dir), settings.timezone)
    for path in paths:
        register.apply(register.preview(read_first_assets(path, registry, settings.timezone)), WHO)


def main() -> int:
    """The exit code: 0, or 1 with the reason on standard error."""
    logging.basicConfig(level=logging.WARNING)
    try:
        password = prepare(load_settings(os.environ))
    except IocError as error:
        click.echo(f"Error: {error}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        return FAILED
    if password is not None:
        click.echo(f"ADMIN user=admin password={password}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
