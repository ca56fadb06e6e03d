"""While a feed is behind, its numbers page nobody and end nothing; once it has caught up they are judged at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.engine import Engine
from alerts.rules import Kind, Missing, Read, Rule
from ioc.census import Publisher
from ioc.database import make_engine, metadata
from ioc.domain import MINUTE, Fact, FactKind, VirtualClock
from ioc.latest import LatestReader, LatestWriter
from tests.unit.alerts.engine.world import level, rule, said
from tests.unit.alerts.scene import catalogue
from tests.unit.ioc.census.scene import FACILITY, NOI1, NOI2, Scene, hours, tell

WARD = Read("bed.occupied", ("facility", "ward"), where=(("ward", ("NOI",)),))
FULL = rule(level("critical", ">= 2", "< 2"), read=WARD)


class Centre:
    """Facts in at one end, what the rules say out at the other: census, publisher, present and engine are the real."""

    def __init__(self, folder: Path, *rules: Rule) -> None:
        database = make_engine(f"sqlite:///{folder}/ioc.sqlite")
        metadata.create_all(database)
        self.dispose = database.dispose
        self.clock = VirtualClock(hours(8))
        self.scene = Scene(database)
        self._writer = LatestWriter(database, catalogue(), self.scene.registry, self.clock)
        self._publisher = Publisher(self.scene.reader, self.scene.registry, self._writer.offer, clock=self.clock)
        self._present, self._change = LatestReader(database), 0
        self._engine = Engine({each.id: each for each in rules or (FULL,)}, self.scene.registry)

    def hear(self, clock: float, *facts: Fact) -> list[str]:
        """It is so late; these facts come, and what follows is judged."""
        self.clock.advance(hours(clock) - self.clock.now_ns())
        self.scene.keep(*facts)
        self._publisher.look()
        self._writer.flush()
        rows, self._change = self._present.since(self._change)
        return [said(event).partition(" ")[2] for event in self._engine.step(rows, self.clock.now_ns()).events]


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.dispose()


def fact(kind: FactKind, happened: float, came: float, visit: str, spot=NOI1) -> Fact:
    return tell(kind, happened, visit, spot, received_ns=hours(came))


def test_a_number_of_a_feed_that_is_behind_opens_nothing_until_the_feed_has_caught_up(centre):
    assert centre.hear(8, fact(FactKind.ADMITTED, 8, 8, "v1")) == []
    assert centre.hear(9, fact(FactKind.ADMITTED, 8.1, 9, "v2", NOI2)) == [], "two beds are taken, as of 54 min ago"
    assert centre.hear(9.05, fact(FactKind.UPDATED, 8.5, 9.05, "v2", NOI2)) == [], "as of 33 min ago"
    assert centre.hear(9.1, fact(FactKind.UPDATED, 9, 9.1, "v2", NOI2)) == [], "as of 6 min ago"
    assert centre.hear(9.11, fact(FactKind.UPDATED, 9.1, 9.11, "v2", NOI2)) == ["firing critical"]


def test_what_was_over_before_the_feed_had_caught_up_is_never_told(centre):
    centre.hear(8, fact(FactKind.ADMITTED, 8, 8, "v1"))
    told = centre.hear(9, fact(FactKind.ADMITTED, 8.1, 9, "v2", NOI2))
    told += centre.hear(9.01, fact(FactKind.DISCHARGED, 8.7, 9.01, "v2", NOI2))
    told += centre.hear(9.02, fact(FactKind.UPDATED, 9.02, 9.02, "v1"))
    assert told == []


def test_an_incident_is_not_ended_by_what_a_backlog_tells_but_by_what_comes_after_it(centre):
    centre.hear(8, fact(FactKind.ADMITTED, 8, 8, "v1"))
    assert centre.hear(8.01, fact(FactKind.ADMITTED, 8.01, 8.01, "v2", NOI2)) == ["firing critical"]
    assert centre.hear(8.5) == ["missing critical"], "the feed is cut"
    assert centre.hear(9, fact(FactKind.DISCHARGED, 8.1, 9, "v2", NOI2)) == []
    assert centre.hear(9.01, fact(FactKind.UPDATED, 9.01, 9.01, "v1")) == ["back critical", "resolved critical value"]


def test_what_a_restart_finds_of_a_feed_that_is_behind_opens_nothing_either(centre):
    centre.hear(8, fact(FactKind.ADMITTED, 8, 8, "v1"))
    centre.hear(9, fact(FactKind.ADMITTED, 8.1, 9, "v2", NOI2))
    centre._engine, centre._change = Engine({FULL.id: FULL}, centre.scene.registry), 0
    assert centre.hear(9.01) == []
    assert centre.hear(9.02, fact(FactKind.UPDATED, 9.02, 9.02, "v1")) == ["firing critical"]


def test_numbers_that_are_not_known_any_more_are_silent_once_and_not_again_with_every_late_message(tmp_path):
    silent = rule(kind=Kind.ABSENCE, read=WARD, missing=(15, "warning"))
    assert isinstance(silent.missing, Missing)
    assert silent.missing.after_ns == 15 * MINUTE
    centre = Centre(tmp_path, silent)
    assert centre.hear(8, fact(FactKind.ADMITTED, 8, 8, "v1")) == []
    told = centre.hear(8.5)
    for minute in range(10):
        came = 9 + minute / 60
        told += centre.hear(came, fact(FactKind.UPDATED, 8.1 + minute / 60, came, "v1"))
    assert told == ["missing warning"]
    assert centre.hear(9.2, fact(FactKind.UPDATED, 9.2, 9.2, "v1")) == ["resolved warning back"]
    assert centre.scene.reader.feed(FACILITY).as_of_ns == hours(9.2)
    centre.dispose()
