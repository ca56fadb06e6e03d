"""Median and p90 of values and of sketches of values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.timeseries import SKETCH_ERROR, How
from ioc.timeseries.sketch import Sketch, Spread, nearest_rank

numbers = st.floats(-1e12, 1e12, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-12)
hours = st.lists(st.lists(numbers, min_size=1, max_size=30), min_size=1, max_size=6)
quantiles = pytest.mark.parametrize("how", [How.MEDIAN, How.P90])


def spread_of(hours: list[list[float]], values: list[float]) -> Spread:
    spread = Spread()
    for hour in hours:
        spread.add_hour(Sketch.of(hour).encode(), min(hour), max(hour))
    spread.add(values)
    return spread


def exact(values: list[float], how: How) -> float:
    share = {How.MEDIAN: 0.5, How.P90: 0.9}[how]
    return sorted(values)[math.ceil(round(share * len(values), 9)) - 1]


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [([7.0], 7.0, 7.0), ([2.0, 1.0], 1.0, 2.0), ([3.0, 1.0, 2.0], 2.0, 3.0), ([*range(1, 11)], 5, 9)],
)
def test_a_quantile_is_a_value_that_occurred_by_the_nearest_rank(values, median: float, p90: float):
    assert spread_of([], values).result(How.MEDIAN) == median
    assert spread_of([], values).result(How.P90) == p90


@quantiles
def test_the_nearest_rank_is_not_missed_by_rounding(how: How):
    tenths = {How.MEDIAN: 5, How.P90: 9}[how]
    for count in range(1, 20_000):
        assert nearest_rank(how, count) == -(-tenths * count // 10) - 1


def test_values_themselves_are_exact_and_nothing_is_nothing():
    assert spread_of([], [1.0]).exact
    assert spread_of([], []).result(How.MEDIAN) is None
    assert not spread_of([[1.0]], [1.0]).exact


@quantiles
@given(hours, st.lists(numbers, max_size=20))
def test_hours_and_values_together_are_off_by_no_more_than_the_stated_error(how: How, old, new):
    expected = exact([value for hour in [*old, new] for value in hour], how)
    assert spread_of(old, new).result(how) == pytest.approx(expected, rel=SKETCH_ERROR * 1.0001, abs=1e-300)


@quantiles
@given(hours)
def test_the_order_of_merging_and_where_the_hours_are_cut_change_nothing(how: How, old):
    together = [value for hour in old for value in hour]
    assert (
        spread_of(old, []).result(how) == spread_of([together], []).result(how) == spread_of(old[::-1], []).result(how)
    )


def test_a_value_that_never_changed_is_exact():
    assert spread_of([[21.37] * 60] * 24, []).result(How.P90) == 21.37


def test_no_answer_is_given_of_a_window_with_an_hour_without_a_sketch():
    spread = spread_of([[1.0, 2.0]], [3.0])
    spread.add_hour(None, 0.0, 9.0)
    assert spread.result(How.MEDIAN) is None
    assert not spread.exact


@given(st.lists(numbers, max_size=50))
def test_a_sketch_comes_back_from_its_bytes(values: list[float]):
    sketch, again = Sketch.of(values), Sketch()
    again.merge(sketch.encode())
    assert again.encode() == sketch.encode()
    assert again.count == sketch.count == len(values)


def test_an_hour_of_minutes_takes_a_few_bytes():
    assert len(Sketch.of([4.0 + (minute % 7) / 10 for minute in range(60)]).encode()) < 40


@pytest.mark.parametrize("data", [b"", b"\x02\x00\x00\x00"])
def test_bytes_of_another_kind_are_refused(data: bytes):
    with pytest.raises(ValueError, match="no sketch"):
        Sketch().merge(data)


def test_numbers_of_any_size_have_a_place():
    sizes = [-1e300, -5e-324, 0.0, 5e-324, 1e300]
    sketch = Sketch.of(sizes)
    assert sketch.count == 5
    assert sketch.at(0) == pytest.approx(-1e300, rel=SKETCH_ERROR)
    assert sketch.at(2) == 0.0
    assert sketch.at(4) == pytest.approx(1e300, rel=SKETCH_ERROR)
