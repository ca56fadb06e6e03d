"""The hours of the SQLite file: made outside of the worker's lock, in parts, and of files that had none."""

import sqlite3
from pathlib import Path

import pytest

from ioc.domain import MINUTE, Quality, Series, VirtualClock, parse_rfc3339
from ioc.errors import RetryError
from ioc.timeseries import DAY, FIVE_MINUTES, HOUR, SKETCH_ERROR, Bucket, Rejected, Retention, SqliteStore, sqlite_roll
from ioc.timeseries.sketch import Sketch

T0 = parse_rfc3339("2026-11-23T00:00:00Z")
KEEP = Retention(raw_ns=DAY, five_minutes_ns=2 * DAY, one_hour_ns=3 * DAY)
OLD_SCHEMA = """
create table series (id integer primary key, metric text not null, key text not null unique);
create index series_metric on series (metric);
create table raw (series integer not null, t integer not null, value real not null, quality integer not null,
    primary key (series, t)) without rowid;
create table five_minutes (series integer not null, t integer not null, sum real not null, count integer not null,
    min real not null, max real not null, last real not null, last_at integer not null,
    qualities integer not null, sketch blob, primary key (series, t)) without rowid;
create table dirty (series integer not null, t integer not null, primary key (series, t)) without rowid;
create table mark (name text primary key, t integer not null) without rowid;
pragma user_version = 1;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "timeseries.sqlite"


@pytest.fixture
def store(path: Path):
    opened = SqliteStore(path, clock=VirtualClock(T0), retention=KEEP)
    yield opened
    opened.close()


def line(time_ns: int, value: float = 4.0, device: str = "a") -> str:
    return f'fridge,device={device} temp={value},quality="good" {time_ns}'


def hours(path: Path, what: str = "series, t, count") -> list[tuple]:
    with sqlite3.connect(path) as connection:
        return connection.execute(f"select {what} from one_hour order by series, t").fetchall()


def rows(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        return connection.execute(f"select count(*) from {table}").fetchone()[0]


def window(store: SqliteStore, how: str = "count", hours: int = 1, every: int = HOUR) -> list[float | None]:
    (found,) = store.window("fridge.temp", {}, T0, T0 + hours * HOUR, every=every, how=how)
    return [value for _, value, _ in found.points]


def test_an_hour_is_made_when_all_its_five_minutes_are(store, path):
    store.write_lines([line(T0 + n * MINUTE, n) for n in range(60)])
    store.roll_up(T0 + HOUR + MINUTE - 1)
    assert (rows(path, "five_minutes"), hours(path)) == (11, [])
    store.roll_up(T0 + HOUR + MINUTE)
    what = "t, sum, count, min, max, last, last_at, qualities"
    assert hours(path, what) == [(T0, 1770.0, 60, 0.0, 59.0, 59.0, T0 + 59 * MINUTE, 1)]
    assert rows(path, "sketch") == 1


def test_rolling_up_again_changes_nothing(store, path):
    store.write_lines([line(T0 + n * MINUTE) for n in range(200)])
    assert store.roll_up(T0 + DAY)
    first = hours(path, "*")
    assert store.roll_up(T0 + DAY)
    assert store.roll_up(T0 + HOUR)
    assert hours(path, "*") == first


def test_a_late_value_makes_its_hour_again_and_no_other(store, path):
    store.write_lines([line(T0 + n * HOUR) for n in range(4)])
    store.roll_up(T0 + DAY)
    with pytest.raises(Rejected):
        store.write_lines([line(T0 + HOUR + 1), "broken"])
    with sqlite3.connect(path) as connection:
        assert connection.execute("select t from dirty_hour").fetchall() == [(T0 + HOUR,)]
    assert window(store, hours=4) == [1.0, 2.0, 1.0, 1.0]
    store.roll_up(T0 + DAY)
    assert (rows(path, "dirty_hour"), hours(path, "count")) == (0, [(1,), (2,), (1,), (1,)])


def test_values_that_come_while_an_hour_is_being_made_are_in_it_in_the_end(store, path, monkeypatch):
    """Between what was read and what is written the worker goes on; it must not wait."""
    store.write_lines([line(T0 + n * FIVE_MINUTES) for n in range(12)])
    put = sqlite_roll.put_hours

    def put_late(connection, made, *statements):
        connection.rollback()  # as if the lock were not taken yet
        store.write_lines([line(T0 + 1), line(T0 + 2, device="b")])
        connection.execute("begin immediate")
        put(connection, made, *statements)

    with monkeypatch.context() as patched:
        patched.setattr(sqlite_roll, "put_hours", put_late)
        store.roll_up(T0 + HOUR + MINUTE)
    assert [w.points[0][1] for w in store.window("fridge.temp", {}, T0, T0 + 1, every=HOUR, how="count")] == [13, 1]
    store.roll_up(T0 + HOUR + MINUTE)
    assert hours(path, "count") == [(13,), (1,)]
    assert rows(path, "dirty_hour") == 0


def test_values_that_were_late_before_their_hour_was_made_are_in_it(store, path, monkeypatch):
    store.write_lines([line(T0 + n * FIVE_MINUTES) for n in range(12)])
    store.roll_up(T0 + 30 * MINUTE)
    store.write_lines([line(T0 + 1), line(T0 + 1, device="b")])
    monkeypatch.setattr(sqlite_roll, "_roll_touched", lambda *_, **__: False)  # they come just after that was done
    store.roll_up(T0 + 2 * HOUR)
    monkeypatch.undo()
    assert rows(path, "dirty_hour") == 2
    assert store.window("fridge.temp", {}, T0, T0 + 1, every=HOUR, how="sum", by=[])[0].points[0][1] == 14 * 4.0
    store.roll_up(T0 + 2 * HOUR)
    assert hours(path, "count") == [(13,), (1,)]


def test_a_long_way_is_gone_in_parts_and_every_answer_is_right_meanwhile(store, path, monkeypatch):
    store.write_lines([line(T0 + n * 10 * MINUTE) for n in range(6 * 20)])
    monkeypatch.setattr(sqlite_roll, "ROLL_FOR_S", 0.0)
    parts = 0
    while not store.roll_up(T0 + DAY):
        parts += 1
        assert window(store, hours=20) == [6.0] * 20
        assert window(store, "median", hours=20) == [4.0] * 20
    assert parts > 5
    assert len(hours(path)) == 20


def test_an_hour_that_was_put_there_stays_as_it_was(store, path):
    key, sketch = Series.of("fridge.temp", device="a"), Sketch.of([1.0, 2.0, 3.0]).encode()
    row = Bucket(3, 6.0, 1.0, 3.0, 3.0, T0 + 20 * MINUTE, {Quality.GOOD, Quality.SIM}, sketch)
    parts = [
        (
            key,
            T0 + n * FIVE_MINUTES,
            Bucket(1, n + 1.0, n + 1.0, n + 1.0, n + 1.0, T0 + n * FIVE_MINUTES, row.qualities),
        )
        for n in range(3)
    ]
    store.put_rows(FIVE_MINUTES, parts)
    store.put_rows(HOUR, [(key, T0, row)])
    assert list(store.rows(FIVE_MINUTES, T0, T0 + DAY)) == parts
    store.retain(T0 + 1.5 * DAY)
    assert list(store.rows(HOUR, T0, T0 + DAY)) == [(key, T0, row)]
    assert window(store, "median") == [pytest.approx(2.0, rel=SKETCH_ERROR)]


def test_each_tier_goes_in_its_time(store, path):
    store.write_lines([line(T0 + n * MINUTE, device=device) for n in range(60) for device in "ab"])
    kept = []
    for days in (0.5, 1.5, 2.5, 3.5):
        store.retain(int(T0 + days * DAY))
        kept.append([rows(path, table) for table in ("raw", "five_minutes", "one_hour", "sketch")])
    assert kept == [[120, 24, 2, 2], [0, 24, 2, 2], [0, 0, 2, 2], [0, 0, 0, 0]]


def sums(store: SqliteStore, every: int = HOUR, how: str = "sum") -> list[tuple[float | None, Quality]]:
    """What four weeks from T0 are answered with, all series added up."""
    (found,) = store.window("fridge.temp", {}, T0, T0 + 28 * DAY, every=every, how=how, by=[])
    return [(value, quality) for _, value, quality in found.points]


@pytest.fixture
def weeks(path: Path):
    """Four weeks of two series, a value an hour, with a gap of a day; the second series is simulated in its last."""
    opened = SqliteStore(path, clock=VirtualClock(T0))
    for device, first, last in (("a", 0, 40), ("a", 64, 672), ("b", 100, 600)):
        lines = [line(T0 + n * HOUR, n % 50, device) for n in range(first, last)]
        opened.write_lines(
            [text.replace("good", "sim") if device == "b" and n > 450 else text for n, text in enumerate(lines)]
        )
    yield opened
    opened.close()


@pytest.mark.parametrize("how", ["sum", "mean", "count"])
@pytest.mark.parametrize("every", [HOUR, DAY, 7 * DAY])
def test_blocks_give_what_the_hours_give(weeks, path, how: str, every: int):
    before = sums(weeks, every, how)
    weeks.roll_up(T0 + 29 * DAY)
    assert rows(path, "block") == 4 + 3  # weeks begin on Thursdays, as 1970 did
    with sqlite3.connect(path) as connection:
        connection.execute("delete from one_hour where t < ?", (T0 + 20 * DAY,))  # so it cannot come from there
    after = sums(weeks, every, how)
    assert [quality for _, quality in after] == [quality for _, quality in before]
    assert [value for value, _ in after] == [value and pytest.approx(value) for value, _ in before]
    assert any(value is None for value, _ in before) == (every == HOUR)


def test_a_late_value_counts_although_there_are_blocks(weeks, path):
    weeks.roll_up(T0 + 29 * DAY)
    before = sums(weeks)
    weeks.write_lines([line(T0 + 10 * DAY + 1, 1000.0, "b"), line(T0 + 11 * DAY + 1, 1000.0, "c")])
    for _ in range(2):
        after = sums(weeks)
        assert after[240][0] == before[240][0] + 1000.0
        assert after[264][0] == before[264][0] + 1000.0
        assert after[:240] + after[241:264] + after[265:] == before[:240] + before[241:264] + before[265:]
        weeks.roll_up(T0 + 29 * DAY)
    assert rows(path, "dirty_hour") == 0


def test_hours_that_are_put_into_the_past_are_in_its_blocks(weeks, path):
    weeks.roll_up(T0 + 29 * DAY)
    before = sums(weeks)
    row = Bucket(1, 5.0, 5.0, 5.0, 5.0, T0 + 50 * HOUR, {Quality.TEST}, None)
    weeks.put_rows(HOUR, [(Series.of("fridge.temp", device="a"), T0 + 50 * HOUR, row)])
    assert (before[50], sums(weeks)[50]) == ((None, Quality.GOOD), (5.0, Quality.TEST))


def test_blocks_go_when_their_hours_do(path):
    store = SqliteStore(path, clock=VirtualClock(T0), retention=KEEP)
    store.write_lines([line(T0 + n * HOUR) for n in range(28 * 24)])
    assert store.roll_up(T0 + 28 * DAY)
    store.retain(T0 + 28 * DAY)
    assert rows(path, "block") == 0
    assert [value for value, _ in sums(store)] == [None] * 25 * 24 + [4.0] * 72
    store.close()


def make_old(path: Path, marks: dict[str, int]) -> None:
    """A file of the release before: two days of five minutes, the values of the second day only."""
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD_SCHEMA)
        connection.execute("insert into series values (1, 'fridge.temp', 'fridge.temp,device=a')")
        connection.executemany("insert into mark values (?, ?)", marks.items())
        for n in range(2 * 288):
            t = T0 + n * FIVE_MINUTES
            if t < marks["rolled_to"]:
                row = (1, t, float(n), 1, n, n, n, t, 1)
                connection.execute("insert into five_minutes values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)", row)
            if t >= marks["raw_from"]:
                connection.execute("insert into raw values (1, ?, ?, 0)", (t, float(n)))
        connection.execute("insert into dirty values (1, ?)", (T0 + DAY + 12 * FIVE_MINUTES,))


def test_a_file_of_the_release_before_is_taken_over_and_its_hours_are_made(path, monkeypatch):
    """Its raw values end within an hour, of which there is no sketch; of the hours before neither."""
    end = T0 + 2 * DAY
    make_old(path, {"rolled_to": end - 30 * MINUTE, "raw_from": T0 + DAY + FIVE_MINUTES, "five_minutes_from": T0})
    reader = SqliteStore(path, read_only=True)
    with pytest.raises(RetryError, match="not ready"):
        reader.series("fridge.temp")
    store = SqliteStore(path, clock=VirtualClock(end), retention=KEEP)
    assert len(reader.series("fridge.temp")) == 1
    monkeypatch.setattr(sqlite_roll, "ROLL_FOR_S", 0.0)
    done = False
    while not done:
        assert window(store, hours=48) == [12.0] * 48
        assert window(store, "median", hours=48)[:25] == [None] * 25
        assert window(store, "median", hours=48)[25:] == [float(n * 12 + 5) for n in range(25, 48)]
        done = store.roll_up(end + MINUTE)
    assert len(hours(path)) == 48
    store.retain(end + DAY)
    assert window(store, hours=48) == [12.0] * 48
    assert window(store, "median", hours=48)[:25] == [None] * 25
    assert window(store, "p90", hours=48)[25:] == [pytest.approx(n * 12 + 10, rel=SKETCH_ERROR) for n in range(25, 48)]
    store.close()
    reader.close()
