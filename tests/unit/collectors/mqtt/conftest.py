"""A small hospital: two facilities, one refrigerator that the registry knows, one catalogue of a few metrics."""

import pytest

from collectors.mqtt.decode import Decoder
from ioc.catalogue import Adds, Catalogue, Kind, Metric, StateName, Text
from ioc.domain import MINUTE, parse_rfc3339
from ioc.registry import Device, Facility, Place, Registry, Site, Stand

NOW = parse_rfc3339("2026-11-23T08:00:00Z")
TOPIC = "ioc/v1/bv01/kho/fridge/tl-01/tele"
TEXT = Text("x", "x")


def metric(code: str, unit: str, states: int = 0, producer: str = "mqtt") -> Metric:
    names = tuple(StateName(str(number), TEXT) for number in range(states))
    kind = Kind.STATE if states else Kind.GAUGE
    return Metric(code, TEXT, TEXT, unit, kind, (), Adds.MEAN, Adds.NEVER, MINUTE, states=names, producers=(producer,))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    entries = [
        metric("fridge.temp", "Cel"),
        metric("fridge.humidity", "%"),
        metric("fridge.door", "1", states=2),
        metric("fridge.breach", "min", producer="derive"),
        metric("ups.status", "1", states=5),
    ]
    return Catalogue({entry.code: entry for entry in entries})


def facility(code: str, sites: tuple[str, ...], places: dict[str, str]) -> Facility:
    made = {area: Place(area, TEXT, "area", site) for area, site in places.items()}
    return Facility(code, TEXT, TEXT, "province", "basic", {site: Site(site, TEXT) for site in sites}, made)


@pytest.fixture(scope="session")
def registry() -> Registry:
    facilities = {
        "bv01": facility("bv01", ("cs1",), {"kho": "cs1"}),
        "bv02": facility("bv02", ("cs1", "cs2"), {"kho": "cs1", "icu-2": "cs2"}),
    }
    devices = {("bv02", "tl-07"): Device("tl-07", "bv02", TEXT, "fridge", ("temp",), MINUTE, (Stand("icu-2", 0),))}
    devices["bv01", "tl-01"] = Device("tl-01", "bv01", TEXT, "fridge", ("temp",), MINUTE, (Stand("kho", 0),))
    return Registry({"province": TEXT}, facilities, devices)


@pytest.fixture
def decoder(catalogue: Catalogue, registry: Registry) -> Decoder:
    return Decoder("mqtt", catalogue, registry, max_payload=10_000, keep_days=30)
