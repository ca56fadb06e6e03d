"""Totals: only what is in date counts, and what is not is said."""

from dataclasses import dataclass

import pytest

from ioc.derive import Total, total
from ioc.domain import SECOND, Quality, State

NOW = 1_000 * SECOND
AGE = 10 * SECOND


@dataclass
class V:
    value: float | None
    age_s: float | None = 0
    quality: Quality = Quality.GOOD
    max_age_ns: int = AGE

    @property
    def as_of_ns(self) -> int | None:
        return None if self.age_s is None else NOW - round(self.age_s * SECOND)


MISSING = V(None, None)


@pytest.mark.parametrize(
    ("how", "limits", "expected"),
    [
        ("sum", {}, 10.0),
        ("mean", {}, 2.5),
        ("min", {}, 1.0),
        ("max", {}, 4.0),
        ("last", {}, 3.0),
        ("count", {}, 4.0),
        ("count_equal", {"number": 2}, 1.0),
        ("count_above", {"number": 2}, 2.0),
        ("count_below", {"number": 2}, 1.0),
        ("count_outside", {"low": 2, "high": 3}, 2.0),
        ("count_outside", {"high": 1}, 3.0),
    ],
)
def test_every_how(how, limits, expected):
    values = [V(1, 5), V(2, 4), V(3, 1), V(4, 2)]
    assert total(values, how, NOW, **limits).value == expected


def test_stale_missing_and_bad_values_are_not_counted():
    values = [V(1), V(10, 31), V(100, 0, Quality.BAD), MISSING, V(2)]
    got = total(values, "sum", NOW)
    assert (got.value, got.n, got.m) == (3.0, 2, 5)


def test_it_is_as_old_as_the_oldest_counted_and_as_bad_as_the_worst():
    got = total([V(1, 2), V(2, 15), V(3, 99)], "sum", NOW)
    assert got.as_of_ns == NOW - 15 * SECOND
    assert got.state is State.LATE
    assert total([V(1, 2), V(2, 10)], "sum", NOW).state is State.FRESH


def test_none_counted_is_stale_where_there_ever_was_one_and_missing_where_not():
    assert total([V(1, 31), V(2, 99), MISSING], "sum", NOW) == Total(
        None, 0, 3, NOW - 31 * SECOND, State.STALE, Quality.GOOD, None
    )
    assert total([MISSING], "sum", NOW) == Total(None, 0, 1, None, State.MISSING, Quality.GOOD, None)
    assert total([], "count", NOW).value is None
    assert total([V(1, 0, Quality.BAD)], "sum", NOW).quality is Quality.BAD


def test_it_is_simulated_when_anything_counted_is():
    assert total([V(1), V(1, 0, Quality.SIM), V(1, 0, Quality.TEST)], "sum", NOW).quality is Quality.SIM
    assert total([V(1), V(1, 0, Quality.TEST)], "sum", NOW).quality is Quality.TEST
    assert total([V(1), V(1, 99, Quality.SIM)], "sum", NOW).quality is Quality.GOOD


@pytest.mark.parametrize("ages", [(0,), (5, 12), (12,), (29, 1), (10, 30)])
def test_nothing_changes_before_next_change_and_something_does_then(ages):
    values = [V(1, age) for age in ages]
    got = total(values, "count", NOW)
    assert got.next_change_ns is not None
    assert got.next_change_ns > NOW
    before = total(values, "count", got.next_change_ns - 1)
    after = total(values, "count", got.next_change_ns)
    assert (before.value, before.state) == (got.value, got.state)
    assert [age_state(age, got.next_change_ns) for age in ages] != [age_state(age, NOW) for age in ages]
    assert (after.value, after.state) != (got.value, got.state) or len(ages) > 1


def age_state(age_s: float, at: int) -> int:
    age = at - NOW + age_s * SECOND
    return (age > AGE) + (age > 3 * AGE)


@pytest.mark.parametrize(
    ("how", "limits"), [("median", {}), ("count_equal", {}), ("count_above", {"low": 1}), ("count_outside", {})]
)
def test_a_how_that_is_unknown_or_lacks_its_limit_is_a_value_error(how, limits):
    with pytest.raises(ValueError, match=how):
        total([V(1)], how, NOW, **limits)
