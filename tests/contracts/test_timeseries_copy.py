"""Copying between stores: everything arrives, a stopped copy goes on, and what differs is said."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ioc.domain import MINUTE, Quality, VirtualClock, parse_rfc3339
from ioc.timeseries import DAY, Retention, SqliteStore
from ioc.timeseries.copying import Copying, Progress, Tiered
from ioc.timeseries.influx_store import InfluxStore
from tests.contracts import influxd

HOUR = 60 * MINUTE
NOW = parse_rfc3339("2026-11-23T08:02:30Z")
KEEP = Retention(raw_ns=2 * DAY, five_minutes_ns=6 * DAY)
METRICS = ("fridge.temp", "fridge.door", "used.beds")


class Stores:
    """New stores of a kind, all at the same time of day."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.folder, self.ends = folder, ends
        self.clock = VirtualClock(NOW - 5 * DAY)
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
    """Five days of values, of which the first three have become five-minute rows."""
    for day in range(5):
        start = NOW - (5 - day) * DAY
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
    return Copying(source, target, NOW, KEEP, Progress(folder / "progress.json", "a to b")).prepare()


def answers(store: Tiered) -> list:
    found = []
    for metric in METRICS:
        found.append(store.raw(metric, None, NOW - 6 * DAY, NOW))
        found.append(store.series(metric))
        for how in ("count", "sum", "min", "max", "last"):
            windows = store.window(metric, None, NOW - 6 * DAY, NOW, every=HOUR, how=how)
            found.append([(window.tags, window.points) for window in windows])
    return found


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_all_answers_are_the_same_after_a_copy(stores: Stores, tmp_path: Path, source: str, target: str):
    old, new = stores.new(source), stores.new(target)
    fill(old, stores.clock)
    made = copying(old, new, tmp_path)
    days = list(made.copy())
    made.finish()
    assert sum(day.values for day in days) == 2 * 58 * 4
    assert sum(day.rows for day in days) > 3 * 3 * 40
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
    before = [next(first).start for _ in range(4)]
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
    ((difference,),) = [found for _, found in made.verify() if found]
    assert difference.series == "fridge.temp device=a,facility=bv01"
    assert difference.day_ns <= t < difference.day_ns + DAY
    assert difference.target[0] == difference.source[0] + 1


def test_progress_of_another_copy_is_none(tmp_path: Path):
    Progress(tmp_path / "p.json", "a to b").done(5 * DAY)
    assert Progress(tmp_path / "p.json", "a to b").done_until() == 5 * DAY
    assert Progress(tmp_path / "p.json", "b to a").done_until() == 0
    (tmp_path / "p.json").write_text("{")
    assert Progress(tmp_path / "p.json", "a to b").done_until() == 0


def test_rows_of_five_minutes_go_in_and_out_as_they_are(stores: Stores):
    old, new = stores.new("sqlite"), stores.new("sqlite")
    fill(old, stores.clock)
    rows = list(old.five_minutes(0, NOW))
    new.put_five_minutes(rows)
    assert list(new.five_minutes(0, NOW)) == rows
    assert {quality for _, _, bucket in rows for quality in bucket.qualities} == set(Quality) - {Quality.BAD}
