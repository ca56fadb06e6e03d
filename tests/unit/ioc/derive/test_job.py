"""The minute's job: from the store's values to derived frames in the store and in the present."""

import pytest

from ioc.catalogue import Adds, Catalogue, Kind, Metric, Text
from ioc.derive import derive_all
from ioc.domain import MINUTE, Quality, VirtualClock, parse_rfc3339
from ioc.registry import Device, Registry, Stand
from ioc.timeseries import MemoryStore

NOW = parse_rfc3339("2026-11-23T08:00:00Z")
HOUR = 60 * MINUTE
NAME = Text("", "")


def metric(code: str, max_age_ns: int) -> Metric:
    return Metric(code, NAME, NAME, "1", Kind.GAUGE, (), Adds.MEAN, Adds.MEAN, max_age_ns)


CATALOGUE = Catalogue({m.code: m for m in [metric("o2.stock", 5 * MINUTE), metric("fridge.temp", 10 * MINUTE)]})


def device(code: str, class_: str, derived: tuple[str, ...], **more) -> Device:
    stands = (Stand("kho", 0),)
    return Device(code, "bv01", NAME, class_, ("temp",), MINUTE, stands, derived=derived, **more)


REGISTRY = Registry(
    {},
    {},
    {
        ("bv01", d.code): d
        for d in [
            device("bon-1", "o2", ("burn", "tte")),
            device("gian-1", "o2", ("burn",)),
            device("khac", "o2", ()),
            device("tl-1", "fridge", ("breach",), low=2.0, high=8.0),
        ]
    },
)


class Present:
    def __init__(self) -> None:
        self.frames: list = []
        self.flushed = 0

    def offer(self, frames) -> None:
        self.frames += frames

    def flush(self) -> None:
        self.flushed += 1


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(VirtualClock(NOW))


def write(store, class_, field, code, points, *, quality="good", source="mqtt", facility="bv01") -> None:
    prefix = f"{class_},device={code},facility={facility},site=cs1,source={source}"
    store.write_lines([f'{prefix} {field}={value},quality="{quality}" {t}' for t, value in points])


def fall(rate: float, end: int = NOW) -> list[tuple[int, float]]:
    return [(end - n * MINUTE, 480.0 + rate * n / 60) for n in range(360)]


def derived(store, now: int = NOW) -> dict[str, tuple[dict, int, str]]:
    present = Present()
    count = derive_all(store, REGISTRY, CATALOGUE, present, now)
    assert count == len(present.frames)
    assert present.flushed == (count > 0)
    for frame in present.frames:
        for field, value in frame.fields.items():
            (series, points) = store.raw(frame.series(field).metric, dict(frame.series(field).tags), 0, now + 1)[0]
            assert series.tag("source") == "derive"
            assert points[-1] == (frame.time_ns, value, Quality(frame.quality))
    return {f.series("x").tag("device"): (f.fields, f.time_ns, f.quality) for f in present.frames}


def test_an_oxygen_tank_gets_its_consumption_and_how_long_it_lasts_as_of_its_newest_stock(store):
    write(store, "o2", "stock", "bon-1", fall(20, NOW - MINUTE), quality="sim")
    fields, as_of, quality = derived(store)["bon-1"]
    assert fields == {"burn": pytest.approx(20), "tte": pytest.approx(24)}
    assert as_of == NOW - MINUTE
    assert quality == "sim"


def test_only_what_the_registry_asks_for_is_derived(store):
    for code in ("gian-1", "khac", "unknown"):
        write(store, "o2", "stock", code, fall(20))
    write(store, "o2", "stock", "bon-1", fall(20), facility="bv99")
    assert {code: set(fields) for code, (fields, _, _) in derived(store).items()} == {"gian-1": {"burn"}}


def test_a_tank_that_is_not_used_burns_0_and_lasts_for_no_time_that_could_be_said(store):
    write(store, "o2", "stock", "bon-1", fall(0))
    assert derived(store)["bon-1"][0] == {"burn": 0.0}


def test_nothing_is_reckoned_anew_from_stale_values(store):
    write(store, "o2", "stock", "bon-1", fall(20))
    write(store, "fridge", "temp", "tl-1", [(NOW, 9.0)])
    assert set(derived(store, NOW + 15 * MINUTE)) == {"bon-1", "tl-1"}
    assert set(derived(store, NOW + 15 * MINUTE + 1)) == {"tl-1"}
    assert derived(store, NOW + 30 * MINUTE + 1) == {}


def test_of_two_sources_the_one_that_spoke_last_counts(store):
    write(store, "o2", "stock", "bon-1", fall(20), source="a")
    write(store, "o2", "stock", "bon-1", fall(40, NOW - 2 * MINUTE), source="b")
    assert derived(store)["bon-1"][0]["burn"] == pytest.approx(20)


def test_a_refrigerator_outside_its_own_range_gets_the_minutes_since_then(store):
    write(store, "fridge", "temp", "tl-1", [(NOW - 10 * MINUTE, 5.0), (NOW - 5 * MINUTE, 8.5), (NOW - MINUTE, 9.0)])
    assert derived(store)["tl-1"] == ({"breach": 4.0}, NOW - MINUTE, "good")
    write(store, "fridge", "temp", "tl-1", [(NOW, 8.0)])
    assert derived(store)["tl-1"] == ({"breach": 0.0}, NOW, "good")


def test_a_long_breach_is_reckoned_from_its_beginning(store):
    write(store, "fridge", "temp", "tl-1", [(NOW - n * MINUTE, 9.0) for n in range(3000)])
    write(store, "fridge", "temp", "tl-1", [(NOW - 3000 * MINUTE, 5.0)])
    assert derived(store)["tl-1"][0] == {"breach": 2999.0}


def test_nothing_to_derive_writes_nothing(store):
    assert derived(store) == {}


def test_a_value_beyond_numbers_is_left_out(store):
    write(store, "o2", "stock", "bon-1", [(NOW - n * MINUTE, 1e308 if n else -1e308) for n in range(60)])
    assert derived(store) == {}
