"""When a disk is full: the slope that goes on, not what was written once."""

import random

import pytest

from ioc.catalogue import Adds, Catalogue, Kind, Metric, Text
from ioc.derive import days_until_full, derive_disks
from ioc.domain import MINUTE, Quality, VirtualClock, parse_rfc3339
from ioc.timeseries import DAY, MemoryStore

NOW = parse_rfc3339("2026-11-23T08:00:00Z")
HOUR = 60 * MINUTE
GB = 1e9
NAME = Text("", "")
FREE = Metric("host.disk_free", NAME, NAME, "By", Kind.GAUGE, (), Adds.LAST, Adds.MIN, 2 * MINUTE)
CATALOGUE = Catalogue({FREE.code: FREE})


def points(values, step: int = HOUR) -> list[tuple[int, float, Quality]]:
    """Values that end now."""
    listed = list(values)
    return [(NOW - step * (len(listed) - 1 - n), value, Quality.GOOD) for n, value in enumerate(listed)]


def days(values, step: int = HOUR) -> float | None:
    found = days_until_full(points(values, step))
    return found.value if found else None


def test_a_disk_that_falls_by_the_hour_is_full_when_nothing_is_left() -> None:
    assert days(100 * GB - n * GB for n in range(25)) == pytest.approx(76 / 24)


def test_a_history_of_less_than_six_hours_says_nothing() -> None:
    assert days(100 * GB - n * GB for n in range(6)) is None
    assert days(100 * GB - n * GB for n in range(7)) is not None
    assert days_until_full([]) is None


@pytest.mark.parametrize("change", [0.0, 5 * GB, -1.0])
def test_a_disk_that_does_not_fill_or_hardly_has_a_year(change) -> None:
    assert days(100 * GB + n * change for n in range(48)) == 365.0


@pytest.mark.parametrize("step", [-40 * GB, 40 * GB])
def test_what_is_written_or_deleted_once_tells_nothing_of_the_days_to_come(step) -> None:
    assert days(100 * GB + (step if n > 100 else 0.0) for n in range(168)) == 365.0


def test_a_daily_clean_up_hides_no_growth_and_feigns_none() -> None:
    steady = days(50 * GB - (n % 24) * GB for n in range(168))
    assert steady == 365.0 or steady > 30
    growing = days(50 * GB - (n % 24) * 0.1 * GB - n / 24 * 2 * GB for n in range(168))
    assert growing == pytest.approx((50 - 23 * 0.1 - 167 / 12) / 2, rel=0.25)


def test_noise_hides_no_slope() -> None:
    chance = random.Random(4)
    found = days(60 * GB - n * 0.1 * GB + chance.uniform(-1, 1) * GB for n in range(168))
    assert found == pytest.approx((60 - 16.7) / 2.4, rel=0.15)


def test_a_full_disk_has_no_day_left_and_bad_values_are_not_counted() -> None:
    assert days(max(0.0, 20 - n) * GB for n in range(24)) == 0.0
    bad = [(NOW - n * HOUR, 1.0, Quality.BAD) for n in range(24)]
    assert days_until_full(bad) is None
    mixed = [(at, value, Quality.SIM) for at, value, _ in points(9.0 for _ in range(9))]
    assert days_until_full(mixed).quality is Quality.SIM


class Present:
    def __init__(self) -> None:
        self.frames: list = []

    def offer(self, frames) -> None:
        self.frames += frames

    def flush(self) -> None:
        """Nothing waits."""


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def store(clock) -> MemoryStore:
    return MemoryStore(clock)


def fill(store, mount: str, gb_a_day: float, until: int = NOW, since: int = 9 * DAY) -> None:
    prefix = f"host,facility=_self,host=vm,mount={mount},site=local,source=hosts"
    count = since // (10 * MINUTE)
    store.write_lines(
        [
            f'{prefix} disk_free={50 * GB + gb_a_day * GB * n / 144},quality="good" {until - n * 10 * MINUTE}'
            for n in range(count)
        ]
    )


def test_each_file_system_gets_its_days_from_a_week_of_its_history(store) -> None:
    fill(store, "root", 5.0)
    fill(store, "var-lib", 0.0)
    present = Present()
    assert derive_disks(store, CATALOGUE, present, NOW) == 2
    found = {frame.series("disk_days").tag("mount"): frame for frame in present.frames}
    assert found["root"].fields == {"disk_days": pytest.approx(10.0, rel=0.01)}
    assert found["var-lib"].fields == {"disk_days": 365.0}
    assert found["root"].time_ns == NOW
    ((series, stored),) = store.raw("host.disk_days", {"mount": "root"}, 0, NOW + 1)
    assert series.tag("source") == "derive"
    assert stored[0][1] == found["root"].fields["disk_days"]


def test_one_that_is_looked_at_no_more_and_a_new_one_get_none(store) -> None:
    fill(store, "gone", 5.0, until=NOW - 7 * MINUTE)
    fill(store, "new", 5.0, since=5 * HOUR)
    assert derive_disks(store, CATALOGUE, Present(), NOW) == 0


def test_what_was_longer_than_a_week_ago_counts_no_more(store) -> None:
    fill(store, "root", 20.0, until=NOW - 7 * DAY - HOUR, since=2 * DAY)
    fill(store, "root", 1.0, since=7 * DAY)
    present = Present()
    derive_disks(store, CATALOGUE, present, NOW)
    assert present.frames[0].fields["disk_days"] == pytest.approx(50.0, rel=0.01)
