"""A copy is complete or it is not there; it is readable while others write, and old ones go only for new ones."""

import fcntl
import hashlib
import json
import shutil
import sqlite3
import threading
from collections import namedtuple
from pathlib import Path

import pytest
from sqlalchemy import make_url

import ioc.backup
from ioc.access import record
from ioc.backup import MANIFEST, SPARE, SUMS, Backup, back_up, backup_if_due, is_on, newest, read_backup
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.database import make_engine, migrate, reading, writing
from ioc.domain import MINUTE, SECOND, parse_rfc3339
from ioc.errors import IocError
from ioc.timeseries import open_store

NOW = parse_rfc3339("2026-11-23T08:00:00.5Z")
HOUR = 60 * MINUTE
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil's own


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    configs = tmp_path / "configs"
    (configs / "registry").mkdir(parents=True)
    (configs / "ioc.yaml").write_text("language: fr\n")
    (configs / "registry" / "bệnh viện.yaml").write_text("title: x\n", encoding="utf-8")
    return {"IOC_DATA_DIR": str(tmp_path / "data"), "IOC_CONFIG_DIR": str(configs)}


@pytest.fixture
def settings(environ) -> Settings:
    return load_settings(environ)


@pytest.fixture
def engine(settings):
    ensure_secrets(settings)
    engine = make_engine(settings.database.url)
    migrate(engine)
    yield engine
    engine.dispose()


