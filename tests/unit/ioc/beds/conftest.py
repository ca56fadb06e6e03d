"""A register on an empty database, and a registry with one facility of two sites."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from ioc.beds import BedRegister
from ioc.catalogue import Text
from ioc.database import make_engine, metadata
from ioc.domain import SECOND, VirtualClock
from ioc.registry import Facility, Place, Registry, Site

NOW = 1_800_000_000 * SECOND


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = make_engine(f"sqlite:///{tmp_path}/ioc.sqlite")
    metadata.create_all(engine)
    return engine


@pytest.fixture
def register(engine: Engine, clock: VirtualClock) -> BedRegister:
    return BedRegister(engine, clock)


def text(word: str) -> Text:
    return Text(word, word)


@pytest.fixture
def facility() -> Facility:
    places = [
        Place("khoa-noi", text("Khoa Nội"), "department", "cs1", "khoa-noi"),
        Place("khoa-san", text("Khoa Sản"), "department", "cs2", "khoa-san"),
        Place("noi", text("Nội"), "ward", "cs1", "khoa-noi", "noi", "khoa-noi"),
        Place("san", text("Sản"), "ward", "cs2", "khoa-san", "san", "khoa-san"),
        Place("kho", text("Kho"), "area", "cs1"),
    ]
    sites = {code: Site(code, text(code)) for code in ("cs1", "cs2")}
    return Facility("bv01", text("BV"), text("BV"), "p", "basic", sites, {place.code: place for place in places})


@pytest.fixture
def registry(facility: Facility) -> Registry:
    return Registry({"p": text("P")}, {"bv01": facility}, {})
