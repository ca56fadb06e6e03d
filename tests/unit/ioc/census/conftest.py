import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ioc.database import make_engine, metadata
from tests.unit.ioc.census.scene import Scene


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table, made once: making one costs more than most tests here."""
    path = tmp_path_factory.mktemp("empty") / "ioc.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def engine(tmp_path: Path, empty: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{shutil.copy(empty, tmp_path / 'ioc.sqlite')}")
    with engine.connect():  # as the worker's other connections: to close the last one costs a checkpoint
        yield engine
    engine.dispose()


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine)
