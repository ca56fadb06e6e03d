"""A register on an empty database, and a registry with one facility of two sites."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ioc.assets import AssetRegister
from ioc.catalogue import Text
from ioc.database import make_engine, metadata
from ioc.domain import SECOND, VirtualClock
from ioc.registry import Device, Facility, Place, Registry, Site, Stand

NOW = 1_800_000_000 * SECOND


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
def register(engine: Engine, clock: VirtualClock) -> AssetRegister:
    return AssetRegister(engine, clock)


def text(word: str) -> Text:
    return Text(word, word)


@pytest.fixture
def registry() -> Registry:
    places = [
        Place("khoa-noi", text("Khoa Nội"), "department", "cs1", "khoa-noi"),
        Place("khoa-san", text("Khoa Sản"), "department", "cs2", "khoa-san"),
        Place("phong-cntt", text("Phòng CNTT"), "department", "cs1", "phong-cntt"),
        Place("phong-may", text("Phòng máy"), "room", "cs1", "phong-cntt", parent="phong-cntt"),
    ]
    sites = {code: Site(code, text(code)) for code in ("cs1", "cs2")}
    named = {place.code: place for place in places}
    bv01 = Facility("bv01", text("BV"), text("BV"), "p", "basic", sites, named)
    bv02 = Facility("bv02", text("BV2"), text("BV2"), "p", "basic", {"cs1": sites["cs1"]}, {})
    climate = Device("mt-may", "bv01", text("Môi trường"), "room", ("temp",), SECOND, (Stand("phong-may", 0),))
    return Registry({"p": text("P")}, {"bv01": bv01, "bv02": bv02}, {("bv01", "mt-may"): climate})
