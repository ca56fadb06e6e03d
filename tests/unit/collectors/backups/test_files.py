"""The newest file of a pattern, and what does not count."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from collectors.backups.collector import build
from collectors.backups.files import BackupShape
from collectors.backups.probe import Probe
from ioc.config import load_settings
from ioc.domain import MINUTE, SECOND
from ioc.polling import Found, Target
from ioc.stamps import Stamp
from tests.unit.ioc.polling.world import CATALOGUE, REGISTRY, write

NOW = 1_800_000_000 * SECOND
HOUR = 60 * MINUTE


def put(path: Path, hours_ago: float, size: int = 10) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    at = NOW - round(hours_ago * HOUR)
    os.utime(path, ns=(at, at))


def look(pattern: str, stamp: Stamp | None = None, **more: object) -> Found:
    ask = BackupShape.model_validate({"facility": "bv01", "files": pattern} | more)
    told = {("bv01", "his-backup"): stamp or Stamp()}
    return Probe(lambda *who: told[who])(Target("his-backup", "bv01", "cs1", ask), NOW)


def test_the_age_is_that_of_the_newest_file(tmp_path: Path) -> None:
    put(tmp_path / "a.dump", 30)
    put(tmp_path / "b.dump", 6)
    put(tmp_path / "c.log", 1)
    found = look(f"{tmp_path}/*.dump")
    assert found.error == ""
    assert found.lines[0].tags == {"service": "his-backup"}
    assert found.lines[0].fields == {"backup_age": 6.0, "restore_age": None}


def test_folders_below_are_looked_into_where_the_pattern_says_so(tmp_path: Path) -> None:
    put(tmp_path / "2026" / "11" / "a.dump", 3)
    assert look(f"{tmp_path}/**/*.dump").lines[0].fields["backup_age"] == 3.0


def test_a_file_that_is_too_small_does_not_count(tmp_path: Path) -> None:
    put(tmp_path / "a.dump", 30, size=5_000)
    put(tmp_path / "b.dump", 1, size=20)
    assert look(f"{tmp_path}/*.dump", at_least="4KiB").lines[0].fields["backup_age"] == 30.0


def test_without_any_file_there_is_no_age_but_an_error(tmp_path: Path) -> None:
    put(tmp_path / "small.dump", 1, size=0)
    (tmp_path / "folder.dump").mkdir()
    assert look(f"{tmp_path}/*.gz").error.startswith("there is no such file")
    found = look(f"{tmp_path}/*.dump")
    assert found.error.startswith("none of 1 files has 1 bytes")
    assert found.lines[0].fields == {"backup_age": None, "restore_age": None}


def test_a_file_of_the_future_says_that_a_clock_is_wrong(tmp_path: Path) -> None:
    put(tmp_path / "a.dump", -1)
    assert "is 3600 s in the future" in look(f"{tmp_path}/*.dump").error


def test_a_second_ahead_is_no_age_below_nothing(tmp_path: Path) -> None:
    put(tmp_path / "a.dump", -1 / 3600)
    assert look(f"{tmp_path}/*.dump").lines[0].fields["backup_age"] == 0.0


def test_a_pattern_names_its_folder() -> None:
    with pytest.raises(ValidationError, match="does not begin with /"):
        look("*.dump")


def test_without_a_pattern_the_job_itself_tells_us() -> None:
    found = look("", Stamp(NOW - 5 * HOUR, NOW - 48 * HOUR))
    assert found.error == ""
    assert found.lines[0].fields == {"backup_age": 5.0, "restore_age": 2.0}


def test_a_job_that_has_told_us_nothing_is_missed() -> None:
    assert look("").error == "its job has never told us of a backup"


def test_a_restore_is_told_also_where_the_backup_is_a_file(tmp_path: Path) -> None:
    put(tmp_path / "a.dump", 6)
    found = look(f"{tmp_path}/*.dump", Stamp(NOW, NOW - 24 * HOUR))
    assert found.lines[0].fields == {"backup_age": 6.0, "restore_age": 1.0}


def test_a_database_that_cannot_be_read_is_no_fault_of_the_job(tmp_path: Path) -> None:
    def told(_facility: str, _name: str) -> Stamp:
        raise OperationalError("select", {}, Exception("locked"))

    ask = BackupShape(facility="bv01")
    found = Probe(told)(Target("a", "bv01", "cs1", ask), NOW)
    assert (found.lines, found.error) == ((), "what its job told us cannot be read: locked")
    put(tmp_path / "a.dump", 6)
    ask = BackupShape(facility="bv01", files=f"{tmp_path}/*.dump")
    found = Probe(told)(Target("a", "bv01", "cs1", ask), NOW)
    assert found.lines[0].fields == {"backup_age": 6.0, "restore_age": None}
    assert found.error == "what its job told us cannot be read: locked"


@pytest.mark.parametrize("made", ["no folder", "no file", "no tables"])
def test_before_the_first_start_no_job_has_told_us_anything(tmp_path: Path, made: str) -> None:
    put(tmp_path / "a.dump", 24 * 3650)  # long ago by every clock
    write(
        tmp_path, "backups", f"targets:\n  a: {{facility: bv01, files: '{tmp_path}/*.dump'}}\n  b: {{facility: bv01}}\n"
    )
    data = tmp_path / "data"
    if made != "no folder":
        data.mkdir()
    if made == "no tables":
        (data / "ioc.sqlite").touch()
    settings = load_settings({"IOC_CONFIG_DIR": str(tmp_path), "IOC_DATA_DIR": str(data)})
    collector = build(settings, CATALOGUE, REGISTRY)
    files, job = collector.targets
    frames, error = collector.look_at(files)
    assert (list(frames[0].fields), error) == (["backup_age"], "")
    assert collector.look_at(job) == ([], "its job has never told us of a backup")
