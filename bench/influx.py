"""The same work on the embedded store and on InfluxDB 2: python bench/influx.py [--messages N] [--values N] [--hours N]

The intake end to end (MQTT, journal, store), what a store costs by itself, rolling up, and what pages ask of history.
Takes the server at IOC_TEST_INFLUXDB_URL, else an ``influxd`` of the PATH; where there is neither it says so and ends.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.intake import measure
from bench.timeseries import FIELDS, START, best, lines, row
from ioc.domain import MINUTE, SECOND, Quality, Series
from ioc.timeseries import DAY, HOUR, Bucket, SqliteStore
from ioc.timeseries.copying import Tiered
from ioc.timeseries.influx import Access, Server
from ioc.timeseries.influx_flux import Script
from ioc.timeseries.influx_store import InfluxStore
from ioc.timeseries.sketch import Sketch
from tests.contracts import influxd
from tests.functional.harness import Stack, stack

FACILITIES = 60
SERIES = 2_400
EVERY = 10 * SECOND
AT_ONCE = 5_000


def environment(access: Access) -> dict[str, str]:
    """The settings of a centre that keeps its values there."""
    return {
        "IOC_INFLUXDB__URL": access.url,
        "IOC_INFLUXDB__ORG": access.org,
        "IOC_INFLUXDB__BUCKET": access.bucket,
        "IOC_INFLUXDB__TOKEN": access.token.reveal(),
    }


def held(access: Access) -> int:
    """How many values lie in a bucket of single values."""
    server, script = Server(access), Script()
    rows = script.rows(access.bucket, 0, 2**63, 'r["_field"] != "quality"', 'r["_measurement"] == "fridge"')
    script.ask("count", f"{rows} |> count() |> group() |> sum()")
    found = sum(int(value) for _, rows in server.ask(script) for _, value in rows)
    server.close()
    return found


def measure_intake(messages: int) -> None:
    """MQTT through broker, worker and journal into each of the stores."""
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), "auto") as running:
        print(f"\n{messages:,} MQTT messages of six values, QoS 1, into SQLite")
        started(running)
        measure(running, messages, 0.0)
    with ExitStack() as ends:
        access = ends.enter_context(influxd.new_buckets())
        folder = ends.enter_context(tempfile.TemporaryDirectory())
        running = ends.enter_context(stack(Path(folder), "auto", **environment(access)))
        print(f"\n{messages:,} MQTT messages of six values, QoS 1, into InfluxDB")
        started(running)
        measure(running, messages, 0.0, lambda _running: held(access))


def started(running: Stack) -> None:
    """With its worker."""
    running.start_worker()
    running.wait_for_worker()


def both() -> Iterator[tuple[str, Tiered]]:
    """A new store of each kind, one after the other."""
    with ExitStack() as ends:
        embedded = SqliteStore(Path(ends.enter_context(tempfile.TemporaryDirectory())) / "t.sqlite")
        ends.callback(embedded.close)
        yield "SQLite", embedded
    with ExitStack() as ends:
        server = InfluxStore(ends.enter_context(influxd.new_buckets()), answer_s=300.0)
        ends.callback(server.close)
        yield "InfluxDB", server


def measure_store(store: Tiered, made: list[str], stop: int) -> None:
    """Writing, rolling up, and recent history."""
    values = len(made) * len(FIELDS)
    wall, cpu = time.perf_counter(), time.process_time()
    for first in range(0, len(made), AT_ONCE):
        store.write_lines(made[first : first + AT_ONCE])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    row(f"  write, {AT_ONCE:,} lines a batch", f"{cpu / values * 1e5:.2f} CPU s/100k, {values / wall / 1e3:.0f}k/s")
    wall, cpu = time.perf_counter(), time.process_time()
    while not store.roll_up(stop + HOUR):
        pass
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    row("  roll up into 5 minutes and hours", f"{cpu / values * 1e5:.2f} CPU s/100k, {wall:.1f} s")
    some = [f"tl-{n:04d}" for n in range(50)]

    def ask(devices: list[str], how: str, every: int = HOUR, by: tuple[str, ...] | None = None) -> Callable[[], object]:
        return lambda: store.window("fridge.temp", {"device": devices}, START, stop, every=every, how=how, by=by)

    row("  hourly mean, 1 series", f"{best(ask(some[:1], 'mean')):.0f} ms")
    row("  hourly mean, 50 series", f"{best(ask(some, 'mean')):.0f} ms")
    row("  hourly mean, 50 series as one", f"{best(ask(some, 'mean', HOUR, ())):.0f} ms")
    row("  hourly median, 1 series, from the values", f"{best(ask(some[:1], 'median')):.0f} ms")
    row("  minutes from the values, 1 series", f"{best(ask(some[:1], 'mean', MINUTE)):.0f} ms")
    raw = best(lambda: store.raw("fridge.temp", {"device": some}, stop - HOUR, stop))
    row("  last hour as it is, 50 series", f"{raw:.0f} ms")
    row("  newest value of every series", f"{best(lambda: list(store.latest_all())):.0f} ms")


def hours_of(metric: str, facility: str, hours: int, sketches: int) -> Iterator[tuple[Series, int, Bucket]]:
    """The hourly rows of a facility; the last ``sketches`` hours have one, as making one costs more than the rest."""
    series = Series.of(metric, facility=facility, source="census")
    sketch = Sketch.of([float(n) for n in range(100, 160)]).encode()
    for n in range(hours):
        start, number = START - START % HOUR + n * HOUR, float(100 + n % 97)
        kept = sketch if n >= hours - sketches else None
        yield series, start, Bucket(60, 60 * number, number - 3, number + 3, number, start + 1, {Quality.GOOD}, kept)


def measure_history(store: Tiered, hours: int) -> None:
    """A year of 60 facilities, of which only the hours are left."""
    start, stop = START - START % HOUR, START - START % HOUR + hours * HOUR
    facilities = [f"bv{n:02d}" for n in range(1, FACILITIES + 1)]
    for metric in ("pt.inpatient", "bed.actual"):
        for facility in (*facilities, "tinh"):
            store.put_rows(HOUR, hours_of(metric, facility, hours, 31 * 24))
    store.write_lines([f"pt,facility=x inpatient=1.0 {stop + DAY}"])
    while not store.roll_up(stop + 2 * DAY):
        pass
    store.retain(stop + 60 * DAY)

    def ask(facility: str | list[str], every: int, how: str, by: tuple[str, ...] | None, since: int = start) -> float:
        below = "bed.actual" if how == "ratio" else None
        where = {"facility": facility}
        return best(
            lambda: store.window("pt.inpatient", where, since, stop, every=every, how=how, by=by, denominator=below), 3
        )

    row("  year of hourly ratios, the province's own series", f"{ask('tinh', HOUR, 'ratio', None):.0f} ms")
    row(f"  year of hourly ratios, {FACILITIES} facilities as one", f"{ask(facilities, HOUR, 'ratio', ()):.0f} ms")
    by = ("facility",)
    row(f"  year of hourly ratios, {FACILITIES} facilities each", f"{ask(facilities, HOUR, 'ratio', by):.0f} ms")
    row(f"  year of daily ratios, {FACILITIES} facilities each", f"{ask(facilities, DAY, 'ratio', by):.0f} ms")
    month = stop - 31 * DAY
    row("  month of daily medians, 1 facility, from sketches", f"{ask('bv01', DAY, 'median', None, month):.0f} ms")
    row(
        f"  month of daily medians, {FACILITIES} facilities as one",
        f"{ask(facilities, DAY, 'median', (), month):.0f} ms",
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="through the whole intake; 0 leaves out")
    parser.add_argument("--values", type=int, default=1_000_000, help="into each store; 0 leaves out")
    parser.add_argument("--hours", type=int, default=365 * 24, help="of history; 0 leaves out")
    asked = parser.parse_args()
    if not influxd.PARAM:
        print("There is no influxd on the PATH and IOC_TEST_INFLUXDB_URL is not set: nothing to compare with.")
        return
    if asked.messages:
        measure_intake(asked.messages)
    if asked.values:
        made, stop = list(lines(asked.values, SERIES, EVERY)), START + asked.values // SERIES * EVERY
        for kind, store in both():
            print(f"\n{kind}: {asked.values:,} values of {SERIES:,} series, one each {EVERY // SECOND} s")
            measure_store(store, made, stop)
    if asked.hours:
        for kind, store in both():
            print(f"\n{kind}: {asked.hours:,} hours of {FACILITIES} facilities")
            measure_history(store, asked.hours)


if __name__ == "__main__":
    main()
