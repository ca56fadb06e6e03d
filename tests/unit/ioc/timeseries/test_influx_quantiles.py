"""Where median and p90 are read in InfluxDB, and what they are made of. No server."""

import pytest

from ioc.domain import Quality, Series
from ioc.timeseries import DAY, FIVE_MINUTES, HOUR, SKETCH_ERROR, Bucket
from ioc.timeseries.grid import Grid
from ioc.timeseries.influx_notes import Known, Marks
from ioc.timeseries.influx_quantiles import ROWS_AT_ONCE, Quantiles
from ioc.timeseries.question import Question
from ioc.timeseries.sketch import Sketch

BED = Series.of("bed.used", facility="a")
OTHER = Series.of("bed.used", facility="b")
MARKS = Marks(20 * HOUR, 10 * HOUR, 4 * HOUR, 20 * HOUR, HOUR)  # hours from 1, five minutes from 4, values from 10


class Stand:
    """Values and rows, and what was asked of them."""

    def __init__(self) -> None:
        self.values: list = []
        self.buckets: dict[Series, dict[int, Bucket]] = {}
        self.asked: list[tuple[int, int, int]] = []

    def raw(self, _metric, _where, start: int, stop: int, _limit) -> list:
        self.asked.append((start // HOUR, stop // HOUR, 0))
        found = [(s, [point for point in points if start <= point[0] < stop]) for s, points in self.values]
        return [one for one in found if one[1]]

    def rows(self, tier: int, span: tuple[int, int], _asked, fields) -> dict:
        assert "sketch" in fields
        self.asked.append((span[0] // HOUR, span[1] // HOUR, tier // FIVE_MINUTES))
        inside = {s: {t: row for t, row in rows.items() if span[0] <= t < span[1]} for s, rows in self.buckets.items()}
        return {series: rows for series, rows in inside.items() if rows}

    def answer(self, start: int, stop: int, every: int, how: str, marks: Marks = MARKS, by=None) -> list:
        question = Question.of(Grid.of(start, stop, every), how, by, None)
        known = Known(marks, [BED, OTHER])
        return question.answer([BED, OTHER], *Quantiles(self, self).found(question, known, "bed.used", None))


def hour(*values: float, sketch: bool = True) -> Bucket:
    kept = Sketch.of(values).encode() if sketch else None
    return Bucket(len(values), sum(values), min(values), max(values), values[-1], 0, {Quality.GOOD}, kept)


def test_whole_hours_come_from_sketches_until_the_values_begin():
    stand = Stand()
    stand.answer(0, 20 * HOUR, 2 * HOUR, "median")
    assert stand.asked == [(1, 10, 12), (10, 20, 0)]


def test_hours_that_are_not_made_yet_have_no_sketch():
    stand = Stand()
    stand.buckets = {BED: {6 * HOUR: hour(1.0, sketch=False)}}
    windows = stand.answer(4 * HOUR, 8 * HOUR, 2 * HOUR, "median", Marks(20 * HOUR, 10 * HOUR, 4 * HOUR))
    assert stand.asked == [(4, 8, 1)]
    assert windows[0].points[1][1] is None


def test_other_windows_begin_with_the_values():
    stand = Stand()
    stand.answer(0, 11 * HOUR, 40 * 60 * 10**9, "p90")
    assert stand.asked == [(10, 11, 0)]


def test_values_are_read_a_day_at_a_time_and_of_many_series_few_hours():
    stand = Stand()
    stand.answer(10 * HOUR, 10 * HOUR + 3 * DAY, HOUR, "median")
    assert [stop - start for start, stop, _ in stand.asked] == [24, 24, 24]
    marks = Marks(*[10**6 * HOUR] * 2, 0, 10**6 * HOUR)
    stand.asked.clear()
    stand.answer(0, 100_000 * HOUR, 10 * DAY, "median", marks)
    assert [stop - start for start, stop, _ in stand.asked][:-1] == [ROWS_AT_ONCE // 2] * 4


@pytest.mark.parametrize(("how", "expected"), [("median", 3.0), ("p90", 5.0)])
def test_of_values_it_is_exact_and_bad_ones_do_not_count(how: str, expected: float):
    stand = Stand()
    points = [(10 * HOUR + n, float(n), Quality.GOOD) for n in range(1, 6)]
    stand.values = [(BED, [*points, (10 * HOUR + 9, 99.0, Quality.BAD), (11 * HOUR, 7.0, Quality.SIM)])]
    bed, other = stand.answer(10 * HOUR, 12 * HOUR, HOUR, how)
    assert bed.points == [(10 * HOUR, expected, Quality.GOOD), (11 * HOUR, 7.0, Quality.SIM)]
    assert bed.error == other.error == 0.0
    assert [value for _, value, _ in other.points] == [None, None]


def test_sketches_and_values_of_a_group_count_together_and_the_error_is_said():
    stand = Stand()
    stand.buckets = {BED: {9 * HOUR: hour(1.0, 2.0)}, OTHER: {9 * HOUR: hour(3.0)}}
    stand.values = [(OTHER, [(10 * HOUR, 4.0, Quality.TEST), (10 * HOUR + 1, 5.0, Quality.GOOD)])]
    (window,) = stand.answer(8 * HOUR, 12 * HOUR, 4 * HOUR, "median", by=())
    ((_, value, quality),) = window.points
    assert value == pytest.approx(3.0, rel=SKETCH_ERROR)
    assert (quality, window.error) == (Quality.TEST, SKETCH_ERROR)


def test_an_hour_without_a_sketch_leaves_a_gap():
    stand = Stand()
    stand.buckets = {BED: {8 * HOUR: hour(1.0, sketch=False), 9 * HOUR: hour(2.0)}}
    bed, _ = stand.answer(8 * HOUR, 10 * HOUR, 2 * HOUR, "median")
    assert bed.points == [(8 * HOUR, None, Quality.GOOD)]
    assert bed.error == 0.0
