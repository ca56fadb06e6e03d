"""A copy is put back whole or not at all, nothing that was there is thrown away, and a damaged one is refused."""

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

import ioc.restore
from ioc.access import record
from ioc.backup import MANIFEST, SUMS, back_up
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.database import make_engine, migrate, writing
from ioc.domain import MINUTE, parse_rfc3339
from ioc.errors import IocError
from ioc.pidfile import write_pid
from ioc.restore import in_the_way, look_through, restore
from ioc.timeseries import open_store

NOW = parse_rfc3339("2026-11-23T08:00:00.5Z")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    configs = tmp_path / "configs"
    (configs / "registry").mkdir(parents=True)
    (configs / "ioc.yaml").write_text("language: fr\n")
    (configs / "registry" / "bệnh viện.yaml").write_text("title: x\n", encoding="utf-8")
    settings = load_settings({"IOC_DATA_DIR": str(tmp_path / "data"), "IOC_CONFIG_DIR": str(configs)})
    ensure_secrets(settings)
    engine = make_engine(settings.database.url)
    migrate(engine)
    engine.dispose()
    write(settings, "before")
    return settings


def write(settings: Settings, what: str) -> None:
    engine = make_engine(settings.database.url)
    with writing(engine) as connection:
        record(connection, NOW, "tester", what, "")
    engine.dispose()


