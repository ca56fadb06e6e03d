from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ioc.catalogue import Adds, Catalogue, Kind, Metric, Text
from ioc.database import make_engine, metadata
from ioc.domain import MINUTE, SECOND, VirtualClock, parse_rfc3339
from ioc.latest import Book, LatestReader, LatestWriter
from ioc.registry import Device, Facility, Place, Registry, Site, Stand

NOW = parse_rfc3339("2026-11-23T01:00:00Z")


def metric(code: str, unit: str, max_age_ns: int) -> Metric:
    text = Text(code, code)
    tags = ("device", "facility", "site")
    return Metric(code, text, text, unit, Kind.GAUGE, tags, Adds.MEAN, Adds.NEVER, max_age_ns, producers=("mqtt",))


def device(facility: str, code: str, **ages: int) -> Device:
    stand = (Stand("kho", 0),)
    return Device(code, facility, Text(code, code), "fridge", tuple(ages), 20 * SECOND, stand, max_age_ns=ages)


@pytest.fixture
def catalogue() -> Catalogue:
    metrics = [metric("fridge.temp", "Cel", 10 * MINUTE), metric("fridge.door", "1", 10 * MINUTE)]
    return Catalogue({it.code: it for it in metrics})


@pytest.fixture
def registry() -> Registry:
    facilities = {
        code: Facility(code, Text(code, code), Text(code, code), "p", "2", {"cs1": Site("cs1", Text("", ""))}, places)
        for code in ("bv01", "bv02")
        for places in [{"kho": Place("kho", Text("", ""), "area", "cs1")}]
    }
    devices = [
        device("bv01", "tl-01", temp=MINUTE, door=2 * MINUTE),
        device("bv01", "tl-02", temp=MINUTE),
        device("bv02", "tl-01", temp=MINUTE),
    ]
    return Registry({}, facilities, {(it.facility, it.code): it for it in devices})


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path}/ioc.sqlite")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine, catalogue: Catalogue, registry: Registry) -> LatestWriter:
    return LatestWriter(engine, catalogue, registry)


@pytest.fixture
def reader(engine: Engine) -> LatestReader:
    return LatestReader(engine)


@pytest.fixture
def book(reader: LatestReader, registry: Registry, catalogue: Catalogue, clock: VirtualClock) -> Book:
    return Book(reader, registry, catalogue, clock)
