"""What was open within a span of time, as reports and charts ask for it."""

import pytest

from alerts import IncidentReader, Level
from alerts.change import next_change
from alerts.tables import events, incidents
from ioc.database import make_engine, metadata, writing
from ioc.domain import MINUTE
from tests.unit.dashboards.alerting import row_of

NOW_NS = 1_000 * MINUTE


@pytest.fixture
def reader(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'ioc.sqlite'}")
    metadata.create_all(engine)
    yield IncidentReader(engine), engine
    engine.dispose()


def add(engine, name, opened, ended=None, levels=("warning",), **more):
    """One that was opened, and is over, so many minutes after the beginning; its level is the last of ``levels``."""
    row = row_of(NOW_NS, id=name, opened_ns=opened * MINUTE, opened_at_ns=opened * MINUTE, level=levels[-1], **more)
    if ended is not None:
        row |= {"status": "resolved", "resolved_at_ns": ended * MINUTE, "resolved_ns": ended * MINUTE}
    with writing(engine) as connection:
        connection.execute(incidents.insert().values(**row, change=next_change(connection)))
        for seq, level in enumerate(levels, 1):
            connection.execute(
                events.insert().values(
                    incident=name, seq=seq, kind="level", level=level, quality="good", event_ns=0, at_ns=0
                )
            )


def test_whatever_was_open_at_any_time_of_it_is_given_the_oldest_first(reader):
    asked, engine = reader
    for name, opened, ended in (
        ("before", 1, 9),
        ("into", 1, 11),
        ("within", 12, 13),
        ("on", 15, None),
        ("after", 21, None),
    ):
        add(engine, name, opened, ended)
    found = asked.between(10 * MINUTE, 20 * MINUTE)
    assert [one.id for one, _ in found] == ["into", "within", "on"]


def test_the_level_is_the_worst_that_it_ever_had(reader):
    asked, engine = reader
    add(engine, "fell", 1, None, levels=("warning", "critical", "warning"))
    add(engine, "never", 2, None)
    assert [level for _, level in asked.between(0, NOW_NS)] == [Level.CRITICAL, Level.WARNING]


def test_of_other_places_nothing_is_told(reader):
    asked, engine = reader
    add(engine, "here", 1, facility="bv01", site="cs1")
    add(engine, "there", 1, facility="bv02", site="cs1")
    add(engine, "watchdog", 1, facility="bv01")
    assert [one.id for one, _ in asked.between(0, NOW_NS, "bv01")] == ["here"]
    assert asked.between(0, NOW_NS, "bv01", "cs2") == []
    assert {one.id for one, _ in asked.between(0, NOW_NS)} == {"here", "there"}


def test_of_many_the_newest_are_given_and_only_of_what_is_asked_about(reader):
    asked, engine = reader
    for minute in range(1, 6):
        add(engine, f"n{minute}", minute, levels=("critical", "warning") if minute == 4 else ("warning",))
    add(engine, "feed", 9, metric="it.feed_age")
    found = asked.between(0, NOW_NS, about=("fridge.",), limit=2)
    assert [(one.id, level) for one, level in found] == [("n4", Level.CRITICAL), ("n5", Level.WARNING)]
    assert [one.id for one, _ in asked.between(0, NOW_NS, about=("it.",))] == ["feed"]
    assert len(asked.between(0, NOW_NS)) == 6
