"""SQLite and InfluxDB give the answers of the memory store on whatever hypothesis thinks of."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ioc.domain import MINUTE, SECOND, VirtualClock, parse_rfc3339
from ioc.timeseries import (
    ABSENT,
    DAY,
    HOUR,
    MemoryStore,
    Rejected,
    Retention,
    SqliteStore,
    Store,
    Window,
    sqlite_blocks,
    sqlite_roll,
    sqlite_windows,
)
from ioc.timeseries.influx_store import InfluxStore
from tests.contracts import influxd

START = parse_rfc3339("2026-10-24T20:00:00Z")  # the night before Paris puts its clocks back
KEEP = Retention(raw_ns=DAY, five_minutes_ns=2 * DAY, one_hour_ns=60 * HOUR)

times = st.one_of(st.integers(0, 3 * DAY), st.integers(0, 36).map(lambda n: n * 5 * MINUTE), st.integers(0, 10)).map(
    lambda t: START + t
)


def lines_of(fields) -> st.SearchStrategy[str]:
    return st.builds(
        lambda device, facility, fields, quality, t: (
            f"ward,device={device},facility={facility} "
            + ",".join(f"{name}={value}.5" for name, value in fields.items())
            + f',quality="{quality}" {t}'
        ),
        st.sampled_from("ab"),
        st.sampled_from(["bv01", "bv02"]),
        fields,
        st.sampled_from(["good", "good", "bad", "sim", "test"]),
        times,
    )


def steps_of(lines) -> st.SearchStrategy[tuple]:
    return st.one_of(
        st.tuples(st.just("write"), st.lists(lines, min_size=1, max_size=12)),
        st.tuples(st.just("roll_up"), times),
        st.tuples(st.just("retain"), times),
    )


numbers = st.integers(-50, 50)
steps = steps_of(lines_of(st.dictionaries(st.sampled_from(["used", "beds"]), numbers, min_size=1)))
# InfluxDB has one quality for all that a device says at one nanosecond (docs/decisions/0011)
whole_lines = lines_of(st.fixed_dictionaries({"used": numbers, "beds": numbers}))
questions = st.fixed_dictionaries(
    {
        "start": times,
        "length": st.integers(0, DAY),
        "every": st.sampled_from([7 * MINUTE, 5 * MINUTE, HOUR, HOUR, 6 * HOUR, DAY, 7 * DAY]),
        "how": st.sampled_from(["sum", "count", "min", "max", "last", "mean", "ratio", "median", "p90"]),
        "by": st.sampled_from([None, (), ("facility",), ("device",), ("facility", "device"), ("ward",)]),
        "zone": st.sampled_from(["UTC", "Asia/Ho_Chi_Minh", "Europe/Paris", "Asia/Kathmandu"]),
        "where": st.sampled_from([{}, {"facility": "bv01"}, {"device": ["a", "b"]}, {"ward": ABSENT, "device": "a"}]),
    }
)


def do(store: Store, step: tuple) -> object:
    name, argument = step
    if name != "write":
        return getattr(store, name)(argument)
    try:
        return store.write_lines(argument)
    except Rejected as rejected:
        return rejected.lines


def ask(store: Store, question: dict) -> list[Window]:
    asked = dict(question)
    start, where = asked.pop("start"), asked.pop("where")
    stop = start + asked.pop("length")
    denominator = "ward.beds" if asked["how"] == "ratio" else None
    return store.window("ward.used", where, start, stop, denominator=denominator, **asked)


def compare(ours: list[Window], model: list[Window]) -> None:
    assert [(window.tags, window.error) for window in ours] == [(window.tags, window.error) for window in model]
    for mine, theirs in zip(ours, model, strict=True):
        assert [(t, quality) for t, _, quality in mine.points] == [(t, quality) for t, _, quality in theirs.points]
        for (_, value, _), (_, expected, _) in zip(mine.points, theirs.points, strict=True):
            assert value == (expected if expected is None else pytest.approx(expected, rel=1e-12, abs=1e-9))


def same_answers(store: Store, reader: Store, model: MemoryStore, done: list, asked: list) -> None:
    for step in done:
        assert do(store, step) == do(model, step)
        compare(ask(reader, asked[0]), ask(model, asked[0]))
    for question in asked:
        compare(ask(reader, question), ask(model, question))
    for metric, where in itertools.product(["ward.used", "ward.beds"], [{}, {"facility": "bv02"}]):
        assert reader.series(metric, where) == model.series(metric, where)
        assert reader.latest(metric, where, HOUR) == model.latest(metric, where, HOUR)
        bounds = (asked[0]["start"], asked[0]["start"] + DAY, 7)
        assert reader.raw(metric, where, *bounds) == model.raw(metric, where, *bounds)
    assert sorted(reader.latest_all(), key=str) == sorted(model.latest_all(), key=str)
    reader.close()
    store.close()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=1, max_size=8), st.lists(questions, min_size=1, max_size=4), times)
def test_sqlite_and_memory_give_the_same_answers(done: list, asked: list, now: int):
    clock = VirtualClock(now)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.sqlite"
        store = SqliteStore(path, clock=clock, retention=KEEP)
        reader = SqliteStore(path, clock=clock, retention=KEEP, read_only=True)
        same_answers(store, reader, MemoryStore(clock, KEEP), done, asked)


@contextmanager
def blocks_of_two_hours() -> Iterator[None]:
    """Instead of weeks, so that a range of days holds many."""
    with ExitStack() as ends:
        for module in (sqlite_blocks, sqlite_roll, sqlite_windows):
            ends.enter_context(patch.object(module, "BLOCK", 2 * HOUR))
        ends.enter_context(patch.object(sqlite_blocks, "HOURS", 2))
        ends.enter_context(patch.object(sqlite_windows, "WORTH", 1))
        ends.enter_context(patch.object(sqlite_roll, "BLOCKS_AT_ONCE", 2))
        yield


long_questions = st.fixed_dictionaries(
    {
        "start": times,
        "length": st.integers(0, 3 * DAY),
        "every": st.sampled_from([HOUR, HOUR, 5 * HOUR, DAY]),
        "how": st.sampled_from(["sum", "count", "mean", "ratio"]),
        "by": st.sampled_from([None, (), ("facility",), ("device",)]),
        "zone": st.sampled_from(["UTC", "Europe/Paris"]),
        "where": st.sampled_from([{}, {"facility": "bv01"}]),
    }
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=1, max_size=8), st.lists(long_questions, min_size=1, max_size=4), times)
def test_blocks_of_hours_and_memory_give_the_same_answers(done: list, asked: list, now: int):
    clock = VirtualClock(now)
    with TemporaryDirectory() as folder, blocks_of_two_hours():
        store = SqliteStore(Path(folder) / "t.sqlite", clock=clock, retention=KEEP)
        same_answers(store, store, MemoryStore(clock, KEEP), done, asked)


if influxd.PARAM:

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps_of(whole_lines), min_size=1, max_size=8), st.lists(questions, min_size=1, max_size=4), times)
    def test_influxdb_and_memory_give_the_same_answers(done: list, asked: list, now: int):
        clock = VirtualClock(now)
        with influxd.new_buckets() as access:
            store = InfluxStore(access, clock=clock, retention=KEEP)
            reader = InfluxStore(access, clock=clock, retention=KEEP)
            same_answers(store, reader, MemoryStore(clock, KEEP), done, asked)


def test_what_was_compared_can_differ():
    memory = MemoryStore(VirtualClock(START))
    memory.write_lines([f"ward,device=a used=1.0 {START}"])
    asked = {"start": START, "length": SECOND, "where": {}, "every": HOUR, "how": "sum", "by": None, "zone": "UTC"}
    with pytest.raises(AssertionError):
        compare(ask(MemoryStore(), asked), ask(memory, asked))
