"""What jobs say of themselves."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from ioc import stamps
from ioc.database import metadata, set_up_engine
from ioc.stamps import Stamp, Stamps, TooManyError


@pytest.fixture
def engine(tmp_path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path}/a.sqlite")
    set_up_engine(made)
    metadata.create_all(made, [stamps.stamps])
    yield made
    made.dispose()


def test_nothing_is_known_of_a_job_that_never_spoke(engine: Engine) -> None:
    assert Stamps(engine).get("bv01", "his") == Stamp()


def test_the_latest_of_each_is_kept(engine: Engine) -> None:
    kept = Stamps(engine)
    assert kept.put("bv01", "his", Stamp(backup_ns=20)) == Stamp(20, None)
    assert kept.put("bv01", "his", Stamp(backup_ns=10)) == Stamp(20, None)
    assert kept.put("bv01", "his", Stamp(restore_ns=5)) == Stamp(20, 5)
    assert kept.get("bv01", "his") == Stamp(20, 5)
    assert kept.get("bv02", "his") == Stamp()


def test_a_facility_has_room_for_so_many_jobs_and_each_for_itself(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "MOST", 1)
    kept = Stamps(engine)
    kept.put("bv01", "a", Stamp(1))
    with pytest.raises(TooManyError, match="names of 1 jobs"):
        kept.put("bv01", "b", Stamp(1))
    kept.put("bv01", "a", Stamp(2))
    kept.put("bv02", "b", Stamp(1))
