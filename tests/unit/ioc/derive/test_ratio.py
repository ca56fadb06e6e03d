"""Ratios: sum over sum, over the places that are in date on both sides."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from ioc.derive import Ratio, ratio
from ioc.domain import SECOND, STALE_AFTER, Quality, State

NOW = 1_000 * SECOND
AGE = 10 * SECOND


@dataclass
class V:
    ward: str
    value: float | None
    age_s: float | None = 0
    quality: Quality = Quality.GOOD
    max_age_ns: int = AGE
    tags: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.tags = {"facility": "bv01", "ward": self.ward}

    @property
    def as_of_ns(self) -> int | None:
        return None if self.age_s is None else NOW - round(self.age_s * SECOND)


def test_it_is_the_sum_over_the_sum_and_never_a_mean_of_ratios():
    got = ratio([V("a", 1), V("b", 90)], [V("a", 2), V("b", 100)], NOW, 100.0)
    assert (got.above, got.below) == (91.0, 102.0)
    assert got.value == pytest.approx(100 * 91 / 102)
    assert (got.n, got.m, got.state) == (2, 2, State.FRESH)


def test_without_a_scale_it_is_the_plain_quotient():
    assert ratio([V("a", 1)], [V("a", 4)], NOW).value == 0.25


@pytest.mark.parametrize(
    "below",
    [V("b", 100, 31), V("b", None, None), V("b", 100, 0, Quality.BAD), V("elsewhere", 100)],
)
def test_a_place_whose_other_side_does_not_count_counts_on_neither(below):
    got = ratio([V("a", 5), V("b", 90)], [V("a", 10), below], NOW)
    assert (got.value, got.above, got.below, got.n) == (0.5, 5.0, 10.0, 1)
    assert got.m == (3 if below.ward == "elsewhere" else 2)


def test_nothing_over_nothing_is_no_number_and_neither_0_nor_infinite():
    got = ratio([V("a", 3)], [V("a", 0)], NOW, 100.0)
    assert (got.value, got.above, got.below) == (None, 3.0, 0.0)
    assert (got.state, got.n, got.m) == (State.FRESH, 1, 1)


def test_a_ward_without_beds_counts_with_those_that_have_some():
    assert ratio([V("a", 8), V("no-beds", 2)], [V("a", 10), V("no-beds", 0)], NOW).value == 1.0


def test_a_zero_numerator_is_a_true_0():
    assert ratio([V("a", 0)], [V("a", 10)], NOW).value == 0.0


def test_it_is_as_old_as_its_oldest_side_and_as_bad_as_its_worst():
    got = ratio([V("a", 1, 2), V("b", 1, 3)], [V("a", 2, 15), V("b", 2, 1, Quality.SIM)], NOW)
    assert got.as_of_ns == NOW - 15 * SECOND
    assert (got.state, got.quality) == (State.LATE, Quality.SIM)


def test_it_says_when_the_clock_alone_changes_it():
    got = ratio([V("a", 1, 2)], [V("a", 2, 15)], NOW)
    assert got.next_change_ns == NOW - 2 * SECOND + AGE + 1  # before the other one is stale
    late = ratio([V("a", 1, 25)], [V("a", 2, 25)], NOW)
    assert late.next_change_ns == NOW - 25 * SECOND + STALE_AFTER * AGE + 1


def test_where_nothing_counts_it_is_stale_as_of_the_newest():
    got = ratio([V("a", 1, 40), V("b", 1, 90)], [V("a", 2, 50), V("b", 2, 90)], NOW)
    assert got == Ratio(None, None, None, 0, 2, NOW - 50 * SECOND, State.STALE, Quality.GOOD, None)


@pytest.mark.parametrize(
    ("above", "below", "m"),
    [([], [], 0), ([V("a", None, None)], [V("a", None, None)], 1), ([V("a", 1)], [], 1), ([], [V("a", 1)], 1)],
)
def test_what_never_had_both_sides_is_missing(above, below, m):
    got = ratio(above, below, NOW)
    assert (got.value, got.state, got.as_of_ns, got.n, got.m) == (None, State.MISSING, None, 0, m)


def test_of_two_values_of_one_place_the_newest_is_taken():
    got = ratio([V("a", 9, 8), V("a", 5, 1)], [V("a", 10, 1)], NOW)
    assert (got.value, got.n, got.m) == (0.5, 1, 1)
