"""`ioc database copy`: what it prints, and what it says when it cannot; one file to another stands for all."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from ioc.access import Role, Users
from ioc.cli import main
from ioc.commands import database, database_look
from ioc.commands.findings import Level
from ioc.database import Server, make_engine, migrate, writing
from ioc.domain import SystemClock
from ioc.errors import IocError
from ioc.intake import SourceStatus, SourceStatuses
from ioc.lease import Lease
from ioc.telemetry import Heart, Meter, Pulse, Pulses

SOUND = Server("15.18", "UTF8", standby=False, durable=True, connections=7, most=100)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose database knows one user."""
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IOC_CONFIG_DIR", str(Path(__file__).parents[4] / "configs"))
    engine = make_engine(f"sqlite:///{tmp_path}/ioc.sqlite")
    migrate(engine)
    Users(engine, SystemClock()).add("lan", "a-long-password", Role.VIEWER, actor="test")
    engine.dispose()
    return tmp_path


def copy(*options: str) -> Result:
    return CliRunner().invoke(main, ["database", "copy", *options])


def test_all_is_copied_to_tables_that_it_makes_itself(folder: Path) -> None:
    target = f"sqlite:///{folder}/new.sqlite"
    result = copy("--to", target)
    assert result.exit_code == 0, result.output
    assert "2 rows copied and compared" in result.stdout
    assert "users, compared" in result.stderr
    engine = make_engine(target)
    assert [user.name for user in Users(engine, SystemClock()).list()] == ["lan"]
    engine.dispose()


