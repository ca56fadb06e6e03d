"""The pool of the web server: connections are kept, are never more than so many, and none is lost."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ioc.database import pool as module
from ioc.database.pool import KEPT, MOST, IdlePool


@pytest.fixture
def opened() -> list[object]:
    """Every connection that was opened."""
    return []


@pytest.fixture
def engine(opened: list[object]) -> Iterator[Engine]:
    made = create_engine("sqlite://", poolclass=IdlePool, connect_args={"check_same_thread": False})
    event.listen(made, "connect", lambda connection, _: opened.append(connection))
    yield made
    made.dispose()


def test_an_idle_connection_is_used_again(engine: Engine, opened: list[object]) -> None:
    for _ in range(3):
        with engine.connect() as connection:
            assert connection.execute(text("select 1")).scalar() == 1
    assert len(opened) == 1
    assert engine.pool.status() == "0 connections in use, 1 idle"


def test_a_crowd_is_given_a_connection_each_and_few_are_kept(engine: Engine, opened: list[object]) -> None:
    crowd = [engine.connect() for _ in range(MOST)]
    assert engine.pool.status() == f"{MOST} connections in use, 0 idle"
    for connection in crowd:
        connection.close()
    assert len(opened) == MOST
    assert engine.pool.status() == f"0 connections in use, {KEPT} idle"


def test_where_all_are_in_use_the_next_waits_for_one(
    engine: Engine, opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [engine.connect() for _ in range(MOST)]
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            crowd.pop().close()

    monkeypatch.setattr(module.time, "sleep", sleep)
    crowd.append(engine.connect())
    assert len(waited) == 3
    assert len(opened) == MOST
    for connection in crowd:
        connection.close()


def test_who_waits_for_long_is_told_so(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    crowd = [engine.connect() for _ in range(MOST)]
    with monkeypatch.context() as patch:
        patch.setattr(module.time, "sleep", sleep)
        patch.setattr(module.time, "monotonic", lambda: now)
        with pytest.raises(PoolTimeoutError, match=f"{MOST} connections were in use for 5 s"):
            engine.connect()
    for connection in crowd:
        connection.close()


def test_connections_that_could_not_be_opened_take_no_place() -> None:
    engine = create_engine("sqlite:////no/such/folder/x.sqlite", poolclass=IdlePool)
    for _ in range(MOST + 1):
        with pytest.raises(OperationalError):
            engine.connect()
    assert engine.pool.status() == "0 connections in use, 0 idle"


def test_a_connection_that_broke_is_replaced(engine: Engine, opened: list[object]) -> None:
    with engine.connect() as connection:
        connection.invalidate()
    with engine.connect() as connection:
        assert connection.execute(text("select 1")).scalar() == 1
    assert len(opened) == 2
    assert engine.pool.status() == "0 connections in use, 1 idle"


def test_a_disposed_pool_begins_anew(engine: Engine, opened: list[object]) -> None:
    with engine.connect():
        engine.dispose()
    with engine.connect() as connection:
        assert connection.execute(text("select 1")).scalar() == 1
    assert len(opened) == 2
