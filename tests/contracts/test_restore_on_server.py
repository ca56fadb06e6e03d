"""A centre on PostgreSQL is copied into a folder like every other, and put back: on the server or as a file."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

import ioc.restore
from ioc.access import record
from ioc.backup import back_up
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.database import Copied, make_engine, migrate, reading, writing
from ioc.database.copying import Progress
from ioc.domain import MINUTE, parse_rfc3339
from ioc.errors import IocError
from ioc.restore import in_the_way, look_through, restore
from ioc.telemetry import ALIVE_NS, Pulse, Pulses
from tests import postgresql

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(bool(postgresql.MISSING), reason=postgresql.MISSING or "PostgreSQL is there"),
]

NOW = parse_rfc3339("2026-11-23T08:00:00Z")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "ioc.yaml").write_text("language: fr\n")
    with postgresql.new_database() as url:
        made = settings_of(tmp_path, "data", url)
        ensure_secrets(made)
        engine = make_engine(url)
        migrate(engine)
        engine.dispose()
        write(made, "before")
        yield made


def settings_of(folder: Path, data: str, url: str = "") -> Settings:
    environ = {"IOC_DATA_DIR": str(folder / data), "IOC_CONFIG_DIR": str(folder / "configs"), "IOC_DATABASE__URL": url}
    return load_settings(environ)


def write(settings: Settings, what: str) -> None:
    engine = make_engine(settings.database.url)
    with writing(engine) as connection:
        record(connection, NOW, "tester", what, "")
    engine.dispose()


def audited(settings: Settings) -> list[str]:
    engine = make_engine(settings.database.url)
    with reading(engine) as connection:
        found = [row[0] for row in connection.exec_driver_sql("select action from audit order by id")]
    engine.dispose()
    return found


def actions(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("select action from audit order by id")]
    finally:
        connection.close()


def put_back(settings: Settings, path: Path):
    return restore(settings, look_through(path), NOW + MINUTE, configs=False, say=lambda _: None)


def test_what_was_there_at_the_backup_is_there_again_and_the_centre_can_go_on(settings, tmp_path) -> None:
    made = back_up(settings, NOW, tmp_path / "nas")
    assert made.parts == ["configs", "ioc.sqlite"]
    write(settings, "after")
    (named,) = in_the_way(settings, made, configs=False)
    assert named.startswith("postgresql")
    assert "@127.0.0.1" in named
    done = put_back(settings, made.path)
    assert audited(settings) == ["before"]
    assert done.parts == ["ioc.sqlite"]
    assert actions(done.aside / "ioc.sqlite") == ["before", "after"]
    write(settings, "since")  # numbers go on behind those that are there
    assert audited(settings) == ["before", "since"]


def test_the_same_copy_goes_into_an_empty_server_and_into_a_file(settings, tmp_path) -> None:
    made = back_up(settings, NOW, tmp_path / "nas")
    with postgresql.new_database() as url:
        new = settings_of(tmp_path, "new", url)
        assert in_the_way(new, made, configs=False) == []
        assert put_back(new, made.path).aside is None
        assert audited(new) == ["before"]
    small = settings_of(tmp_path, "small")
    put_back(small, made.path)
    assert audited(small) == ["before"]


@pytest.mark.parametrize("error", [OperationalError("insert", {}, Exception("the disk is full")), KeyboardInterrupt()])
def test_a_copy_that_ends_half_way_leaves_the_server_with_what_it_had(settings, tmp_path, monkeypatch, error) -> None:
    made = back_up(settings, NOW, tmp_path / "nas")
    write(settings, "after")
    copy = ioc.restore.copy_database

    def ending(source: Engine, target: Engine, tell: Progress, *, replace: bool = False) -> Copied:
        def end(table: str, done: int, total: int) -> None:
            if replace and table == "audit" and done == total:
                raise error

        return copy(source, target, end, replace=replace)

    monkeypatch.setattr(ioc.restore, "copy_database", ending)
    with pytest.raises((IocError, KeyboardInterrupt)) as caught:
        put_back(settings, made.path)
    assert audited(settings) == ["before", "after"]
    aside = settings.data_dir / "before-restore-2026-11-23T08-01-00Z"
    assert actions(aside / "ioc.sqlite") == ["before", "after"]
    if isinstance(caught.value, IocError):
        assert "the disk is full." in str(caught.value)
        assert str(aside) in caught.value.hint


def test_a_server_on_which_a_process_is_at_work_is_not_touched(settings, tmp_path) -> None:
    made = back_up(settings, NOW, tmp_path / "nas")
    write(settings, "after")
    engine = make_engine(settings.database.url)
    pulses = Pulses(engine)
    pulses.save(Pulse("worker", "other", 7, NOW + MINUTE - ALIVE_NS, ()))
    with pytest.raises(IocError, match=r"at work on it: worker on other \(process 7\)"):
        put_back(settings, made.path)
    assert audited(settings) == ["before", "after"]
    pulses.forget("worker", "other", 7)
    engine.dispose()
    put_back(settings, made.path)
    assert audited(settings) == ["before"]
