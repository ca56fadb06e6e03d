"""The version of the schema, and the migrations that bring it forward."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from ioc.database.transactions import lift_limits, reading, take_turn, writing

TABLE_OF_VERSION = "alembic_version"


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version; does nothing when it is there already.

    One process at a time, all of it or nothing: those that start together wait for the first.
    """
    if version_of(engine) == newest_version():
        return
    config = _config()
    with writing(engine, lane=None) as connection:
        lift_limits(connection)
        take_turn(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def version_of(engine: Engine) -> str | None:
    """The version that the database has; None where it was never set up."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_version() -> str | None:
    """The version that this program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    return config
