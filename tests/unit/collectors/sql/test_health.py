"""Databases that are no PostgreSQL, and what a driver's words become."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from collectors.sql.collector import build, read
from collectors.sql.health import Health, SqlShape, engine_of, reason
from ioc.config import load_settings
from ioc.polling import Found, Target
from tests.unit.ioc.polling.world import CATALOGUE, REGISTRY, write


def shape(url: str, **more: object) -> SqlShape:
    return SqlShape.model_validate({"facility": "bv01", "url": url} | more)


def look(url: str) -> Found:
    ask = shape(url)
    return Health({"one": engine_of(ask, 5.0)})(Target("one", "bv01", "cs1", ask), 0)


def test_a_database_of_another_kind_is_up_with_its_latency_and_no_more(tmp_path: Path) -> None:
    found = look(f"sqlite:///{tmp_path}/a.sqlite")
    assert found.error == ""
    assert found.lines[0].tags == {"service": "one"}
    assert set(found.lines[0].fields) == {"up", "latency"}
    assert found.lines[0].fields["up"] == 1.0


def test_one_that_cannot_be_opened_is_down(tmp_path: Path) -> None:
    found = look(f"sqlite:///{tmp_path}/none/a.sqlite")
    assert found.lines[0].fields == {"up": 0.0}
    assert found.error == "unable to open database file"


@pytest.mark.parametrize("url", ["his", "postgresql://u:p@db/his"])
def test_what_is_no_address_or_holds_a_password_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        shape(url)


def test_a_password_is_read_from_its_file_and_not_printed(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    engine = engine_of(shape("postgresql://u@db/his", password_file=str(tmp_path / "password")), 5.0)
    assert engine.url.password == "s3cret"
    assert "s3cret" not in repr(engine)
    assert engine.url.drivername == "postgresql+psycopg"


def test_what_cannot_be_used_is_a_fault(tmp_path: Path) -> None:
    text = f"""targets:
  a: {{facility: bv01, url: 'oracle+none://u@db/x', password_file: {tmp_path}/none}}
  b: {{facility: bv01, url: 'postgresql://u@db/x', password_file: {tmp_path}/none}}
"""
    write(tmp_path, "sql", text)
    targets, faults = read(tmp_path, REGISTRY, CATALOGUE)
    assert [fault.where.rpartition(":")[2] for fault in faults] == ["2"]
    assert [target.name for target in targets] == ["a", "b"]  # a password may come later


def test_a_password_that_is_missing_silences_its_target_alone(tmp_path: Path) -> None:
    text = f"""targets:
  good: {{facility: bv01, url: 'sqlite:///{tmp_path}/a.sqlite'}}
  late: {{facility: bv01, url: 'postgresql://u@db/his', password_file: {tmp_path}/late}}
"""
    write(tmp_path, "sql", text)
    collector = build(load_settings({"IOC_CONFIG_DIR": str(tmp_path)}), CATALOGUE, REGISTRY)
    good, late = collector.targets
    frames, error = collector.look_at(late)
    assert frames == []
    assert error.startswith(f"password_file: there is no file {tmp_path}/late. As the user of the centre: sudo install")
    assert [frame.fields["up"] for frame in collector.look_at(good)[0]] == [1.0]


def test_only_the_first_line_of_an_error_is_told() -> None:
    assert reason(OSError("one.\ntwo")) == "one"
    assert reason(OSError()) == "OSError"
