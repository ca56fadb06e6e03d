"""When targets are due."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ioc.polling.schedule import SPREAD_S, Schedule

LONG_S = 200.0


def made(*every_s: float) -> Schedule:
    return Schedule(every_s, 100.0, random.Random(7))


def take_all(schedule: Schedule, now_s: float) -> list[int]:
    taken = []
    while (place := schedule.take(now_s)) is not None:
        taken.append(place)
    return taken


def test_the_first_round_comes_within_the_spread() -> None:
    schedule = made(60.0, 60.0, 60.0)
    assert sorted(take_all(schedule, 100.0 + SPREAD_S)) == [0, 1, 2]


def test_one_that_is_asked_every_second_waits_no_longer_than_that_for_its_first_turn() -> None:
    assert take_all(made(1.0), 101.0) == [0]


def test_one_that_was_taken_is_not_due_again_until_it_is_done() -> None:
    schedule = made(1.0)
    assert take_all(schedule, 105.0) == [0]
    assert take_all(schedule, 1_000.0) == []
    assert schedule.wait_s(1_000.0) is None
    schedule.done(0, 1_000.0)
    assert take_all(schedule, 1_001.0) == [0]


def test_turns_that_were_missed_are_left_out() -> None:
    schedule = made(10.0)
    take_all(schedule, 110.0)
    schedule.done(0, 500.0)
    assert schedule.wait_s(500.0) == 10.0


def test_the_next_turn_counts_from_the_last_and_not_from_the_answer() -> None:
    schedule = made(10.0)
    take_all(schedule, 110.0)
    schedule.done(0, 112.0)
    wait = schedule.wait_s(112.0)
    assert wait is not None
    assert wait <= 10.0 * 1.05


@given(st.lists(st.floats(0.5, 600.0), min_size=1, max_size=20), st.integers(0, 2**16))
def test_over_a_long_time_each_gets_about_the_turns_that_it_should(every_s: list[float], seed: int) -> None:
    schedule = Schedule(every_s, 0.0, random.Random(seed))
    turns = [0] * len(every_s)
    now = 0.0
    while now < LONG_S:
        wait = schedule.wait_s(now)
        assert wait is not None
        now += wait
        while (place := schedule.take(now)) is not None:
            turns[place] += 1
            schedule.done(place, now)
    for every, its in zip(every_s, turns, strict=True):
        assert LONG_S / every * 0.93 - 2 <= its <= LONG_S / every * 1.07 + 2
