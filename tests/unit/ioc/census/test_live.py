import sqlite3
import threading
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from ioc.catalogue import Text
from ioc.census.live import Publisher
from ioc.census.model import Census, Feed, WardNow
from ioc.domain import MILLISECOND, SECOND, Frame, Quality, State, VirtualClock, parse_rfc3339
from ioc.registry import Facility, Registry, Site

NOW = parse_rfc3339("2026-11-23T01:00:00Z")
ICU = "facility=bv01,site=cs1,source=census,ward=icu"


class Reader:
    """A census that is told what it is; remembers what it was asked."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.found: dict[str, Feed] = {}
        self.wards: dict[str, dict[str, int]] = {}
        self.asked: list[str] = []
        self.away: Exception | None = None
        self.broken: set[str] = set()

    def feeds(self) -> dict[str, Feed]:
        if self.away:
            raise self.away
        return dict(self.found)

    def at(self, facility: str, at_ns: int, now_ns: int) -> Census:
        assert at_ns == now_ns == self.clock.now_ns()
        self.asked.append(facility)
        if facility in self.broken:
            raise KeyError(facility)
        feed = self.found[facility]
        wards = tuple(WardNow(code, "cs1", patients=n) for code, n in self.wards[facility].items())
        return Census(facility, at_ns, feed.as_of_ns, State.FRESH, wards=wards)

    def hear(self, facility: str = "bv01", quality: Quality = Quality.GOOD, **wards: int) -> None:
        """A message that changes the patients of these wards, or changes nothing."""
        now_ns = self.clock.now_ns()
        before = self.found.get(facility)
        changed = (before.changed if before else 0) + bool(wards)
        self.found[facility] = Feed(facility, "his", now_ns, now_ns, now_ns, quality, changed)
        self.wards.setdefault(facility, {}).update(wards)


class Told(list[Frame]):
    """Frames as the present is offered them."""

    def take(self) -> dict[str, tuple[float, int]]:
        """Patients by ward with their time, of what was told since the last call."""
        found = {
            it.prefix.rpartition("ward=")[2]: (it.fields["inpatient"], it.time_ns - NOW)
            for it in self
            if it.prefix.startswith("pt,")
        }
        self.clear()
        return found


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def reader(clock: VirtualClock) -> Reader:
    return Reader(clock)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def registry() -> Registry:
    text = Text("", "")
    its = [Facility(code, text, text, "p", "basic", {"cs1": Site("cs1", text)}, {}) for code in ("bv01", "bv02")]
    return Registry({}, {it.code: it for it in its}, {})


@pytest.fixture
def publisher(reader: Reader, registry: Registry, told: Told, clock: VirtualClock) -> Publisher:
    return Publisher(reader, registry, told.extend, clock=clock)


def test_at_the_start_every_facility_that_was_heard_of_is_told(
    publisher: Publisher, reader: Reader, told: Told
) -> None:
    reader.hear("bv01", icu=3)
    reader.hear("bv02", Quality.SIM, noi=5)
    publisher.look()
    assert {(it.prefix.partition(",")[0], it.quality) for it in told} == {
        ("bed", "good"),
        ("pt", "good"),
        ("bed", "sim"),
        ("pt", "sim"),
    }
    assert told.take() == {"icu": (3.0, 0), "noi": (5.0, 0)}


def test_a_facility_that_the_registry_lost_is_not_told(publisher: Publisher, reader: Reader, told: Told) -> None:
    reader.hear("gone", icu=3)
    publisher.look()
    assert told == []


def test_a_change_is_told_at_once_and_only_where_it_is(
    publisher: Publisher, reader: Reader, told: Told, clock: VirtualClock
) -> None:
    reader.hear("bv01", icu=3, noi=5)
    reader.hear("bv02", san=1)
    publisher.look()
    told.take()
    reader.asked.clear()
    clock.advance(50 * MILLISECOND)
    reader.hear("bv01", icu=4)
    publisher.look()
    assert told.take() == {"icu": (4.0, 50 * MILLISECOND)}
    assert reader.asked == ["bv01"]


def test_a_number_says_the_time_of_its_feed_and_when_it_was_told(
    publisher: Publisher, reader: Reader, told: Told, clock: VirtualClock
) -> None:
    reader.hear(icu=3)
    clock.advance(3600 * SECOND)
    publisher.look()
    assert {(it.time_ns, it.received_ns) for it in told} == {(NOW, NOW + 3600 * SECOND)}


def test_the_same_numbers_with_a_newer_time_are_told_once_a_second_and_not_reckoned_again(
    publisher: Publisher, reader: Reader, told: Told, clock: VirtualClock
) -> None:
    reader.hear(icu=3)
    publisher.look()
    told.take()
    times = []
    for _ in range(25):
        clock.advance(100 * MILLISECOND)
        reader.hear()
        publisher.look()
        times += [at for _, at in told.take().values()]
    assert times == [SECOND, 2 * SECOND]
    assert publisher.look() == 1.0
    assert reader.asked == ["bv01"]
    clock.advance(SECOND)
    assert publisher.look() == 10.0
    assert told.take() == {"icu": (3.0, 2500 * MILLISECOND)}


def test_what_the_clock_alone_changes_is_told_within_ten_seconds(
    publisher: Publisher, reader: Reader, told: Told, clock: VirtualClock
) -> None:
    reader.hear(icu=3)
    publisher.look()
    told.take()
    reader.wards["bv01"]["icu"] = 2  # as when a bed becomes clean: no message said so
    clock.advance(9 * SECOND)
    publisher.look()
    assert told.take() == {}
    clock.advance(SECOND)
    publisher.look()
    assert told.take() == {"icu": (2.0, 0)}


def test_a_clock_that_is_set_back_holds_nothing_back(
    publisher: Publisher, reader: Reader, told: Told, clock: VirtualClock
) -> None:
    reader.hear(icu=3)
    publisher.look()
    told.take()
    clock.advance(-3600 * SECOND)
    reader.wards["bv01"]["icu"] = 2
    publisher.look()
    assert [number for number, _ in told.take().values()] == [2.0]


def test_a_ward_that_nobody_speaks_of_any_more_goes_on_as_zeros(
    reader: Reader, registry: Registry, told: Told, clock: VirtualClock
) -> None:
    publisher = Publisher(
        reader, registry, told.extend, [f"pt.inpatient,{ICU}", "fridge.temp,device=a,facility=bv01"], clock
    )
    reader.hear(noi=5, n0i=1)
    publisher.look()
    assert told.take() == {"icu": (0.0, 0), "noi": (5.0, 0), "n0i": (1.0, 0)}
    del reader.wards["bv01"]["n0i"]
    clock.advance(2 * SECOND)
    reader.hear(noi=6)
    publisher.look()
    assert told.take() == {ward: (n, 2 * SECOND) for ward, n in {"icu": 0.0, "noi": 6.0, "n0i": 0.0}.items()}


def test_another_quality_is_told_with_the_same_numbers(
    publisher: Publisher, reader: Reader, told: Told, clock: VirtualClock
) -> None:
    reader.hear(icu=3)
    publisher.look()
    told.take()
    clock.advance(2 * SECOND)
    reader.found["bv01"] = replace(reader.found["bv01"], quality=Quality.TEST)
    publisher.look()
    assert {it.quality for it in told} == {"test"}


def test_a_facility_that_cannot_be_reckoned_keeps_no_other_from_being_told(
    publisher: Publisher, reader: Reader, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    reader.hear("bv01", icu=3)
    reader.hear("bv02", noi=5)
    reader.broken = {"bv01"}
    publisher.look()
    publisher.look()
    assert told.take() == {"noi": (5.0, 0)}
    assert publisher.error == "The census of bv01 cannot be reckoned."
    assert caplog.text.count("the others go on") == 1
    reader.broken.clear()
    publisher.look()
    assert told.take() == {"icu": (3.0, 0)}
    assert publisher.error == ""


class Waits(threading.Event):
    """A stop that is set after so many waits, none of which lasts."""

    def __init__(self, ends_after: int) -> None:
        super().__init__()
        self.waited: list[float] = []
        self.ends_after = ends_after

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        if len(self.waited) >= self.ends_after:
            self.set()
        return self.is_set()


def test_while_the_database_cannot_be_read_it_says_so_once_and_tries_again(
    publisher: Publisher, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    reader.away = OperationalError("select", {}, sqlite3.OperationalError("database is locked"))
    stop = Waits(3)
    publisher.run(stop)
    assert stop.waited == [1.0, 1.0, 1.0]
    assert publisher.error == "The census cannot be read from the database: database is locked."
    assert caplog.text.count("cannot be read") == 1


def test_it_looks_as_soon_as_facts_were_kept(publisher: Publisher, reader: Reader) -> None:
    heard = threading.Event()
    stop = threading.Event()
    publisher._offer = lambda frames: heard.set()
    thread = threading.Thread(target=publisher.run, args=(stop,))
    thread.start()
    reader.hear(icu=3)
    publisher.changed()
    assert heard.wait(5)
    stop.set()
    publisher.changed()
    thread.join(5)
    assert not thread.is_alive()