def audited(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [action for (action,) in connection.execute("select action from audit order by id")]
    finally:
        connection.close()


def write(engine, what: str) -> None:
    with writing(engine) as connection:
        record(connection, NOW, "tester", what, "")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_copy_holds_the_database_and_the_configuration_with_their_sums(settings, engine) -> None:
    write(engine, "one")
    made = back_up(settings, NOW)
    assert made.path == settings.data_dir / "backup" / "2026-11-23T08-00-00Z"
    assert (made.time_ns, made.parts) == (NOW, ["configs", "ioc.sqlite"])
    assert audited(made.path / "ioc.sqlite") == ["one"]
    assert (made.path / "configs" / "registry" / "bệnh viện.yaml").read_text(encoding="utf-8") == "title: x\n"
    manifest = json.loads((made.path / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["made_at"] == "2026-11-23T08:00:00.500Z"
    for line in (made.path / SUMS).read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((made.path / name).read_bytes()).hexdigest() == digest
        assert name == MANIFEST or manifest["files"][name]["sha256"] == digest
    assert made == read_backup(made.path) == newest(settings)
    assert made.path.stat().st_mode & 0o077 == 0


def test_keys_and_series_are_copied_only_where_they_are_asked_for(settings, engine) -> None:
    store = open_store(settings)
    store.write_lines([f'fridge,device=a,facility=f,site=s,source=x temp=4.0,quality="good" {NOW}'])
    store.close()
    whole = back_up(settings, NOW, series=True, secrets=True)
    assert whole.parts == ["configs", "ioc.sqlite", "secrets", "timeseries.sqlite"]
    assert (whole.path / "secrets" / "web.key").stat().st_mode & 0o077 == 0
    again = load_settings({"IOC_DATA_DIR": str(whole.path), "IOC_CONFIG_DIR": str(settings.config_dir)})
    restored = open_store(again, read_only=True)
    assert next(points for _, points in restored.raw("fridge.temp", {}, 0, 2 * NOW))[0][1] == 4.0
    restored.close()
    plain = back_up(settings, NOW + SECOND)
    assert not [name for name in plain.files if name.startswith(("secrets", "timeseries"))]


def test_it_is_of_one_moment_while_others_write(settings, engine) -> None:
    stop, begun = threading.Event(), threading.Event()

    def keep_writing() -> None:
        number = 0
        while not stop.is_set():
            write(engine, f"{number}")
            number += 1
            if number > 20:
                begun.set()

    thread = threading.Thread(target=keep_writing)
    thread.start()
    try:
        assert begun.wait(20)
        made = back_up(settings, NOW)
    finally:
        stop.set()
        thread.join()
    copied = audited(made.path / "ioc.sqlite")
    assert copied == [f"{n}" for n in range(len(copied))]
    with reading(engine) as connection:
        total = connection.exec_driver_sql("select count(*) from audit").scalar_one()
    assert 20 < len(copied) <= total


def test_what_was_cut_off_is_no_copy_and_is_cleared_away_by_the_next(settings, engine) -> None:
    folder = settings.data_dir / "backup"
    left = folder / ".unfinished-2026-11-22T08-00-00Z"
    left.mkdir(parents=True)
    (left / "ioc.sqlite").write_bytes(b"half")
    assert newest(settings) is None
    back_up(settings, NOW)
    assert names(folder) == ["2026-11-23T08-00-00Z"]


@pytest.mark.parametrize("damage", ["cut", "gone", "no manifest", "half a manifest", "another format", "a list"])
def test_a_copy_that_was_damaged_is_not_taken_for_good(settings, engine, damage) -> None:
    good = back_up(settings, NOW - HOUR)
    bad = back_up(settings, NOW).path
    manifest = bad / MANIFEST
    match damage:
        case "cut":
            (bad / "ioc.sqlite").write_bytes(b"half")
        case "gone":
            (bad / "configs" / "ioc.yaml").unlink()
        case "no manifest":
            manifest.unlink()
        case "half a manifest":
            manifest.write_bytes(manifest.read_bytes()[:100])
        case "another format":
            manifest.write_text(manifest.read_text().replace("ioc.backup/1", "ioc.backup/9"))
        case "a list":
            manifest.write_text("[]")
    assert read_backup(bad) is None
    assert newest(settings) == good


def test_where_it_fails_nothing_is_left_and_the_older_ones_stay(settings, engine, monkeypatch) -> None:
    good = back_up(settings, NOW - HOUR)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ioc.backup.shutil, "copytree", full)
    with pytest.raises(IocError, match="No space left on device") as error:
        back_up(settings, NOW)
    assert "untouched" in error.value.hint
    assert names(settings.data_dir / "backup") == [good.path.name]


def test_a_damaged_database_gives_no_copy(settings, engine) -> None:
    path = Path(make_url(settings.database.url).database)
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 5] = b"\xff" * 8192
    path.write_bytes(data)
    path.with_name(f"{path.name}-wal").unlink(missing_ok=True)
    with pytest.raises(IocError, match="could not be made"):
        back_up(settings, NOW)
    assert newest(settings) is None


def test_without_room_it_says_so_before_it_begins(settings, engine, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(SPARE * 4, SPARE * 3, SPARE))
    with pytest.raises(IocError, match="There is no room for a backup") as error:
        back_up(settings, NOW)
    assert "IOC_BACKUP__KEEP" in error.value.hint
    assert names(settings.data_dir / "backup") == []


def test_two_at_a_time_are_one_too_many(settings, engine) -> None:
    folder = settings.data_dir / "backup"
    folder.mkdir()
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(IocError, match="being made"):
            back_up(settings, NOW)
    back_up(settings, NOW)
    with pytest.raises(IocError, match="There is a backup"):
        back_up(settings, NOW)


def test_so_many_are_kept_as_the_settings_say_and_only_ours_are_removed(environ, settings, engine) -> None:
    few = load_settings(environ | {"IOC_BACKUP__KEEP": "2"})
    folder = settings.data_dir / "backup"
    (folder / "of-somebody").mkdir(parents=True)
    (folder / "2020-01-01T00-00-00Z").mkdir()  # no copy, whatever it is
    for hour in range(4):
        back_up(few, NOW + hour * HOUR)
    assert names(folder) == ["2020-01-01T00-00-00Z", "2026-11-23T10-00-00Z", "2026-11-23T11-00-00Z", "of-somebody"]


def test_elsewhere_nothing_is_removed(environ, engine, tmp_path) -> None:
    few = load_settings(environ | {"IOC_BACKUP__KEEP": "1"})
    (tmp_path / "nas").mkdir()
    for hour in range(3):
        back_up(few, NOW + hour * HOUR, tmp_path / "nas" / "ioc")
    assert len(names(tmp_path / "nas" / "ioc")) == 3
    assert newest(few) is None


def test_elsewhere_the_folder_around_it_is_not_made(settings, engine, tmp_path) -> None:
    with pytest.raises(IocError, match=rf"no folder {tmp_path}/nas, so {tmp_path}/nas/ioc is not made") as told:
        back_up(settings, NOW, tmp_path / "nas" / "ioc")
    assert "Mount the disk" in told.value.hint
    assert not (tmp_path / "nas").exists()


def test_data_among_the_configuration_are_not_copied_into_themselves(environ, tmp_path) -> None:
    inside = load_settings(environ | {"IOC_DATA_DIR": str(tmp_path / "configs" / "data")})
    inside.data_dir.mkdir()
    engine = make_engine(inside.database.url)
    migrate(engine)
    engine.dispose()
    assert not [name for name in back_up(inside, NOW).files if name.startswith("configs/data")]


def test_the_job_makes_one_when_the_newest_is_old_enough(settings, engine) -> None:
    def due(now_ns: int) -> Backup | None:
        return backup_if_due(settings, now_ns)

    assert due(NOW) is not None
    assert due(NOW + HOUR) is None
    assert due(NOW + 24 * HOUR - 1) is None
    assert due(NOW + 24 * HOUR) is not None


def test_a_copy_of_the_future_does_not_hold_up_the_next(settings, engine) -> None:
    back_up(settings, NOW + 1000 * HOUR)  # the clock was wrong
    assert backup_if_due(settings, NOW) is not None


def test_the_job_does_nothing_where_it_is_told_to(environ, engine) -> None:
    off = load_settings(environ | {"IOC_BACKUP__EVERY_HOURS": "0"})
    assert backup_if_due(off, NOW) is None
    assert not is_on(off)


def test_a_server_that_is_away_gives_no_copy_and_its_password_is_not_said(environ) -> None:
    elsewhere = load_settings(environ | {"IOC_DATABASE__URL": "postgresql+psycopg://ioc:s3cret@127.0.0.1:1/ioc"})
    elsewhere.data_dir.mkdir()
    assert is_on(elsewhere)
    with pytest.raises(IocError, match="could not be made") as error:
        back_up(elsewhere, NOW)
    assert "s3cret" not in f"{error.value} {error.value.hint}"
    assert names(elsewhere.data_dir / "backup") == []


def test_without_a_database_it_says_how_one_comes_to_be(settings) -> None:
    with pytest.raises(IocError, match="There is no database"):
        back_up(settings, NOW)


def test_what_is_in_influxdb_is_not_copied_from_an_old_file(environ, engine, settings) -> None:
    open_store(settings).close()
    moved = load_settings(environ | {"IOC_INFLUXDB__URL": "http://127.0.0.1:1"})
    assert back_up(moved, NOW, series=True).parts == ["configs", "ioc.sqlite"]
