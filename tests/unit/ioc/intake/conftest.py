from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ioc.database import make_engine, metadata
from ioc.domain import Fact, FactKind, Frame, Spot, VirtualClock, VisitClass, parse_rfc3339
from ioc.intake import Journal, Quarantine, Sealer

NOW = parse_rfc3339("2026-11-23T01:00:00Z")
PREFIX = "fridge,device=tl-01,facility=bv01,site=cs1,source=mqtt"


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
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite", 10 * 2**20)
    yield journal
    journal.close()


@pytest.fixture
def sealer() -> Sealer:
    return Sealer("a secret of the tests, long enough")


@pytest.fixture
def quarantine(engine: Engine, sealer: Sealer, clock: VirtualClock) -> Quarantine:
    return Quarantine(engine, sealer, clock)


@pytest.fixture
def frame():
    def make(n: int = 0, *, hist: bool = False, prefix: str = PREFIX) -> Frame:
        return Frame(prefix, {"temp": 4.0 + n, "door": 0.0}, NOW + n, "good", NOW + n, hist)

    return make


@pytest.fixture
def fact():
    def make(n: int = 0, kind: FactKind = FactKind.ADMITTED, **more) -> Fact:
        stated = {"visit": f"v{n}", "visit_class": VisitClass.INPATIENT, "spot": Spot("noi", "P01", f"G{n}")} | more
        return Fact(f"m{n}", 0, kind, "bv01", "his-bv01", NOW + n, NOW + n, NOW + n, **stated)

    return make
