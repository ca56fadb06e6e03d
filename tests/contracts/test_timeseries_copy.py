"""Copying between stores: everything arrives, a stopped copy goes on, and what differs is said."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ioc.domain import MINUTE, Quality, VirtualClock, parse_rfc3339
from ioc.timeseries import DAY, FIVE_MINUTES, HOUR, Retention, SqliteStore
from ioc.timeseries.copying import TIERS, Copying, Progress, Tiered
from ioc.timeseries.influx_store import InfluxStore
from tests.contracts import influxd

NOW = parse_rfc3339("2026-11-23T08:02:30Z")
KEEP = Retention(raw_ns=2 * DAY, five_minutes_ns=4 * DAY, one_hour_ns=9 * DAY)
DAYS = 6
METRICS = ("fridge.temp", "fridge.door", "used.beds")


class Stores:
    """New stores of a kind, all at the same time of day."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.folder, self.ends = folder, ends
        self.clock = VirtualClock(NOW - DAYS * DAY)
        self.numbers = itertools.count()

    def new(self, kind: str) -> Tiered:
        if kind == "sqlite":
            path = self.folder / f"{next(self.numbers)}.sqlite"
            store: Tiered = SqliteStore(path, clock=self.clock, retention=KEEP)
        else:
            store = InfluxStore(self.ends.enter_context(influxd.new_buckets()), clock=self.clock, retention=KEEP)
        self.ends.callback(store.close)
        return store


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with ExitStack() as ends:
        yield Stores(tmp_path, ends)


WAYS = [
    ("sqlite", "sqlite"),
    *[way for kind in influxd.PARAM for way in (("sqlite", kind), (kind, "sqlite"))],
]


