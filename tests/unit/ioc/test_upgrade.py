"""A database of an older release, with what people had in it, is brought forward by the next start and works."""

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

import ioc.database
from alerts import IncidentReader
from ioc.access import Role, Scope, Tokens, Users, record, verify_audit
from ioc.backup import back_up
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.database import make_engine, metadata, migrate, newest_version, version_of, writing
from ioc.domain import MINUTE, SystemClock, parse_rfc3339
from ioc.errors import IocError
from ioc.intake import SourceStatus, SourceStatuses
from ioc.restore import look_through, restore

NOW = parse_rfc3339("2026-11-23T08:00:00Z")
RELEASES = ("0001", "0002", "0003")
RULES = "insert into alert_rules (id, digest, loaded_at_ns, document) values (1, 'd1', 7, '[{\"id\": \"a\"}]')"


def migrate_to(engine: Engine, version: str) -> None:
    """As the release of that version did at its start."""
    config = Config()
    config.set_main_option("script_location", str(Path(ioc.database.__file__).parents[1] / "migrations"))
    with engine.connect().execution_options(ioc_begin="immediate") as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, version)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "configs").mkdir()
    made = load_settings({"IOC_DATA_DIR": str(tmp_path / "data"), "IOC_CONFIG_DIR": str(tmp_path / "configs")})
    ensure_secrets(made)
    return made


@pytest.fixture(params=RELEASES)
def old(settings: Settings, request: pytest.FixtureRequest) -> str:
    """A database of that release with a person, a token, a source, the audit log and, where there were any, alerts."""
    engine = make_engine(settings.database.url)
    migrate_to(engine, request.param)
    clock = SystemClock()
    Users(engine, clock).add("lan", "a-long-password", Role.STEWARD, Scope.parse("facility:bv01"), actor="test")
    Tokens(engine, clock).create(Role.SCREEN, Scope(), "wall", actor="test")
    SourceStatuses(engine).save([SourceStatus("mqtt", "mqtt", connected=True, received=7)], NOW)
    with writing(engine) as connection:
        record(connection, NOW, "tester", "before", "")
        if request.param >= "0002":
            connection.exec_driver_sql(RULES)
    engine.dispose()
    return str(request.param)


def test_the_newest_version_is_that_of_the_last_migration(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(ioc.database.__file__).parents[1] / "migrations"))
    assert newest_version() == ScriptDirectory.from_config(config).get_current_head()
    engine = make_engine(f"sqlite:///{tmp_path}/ioc.sqlite")
    assert version_of(engine) is None
    migrate(engine)
    assert version_of(engine) == newest_version()


def test_a_database_of_a_newer_program_is_left_alone_and_said(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/ioc.sqlite")
    migrate(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9000'")
    with pytest.raises(IocError, match="schema 9000, which is newer than this program"):
        migrate(engine)
    assert version_of(engine) == "9000"


def schema(engine: Engine) -> dict[str, set[str]]:
    found = inspect(engine)
    return {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}


def test_the_next_start_brings_it_forward_and_everything_is_still_there(settings, old) -> None:
    engine = make_engine(settings.database.url)
    assert version_of(engine) == old
    migrate(engine)
    assert version_of(engine) == newest_version()
    migrate(engine)  # and once more does nothing
    users, tokens = Users(engine, SystemClock()), Tokens(engine, SystemClock())
    assert users.verify("lan", "a-long-password") is not None
    assert [token.name for token in tokens.list()] == ["wall"]
    assert [(status.name, status.received) for status in SourceStatuses(engine).all()] == [("mqtt", 7)]
    assert verify_audit(engine) is None
    if old >= "0002":
        rules = IncidentReader(engine).rules()
        assert rules is not None
        assert [rule["id"] for rule in rules.document] == ["a"]
    engine.dispose()


def test_brought_forward_it_has_the_tables_and_columns_of_a_new_one(settings, old, tmp_path) -> None:
    engine, new = make_engine(settings.database.url), make_engine(f"sqlite:///{tmp_path}/new.sqlite")
    migrate(engine)
    migrate(new)
    assert schema(engine) == schema(new)
    for table in metadata.tables.values():
        if table.name in schema(new):
            assert {column.name for column in table.columns} <= schema(new)[table.name], table.name
    engine.dispose()
    new.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(settings, old, monkeypatch) -> None:
    engine = make_engine(settings.database.url)
    before = schema(engine)
    with writing(engine) as connection:  # what the next version would make is there already
        connection.exec_driver_sql("create table pulse (x integer)")
    with pytest.raises(Exception, match="pulse"):
        migrate(engine)
    assert version_of(engine) == old
    assert schema(engine) == before | {"pulse": {"x"}}
    engine.dispose()


def test_an_old_copy_is_put_back_by_a_newer_program(settings, old, tmp_path) -> None:
    made = back_up(settings, NOW, tmp_path / "nas")
    (settings.data_dir / "ioc.sqlite").unlink()
    restore(settings, look_through(made.path), NOW + MINUTE, say=lambda _: None)
    connection = sqlite3.connect(settings.data_dir / "ioc.sqlite")
    assert connection.execute("select version_num from alembic_version").fetchone() == (newest_version(),)
    assert connection.execute("select name from users").fetchall() == [("lan",)]
    connection.close()
