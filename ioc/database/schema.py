"""The version of the schema, and the migrations that bring it forward.

Alembic is loaded only where there is something to migrate: it takes half a second and 20 MB of each process.
"""

from pathlib import Path

from sqlalchemy import Engine, column, inspect, select, table

from ioc.database.postgresql import must_be_utf8
from ioc.database.transactions import lift_limits, reading, take_turn, writing
from ioc.errors import IocError

TABLE_OF_VERSION = "alembic_version"
_VERSION = select(table(TABLE_OF_VERSION, column("version_num")).c.version_num)
_MIGRATIONS = Path(__file__).parents[1] / "migrations"


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version; does nothing when it is there already.

    One process at a time, all of it or nothing: those that start together wait for the first. Raises IocError where
    a newer program has worked with it, or it is new and cannot keep every text.
    """
    found, newest = version_of(engine), newest_version()
    if found == newest:
        return
    if found is not None and found > newest:
        raise IocError(
            f"The database has schema {found}, which is newer than this program, whose newest is {newest}.",
            "Start the newer version of the centre, or `ioc restore` a copy of before.",
        )
    if found is None:
        must_be_utf8(engine)  # of one that is in use `ioc doctor` says it: it must not stop with a new version
    from alembic import command  # noqa: PLC0415 (see above)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with writing(engine, lane=None) as connection:
        lift_limits(connection)
        take_turn(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def version_of(engine: Engine) -> str | None:
    """The version that the database has; None where it was never set up."""
    with reading(engine) as connection:
        if not inspect(connection).has_table(TABLE_OF_VERSION):
            return None
        version: str | None = connection.scalar(_VERSION)
        return version


def newest_version() -> str:
    """The version that this program works with: that of the last of its migrations, which are numbered."""
    return max(path.name.split("_", 1)[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
