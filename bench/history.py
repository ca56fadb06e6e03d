"""What questions about years cost: python -m bench.history [--points N] [--facilities N] [--keep FOLDER]

A year of a province is generated straight into the file of the embedded store, minute by minute: beds in use and beds
there are, of the province, of each facility and of so many wards that ``--points`` values and rows lie in the file.
As the retention of the settings has it, thirty days are there as they are, the year in five minutes and in hours. Then
it is asked what managers ask (DESIGN 14).
"""

import argparse
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from math import sin
from pathlib import Path

from ioc.domain import MINUTE, VirtualClock, parse_rfc3339, rfc3339
from ioc.timeseries import DAY, FIVE_MINUTES, HOUR, SqliteStore
from ioc.timeseries.sketch import Sketch

STOP = parse_rfc3339("2026-11-22T17:00:00Z")  # midnight in Viet Nam
START = STOP - 365 * DAY
RAW_FROM = STOP - 30 * DAY
ZONE = "Asia/Ho_Chi_Minh"
ROWS_OF_SERIES = 30 * 24 * 60 + 365 * 24 * 12 + 365 * 24
SIDES = ("bed.occupied", "bed.staffed")


def keys(facilities: int, wards: int) -> list[tuple[str, str]]:
    """The series as (metric, key): of the province, of each facility, of each ward."""
    places = ["province=hn", *(f"facility=bv{n:02d}" for n in range(facilities))]
    places += [f"facility=bv{n:02d},ward=w{ward:02d}" for n in range(facilities) for ward in range(wards)]
    return [(metric, f"{metric},{place},source=census") for place in places for metric in SIDES]


def value(number: int, minute: int) -> float:
    """What a series has at a minute: a number of beds that goes up and down with the day."""
    return float(200 + number % 50 + round(30 * sin(minute / 230 + number)) + minute % 3)


def rows_of(number: int) -> tuple[Iterator[tuple], Iterator[tuple], Iterator[tuple]]:
    """Five-minute rows, hourly rows and sketches of a series for the year.

    The day of one is that of the others: 1,440 values are reckoned once, and all else follows from them.
    """
    day = [value(number, minute) for minute in range(24 * 60)]

    def tier(size: int) -> Iterator[tuple]:
        kept = []
        for first in range(0, len(day), size):
            part = day[first : first + size]
            kept.append((sum(part), len(part), min(part), max(part), part[-1]))
        for midnight in range(START, STOP, DAY):
            for n, row in enumerate(kept):
                t = midnight + n * size * MINUTE
                yield (number, t, *row, t + (size - 1) * MINUTE, 1)

    sketches = [Sketch.of(day[first : first + 60]).encode() for first in range(0, len(day), 60)]
    return (
        tier(5),
        tier(60),
        (
            (number, midnight + n * HOUR, data)
            for midnight in range(START, STOP, DAY)
            for n, data in enumerate(sketches)
        ),
    )


def raw_of(number: int) -> Iterator[tuple]:
    """The values of the last thirty days."""
    day = [value(number, minute) for minute in range(24 * 60)]
    for midnight in range(RAW_FROM, STOP, DAY):
        yield from ((number, midnight + minute * MINUTE, one, 0) for minute, one in enumerate(day))


