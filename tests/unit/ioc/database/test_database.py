"""The relational database: transactions open as they mean to go on."""

import importlib
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from ioc.database import make_engine, metadata, migrate, reading, writing

PARTS = (  # each knows its own tables
    "alerts.tables", "ioc.access", "ioc.assets", "ioc.beds", "ioc.census", "ioc.intake", "ioc.latest", "ioc.lease",
)  # fmt: skip


def test_a_write_is_kept_and_a_failed_one_leaves_nothing(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/a.sqlite")
    with writing(engine) as connection:
        connection.execute(text("create table t (a integer)"))

    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(text("insert into t values (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with reading(engine) as connection:
        assert connection.execute(text("select count(*) from t")).scalar() == 0


def test_a_writer_takes_the_lock_when_it_opens_and_readers_go_on(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/a.sqlite")
    other = make_engine(f"sqlite:///{tmp_path}/a.sqlite", connect_args={"timeout": 0})
    with writing(engine) as connection:
        connection.execute(text("create table t (a integer)"))
    with writing(engine), reading(other) as reader:
        assert reader.execute(text("select count(*) from t")).scalar() == 0
        with other.connect() as second:
            second.exec_driver_sql("rollback")
            second.exec_driver_sql("pragma busy_timeout = 0")
            with pytest.raises(OperationalError, match="locked"):
                second.exec_driver_sql("begin immediate")


def test_what_is_written_is_on_the_disk_before_anybody_is_told(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/a.sqlite")
    full = 2
    with writing(engine) as connection:
        assert connection.execute(text("pragma synchronous")).scalar() == full
    with reading(engine) as connection:
        assert connection.execute(text("pragma synchronous")).scalar() != full


def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    for part in PARTS:
        importlib.import_module(part)
    engine = make_engine(f"sqlite:///{tmp_path}/a.sqlite")
    migrate(engine)
    migrate(engine)
    found = inspect(engine)
    tables = set(found.get_table_names()) - {"alembic_version"}
    assert tables == set(metadata.tables)
    for name in tables:
        assert {column["name"] for column in found.get_columns(name)} == set(metadata.tables[name].columns.keys())
