"""What the time-series store costs: python -m bench.timeseries [--points N] [--series N] [--busy]

Writes six values a line as the worker does, rolls up, and asks what pages ask. ``--busy`` keeps a second thread
of the process busy meanwhile, as a collector does.
"""

import argparse
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ioc.domain import MINUTE, SECOND
from ioc.timeseries import DAY, SqliteStore

FIELDS = ("temp", "door", "power", "battery", "humidity", "compressor")
START = 1_763_859_600 * SECOND
HOUR = 60 * MINUTE


def lines(points: int, series: int, every: int) -> Iterator[str]:
    """``points`` values of ``series`` series, in the order in which devices send them."""
    chance = random.Random(7)
    devices = max(1, series // len(FIELDS))
    for n in range(points // len(FIELDS)):
        fields = ",".join(f"{name}={chance.uniform(-20, 30):.2f}" for name in FIELDS)
        device, time_ns = n % devices, START + n // devices * every + n % devices * 1_000
        yield f'fridge,device=tl-{device:04d},facility=bv01,site=cs1,source=mqtt {fields},quality="good" {time_ns}'


def batches(made: list[str], size: int) -> Iterator[list[str]]:
    """The lines as the writer takes them from the journal."""
    return (made[first : first + size] for first in range(0, len(made), size))


def best(ask: Callable[[], object], times: int = 5) -> float:
    """The shortest of a few runs, in milliseconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1_000)
    return min(took)


def row(what: str, figure: str) -> None:
    """One line of the table."""
    print(f"{what:<58} {figure:>24}", flush=True)


def write(store: SqliteStore, made: list[str], size: int, what: str) -> None:
    """Write all lines and say what they cost."""
    values = len(made) * len(FIELDS)
    wall, cpu = time.perf_counter(), time.thread_time()
    for batch in batches(made, size):
        store.write_lines(batch)
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    row(what, f"{cpu / values * 1e5:.2f} CPU s/100k, {values / wall / 1e3:.0f}k/s")


def measure_writes(folder: Path, made: list[str]) -> SqliteStore:
    """Batches of several sizes, each into a store of its own; gives the first."""
    store = SqliteStore(folder / "t.sqlite")
    write(store, made, 5_000, "write, 5,000 lines a batch")
    store.close()  # what lies in the write-ahead log goes into the file
    size = (folder / "t.sqlite").stat().st_size
    row("  on disk", f"{size / len(made) / len(FIELDS):.1f} B/value")
    for size in (1_000, 200):
        other = SqliteStore(folder / f"t{size}.sqlite")
        write(other, made[: len(made) // 5], size, f"write, {size:,} lines a batch")
        other.close()
    values, cpu = len(made) * len(FIELDS), time.thread_time()
    store.roll_up(START + 400 * DAY)
    row("roll up", f"{(time.thread_time() - cpu) / values * 1e5:.2f} CPU s/100k")
    cpu = time.thread_time()
    write(store, made[: len(made) // 20], 5_000, "write late values, below what is rolled up")
    store.roll_up(START + 400 * DAY)
    row("  and roll up again, both together", f"{(time.thread_time() - cpu) / values * 20e5:.2f} CPU s/100k")
    return store


def measure_reads(store: SqliteStore, stop: int) -> None:
    """What pages and the API ask."""
    some = [f"tl-{n:04d}" for n in range(50)]

    def window(devices: list[str], every: int, by: tuple[str, ...] | None = None, start: int = START) -> object:
        return store.window("fridge.temp", {"device": devices}, start, stop, every=every, how="mean", by=by)

    row("hourly mean, whole range, 1 series", f"{best(lambda: window(some[:1], HOUR)):.1f} ms")
    row("hourly mean, whole range, 50 series", f"{best(lambda: window(some, HOUR)):.1f} ms")
    row("hourly mean, whole range, 50 series as one", f"{best(lambda: window(some, HOUR, ())):.1f} ms")
    row("minutes of the last day (raw), 1 series", f"{best(lambda: window(some[:1], MINUTE, None, stop - DAY)):.1f} ms")
    row(
        "last hour raw, 50 series",
        f"{best(lambda: store.raw('fridge.temp', {'device': some}, stop - HOUR, stop)):.1f} ms",
    )
    row("newest value of every series", f"{best(lambda: list(store.latest_all())):.1f} ms")


def measure_year(folder: Path) -> None:
    """One series, each minute of a year, of which only the rows of the tiers are left."""
    store = SqliteStore(folder / "year.sqlite")
    made = [f"fridge,device=tl temp={n % 97}.5 {START + n * MINUTE}" for n in range(365 * 24 * 60)]
    for batch in batches(made, 5_000):
        store.write_lines(batch)
    stop = START + 365 * DAY
    store.retain(stop)
    for what, every in (("hours", HOUR), ("days", DAY)):

        def ask(every: int = every) -> object:
            return store.window("fridge.temp", {}, START, stop, every=every, how="mean", zone="Asia/Ho_Chi_Minh")

        row(f"a year in {what} of 1 series, its values gone", f"{best(ask):.1f} ms")
    store.close()


def be_busy(over: threading.Event) -> None:
    """Hold the interpreter's lock as much as one thread can."""
    while not over.is_set():
        pass


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--series", type=int, default=2_400)
    parser.add_argument("--every", type=int, default=10, help="seconds between the values of a series")
    parser.add_argument("--busy", action="store_true", help="with a second busy thread")
    asked = parser.parse_args()
    made = list(lines(asked.points, asked.series, asked.every * SECOND))
    over = threading.Event()
    if asked.busy:
        threading.Thread(target=be_busy, args=(over,), daemon=True).start()
    print(f"{len(made) * len(FIELDS):,} values of {asked.series:,} series, one each {asked.every} s")
    with tempfile.TemporaryDirectory() as name:
        store = measure_writes(Path(name), made)
        if not asked.busy:
            measure_reads(store, START + asked.points // asked.series * asked.every * SECOND)
            measure_year(Path(name))
        store.close()
    over.set()


if __name__ == "__main__":
    main()