def audited(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [action for (action,) in connection.execute("select action from audit order by id")]
    finally:
        connection.close()


def put_back(settings: Settings, path: Path, **more: bool):
    return restore(settings, look_through(path), NOW + MINUTE, say=lambda _: None, **more)


def everything(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "supervisor.lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_what_was_there_at_the_backup_is_there_again_and_what_came_since_lies_aside(settings, tmp_path) -> None:
    key = (settings.data_dir / "secrets" / "web.key").read_bytes()
    made = back_up(settings, NOW, tmp_path / "nas", secrets=True)
    write(settings, "after")
    (settings.config_dir / "ioc.yaml").write_text("a mistake: of today\n")
    (settings.config_dir / "extra.yaml").write_text("new\n")
    (settings.data_dir / "secrets" / "web.key").write_text("another")
    done = put_back(settings, made.path)
    assert audited(settings.data_dir / "ioc.sqlite") == ["before"]
    assert sorted(path.name for path in settings.config_dir.iterdir()) == ["ioc.yaml", "registry"]
    assert (settings.config_dir / "ioc.yaml").read_text() == "language: fr\n"
    assert (settings.data_dir / "secrets" / "web.key").read_bytes() == key
    assert (settings.data_dir / "secrets" / "web.key").stat().st_mode & 0o077 == 0
    aside = settings.data_dir / "before-restore-2026-11-23T08-01-00Z"
    assert (done.aside, done.parts) == (aside, ["ioc.sqlite", "secrets", "configs"])
    assert audited(aside / "ioc.sqlite") == ["before", "after"]
    assert (aside / "configs" / "extra.yaml").read_text() == "new\n"
    assert (aside / "secrets" / "web.key").read_text() == "another"
    assert not (settings.data_dir / ".restoring").exists()


def test_on_an_empty_machine_nothing_is_in_the_way_and_nothing_is_set_aside(settings, tmp_path) -> None:
    made = back_up(settings, NOW, tmp_path / "nas", series=True)
    (tmp_path / "new" / "c").mkdir(parents=True)
    new = load_settings({"IOC_DATA_DIR": str(tmp_path / "new" / "data"), "IOC_CONFIG_DIR": str(tmp_path / "new" / "c")})
    assert in_the_way(new, made) == []
    assert put_back(new, made.path).aside is None
    assert audited(new.data_dir / "ioc.sqlite") == ["before"]
    assert (new.config_dir / "registry" / "bệnh viện.yaml").exists()


def test_what_would_be_replaced_is_named(settings) -> None:
    made = back_up(settings, NOW, secrets=True)
    data, configs = str(settings.data_dir / "ioc.sqlite"), str(settings.config_dir)
    assert in_the_way(settings, made) == [data, str(settings.data_dir / "secrets"), configs]
    assert in_the_way(settings, made, configs=False) == [data, str(settings.data_dir / "secrets")]


def test_what_the_copy_does_not_hold_stays(settings) -> None:
    made = back_up(settings, NOW)  # into the data folder itself
    store = open_store(settings)
    store.write_lines([f'fridge,device=a,facility=f,site=s,source=x temp=4.0,quality="good" {NOW}'])
    store.close()
    (settings.data_dir / "journal.sqlite").write_bytes(b"what waits")
    keys = everything(settings.data_dir / "secrets")
    put_back(settings, made.path, configs=False)
    assert (settings.data_dir / "journal.sqlite").read_bytes() == b"what waits"
    assert everything(settings.data_dir / "secrets") == keys
    again = open_store(settings, read_only=True)
    assert again.latest("fridge.temp", {}, MINUTE * 10**6)
    again.close()
    assert look_through(made.path).parts == ["configs", "ioc.sqlite"]


def test_values_over_time_come_back_with_a_copy_that_has_them(settings) -> None:
    store = open_store(settings)
    store.write_lines([f'fridge,device=a,facility=f,site=s,source=x temp=4.0,quality="good" {NOW}'])
    store.close()
    made = back_up(settings, NOW, series=True)
    store = open_store(settings)
    store.write_lines([f'fridge,device=a,facility=f,site=s,source=x temp=9.0,quality="good" {NOW}'])
    store.close()
    put_back(settings, made.path)
    again = open_store(settings, read_only=True)
    assert [point[1] for _, points in again.raw("fridge.temp", {}, 0, 2 * NOW) for point in points] == [4.0]
    again.close()


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "sums", "no sums", "unnamed", "outside", "not one"])
def test_a_damaged_copy_is_refused_before_anything_is_touched(settings, tmp_path, damage) -> None:
    path = back_up(settings, NOW, tmp_path / "nas").path
    before = everything(settings.data_dir)
    match damage:
        case "flipped":
            data = bytearray((path / "ioc.sqlite").read_bytes())
            data[len(data) // 2] ^= 1
            (path / "ioc.sqlite").write_bytes(data)
        case "cut":
            (path / "ioc.sqlite").write_bytes(b"half")
        case "gone":
            (path / "configs" / "ioc.yaml").unlink()
        case "sums":
            text = (path / SUMS).read_text(encoding="utf-8")
            (path / SUMS).write_text(text.replace(text[:8], "00000000"), encoding="utf-8")
        case "no sums":
            (path / SUMS).unlink()
        case "unnamed":
            lines = (path / SUMS).read_text(encoding="utf-8").splitlines(keepends=True)
            (path / SUMS).write_text("".join(lines[1:]), encoding="utf-8")
        case "outside":
            name_outside(path)
        case "not one":
            path = tmp_path
    with pytest.raises(IocError, match=r"damaged|no complete copy|cannot be read|lies outside"):
        put_back(settings, path)
    assert everything(settings.data_dir) == before


@pytest.mark.parametrize(
    ("damage", "said"), [("gone", "is missing or cannot be read"), ("longer", r"has 17 bytes instead of 13")]
)
def test_the_file_that_is_missing_or_of_another_size_is_named(settings, tmp_path, damage, said) -> None:
    path = back_up(settings, NOW, tmp_path / "nas").path
    wrong = path / "configs" / "ioc.yaml"
    if damage == "gone":
        wrong.unlink()
    else:
        wrong.write_bytes(wrong.read_bytes() + b"more")
    with pytest.raises(IocError, match=rf"{path} is no complete copy: configs/ioc.yaml {said}\."):
        look_through(path)


def name_outside(path: Path) -> None:
    """As somebody would who wants a file of theirs put among ours."""
    (path.parent / "evil").write_text("x")
    manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"]["configs/../../evil"] = {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    (path / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    sums = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    sums[MANIFEST] = hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()
    (path / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="utf-8")


def seal(path: Path) -> None:
    """Make the sums fit again: what is wrong then is the database and not the copying of it."""
    manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    database = path / "ioc.sqlite"
    digest = hashlib.sha256(database.read_bytes()).hexdigest()
    manifest["files"]["ioc.sqlite"] = {"size": database.stat().st_size, "sha256": digest}
    (path / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    sums = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    sums[MANIFEST] = hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()
    (path / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="utf-8")


def test_a_copy_of_a_newer_version_is_refused_and_nothing_is_touched(settings, tmp_path) -> None:
    path = back_up(settings, NOW, tmp_path / "nas").path
    connection = sqlite3.connect(path / "ioc.sqlite")
    connection.execute("update alembic_version set version_num = '9999'")
    connection.commit()
    connection.close()
    seal(path)
    before = everything(settings.data_dir)
    with pytest.raises(IocError, match="newer than this program"):
        put_back(settings, path)
    assert everything(settings.data_dir) == before


@pytest.mark.parametrize("part", ["supervisor", "worker", "scheduler", "web"])
def test_nothing_is_put_back_under_a_running_centre(settings, part) -> None:
    made = back_up(settings, NOW)
    write_pid(settings.data_dir, part, os.getpid())
    with pytest.raises(IocError, match=part) as error:
        put_back(settings, made.path)
    assert "Stop it first" in error.value.hint
    assert audited(settings.data_dir / "ioc.sqlite") == ["before"]


def test_a_centre_that_is_just_starting_is_seen_by_its_lock(settings) -> None:
    made = back_up(settings, NOW)
    (settings.data_dir / "run").mkdir()
    with (settings.data_dir / "run" / "supervisor.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(IocError, match="The centre runs"):
            put_back(settings, made.path)
    put_back(settings, made.path)


def test_without_room_nothing_is_begun(settings, monkeypatch) -> None:
    made = back_up(settings, NOW)
    usage = shutil.disk_usage(settings.data_dir)
    monkeypatch.setattr(ioc.restore.shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    before = everything(settings.data_dir)
    with pytest.raises(IocError, match="There is no room"):
        put_back(settings, made.path)
    assert everything(settings.data_dir) == before


@pytest.mark.parametrize("fails_at", range(8))
def test_a_disk_that_fails_half_way_leaves_everything_as_it_was(settings, tmp_path, monkeypatch, fails_at) -> None:
    made = back_up(settings, NOW, tmp_path / "nas", secrets=True)
    write(settings, "after")
    before = everything(tmp_path)
    left, move = [fails_at], shutil.move

    def failing(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise OSError(5, "Input/output error")
        move(source, target)

    monkeypatch.setattr(ioc.restore.shutil, "move", failing)
    with pytest.raises(IocError, match="Input/output error"):
        put_back(settings, made.path)
    assert everything(tmp_path) == before


def test_what_root_puts_back_belongs_to_whose_folder_it_is_in(settings, tmp_path, monkeypatch) -> None:
    made = back_up(settings, NOW, tmp_path / "nas", secrets=True)
    (made.path / "configs" / "ioc.yaml").chmod(0o600)
    settings.config_dir.chmod(0o755)
    given: dict[Path, tuple[int, int]] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, uid, gid, **_: given.update({Path(path): (uid, gid)}))
    put_back(settings, made.path)
    data = settings.data_dir.stat()
    for path in ("ioc.sqlite", "secrets", "secrets/web.key", "run", "run/supervisor.lock"):
        assert given[settings.data_dir / path] == (data.st_uid, data.st_gid), path
    assert settings.config_dir / "registry" / "bệnh viện.yaml" in given
    assert (settings.config_dir / "ioc.yaml").stat().st_mode & 0o777 == 0o644
    assert (settings.data_dir / "secrets" / "web.key").stat().st_mode & 0o077 == 0


def test_nobody_else_than_root_gives_anything_away(settings, tmp_path, monkeypatch) -> None:
    made = back_up(settings, NOW, tmp_path / "nas")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "chown", lambda *_, **__: pytest.fail("it was given away"))
    put_back(settings, made.path)
    assert audited(settings.data_dir / "ioc.sqlite") == ["before"]