def fill(store: Tiered, clock: VirtualClock) -> None:
    """Days of values, of which the first have become hours only, and the next five-minute rows and hours."""
    for day in range(DAYS):
        start = NOW - (DAYS - day) * DAY
        lines = []
        for n in range(0, 24 * 60, 25):
            t = start + n * MINUTE
            quality = ("good", "sim", "test", "bad")[n // 25 % 4]
            lines.append(f'fridge,device=a,facility=bv01 temp={n % 7}.5,door={n % 2}.0,quality="{quality}" {t}')
            lines.append(f'used,facility=bv01,ward=icu beds={n % 5}.0,quality="good" {t + 7}')
            lines.append(f'used,facility=bv01 beds={n % 11}.0,quality="good" {t + 7}')
        store.write_lines(lines)
        clock.advance(DAY)
        store.retain(clock.now_ns())


def copying(source: Tiered, target: Tiered, folder: Path) -> Copying:
    return Copying(source, target, NOW, Progress(folder / "progress.json", "a to b")).prepare()


def answers(store: Tiered) -> list:
    found = []
    for metric in METRICS:
        found.append(store.raw(metric, None, NOW - DAYS * DAY, NOW))
        found.append(store.series(metric))
        for how in ("count", "sum", "min", "max", "last", "median", "p90"):
            for every in (FIVE_MINUTES, HOUR, 7 * HOUR):
                windows = store.window(metric, None, NOW - DAYS * DAY, NOW, every=every, how=how)
                found.append([(window.tags, window.points, window.error) for window in windows])
    return found


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_all_answers_are_the_same_after_a_copy(stores: Stores, tmp_path: Path, source: str, target: str):
    old, new = stores.new(source), stores.new(target)
    fill(old, stores.clock)
    made = copying(old, new, tmp_path)
    days = list(made.copy())
    made.finish()
    assert sum(day.values for day in days) == 2 * 58 * 4
    assert sum(day.rows for day in days) > 4 * 4 * 24  # of two tiers, of which one is shorter
    assert sum(day.refused for day in days) == 0
    assert [found for _, found in made.verify() if found] == []
    assert answers(new) == answers(old)


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_a_copy_that_was_killed_goes_on_and_one_that_begins_anew_changes_nothing(
    stores: Stores, tmp_path: Path, source: str, target: str
):
    old, new = stores.new(source), stores.new(target)
    fill(old, stores.clock)
    first = copying(old, new, tmp_path).copy()
    before = [next(first).start for _ in range(5)]
    after = [day.start for day in copying(old, new, tmp_path).copy()]
    assert after[0] == before[-1] + DAY
    copying(old, new, tmp_path).progress.over()
    again = copying(old, new, tmp_path)
    assert len(list(again.copy())) == len(before) + len(after)
    again.finish()
    assert [found for _, found in again.verify() if found] == []
    assert answers(new) == answers(old)


def test_the_target_may_be_in_use_meanwhile(stores: Stores, tmp_path: Path):
    old, new = stores.new("sqlite"), stores.new("sqlite")
    fill(old, stores.clock)
    live = f'fridge,device=a,facility=bv01 temp=99.0,door=0.0,quality="good" {NOW}'
    new.write_lines([live])
    new.roll_up(NOW)
    made = copying(old, new, tmp_path)
    list(made.copy())
    made.finish()
    assert [found for _, found in made.verify() if found] == []
    assert [reading.value for reading in new.latest("fridge.temp", None, MINUTE)] == [99.0]


def test_what_differs_is_named_with_day_and_series(stores: Stores, tmp_path: Path):
    old, new = stores.new("sqlite"), stores.new("sqlite")
    fill(old, stores.clock)
    made = copying(old, new, tmp_path)
    list(made.copy())
    t = NOW - DAY
    new.write_lines([f'fridge,device=a,facility=bv01 temp=50.0,quality="good" {t + 1}'])
    made.finish()
    ((metric, (difference,)),) = [one for one in made.verify() if one[1]]
    assert metric == "fridge.temp"
    assert difference.series == "fridge.temp device=a,facility=bv01"
    assert difference.day_ns <= t < difference.day_ns + DAY
    assert difference.target[0] == difference.source[0] + 1


def test_progress_of_another_copy_is_none(tmp_path: Path):
    Progress(tmp_path / "p.json", "a to b").done(5 * DAY)
    assert Progress(tmp_path / "p.json", "a to b").done_until() == 5 * DAY
    assert Progress(tmp_path / "p.json", "b to a").done_until() == 0
    (tmp_path / "p.json").write_text("{")
    assert Progress(tmp_path / "p.json", "a to b").done_until() == 0


@pytest.mark.parametrize("tier", TIERS)
def test_rows_go_in_and_out_as_they_are(stores: Stores, tier: int):
    old, new = stores.new("sqlite"), stores.new("sqlite")
    fill(old, stores.clock)
    rows = list(old.rows(tier, 0, NOW))
    new.put_rows(tier, rows)
    assert list(new.rows(tier, 0, NOW)) == rows
    assert {quality for _, _, bucket in rows for quality in bucket.qualities} == set(Quality) - {Quality.BAD}
    assert {bucket.sketch is None for _, _, bucket in rows} == {tier == FIVE_MINUTES}


@pytest.mark.parametrize("kind", ["sqlite", *influxd.PARAM])
def test_a_store_says_when_it_begins(stores: Stores, kind: str):
    store = stores.new(kind)
    assert store.begins() == 0
    fill(store, stores.clock)
    assert store.begins() == NOW - DAYS * DAY - (NOW - DAYS * DAY) % HOUR  # an hour of which only the row is left
    assert copying(store, store, stores.folder).days().start == NOW - DAYS * DAY - (NOW - DAYS * DAY) % DAY


class Slow:
    """A store that rolls up a part at each call."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.retained = False

    def roll_up(self, _now_ns: int) -> bool:
        self.calls -= 1
        return self.calls <= 0

    def retain(self, _now_ns: int) -> None:
        self.retained = self.calls <= 0

    def latest_all(self) -> list:
        return []

    def begins(self) -> int:
        return 0


def test_both_stores_are_rolled_up_to_the_end_whatever_one_call_does(tmp_path: Path):
    source, target = Slow(3), Slow(5)
    copying(source, target, tmp_path).finish()
    assert (source.calls, target.calls) == (0, 0)
    assert target.retained
