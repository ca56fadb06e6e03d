"""The sampler against a census that is told what it is: which minutes are written, when, and once more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from ioc.catalogue import Catalogue, Text
from ioc.census.model import Census, Feed, WardNow
from ioc.census.sample import BACK_NS, LINES_AT_ONCE, Sampler
from ioc.census.tables import sampled
from ioc.database import make_engine, metadata, writing
from ioc.domain import MINUTE, SECOND, Quality, State, parse_rfc3339
from ioc.errors import RetryError
from ioc.registry import Facility, Registry, Site
from ioc.timeseries import ABSENT, DAY, MemoryStore, Retention, SqliteStore, Store

NOW = parse_rfc3339("2026-11-23T01:00:00Z")


class Past:
    """Patients by ward since a time, as ``History`` and ``CensusReader`` give them."""

    def __init__(self) -> None:
        self.found: dict[str, Feed] = {}
        self.steps: dict[str, list[tuple[int, dict[str, int]]]] = {}
        self.silences: list[tuple[int, int]] = []
        self.reckoned: list[int] = []
        self.on_history = lambda: None

    def hear(self, facility: str, at_ns: int, quality: Quality = Quality.GOOD, **wards: int) -> None:
        before = self.found.get(facility)
        first_ns = before.first_ns if before else at_ns
        self.found[facility] = Feed(facility, "his", first_ns, at_ns, at_ns, quality, 0)
        self.happened(facility, at_ns, **wards)

    def happened(self, facility: str, at_ns: int, **wards: int) -> None:
        self.steps.setdefault(facility, []).append((at_ns, wards))
        self.steps[facility].sort(key=lambda step: step[0])

    def feeds(self) -> dict[str, Feed]:
        return dict(self.found)

    def history(self, facility: str, from_ns: int, to_ns: int, now_ns: int) -> "Span":
        assert from_ns % MINUTE == to_ns % MINUTE == 0
        assert from_ns <= to_ns <= now_ns
        self.on_history()
        return Span(self, facility)


class Span:
    def __init__(self, past: Past, facility: str) -> None:
        self.past = past
        self.facility = facility
        self.gaps = tuple(past.silences)
        self.steps = list(past.steps[facility])

    def changes(self) -> list[int]:
        return [at for at, _ in self.steps]

    def at(self, at_ns: int) -> Census:
        self.past.reckoned.append(at_ns)
        wards: dict[str, int] = {}
        for at, its in self.steps:
            wards |= its if at <= at_ns else {}
        found = tuple(WardNow(code, "cs1", patients=n, staffed=10) for code, n in wards.items())
        return Census(self.facility, at_ns, at_ns, State.FRESH, wards=found, emergency_by_site={"cs1": (2, 1)})


def facility(code: str, **more) -> Facility:
    text = Text(code, code)
    return Facility(code, text, text, "bac-ninh", "basic", {"cs1": Site("cs1", text)}, {}, **more)


@pytest.fixture
def registry() -> Registry:
    its = [facility("bv01"), facility("bv02"), facility("bv03"), facility("bv-mau", test=True)]
    return Registry({"bac-ninh": Text("Bắc Ninh", "Bắc Ninh"), "x": Text("x", "x")}, {it.code: it for it in its}, {})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path}/ioc.sqlite")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def past() -> Past:
    return Past()


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "t.sqlite")
    yield made
    made.close()


@pytest.fixture
def sampler(engine: Engine, past: Past, registry: Registry, store: Store) -> Sampler:
    return Sampler(engine, past, registry, store, Catalogue({}), pause=lambda _seconds: None)


def line(store: Store, metric: str = "pt.inpatient", **where: str) -> dict[int, float]:
    """What is stored of one series, by minutes from now."""
    found = store.raw(metric, {"source": "census"} | where, 0, NOW + DAY)
    assert len(found) <= 1
    return {(at - NOW) // MINUTE: value for _, points in found for at, value, _ in points}


def ward(store: Store, code: str = "icu", facility: str = "bv01") -> dict[int, float]:
    return line(store, facility=facility, ward=code)


def whole(store: Store, facility: str = "bv01", metric: str = "pt.inpatient") -> dict[int, float]:
    return line(store, metric, facility=facility, site=ABSENT)


def province(store: Store, metric: str = "pt.inpatient", code: str = "bac-ninh") -> dict[int, float]:
    return line(store, metric, province=code)


def test_whole_minutes_are_written_from_the_first_that_was_heard_to_now(
    sampler: Sampler, past: Past, store: Store
) -> None:
    past.hear("bv01", NOW - 3 * MINUTE + SECOND, icu=3)
    past.hear("bv01", NOW - MINUTE, icu=4, noi=6)
    assert sampler.run(NOW + 30 * SECOND) == 3
    assert ward(store) == {-2: 3.0, -1: 4.0, 0: 4.0}
    assert ward(store, "noi") == {-1: 6.0, 0: 6.0}
    assert sampler.run(NOW + 59 * SECOND) == 0
    assert sampler.run(NOW + 60 * SECOND) == 1
    assert ward(store) == {-2: 3.0, -1: 4.0, 0: 4.0, 1: 4.0}


def test_a_facility_and_a_province_are_added_up_minute_by_minute(sampler: Sampler, past: Past, store: Store) -> None:
    past.hear("bv01", NOW - 2 * MINUTE + 1, icu=3, noi=6)
    past.hear("bv02", NOW - MINUTE + 1, Quality.SIM, san=5)
    past.hear("bv-mau", NOW - MINUTE + 1, NOI=100)
    sampler.run(NOW)
    assert whole(store) == {-1: 9.0, 0: 9.0}
    assert whole(store, metric="bed.staffed") == {-1: 20.0, 0: 20.0}
    assert whole(store, metric="ed.arr") == {-1: 1.0, 0: 1.0}
    assert whole(store, "bv-mau") == {0: 100.0}  # reachable, and in no total
    assert province(store) == {-1: 9.0, 0: 14.0}
    assert province(store, "it.reporting") == {-1: 1.0, 0: 2.0}
    assert province(store, "it.connected") == {-1: 2.0, 0: 2.0}
    assert province(store, code="x") == {}
    [(_, points)] = store.raw("pt.inpatient", {"province": "bac-ninh"}, 0, NOW + 1)
    assert [quality for _, _, quality in points] == [Quality.GOOD, Quality.SIM]


def test_sampling_stops_while_the_feed_is_stale_and_the_province_says_so(
    sampler: Sampler, past: Past, store: Store
) -> None:
    past.hear("bv01", NOW - 20 * MINUTE, icu=3)
    past.hear("bv02", NOW, san=5)
    sampler.run(NOW)
    assert max(ward(store)) == -5  # three times the age it may have
    for minute in (1, 2):
        past.hear("bv02", NOW + minute * MINUTE)
        sampler.run(NOW + minute * MINUTE)
    assert province(store) == dict.fromkeys(range(-20, -4), 3.0) | {0: 5.0, 1: 5.0, 2: 5.0}
    assert province(store, "it.reporting")[2] == 1.0
    sampler.run(NOW + 40 * MINUTE)
    assert province(store, "it.reporting")[40] == 0.0
    assert 40 not in province(store)


def test_minutes_of_which_nothing_is_known_stay_empty(sampler: Sampler, past: Past, store: Store) -> None:
    past.hear("bv01", NOW - 60 * MINUTE, icu=3)
    past.hear("bv01", NOW - MINUTE, icu=4)
    past.silences = [(NOW - 45 * MINUTE, NOW - MINUTE)]
    sampler.run(NOW)
    assert sorted(ward(store)) == [*range(-60, -44), -1, 0]


def test_what_came_late_is_written_again_from_the_minute_it_happened(
    sampler: Sampler, past: Past, store: Store, engine: Engine
) -> None:
    past.hear("bv01", NOW - 10 * MINUTE + 1, icu=3)
    past.hear("bv01", NOW)
    sampler.run(NOW)
    past.happened("bv01", NOW - 4 * MINUTE, icu=8)
    with writing(engine) as connection:
        connection.execute(update(sampled).values(again_from_ns=NOW - 4 * MINUTE))
    past.reckoned.clear()
    assert sampler.run(NOW) == 5
    assert min(past.reckoned) == NOW - 4 * MINUTE
    assert [ward(store)[n] for n in (-5, -4, 0)] == [3.0, 8.0, 8.0]
    assert [province(store)[n] for n in (-5, -4, 0)] == [3.0, 8.0, 8.0]
    assert sampler.run(NOW) == 0


def test_no_minute_older_than_two_days_is_written(sampler: Sampler, past: Past, store: Store, engine: Engine) -> None:
    past.hear("bv01", NOW - 5 * DAY, icu=3)
    past.hear("bv01", NOW)
    while sampler.run(NOW):
        pass
    assert min(ward(store)) == -BACK_NS // MINUTE
    with writing(engine) as connection:
        connection.execute(update(sampled).values(again_from_ns=NOW - 4 * DAY))
    past.reckoned.clear()
    sampler.run(NOW)
    assert min(past.reckoned) == NOW - BACK_NS


def test_after_a_long_pause_it_catches_up_in_bounded_steps_and_misses_nothing(
    sampler: Sampler, past: Past, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ioc.census.sample.AT_ONCE", 200)
    for code in ("bv01", "bv02"):
        past.hear(code, NOW - DAY, icu=3)
        past.hear(code, NOW)
    runs = []
    while done := sampler.run(NOW):
        runs.append(done)
    assert max(runs) <= 200
    assert len(ward(store)) == len(ward(store, facility="bv02")) == len(province(store)) == DAY // MINUTE + 1
    assert set(province(store, "it.reporting").values()) == {2.0}


def test_the_newest_minutes_come_first_and_the_oldest_in_their_order(
    sampler: Sampler, past: Past, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ioc.census.sample.AT_ONCE", 100)
    past.hear("bv01", NOW - 299 * MINUTE, icu=3)
    past.hear("bv01", NOW)
    sampler.run(NOW)
    assert sorted(ward(store)) == list(range(-99, 1))
    past.hear("bv01", NOW + MINUTE, icu=4)
    sampler.run(NOW + MINUTE)
    assert sorted(ward(store)) == [*range(-299, -200), *range(-99, 2)]
    while sampler.run(NOW + MINUTE):
        pass
    assert ward(store) == dict.fromkeys(range(-299, 1), 3.0) | {1: 4.0}
    assert sorted(province(store)) == sorted(ward(store))


def test_much_is_written_in_short_transactions_with_pauses_for_the_others(
    engine: Engine, past: Past, registry: Registry, store: Store
) -> None:
    paused: list[float] = []
    past.hear("bv01", NOW - 299 * MINUTE, icu=3)
    past.hear("bv01", NOW)
    sampler = Sampler(engine, past, registry, store, Catalogue({}), pause=paused.append)
    written: list[int] = []
    write_lines = store.write_lines
    store.write_lines = lambda lines: (written.append(len(lines)), write_lines(lines))[1]
    sampler.run(NOW)
    assert max(written) <= LINES_AT_ONCE
    assert sum(written) == 300 * (3 + 3 + 4)  # a ward with its site, the facility, the province
    assert len(paused) == sum(number > LINES_AT_ONCE // 2 for number in written) >= 2
    assert min(paused) >= 0.1
    paused.clear()
    past.hear("bv01", NOW + MINUTE)
    sampler.run(NOW + MINUTE)
    assert paused == []


def test_a_facility_that_has_much_to_catch_up_takes_what_the_others_leave(
    sampler: Sampler, past: Past, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ioc.census.sample.AT_ONCE", 300)
    past.hear("bv01", NOW - DAY, icu=3)
    past.hear("bv01", NOW)
    past.hear("bv02", NOW - MINUTE, san=5)
    assert sampler.run(NOW) == 300
    assert ward(store, "san", "bv02") == {-1: 5.0, 0: 5.0}
    assert len(ward(store)) == 298


def test_late_facts_of_long_ago_are_written_in_steps_too(
    sampler: Sampler, past: Past, store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    past.hear("bv01", NOW - 300 * MINUTE, icu=3)
    past.hear("bv01", NOW)
    sampler.run(NOW)
    past.happened("bv01", NOW - 290 * MINUTE, icu=8)
    with writing(engine) as connection:
        connection.execute(update(sampled).values(again_from_ns=NOW - 290 * MINUTE))
    monkeypatch.setattr("ioc.census.sample.AT_ONCE", 100)
    assert [sampler.run(NOW) for _ in range(4)] == [100, 100, 91, 0]
    assert [value for n, value in ward(store).items() if n >= -290] == [8.0] * 291


def test_a_fact_that_comes_while_its_minute_is_written_has_it_written_again(
    sampler: Sampler, past: Past, store: Store, engine: Engine
) -> None:
    past.hear("bv01", NOW - MINUTE + 1, icu=3)

    def late() -> None:  # as the ledger does, from the moment that the minutes are claimed
        past.on_history = lambda: None
        with writing(engine) as connection:
            [row] = connection.execute(select(sampled))
            assert row.to_ns == NOW
            connection.execute(update(sampled).values(again_from_ns=NOW))

    past.on_history = late
    sampler.run(NOW)
    past.happened("bv01", NOW, icu=7)
    assert ward(store) == {0: 3.0}
    assert sampler.run(NOW + SECOND) == 1
    assert ward(store) == {0: 7.0}


def test_minutes_that_could_not_be_stored_are_written_by_the_next_run(
    sampler: Sampler, past: Past, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    past.hear("bv01", NOW - 3 * MINUTE + 1, icu=3)

    def away(_lines: object) -> None:
        raise RetryError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_lines", away)
        with pytest.raises(RetryError):
            sampler.run(NOW)
    past.hear("bv01", NOW + MINUTE)
    assert sampler.run(NOW + MINUTE) == 4
    assert sorted(ward(store)) == [-2, -1, 0, 1]
    assert sorted(province(store)) == [-2, -1, 0, 1]


def test_writing_the_same_minutes_twice_changes_nothing(
    sampler: Sampler, past: Past, store: Store, engine: Engine, registry: Registry
) -> None:
    past.hear("bv01", NOW - 30 * MINUTE, icu=3)
    past.hear("bv01", NOW - 10 * MINUTE, icu=5)
    sampler.run(NOW)

    def everything() -> list:
        metrics = ("pt.inpatient", "bed.staffed", "ed.census", "it.reporting", "it.connected")
        return [store.raw(metric, None, 0, NOW + DAY) for metric in metrics]

    before = everything()
    with writing(engine) as connection:
        connection.execute(sampled.delete())
    Sampler(engine, past, registry, store, Catalogue({}), pause=lambda _seconds: None).run(NOW)
    assert everything() == before


def test_between_two_changes_nothing_is_reckoned(sampler: Sampler, past: Past, store: Store) -> None:
    past.hear("bv01", NOW - 100 * MINUTE, icu=3)
    past.hear("bv01", NOW - 40 * MINUTE - SECOND, icu=5)
    past.hear("bv01", NOW)
    sampler.run(NOW)
    assert len(ward(store)) == 101
    assert [(at - NOW) // MINUTE for at in past.reckoned] == [-100, -40, 0]


def test_what_is_older_than_the_store_keeps_does_not_hold_up_the_rest(
    engine: Engine, past: Past, registry: Registry, tmp_path: Path
) -> None:
    store = SqliteStore(tmp_path / "short.sqlite", retention=Retention(raw_ns=DAY))
    store.write_lines([f"x a=1.0 {NOW}"])
    store.retain(NOW)
    past.hear("bv01", NOW - 2 * DAY, icu=3)
    past.hear("bv01", NOW)
    sampler = Sampler(engine, past, registry, store, Catalogue({}), pause=lambda _seconds: None)
    while sampler.run(NOW):
        pass
    assert min(ward(store)) == -DAY // MINUTE
    assert max(ward(store)) == 0
    store.close()


def test_a_facility_that_the_registry_lost_is_left_out(sampler: Sampler, past: Past) -> None:
    past.hear("gone", NOW - MINUTE, icu=3)
    assert sampler.run(NOW) == 0
