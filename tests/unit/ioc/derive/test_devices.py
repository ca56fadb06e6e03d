"""Consumption, how long a stock lasts, and how long a refrigerator has been out of its range."""

import random

import pytest

from ioc.derive import Derived, breach, burn, hours_left
from ioc.domain import MINUTE, Quality

HOUR = 60 * MINUTE
GOOD, BAD, SIM = Quality.GOOD, Quality.BAD, Quality.SIM


def falling(rate: float, start: float = 1000.0, hours: float = 6, every: int = MINUTE, at: int = 0) -> list:
    return [(at + t, start - rate * t / HOUR, GOOD) for t in range(0, round(hours * HOUR) + 1, every)]


def test_a_steady_fall_is_its_rate_as_of_the_newest_value():
    got = burn(falling(12.5))
    assert got == Derived(pytest.approx(12.5), 6 * HOUR, GOOD)


def test_a_refill_is_no_negative_consumption_and_does_not_hide_the_consumption_around_it():
    before = falling(10, 300, hours=2)
    filling = [(2 * HOUR + n * MINUTE, 280 + n * 23.0, GOOD) for n in range(1, 31)]
    after = falling(10, 970, hours=3, at=2 * HOUR + 30 * MINUTE)[1:]
    assert burn([*before, *filling, *after]).value == pytest.approx(10, rel=1e-6)


def test_a_refill_in_one_step_or_at_either_end_does_no_harm():
    step = [*falling(10, 300, hours=3), *falling(10, 900, hours=3, at=3 * HOUR + MINUTE)]
    assert burn(step).value == pytest.approx(10)
    assert burn(step[: 180 + 3]).value == pytest.approx(10, rel=0.01)
    assert burn(step[180:]).value == pytest.approx(10, rel=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_noise_of_the_gauge_is_smoothed(seed):
    chance = random.Random(seed)
    noisy = [(t, value + chance.gauss(0, 1.5), GOOD) for t, value, _ in falling(20)]
    assert burn(noisy).value == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_a_tank_that_nobody_uses_burns_next_to_nothing(seed):
    chance = random.Random(seed)
    still = [(t, 1000 + chance.gauss(0, 1.5), GOOD) for t in range(0, 6 * HOUR, MINUTE)]
    assert 0 <= burn(still).value < 0.3


def test_too_little_is_no_consumption():
    assert burn([]) is None
    assert burn(falling(10, hours=0.2)) is None
    assert burn([(0, 5.0, GOOD), (HOUR, 4.0, BAD)]) is None
    assert burn([(n * HOUR, 100.0 * n, GOOD) for n in range(6)]) is None  # it only rises


def test_bad_values_are_left_out_and_simulated_ones_make_it_simulated():
    points = falling(10)
    points[100] = (points[100][0], 5.0, BAD)
    points[200] = (*points[200][:2], SIM)
    assert burn(points) == Derived(pytest.approx(10), 6 * HOUR, SIM)


def test_an_empty_tank_burns_nothing():
    assert burn([(t, 0.0, GOOD) for t in range(0, HOUR, MINUTE)]).value == 0.0


def test_a_stock_lasts_as_long_as_its_consumption_allows():
    assert hours_left((7, 480.0, GOOD), Derived(20.0, 5, SIM)) == Derived(24.0, 5, SIM)
    assert hours_left((7, -1.0, GOOD), Derived(20.0, 5, GOOD)) == Derived(0.0, 5, GOOD)
    assert hours_left((7, 480.0, GOOD), Derived(0.0, 5, GOOD)) is None


def readings(*values: float | None) -> list:
    return [(n * MINUTE, value, GOOD) for n, value in enumerate(values) if value is not None]


@pytest.mark.parametrize(
    ("values", "minutes"),
    [
        ((5, 5, 5), 0),
        ((9, 9, 5), 0),
        ((5, 9, 9, 9), 2),
        ((9, 5, 1, 9), 1),  # from too cold to too warm is still outside
        ((5, 8.0, 2.0), 0),  # the ends belong to the range
        ((9, None, None, 9), 3),
        ((9, *[None] * 11, 9, 9), 1),  # nobody knows what happened meanwhile
        ((5, 9), 0),  # it has only begun
    ],
)
def test_a_breach_is_the_time_outside_without_a_break(values, minutes):
    points = readings(*values)
    assert breach(points, 2.0, 8.0, 10 * MINUTE) == Derived(minutes, points[-1][0], GOOD)


def test_a_breach_of_an_open_range_and_of_bad_or_simulated_values():
    assert breach(readings(-80, -70), None, -75.0, HOUR).value == 0
    assert breach(readings(-70, -70), None, -75.0, HOUR).value == 1
    assert breach([], 2.0, 8.0, HOUR) is None
    assert breach([(0, 9.0, GOOD), (MINUTE, 5.0, BAD), (2 * MINUTE, 9.0, SIM)], 2.0, 8.0, HOUR) == Derived(
        2.0, 2 * MINUTE, SIM
    )
