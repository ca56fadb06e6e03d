import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update
from sqlalchemy.exc import OperationalError

from ioc.catalogue import Catalogue
from ioc.database import writing
from ioc.domain import MINUTE, Frame, Quality, Reading, Series
from ioc.errors import RetryError
from ioc.latest import LatestReader, LatestWriter, latest, latest_counter
from ioc.registry import Registry

PREFIX = "fridge,device=tl-01,facility=bv01,site=cs1,source=mqtt"
KEY = "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"


def frame(time_ns: int, quality: str = "good", prefix: str = PREFIX, **fields: float) -> Frame:
    return Frame(prefix, fields or {"temp": 4.0}, time_ns, quality, time_ns + 5)


def present(reader: LatestReader) -> dict[str, tuple[int, float, str]]:
    rows, _ = reader.since(0)
    return {row.series.metric.partition(".")[2]: (row.as_of_ns, row.value, row.quality.value) for row in rows}


def test_a_row_tells_all_of_the_newest_value(writer: LatestWriter, reader: LatestReader) -> None:
    writer.offer([frame(100, "sim", temp=4.5)])
    writer.flush()
    [row], newest = reader.since(0)
    assert (row.key, row.value, row.quality, row.as_of_ns, row.received_ns) == (KEY, 4.5, Quality.SIM, 100, 105)
    assert row.series == Series.parse(KEY)
    assert (row.max_age_ns, row.change) == (MINUTE, newest)
    assert (row.late_at_ns, row.stale_at_ns) == (100 + MINUTE + 1, 100 + 3 * MINUTE + 1)


def test_only_what_changed_gets_a_new_number(writer: LatestWriter, reader: LatestReader) -> None:
    writer.offer([frame(100, temp=4.0, door=0.0)])
    writer.flush()
    _, first = reader.since(0)
    writer.offer([frame(100, temp=4.0, door=0.0)])  # a redelivery
    writer.flush()
    assert reader.since(first) == ([], first)
    writer.offer([frame(101, temp=4.0)])
    writer.flush()
    rows, second = reader.since(first)
    assert [row.key for row in rows] == [KEY]
    assert second > first


def test_an_older_value_never_takes_the_place_of_a_newer_one(writer: LatestWriter, reader: LatestReader) -> None:
    writer.offer([frame(200, temp=5.0)])
    writer.flush()
    writer.offer([frame(100, temp=4.0)])
    writer.flush()
    assert present(reader) == {"temp": (200, 5.0, "good")}


def test_of_the_same_time_the_later_one_counts(writer: LatestWriter, reader: LatestReader) -> None:
    for quality, value in (("good", 4.0), ("good", 5.0), ("bad", 5.0)):
        writer.offer([frame(100, quality, temp=value)])
        writer.flush()
        assert present(reader) == {"temp": (100, value, quality)}


def test_a_simulated_value_waits_until_the_real_one_is_out_of_date(
    engine: Engine, catalogue: Catalogue, registry: Registry, writer: LatestWriter, reader: LatestReader
) -> None:
    after_a_restart = LatestWriter(engine, catalogue, registry)
    steps = [
        (writer, frame(100, "sim", temp=1.0), 1.0),
        (writer, frame(101, "good", temp=2.0), 2.0),
        (writer, frame(102, "sim", temp=3.0), 2.0),
        (after_a_restart, frame(101 + MINUTE, "sim", temp=4.0), 2.0),
        (after_a_restart, frame(102 + MINUTE, "sim", temp=5.0), 5.0),
        (writer, frame(103 + MINUTE, "good", temp=6.0), 6.0),
    ]
    for who, offered, expected in steps:
        who.offer([offered])
        who.flush()
        assert present(reader)["temp"][1] == expected


