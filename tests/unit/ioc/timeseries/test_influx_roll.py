"""Rolling up in InfluxDB goes in parts, and forgets nothing between them. The server is a stand-in that is slow."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from ioc.config import Secret
from ioc.domain import MINUTE, Series
from ioc.timeseries import DAY, FIVE_MINUTES, HOUR, Retention
from ioc.timeseries.influx import Access
from ioc.timeseries.influx_csv import Table
from ioc.timeseries.influx_notes import Known, Marks
from ioc.timeseries.influx_pieces import RAW, Piece
from ioc.timeseries.influx_roll import GRACE, Roller

STEP_S = 7.0  # how long each question takes
NOW = 400 * DAY + 7 * MINUTE
DONE_TO = NOW - NOW % HOUR


class Slow:
    """Server, notes and windows in one, whose every question takes a while."""

    def __init__(self, **marks: int) -> None:
        self.access = Access("http://influx.example", "o", "b", Secret("t"))
        self.marks = marks
        self.dirty: dict[tuple[str, str], dict[int, int]] = {}
        self.asked: list[Piece] = []
        self.now_s = 0.0
        self.firsts: dict[str, int] = {}

    def roller(self) -> Roller:
        return Roller(self, self, self, monotonic=lambda: self.now_s)

    def read(self, metrics=None, measurements=None) -> Known:
        return Known(Marks(**self.marks), [Series.of("bed.used", facility="a")], self.dirty)

    def set_marks(self, **marks: int) -> None:
        self.marks |= marks

    def done(self, scope: tuple[str, str], times: dict[int, int]) -> None:
        for time_ns in times:
            del self.dirty[scope][time_ns]

    def forget_dirty(self, before: int) -> None:
        assert before < NOW

    def cells(self, asked, _aggregates) -> list[dict]:
        self.asked += [piece for piece, _ in asked]
        self.now_s += STEP_S
        return [{} for _ in asked]

    def rows(self, *_: object, **__: object) -> dict:
        return {}

    def ask(self, script) -> Iterator:
        """When the next thing is that a bucket holds; nothing else is found."""
        given = list(script.params.values())
        for bucket, first in self.firsts.items():
            if "first()" in script.text and bucket in given:
                start = next(value for value in given if isinstance(value, int))
                yield Table("first", "", "", ()), [(max(start, first), "1")]

    def write(self, _bucket: str, body: str) -> None:
        assert not body


def rolled(**marks: int) -> Slow:
    return Slow(**{"rolled_to": NOW - NOW % FIVE_MINUTES, "hours_to": DONE_TO} | marks)


def test_where_all_is_rolled_up_nothing_is_asked():
    slow = rolled()
    assert slow.roller().roll_up(NOW).all
    assert slow.asked == []


def test_much_that_is_late_is_rolled_up_in_parts_and_none_twice():
    slow = rolled()
    late = {DONE_TO - n * FIVE_MINUTES: n for n in range(1, 289)}
    slow.dirty = {("bed", facility): dict(late) for facility in "ab"}
    calls = 0
    while not slow.roller().roll_up(NOW).all:
        began, calls, asked = slow.now_s, calls + 1, len(slow.asked)
        slow.roller().roll_up(NOW)
        assert slow.now_s - began < 20 + 3 * STEP_S
        assert len(slow.asked) > asked
    assert calls > 2
    assert not any(slow.dirty.values())
    again = [piece for piece in slow.asked if piece.run.step == FIVE_MINUTES]
    assert sum(piece.stop - piece.start for piece in again) == 2 * DAY
    hours = [piece for piece in slow.asked if piece.run.step == HOUR]
    assert sum(piece.stop - piece.start for piece in hours) == 2 * DAY
    assert all(piece.tier == RAW and piece.sketch for piece in hours)


def test_what_was_late_before_the_values_went_is_left_as_it_is():
    slow = rolled(raw_from=DONE_TO)
    slow.dirty = {("bed", ""): {DONE_TO - GRACE: 1, DONE_TO - GRACE - FIVE_MINUTES: 2}}
    assert slow.roller().roll_up(NOW).all
    assert {piece.start for piece in slow.asked} == {DONE_TO - GRACE}
    assert not any(slow.dirty.values())


def test_the_present_comes_before_what_was_late():
    slow = rolled(rolled_to=DONE_TO)
    slow.dirty = {("bed", "a"): {DONE_TO - n * DAY: n for n in range(1, 9)}}
    assert not slow.roller().roll_up(NOW).all
    assert (slow.asked[0].start, slow.asked[0].run.step) == (DONE_TO, FIVE_MINUTES)
    assert slow.marks["rolled_to"] == DONE_TO + FIVE_MINUTES


def test_hours_of_which_the_values_are_gone_are_made_from_five_minutes_and_the_others_from_values():
    slow = rolled(hours_to=0, five_minutes_from=DONE_TO - 9 * DAY, raw_from=DONE_TO - 2 * DAY)
    slow.firsts = {"b_5m": DONE_TO - 8 * DAY, "b": DONE_TO - 3 * DAY}
    calls = 1
    while not slow.roller().roll_up(NOW).all:
        calls += 1
    assert calls > 1
    assert slow.marks["hours_to"] == DONE_TO
    spans = [(piece.start, piece.stop, piece.tier) for piece in slow.asked]
    assert spans[0][0] == DONE_TO - 8 * DAY
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert {tier for start, _, tier in spans if start >= DONE_TO - 3 * DAY} == {RAW}
    assert {tier for start, _, tier in spans if start < DONE_TO - 3 * DAY} == {FIVE_MINUTES}
    assert spans[-1][1] == DONE_TO


@pytest.mark.parametrize("late", [False, True])
def test_nothing_is_said_to_be_gone_while_something_is_left_to_roll_up(late: bool):
    slow = rolled(raw_from=5)
    if late:
        slow.dirty = {("bed", "a"): {DONE_TO - n * DAY: n for n in range(9)}}
    marks = slow.roller().retain(NOW, Retention(raw_ns=2 * DAY, five_minutes_ns=3 * DAY, one_hour_ns=5 * DAY))
    if late:
        assert (marks.raw_from, slow.marks["raw_from"]) == (5, 5)
    else:
        assert (marks.raw_from, marks.five_minutes_from, marks.one_hour_from) == (
            DONE_TO - 2 * DAY, DONE_TO - 3 * DAY, DONE_TO - 5 * DAY,
        )  # fmt: skip
        assert slow.marks["one_hour_from"] == DONE_TO - 5 * DAY