def generate(path: Path, named: list[tuple[str, str]]) -> None:
    """Fill the file."""
    SqliteStore(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("pragma synchronous = off; pragma cache_size = -65536")
    columns = "(series, t, sum, count, min, max, last, last_at, qualities) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    began = time.perf_counter()
    for number, (metric, key) in enumerate(named, 1):
        connection.execute("begin")
        connection.execute("insert into series values (?, ?, ?)", (number, metric, key))
        five, hours, sketches = rows_of(number)
        for into, rows in (
            ("raw values (?, ?, ?, ?)", raw_of(number)),
            (f"five_minutes {columns}", five),
            (f"one_hour {columns}", hours),
            ("sketch values (?, ?, ?)", sketches),
        ):
            connection.executemany(f"insert into {into}", rows)
        connection.execute("commit")
        if number % 50 == 0:
            done, took = number / len(named), time.perf_counter() - began
            print(f"  {done:4.0%}, about {took / done - took:.0f} s to go", flush=True)
    marks = dict.fromkeys(("rolled_to", "hours_to", "hours_claimed_to"), STOP)
    for name, time_ns in (marks | {"raw_from": RAW_FROM}).items():
        connection.execute("update mark set t = ? where name = ?", (time_ns, name))
    connection.close()


def row(what: str, ask: Callable[[], list], times: int = 5) -> None:
    """One line of the table: the best and the middle of a few runs, and what they cost the processor."""
    wall, cpu = [], []
    for _ in range(times):
        began, busy = time.perf_counter(), time.thread_time()
        found = ask()
        wall.append((time.perf_counter() - began) * 1e3)
        cpu.append((time.thread_time() - busy) * 1e3)
    points = sum(one is not None for window in found for _, one, _ in window.points)
    wall.sort()
    size = f"{len(found)} lines, {points:,} values"
    print(f"{what:<62} {wall[0]:7.0f} ms  {wall[times // 2]:7.0f} ms  {min(cpu):7.0f} ms CPU  {size}", flush=True)


def ask(store: SqliteStore, facilities: int) -> None:
    """What managers ask."""
    some, ratio = {"facility": "bv00", "ward": "-"}, {"how": "ratio", "denominator": SIDES[1]}
    province, each = {"province": "hn"}, {"ward": "-", "facility": [f"bv{n:02d}" for n in range(facilities)]}

    def window(where: dict, start: int, every: int, **asked: object) -> list:
        return store.window(SIDES[0], where, start, STOP, every=every, zone=ZONE, **asked)

    print(f"{'':<62} {'best':>10}  {'median':>10}")
    row("a year by the hour, ratio, the province", lambda: window(province, START, HOUR, **ratio))
    row("a year by the hour, ratio, one facility", lambda: window(some, START, HOUR, **ratio))
    row("a year by the day, ratio, one facility", lambda: window(some, START, DAY, **ratio))
    row(f"a year by the day, ratio, each of {facilities} facilities", lambda: window(each, START, DAY, **ratio))
    row(f"a year by the week, ratio, each of {facilities}", lambda: window(each, START, 7 * DAY, **ratio))
    row(f"thirty days by the hour, ratio, each of {facilities}", lambda: window(each, RAW_FROM, HOUR, **ratio))
    row(f"a year by the hour, ratio, each of {facilities}", lambda: window(each, START, HOUR, **ratio), 3)
    row(
        f"a year by the hour, ratio, {facilities} added up when asked",
        lambda: window(each, START, HOUR, **ratio, by=()),
        3,
    )
    row(
        "a week by the five minutes, mean, one facility", lambda: window(some, STOP - 7 * DAY, FIVE_MINUTES, how="mean")
    )
    row("a day as it is, one facility", lambda: window(some, STOP - DAY, MINUTE, how="last"))
    row("thirty days by the day, median (exact), one facility", lambda: window(some, RAW_FROM, DAY, how="median"))
    row("a year by the day, median (1 %), one facility", lambda: window(some, START, DAY, how="median"))
    row("a year by the hour, p90 (1 %), one facility", lambda: window(some, START, HOUR, how="p90"))


def late(store: SqliteStore, facilities: int) -> None:
    """A value of a month ago for every facility: what it costs to write, to be asked with it, and to make again."""
    lines = [f"bed,facility=bv{n:02d},source=census occupied=1.0 {RAW_FROM + n * MINUTE}" for n in range(facilities)]
    began = time.perf_counter()
    store.write_lines(lines)
    wrote = time.perf_counter() - began
    where = {"facility": "bv00", "ward": "-"}
    row("the same question of one facility, with a late value", lambda: store.window(
        SIDES[0], where, START, STOP, every=HOUR, how="ratio", denominator=SIDES[1]
    ))  # fmt: skip
    began = time.perf_counter()
    store.roll_up(STOP)
    rolled = time.perf_counter() - began
    print(f"{facilities} late values: {wrote * 1e3:.0f} ms to write, {rolled * 1e3:.0f} ms to roll up")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=20_000_000, help="values and rows in the file")
    parser.add_argument("--facilities", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="leave the file there, or ask the one that is there")
    asked = parser.parse_args()
    series = -(-asked.points // ROWS_OF_SERIES)
    wards = -(-max(0, series - 2 * (1 + asked.facilities)) // (2 * asked.facilities))
    named = keys(asked.facilities, wards)
    print(f"{len(named)} series, {len(named) * ROWS_OF_SERIES:,} values and rows, from {rfc3339(START)[:10]} on")
    with tempfile.TemporaryDirectory() as folder:
        path = (asked.keep or Path(folder)) / "history.sqlite"
        if not path.exists():
            began = time.perf_counter()
            generate(path, named)
            print(f"generated in {time.perf_counter() - began:.0f} s")
        print(f"{path.stat().st_size / 1e6:,.0f} MB")
        store = SqliteStore(path, clock=VirtualClock(STOP))
        while not store.roll_up(STOP):
            print("  rolling up")
        ask(store, asked.facilities)
        late(store, asked.facilities)
        store.close()
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB of memory at most")


if __name__ == "__main__":
    main()