def test_messages_with_different_keys_add_up(writer: LatestWriter, reader: LatestReader) -> None:
    writer.offer([frame(100, temp=1.0, door=1.0), frame(102, temp=2.0), frame(101, door=3.0, battery=9.0)])
    writer.flush()
    assert present(reader) == {
        "temp": (102, 2.0, "good"),
        "door": (101, 3.0, "good"),
        "battery": (101, 9.0, "good"),
    }


def test_a_number_that_is_none_never_becomes_the_present(writer: LatestWriter, reader: LatestReader) -> None:
    writer.offer([frame(100, temp=float("nan"), door=float("inf"), battery=1.0)])
    writer.flush()
    assert list(present(reader)) == ["battery"]


OFFERS = st.lists(
    st.tuples(
        st.sampled_from(["tl-01", "tl-02"]),
        st.integers(0, 6),
        st.dictionaries(st.sampled_from(["temp", "door", "battery"]), st.integers(0, 3).map(float), min_size=1),
        st.booleans(),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offers=OFFERS)
def test_any_order_of_offers_ends_in_the_newest_of_each_series(
    engine: Engine, catalogue: Catalogue, registry: Registry, reader: LatestReader, offers
) -> None:
    with writing(engine) as connection:
        connection.execute(delete(latest))
    writers = [LatestWriter(engine, catalogue, registry), LatestWriter(engine, catalogue, registry)]
    expected: dict[tuple[str, str], tuple[int, float]] = {}
    for number, (device, time_ns, fields, flush) in enumerate(offers):
        writer = writers[number // 7 % 2]
        writer.offer([frame(time_ns, prefix=f"fridge,device={device},facility=bv01,site=cs1,source=mqtt", **fields)])
        for field, value in fields.items():
            if time_ns >= expected.get((device, field), (-1, 0))[0]:
                expected[device, field] = (time_ns, value)
        if flush or number % 7 == 6:
            writer.flush()
    for writer in writers:
        writer.flush()
    rows, _ = reader.since(0)
    found = {(row.series.tag("device"), row.series.metric.partition(".")[2]): (row.as_of_ns, row.value) for row in rows}
    assert found == expected


def test_numbers_go_on_after_a_restart(
    engine: Engine, catalogue: Catalogue, registry: Registry, writer: LatestWriter, reader: LatestReader
) -> None:
    writer.offer([frame(100)])
    writer.flush()
    _, first = reader.since(0)
    again = LatestWriter(engine, catalogue, registry)
    again.offer([frame(101)])
    again.flush()
    rows, second = reader.since(first)
    assert second == first + 1
    assert len(rows) == 1


def test_a_reader_of_a_database_that_was_set_back_gets_everything(writer: LatestWriter, reader: LatestReader) -> None:
    writer.offer([frame(100)])
    writer.flush()
    rows, newest = reader.since(1000)
    assert (len(rows), newest) == (1, 1)


def test_a_reader_before_the_first_writer_gets_nothing(engine: Engine, reader: LatestReader) -> None:
    assert reader.since(0) == ([], 0)


def test_what_could_not_be_written_is_kept_and_written_later(
    writer: LatestWriter, reader: LatestReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_connection: object) -> int:
        raise OperationalError("", {}, Exception("database is locked"))

    writer.offer([frame(100, temp=1.0, door=1.0)])
    with monkeypatch.context() as patch:
        patch.setattr(writer, "_next_change", locked)
        with pytest.raises(RetryError, match="locked"):
            writer.flush()
    writer.offer([frame(101, temp=2.0)])
    writer.flush()
    assert present(reader) == {"temp": (101, 2.0, "good"), "door": (100, 1.0, "good")}


class Waits(threading.Event):
    """A stop that notes how long it was waited on, and ends after so many waits."""

    def __init__(self, ends_after: int) -> None:
        super().__init__()
        self.waited: list[float] = []
        self.ends_after = ends_after

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        if len(self.waited) >= self.ends_after:
            self.set()
        return self.is_set()


def test_it_writes_at_once_after_a_pause_and_then_every_hundred_milliseconds(
    writer: LatestWriter, reader: LatestReader
) -> None:
    writer.offer([frame(100)])
    stop = Waits(1)
    writer.run(stop)
    assert present(reader)
    assert 0.0 <= stop.waited[0] <= 0.1


def test_while_the_database_is_away_it_says_so_once_and_tries_each_second(
    writer: LatestWriter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise RetryError("The present cannot be written.")

    monkeypatch.setattr(writer, "flush", away)
    writer.offer([frame(100)])
    stop = Waits(3)
    writer.run(stop)
    assert stop.waited == [1.0, 1.0, 1.0]
    assert writer.error == "The present cannot be written."
    assert caplog.text.count("cannot be written") == 1


class Stored:
    """A store that knows these."""

    def __init__(self, *readings: Reading) -> None:
        self.readings = readings

    def latest_all(self):
        return iter(self.readings)


def test_a_rebuild_adds_what_only_the_store_knows_and_leaves_the_rest(
    writer: LatestWriter, reader: LatestReader, engine: Engine, catalogue: Catalogue, registry: Registry
) -> None:
    writer.offer([frame(100, temp=4.0)])
    writer.flush()
    door = Series.parse(KEY.replace("temp", "door"))
    store = Stored(Reading(Series.parse(KEY), 150, 9.0), Reading(door, 70, 1.0, Quality.SIM))
    LatestWriter(engine, catalogue, registry).rebuild(store)
    assert present(reader) == {"temp": (100, 4.0, "good"), "door": (70, 1.0, "sim")}


def test_a_rebuild_takes_nothing_of_the_census_from_the_store(writer: LatestWriter, reader: LatestReader) -> None:
    sums = Series.of("pt.inpatient", facility="bv01", source="census")
    ward = Series.of("pt.inpatient", facility="bv01", site="cs1", source="census", ward="icu")
    writer.rebuild(Stored(Reading(sums, 150, 9.0), Reading(ward, 150, 9.0)))
    assert reader.since(0)[0] == []


def test_a_rebuild_gives_rows_the_age_that_the_registry_allows_now(
    writer: LatestWriter, reader: LatestReader, engine: Engine
) -> None:
    writer.offer([frame(100, temp=4.0, door=1.0)])
    writer.flush()
    with writing(engine) as connection:
        connection.execute(update(latest).where(latest.c.key == KEY).values(max_age_ns=1))
    _, before = reader.since(0)
    writer.rebuild(Stored())
    rows, _ = reader.since(before)
    assert [(row.key, row.max_age_ns, row.as_of_ns) for row in rows] == [(KEY, MINUTE, 100)]


def test_a_rebuild_without_anything_to_do_changes_nothing(writer: LatestWriter, reader: LatestReader) -> None:
    writer.offer([frame(100)])
    writer.flush()
    _, before = reader.since(0)
    writer.rebuild(Stored())
    assert reader.since(before) == ([], before)


@pytest.mark.parametrize(
    ("key", "age"),
    [
        ("fridge.door,device=tl-01,facility=bv01,site=cs1,source=mqtt", 2 * MINUTE),
        ("fridge.door,device=tl-02,facility=bv01,site=cs1,source=mqtt", 10 * MINUTE),
        ("fridge.temp,device=tl-99,facility=bv01,site=cs1,source=mqtt", 10 * MINUTE),
        ("gone.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt", 5 * MINUTE),
    ],
)
def test_the_age_is_the_registrys_then_the_catalogues(writer: LatestWriter, key: str, age: int) -> None:
    assert writer._max_age_ns(Series.parse(key)) == age


def test_the_counter_has_one_row_however_many_writers_there_are(
    engine: Engine, catalogue: Catalogue, registry: Registry
) -> None:
    for _ in range(3):
        LatestWriter(engine, catalogue, registry)
    with engine.connect() as connection:
        assert connection.execute(latest_counter.select()).all() == [(1, 0)]
