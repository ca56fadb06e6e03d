"""Gaps, areas beyond limits, axes, shades and spreads: pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.history.findings import Band, Scale, axis, beyond, by_hours, gaps, nice, points, rank, spread, wall_ms
from dashboards.history.windows import Cell, Line, together
from ioc.catalogue import Thresholds
from ioc.domain import Quality
from tests.unit.dashboards.history.past import HOUR, ZONE, at

HANOI = ZoneInfo(ZONE)
LIMITS = Thresholds(warn_high=85, crit_high=95)
MIN = HOUR // 60
values_ = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=60)


def cell(at_ns, above, below=1.0):
    return Cell(at_ns, above, below, Quality.GOOD)


def line(*times, above=1.0):
    return Line({}, [cell(time, above) for time in times])


def test_a_window_without_a_value_is_a_gap_with_its_true_ends():
    found = gaps(line(0, HOUR, 4 * HOUR), 0, 5 * HOUR, HOUR, 15 * MIN)
    assert found == [(2 * HOUR, 4 * HOUR)]


def test_a_device_that_sends_rarely_has_no_gaps_until_its_last_value_no_longer_counts():
    rare = line(*range(0, 6 * HOUR, 20 * MIN))
    assert gaps(rare, 0, 6 * HOUR, 5 * MIN, 30 * MIN) == []
    assert gaps(line(0, HOUR), 0, HOUR, 5 * MIN, 30 * MIN) == [(5 * MIN, HOUR)]


def test_before_the_first_and_after_the_last_value_there_is_nothing_too():
    assert gaps(line(3 * HOUR), 0, 9 * HOUR, HOUR, 0) == [(0, 3 * HOUR), (4 * HOUR, 9 * HOUR)]
    assert gaps(line(), 0, 9 * HOUR, HOUR, 0) == [(0, 9 * HOUR)]
    assert gaps(line(8 * HOUR), 8 * HOUR, 9 * HOUR + 30 * MIN, HOUR, 0) == []  # the hour under way may have none yet


def test_a_line_is_broken_in_a_gap_and_stands_at_the_time_of_the_wall():
    start = at("2026-11-21T00:00")
    empty = [(start + 2 * HOUR, start + 4 * HOUR)]
    found = points(line(start, start + HOUR, start + 4 * HOUR, above=5.0), 100.0, empty, HANOI)
    first, hour = start // 1_000_000 + 7 * 3_600_000, 3_600_000
    assert found == [(first, 500.0), (first + hour, 500.0), (first + 4 * hour - 1, None), (first + 4 * hour, 500.0)]


def test_the_clock_on_the_wall_follows_its_zone():
    as_if_utc = datetime.fromisoformat("2026-11-21T14:00+00:00").timestamp()
    assert wall_ms(at("2026-11-21T14:00"), HANOI) == as_if_utc * 1000
    paris = ZoneInfo("Europe/Paris")
    night = at("2026-10-25T06:30")  # 00:30 in London, 01:30 CET+1
    assert wall_ms(night + 2 * HOUR, paris) - wall_ms(night, paris) == 3_600_000  # an hour is lived twice


def test_what_is_beyond_begins_and_ends_where_the_line_crosses_the_limit():
    drawn = [(0, 80.0), (10, 90.0), (20, 80.0), (30, 84.0)]
    assert beyond(drawn, 85, 1) == [[(5, 85), (5, 85), (10, 90), (15, 85), (15, 85)]]
    assert beyond([(0, 4.0), (10, 1.0)], 2, -1) == [[(20 / 3, 2), (20 / 3, 2), (10, 1), (10, 2)]]


def test_what_is_beyond_ends_at_a_gap():
    found = beyond([(0, 99.0), (10, 99.0), (11, None), (30, 99.0)], 95, 1)
    assert [[x for x, _ in area] for area in found] == [[0, 0, 10, 10], [30, 30, 30]]


@given(values_, st.floats(-1e6, 1e6))
def test_no_area_lies_on_the_wrong_side(values, limit):
    drawn = list(enumerate(values))
    assert all(y >= limit - 1e-6 for area in beyond(drawn, limit, 1) for _, y in area)
    assert all(y <= limit + 1e-6 for area in beyond(drawn, limit, -1) for _, y in area)


@pytest.mark.parametrize(
    ("values", "zero"),
    [([3, 9], True), ([80, 90], False), ([-3, -9], True), ([-90, -80], False), ([-1, 5], True), ([0], True)],
)
def test_an_axis_begins_at_0_or_says_that_it_does_not(values, zero):
    low, high, has_zero = axis(values)
    assert has_zero is zero
    assert (low <= 0 <= high) is zero


@given(values_)
def test_an_axis_holds_every_value(values):
    low, high, _ = axis(values)
    assert low <= min(values)
    assert max(values) <= high


def test_shades_are_grey_within_the_limits_and_of_the_level_beyond():
    scale = Scale.of([72, 78, 84, 88], LIMITS)
    assert [scale.look(value) for value in (72, 78, 82, 85, 95)] == ["g0", "g1", "g2", "warning", "critical"]
    assert scale.bands([72, 88]) == [
        Band("g0", None, 75), Band("g1", 75, 80), Band("g2", 80, 85), Band("warning", 85, 95),
    ]  # fmt: skip


def test_a_limit_below_is_a_limit_too():
    scale = Scale.of([1, 3, 8, 20], Thresholds(warn_low=5, crit_low=2))
    assert [scale.look(value) for value in (2, 5, 6)] == ["critical", "warning", "g0"]
    assert scale.bands([1, 3, 20])[:2] == [Band("critical", None, 2), Band("warning", 2, 5)]


@given(values_)
def test_shades_rise_with_the_values(values):
    scale = Scale.of(values, Thresholds())
    looks = [scale.look(value) for value in sorted(values)]
    assert looks == sorted(looks)
    assert len(scale.bands(values)) == len(scale.edges) + 1 <= 4


@given(st.floats(1e-6, 1e9))
def test_a_nice_step_is_round_and_not_much_longer(length):
    assert length * 0.99 <= nice(length) <= length * 2.51


@given(values_, st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), max_size=30))
def test_a_spread_holds_everything(values, before):
    bins = spread(values, before)
    if bins:
        assert sum(one.share for one in bins) == pytest.approx(1)
        assert len(bins) <= 16
        assert (bins[0].before is None) is (not before)
        if before:
            assert sum(one.before for one in bins) == pytest.approx(1)


def test_what_never_changes_has_no_spread():
    assert spread([4.0, 4.0]) == []
    assert spread([]) == []


def test_hours_are_put_together_as_a_sum_over_a_sum():
    monday = at("2026-11-16T08:00")
    cells = [cell(monday, 10, 10), cell(monday + 7 * 24 * HOUR, 30, 90), cell(monday + HOUR, 5, 10)]
    found = by_hours(cells, HANOI, lambda local: (local.weekday(), local.hour), "ratio", 100.0)
    assert found == {(0, 8): 40.0, (0, 9): 50.0}


def test_cells_come_together_as_their_way_says():
    cells = [cell(0, 6, 3), cell(1, 1, 1)]
    assert together(cells, "mean") == 7 / 4
    assert together(cells, "max") == 2
    assert together(cells, "min", 10) == 10
    assert together([], "mean") is None


def test_ranks_are_values_that_occurred():
    assert rank([3, 1, 2], 0.5) == 2
    assert rank([1, 2, 3, 4], 0.5) == 2
    assert rank(list(range(1, 11)), 0.9) == 9