def test_where_it_goes_is_the_url_of_the_centre_unless_told_otherwise(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOC_DATABASE__URL", f"sqlite:///{folder}/new.sqlite")
    result = copy("--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["rows"] == 2
    users = next(table for table in said["tables"] if table["table"] == "users")
    assert users["rows"] == 1
    assert len(users["checksum"]) == 32


def test_nothing_is_written_over(folder: Path) -> None:
    target = f"sqlite:///{folder}/new.sqlite"
    assert copy("--to", target).exit_code == 0
    result = copy("--to", target)
    assert result.exit_code == 1
    assert "not empty: there are rows in audit, users" in result.stderr


@pytest.mark.parametrize("at_work", ["scheduler", "worker"])
def test_a_centre_that_is_at_work_is_not_copied(folder: Path, at_work: str) -> None:
    engine, clock = make_engine(f"sqlite:///{folder}/ioc.sqlite"), SystemClock()
    if at_work == "scheduler":
        Lease(engine, "scheduler", "here:1", clock).acquire()
    else:
        Pulses(engine).save(Pulse("worker", "here", 7, clock.now_ns(), ()))
    engine.dispose()
    result = copy("--to", f"sqlite:///{folder}/new.sqlite")
    assert result.exit_code == 1
    who = "the scheduler here:1" if at_work == "scheduler" else "worker on here (process 7)"
    assert f"at work on it: {who}." in result.stderr


def test_a_centre_that_was_stopped_is_copied_at_once(folder: Path) -> None:
    engine, clock = make_engine(f"sqlite:///{folder}/ioc.sqlite"), SystemClock()
    lease, heart = Lease(engine, "scheduler", "here:1", clock), Heart(engine, "worker", Meter(), clock)
    lease.acquire()
    heart.beat()
    SourceStatuses(engine).save([SourceStatus("mqtt", "mqtt")], clock.now_ns())  # a worker's last word
    lease.release()
    heart.stop()
    engine.dispose()
    result = copy("--to", f"sqlite:///{folder}/new.sqlite")
    assert result.exit_code == 0, result.stderr


def test_of_a_version_without_pulses_the_status_of_its_sources_tells(folder: Path) -> None:
    engine = make_engine(f"sqlite:///{folder}/ioc.sqlite")
    SourceStatuses(engine).save([SourceStatus("mqtt", "mqtt")], SystemClock().now_ns())
    with writing(engine) as connection:
        connection.execute(text("drop table pulse"))
    engine.dispose()
    result = copy("--to", f"sqlite:///{folder}/new.sqlite")
    assert result.exit_code == 1
    assert "at work on it: a worker." in result.stderr


def test_what_cannot_be_is_said_in_a_sentence(folder: Path) -> None:
    for options, said in {
        ("--from", f"sqlite:///{folder}/none.sqlite", "--to", f"sqlite:///{folder}/new.sqlite"): "There is no database",
        ("--to", "somewhere"): "is no address of a database",
        ("--to", f"sqlite:///{folder}/no/folder/x.sqlite"): "The database to copy to, sqlite:///",
    }.items():
        result = copy(*options)
        assert result.exit_code == 1
        assert said in result.stderr
        assert "Traceback" not in result.output
    assert not (folder / "none.sqlite").exists()
    nowhere = copy()
    assert nowhere.exit_code == 2
    assert "IOC_DATABASE__URL is not set, so there is nowhere to copy to." in nowhere.stderr
    assert "are the same" in copy("--to", f"sqlite:///{folder}/ioc.sqlite").stderr


def test_of_two_databases_the_one_that_fails_is_named(folder: Path) -> None:
    (folder / "odd.sqlite").write_text("no database, but long enough to be read as the header of one, which it is not")
    result = copy("--from", f"sqlite:///{folder}/odd.sqlite", "--to", f"sqlite:///{folder}/new.sqlite")
    assert result.exit_code == 1
    assert f"The database to copy from, sqlite:///{folder}/odd.sqlite, failed: " in result.stderr
    assert "new.sqlite" not in result.stderr


WRONG = "postgresql://hosp:ge/he@im1@127.0.0.1:5432/ioc"


@pytest.mark.parametrize("way", ["--from", "--to", "variable", "doctor"])
def test_no_part_of_a_password_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way in {"variable", "doctor"}:
        monkeypatch.setenv("IOC_DATABASE__URL", WRONG)
    options = ["doctor"] if way == "doctor" else ["database", "copy", *([] if way == "variable" else [way, WRONG])]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 1
    assert "must be percent-encoded, as p%40ss stands for p@ss in postgresql://user:p%40ss@host/name" in result.output
    assert not any(part in result.output for part in ("ge/he", "im1", "hosp:"))


def test_a_database_that_lacks_letters_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_engine: Engine) -> None:
        raise IocError("The database x keeps text as LATIN1, not as UTF8.")

    monkeypatch.setattr(database, "must_be_utf8", refuse)
    result = copy("--to", f"sqlite:///{folder}/new.sqlite")
    assert result.exit_code == 1
    assert "LATIN1" in result.stderr
    assert not (folder / "new.sqlite").exists()


def test_another_driver_is_refused_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_DATABASE__URL", "postgresql+asyncpg://ioc@db/ioc")
    result = copy()
    assert result.exit_code == 1
    assert "asyncpg is not the driver of the centre" in result.stderr


@pytest.mark.parametrize(
    ("said", "level", "what"),
    [
        (SOUND, Level.FINE, "PostgreSQL 15.18 answers; 7 of 100"),
        (Server("11.2", "UTF8", False, True, 7, 100), Level.FAULT, "too old"),
        (Server("15.18", "LATIN1", False, True, 7, 100), Level.FAULT, "no Vietnamese letters"),
        (Server("15.18", "UTF8", True, True, 7, 100), Level.FAULT, "takes no writes"),
        (Server("15.18", "UTF8", False, False, 7, 100), Level.FAULT, "lost with the power"),
        (Server("15.18", "UTF8", False, True, 90, 100), Level.NOTE, "90 of 100 connections of the server"),
    ],
)
def test_doctor_says_whether_one_may_rely_on_the_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch, said: Server, level: Level, what: str
) -> None:
    monkeypatch.setattr(database_look, "ask_server", lambda _engine: said)
    engine = make_engine(f"sqlite:///{folder}/ioc.sqlite")
    found = list(database_look.server(engine))
    assert any(one.level is level and what in one.what for one in found)
    assert [one for one in found if one.level is Level.FAULT] == [
        one for one in found if one.level is level is Level.FAULT
    ]
    monkeypatch.setattr(database_look, "newest_version", lambda: "9999")
    assert "this program works with 9999" in next(database_look.server(engine)).what
    engine.dispose()
