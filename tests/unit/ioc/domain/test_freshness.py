"""Fresh, late, stale, missing: decided in one place."""

import pytest

from ioc.domain import SECOND, State, max_age_from_interval, state_at

MAX_AGE = 60 * SECOND


@pytest.mark.parametrize(
    ("age_s", "state"),
    [(-5, State.FRESH), (0, State.FRESH), (60, State.FRESH), (61, State.LATE), (180, State.LATE), (181, State.STALE)],
)
def test_the_state_follows_from_the_age(age_s: int, state: State) -> None:
    assert state_at(1_000 * SECOND, MAX_AGE, (1_000 + age_s) * SECOND) is state


def test_what_was_never_seen_is_missing_however_late_it_is() -> None:
    assert state_at(None, MAX_AGE, 0) is State.MISSING


def test_a_device_is_late_after_three_of_its_intervals() -> None:
    assert max_age_from_interval(10 * SECOND) == 30 * SECOND
