"""A database of its own and a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ioc.access import Sessions, Tokens, Users
from ioc.database import make_engine, metadata
from ioc.domain import VirtualClock, parse_rfc3339


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(parse_rfc3339("2026-11-23T08:00:00+07:00"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path / 'ioc.sqlite'}")
    metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def users(engine: Engine, clock: VirtualClock) -> Users:
    return Users(engine, clock)


@pytest.fixture
def tokens(engine: Engine, clock: VirtualClock) -> Tokens:
    return Tokens(engine, clock)


@pytest.fixture
def sessions(engine: Engine, clock: VirtualClock) -> Sessions:
    return Sessions(engine, clock, hours=12)
