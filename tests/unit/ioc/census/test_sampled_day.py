"""Ledger, reader and sampler together: what is stored of a minute is what the census says of it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select

from ioc.catalogue import Catalogue
from ioc.census import Sampler
from ioc.census.numbers import FIELDS, Numbers, numbers_of, prefix_of
from ioc.census.tables import sampled
from ioc.database import reading
from ioc.domain import MINUTE, BedStatus, FactKind, VisitClass
from ioc.timeseries import DAY, MemoryStore
from tests.unit.ioc.census.scene import CC1, ICU1, NOI1, NOI2, NOI3, Scene, hours

IN = VisitClass.INPATIENT


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def scene(engine: Engine) -> Scene:
    """A morning, told as it happened."""
    scene = Scene(engine)
    scene.say(FactKind.ADMITTED, 8.0, "a", NOI1, visit_class=IN)
    scene.say(FactKind.ADMITTED, 8.01, "b", NOI1, visit_class=IN)
    scene.status(8.1, NOI3, BedStatus.CLOSED)
    scene.say(FactKind.REGISTERED, 8.2, "e", CC1, visit_class=VisitClass.EMERGENCY)
    scene.say(FactKind.TRANSFERRED, 8.35, "a", ICU1)
    scene.say(FactKind.DISCHARGED, 8.5, "b", NOI1)
    scene.say(FactKind.HEARD, 8.7)
    scene.say(FactKind.ADMITTED, 8.9, "c", NOI2, visit_class=IN)
    scene.say(FactKind.HEARD, 9.1)
    scene.say(FactKind.ADMIT_CANCELLED, 9.3, "c", NOI2)
    for clock in (9.5, 9.7, 9.9):
        scene.say(FactKind.HEARD, clock)
    return scene


@pytest.fixture
def sampler(engine: Engine, scene: Scene, store: MemoryStore) -> Sampler:
    return Sampler(engine, scene.reader, scene.registry, store, Catalogue({}), pause=lambda _seconds: None)


def minutes(first: float, last: float) -> Iterator[int]:
    return iter(range(hours(first), hours(last) + 1, MINUTE))


def stored(store: MemoryStore) -> dict[int, Numbers]:
    """By minute what the store has of wards and sites."""
    found: dict[int, Numbers] = {}
    for measurement, names in FIELDS.items():
        for name in names:
            for series, points in store.raw(f"{measurement}.{name}", {"site": ["cs1", "cs2"]}, 0, hours(24)):
                prefix = prefix_of(measurement, **dict(series.tags))
                for at_ns, value, _ in points:
                    found.setdefault(at_ns, {}).setdefault(prefix, {})[name] = value
    return found


def check(scene: Scene, store: MemoryStore, first: float, last: float) -> None:
    found = stored(store)
    assert sorted(found) == list(minutes(first, last))
    for minute in minutes(first, last):
        numbers = numbers_of(scene.reader.at("bv", minute, hours(last)))
        assert found[minute] == numbers, (minute - hours(0)) / (60 * MINUTE)


def test_every_minute_is_what_the_census_says_of_it(scene: Scene, sampler: Sampler, store: MemoryStore) -> None:
    assert sampler.run(hours(10)) == 121
    check(scene, store, 8, 10)


def test_what_comes_late_changes_the_minutes_since_it_happened(
    engine: Engine, scene: Scene, sampler: Sampler, store: MemoryStore
) -> None:
    sampler.run(hours(10))
    scene.say(FactKind.ADMITTED, 9.5, "d", NOI2, visit_class=IN, received_ns=hours(10.01))
    scene.say(FactKind.DISCHARGED, 9.25, "a", ICU1, received_ns=hours(10.02))
    with reading(engine) as connection:
        assert connection.execute(select(sampled.c.again_from_ns)).scalar_one() == hours(9.25)
    assert sampler.run(hours(10.05)) == 49
    check(scene, store, 8, 10.05)
    assert sampler.run(hours(10.05)) == 0


def test_a_message_that_changes_nothing_has_nothing_written_again(scene: Scene, sampler: Sampler) -> None:
    sampler.run(hours(10))
    scene.say(FactKind.HEARD, 10.01)
    assert sampler.run(hours(10.015)) == 0


def test_a_silence_leaves_a_hole_that_later_messages_do_not_fill(
    scene: Scene, sampler: Sampler, store: MemoryStore
) -> None:
    sampler.run(hours(10.5))
    scene.say(FactKind.ADMITTED, 12.0, "z", NOI3, visit_class=IN)
    sampler.run(hours(12.1))
    [(_, points)] = store.raw("pt.inpatient", {"ward": "NOI", "source": "census"}, 0, hours(13) + DAY)
    assert [round((at - hours(0)) / (60 * MINUTE), 2) for at, _, _ in points if at > hours(10)] == [
        *(round(10 + n / 60, 2) for n in range(1, 10)),
        12.0,
        *(round(12 + n / 60, 2) for n in range(1, 7)),
    ]
