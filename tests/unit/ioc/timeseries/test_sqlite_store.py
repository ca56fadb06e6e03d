"""What only the SQLite store has: its file, its locks, its errors, and other processes."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ioc.domain import MINUTE, VirtualClock, parse_rfc3339
from ioc.errors import MisconfiguredError, RefuseToStartError, RetryError
from ioc.timeseries import DAY, FIVE_MINUTES, Rejected, SqliteStore
from ioc.timeseries import connections as connections_module

T0 = parse_rfc3339("2026-11-23T00:00:00Z")
HOUR = 60 * MINUTE
CLOCK = VirtualClock(T0)


@pytest.fixture
def path(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(connections_module, "BUSY_TIMEOUT_MS", 0)  # nobody waits in a unit test
    return tmp_path / "timeseries.sqlite"


@pytest.fixture
def store(path: Path):
    opened = SqliteStore(path, clock=CLOCK)
    yield opened
    opened.close()


def line(time_ns: int, value: float = 4.2, device: str = "tl-01") -> str:
    return f'fridge,device={device},source=mqtt temp={value},quality="good" {time_ns}'


def buckets(path: Path) -> list[tuple]:
    with sqlite3.connect(path) as connection:
        return connection.execute("select * from five_minutes order by series, t").fetchall()


def count(store: SqliteStore) -> list[float | None]:
    windows = store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how="count")
    return [value for window in windows for _, value, _ in window.points]


def test_a_reader_sees_at_once_what_was_written_and_does_not_hold_up_the_writer(store, path):
    reader = SqliteStore(path, clock=CLOCK, read_only=True)
    store.write_lines([line(T0)])
    with reader._connections.reading() as view:  # a question that takes its time
        assert view.execute("select count(*) from raw").fetchone() == (1,)
        store.write_lines([line(T0 + 1)])
        store.roll_up(T0 + HOUR)
        assert view.execute("select count(*) from raw").fetchone() == (1,)
    assert count(reader) == [2.0]
    reader.close()


def test_another_process_sees_at_once_what_was_written(store, path):
    store.write_lines([line(T0)])
    asks = (
        "import sys; from pathlib import Path; from ioc.timeseries import SqliteStore;"
        "print(len(SqliteStore(Path(sys.argv[1]), read_only=True).raw('fridge.temp', {}, 0, 2**62)))"
    )
    told = subprocess.run([sys.executable, "-c", asks, str(path)], capture_output=True, text=True, check=True)
    assert told.stdout == "1\n"


def test_a_reader_cannot_write(store, path):
    reader = SqliteStore(path, read_only=True)
    with pytest.raises(MisconfiguredError, match="cannot be written"):
        reader.write_lines([line(T0)])


def test_a_reader_that_comes_before_the_file_is_told_to_try_again(path):
    reader = SqliteStore(path, clock=CLOCK, read_only=True)
    with pytest.raises(RetryError, match="not there yet"):
        reader.series("fridge.temp")
    SqliteStore(path, clock=CLOCK).write_lines([line(T0)])
    assert len(reader.series("fridge.temp")) == 1


def test_a_locked_file_is_tried_again_and_nothing_of_the_call_is_kept(store, path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(RetryError, match="locked") as caught:
        store.write_lines([line(T0)])
    assert not isinstance(caught.value, MisconfiguredError)
    other.close()
    store.write_lines([line(T0)])
    assert count(store) == [1.0]


def test_a_full_disk_is_tried_again_and_series_met_meanwhile_are_not_believed(store):
    store.write_lines([line(T0)])
    with store._connections.writing() as connection:
        connection.execute("pragma max_page_count = 1")
        (pages,) = connection.execute("pragma max_page_count").fetchone()
    many = [line(T0 + n, device=f"tl-{n}") for n in range(2_000)]
    with pytest.raises(RetryError, match="full"):
        store.write_lines(many)
    assert len(store.series("fridge.temp")) == 1
    with store._connections.writing() as connection:
        connection.execute(f"pragma max_page_count = {pages + 10_000}")
    store.write_lines(many)
    assert len(store.series("fridge.temp")) == 2_001
    assert len(store.raw("fridge.temp", {"device": "tl-7"}, T0, T0 + HOUR)) == 1


def test_a_damaged_file_refuses_to_start_and_says_which(path):
    path.write_bytes(b"not a database at all, but long enough to look like one" * 100)
    for read_only in (False, True):
        with pytest.raises(RefuseToStartError, match="is not an SQLite database") as caught:
            SqliteStore(path, read_only=read_only)
        assert str(path) in str(caught.value)
        assert caught.value.faults[0].id == "IOC-T001"


def test_a_file_damaged_while_running_has_to_be_mended_by_a_person(store, path):
    store.write_lines([line(T0 + n, device=f"tl-{n}") for n in range(500)])
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(MisconfiguredError, match="is damaged") as caught:
        list(store.latest_all())
    assert "backup" in caught.value.hint


def test_a_newer_file_refuses_to_start(store, path):
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 99")
    with pytest.raises(RefuseToStartError, match="newer than this program's"):
        SqliteStore(path)


def test_somebody_elses_database_is_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table other (x)")
    with pytest.raises(RefuseToStartError, match="not one of time series"):
        SqliteStore(path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RefuseToStartError, match="cannot be opened"):
        SqliteStore(tmp_path / "nowhere" / "timeseries.sqlite")


def test_the_file_is_found_again_after_a_restart(store, path):
    store.write_lines([line(T0)])
    store.roll_up(T0 + HOUR)
    store.close()
    again = SqliteStore(path, clock=CLOCK)
    again.write_lines([line(T0 + 1)])
    assert count(again) == [2.0]
    assert len(again.series("fridge.temp")) == 1


def test_rolling_up_twice_changes_nothing(store, path):
    store.write_lines([line(T0 + n * MINUTE, float(n)) for n in range(60)])
    store.roll_up(T0 + 2 * HOUR)
    first = buckets(path)
    assert len(first) == 12
    store.roll_up(T0 + 2 * HOUR)
    store.roll_up(T0 + HOUR)
    assert buckets(path) == first


def test_a_bucket_holds_what_every_aggregate_needs_and_room_for_a_sketch(store, path):
    store.write_lines([line(T0, 3.0), line(T0 + 2, 2.0), line(T0 + 1, 1.0).replace("good", "sim")])
    store.roll_up(T0 + HOUR)
    assert buckets(path) == [(1, T0, 6.0, 3, 1.0, 3.0, 2.0, T0 + 2, 0b101, None)]


def test_a_bucket_is_rolled_up_only_when_it_is_complete(store, path):
    store.write_lines([line(T0)])
    store.roll_up(T0 + FIVE_MINUTES + MINUTE - 1)
    assert buckets(path) == []
    store.roll_up(T0 + FIVE_MINUTES + MINUTE)
    assert len(buckets(path)) == 1


def test_late_values_touch_only_their_bucket_in_the_transaction_that_writes_them(store, path):
    store.write_lines([line(T0 + n * FIVE_MINUTES) for n in range(4)])
    store.roll_up(T0 + HOUR)
    with pytest.raises(Rejected):
        store.write_lines([line(T0 + 1), "broken", line(T0 + FIVE_MINUTES + 1), line(T0 + HOUR)])
    with sqlite3.connect(path) as connection:
        assert connection.execute("select t from dirty").fetchall() == [(T0,), (T0 + FIVE_MINUTES,)]
    store.roll_up(T0 + HOUR)
    with sqlite3.connect(path) as connection:
        assert connection.execute("select count(*) from dirty").fetchall() == [(0,)]
    assert [row[3] for row in buckets(path)] == [2, 2, 1, 1]


def test_years_of_silence_are_passed_over_in_one_step(store):
    store.write_lines([line(1), line(T0)])
    steps: list[str] = []
    with store._connections.writing() as connection:
        connection.set_trace_callback(steps.append)
    store.roll_up(T0 + HOUR)
    assert len(steps) < 90
    assert count(store) == [1.0]


def test_what_is_dropped_in_one_go_is_bounded_and_all_of_it_goes(store, path):
    store.write_lines([line(T0 + n, device=f"tl-{n}") for n in range(120)])
    store.retain(T0 + 40 * DAY)
    with sqlite3.connect(path) as connection:
        assert connection.execute("select count(*) from raw").fetchone() == (0,)
    assert len(buckets(path)) == 120


def test_no_question_reads_the_whole_table(store, path):
    from ioc.timeseries import sql

    names = ("start", "stop", "step", "rolled_to", "hours_to", "five_from", "raw_from", "five_minutes_from", "limit")
    asked = dict.fromkeys((*names, "below"), 1) | {"members": "{}"}
    statements = [
        *sql.WINDOWS_OF_RAW.values(),
        *sql.WINDOWS_OF_FIVE.values(),
        *sql.WINDOWS_OF_FIVE_BUT_DIRTY.values(),
        *sql.WINDOWS_OF_HOURS.values(),
        *sql.HOURS_APART.values(),
        *sql.WINDOWS_OF_HOURS_BUT_DIRTY.values(),
        *(sql.VALUES, sql.SKETCHES, sql.ANY_DIRTY, sql.LATEST_ALL, sql.BEGINS),
        *(sql.ROLL_SPAN, sql.ROLL_TOUCHED, sql.HOURS_OF_SPAN, sql.HOURS_TOUCHED, sql.DROP_HOURS, sql.DROP_SKETCHES),
    ]
    with store._connections.writing() as connection:
        for statement in statements:
            assert not scans(connection, statement, asked)
        assert not scans(connection, sql.LATEST, ("[]", 0))
        for statement in (sql.FIRST_RAW, sql.FIRST_FIVE_MINUTES):
            assert not scans(connection, statement, (0,))
        for statement in (sql.FIVE_MINUTES_ROWS, sql.HOUR_ROWS, *sql.DROP_OLD.values()):
            assert not scans(connection, statement, (0, 0))


def scans(connection: sqlite3.Connection, statement: str, values) -> list[str]:
    plan = [row[3] for row in connection.execute(f"explain query plan {statement}", values)]
    return [step for step in plan if step.split()[:2] in (["SCAN", table] for table in ("raw", "r", "f", "l", "k"))]


def test_one_connection_at_most_is_kept_open_between_uses(path: Path) -> None:
    lent = connections_module.Connections(path, read_only=False)
    with lent.reading() as first, lent.reading() as second:
        assert first is not second
    with lent.reading() as again:
        assert again is second
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            first.execute("select 1")
    lent.close()
