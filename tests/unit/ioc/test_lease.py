"""The lease: one holder at a time, whatever happens to processes and clocks."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from ioc.database import make_engine, metadata, reading, writing
from ioc.domain import SECOND, VirtualClock
from ioc.lease import TTL_NS, Lease, LeaseLostError, leases

T0 = 1_763_859_600 * SECOND


def database(folder: Path) -> Engine:
    engine = make_engine(f"sqlite:///{folder / 'ioc.sqlite'}")
    metadata.create_all(engine, tables=[leases])
    return engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return database(tmp_path)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(T0)


@pytest.fixture
def a(engine, clock) -> Lease:
    return Lease(engine, "scheduler", "a", clock)


@pytest.fixture
def b(engine, clock) -> Lease:
    return Lease(engine, "scheduler", "b", clock)


def test_the_first_takes_it_and_the_second_does_not(a, b):
    assert a.acquire()
    assert not b.acquire()
    assert (a.held(), b.held()) == (True, False)


def test_it_lasts_at_most_five_seconds(a, clock):
    assert TTL_NS <= 5 * SECOND
    a.acquire()
    clock.advance(TTL_NS - 1)
    assert a.held()
    clock.advance(1)
    assert not a.held()


def test_whoever_renews_keeps_it_and_its_token(a, b, clock):
    a.acquire()
    for _ in range(10):
        clock.advance(TTL_NS // 2)
        assert a.acquire()
        assert not b.acquire()
    assert a.token == 1


def test_the_token_rises_with_every_new_holder(a, b, clock):
    a.acquire()
    clock.advance(TTL_NS)
    assert b.acquire()
    assert b.token == 2
    assert not a.renew()
    clock.advance(TTL_NS)
    assert a.acquire()
    assert a.token == 3


def test_what_has_ended_is_taken_anew_and_not_renewed(a, clock):
    a.acquire()
    clock.advance(TTL_NS)
    assert not a.renew()
    assert a.acquire()
    assert a.token == 2


def test_a_released_lease_is_free_at_once(a, b):
    a.acquire()
    a.release()
    assert not a.held()
    assert b.acquire()
    assert b.token == 2


def test_one_who_does_not_hold_it_releases_nothing(a, b, clock):
    a.acquire()
    clock.advance(TTL_NS)
    b.acquire()
    a.release()
    b.release()
    b.release()
    assert a.acquire()


def test_leases_of_other_names_are_not_touched(engine, clock, a):
    other = Lease(engine, "dispatcher", "b", clock)
    assert a.acquire()
    assert other.acquire()
    a.release()
    assert other.held()


def test_a_clock_that_is_set_back_keeps_nobody_waiting(a, b, clock):
    a.acquire()
    clock.advance(-3600 * SECOND)
    assert not a.held()
    assert b.acquire()
    assert not a.renew()


def test_its_row_says_who_holds_it_until_when(a, engine):
    a.acquire()
    with reading(engine) as connection:
        assert connection.execute(select(leases)).one() == ("scheduler", "a", 1, T0 + TTL_NS)


def test_whoever_held_it_last_may_write_even_when_its_time_has_run_out(a, clock, engine):
    a.acquire()
    clock.advance(TTL_NS)
    with writing(engine) as connection:
        a.confirm(connection, a.token)


def test_after_another_has_held_it_nothing_may_be_written(a, b, clock, engine):
    with writing(engine) as connection, pytest.raises(LeaseLostError, match="nobody"):
        a.confirm(connection, 1)
    a.acquire()
    clock.advance(TTL_NS)
    b.acquire()
    with writing(engine) as connection, pytest.raises(LeaseLostError, match="b holds"):
        a.confirm(connection, 1)
    clock.advance(TTL_NS)
    a.acquire()
    with writing(engine) as connection:
        a.confirm(connection, 3)
        with pytest.raises(LeaseLostError):
            a.confirm(connection, 1)  # what was thought before it changed hands


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["acquire", "renew", "release"]), st.integers(0, 2 * TTL_NS)),
        max_size=15,
    )
)
def test_two_are_never_holders_at_once(steps):
    with TemporaryDirectory() as folder:
        engine, clock = database(Path(folder)), VirtualClock(T0)
        holders = [Lease(engine, "scheduler", name, clock) for name in "abc"]
        tokens = [0]
        for who, what, later in steps:
            getattr(holders[who], what)()
            held = [holder for holder in holders if holder.held()]
            assert len(held) <= 1
            if held and held[0].token != tokens[-1]:
                tokens.append(held[0].token)
            clock.advance(later)
        assert tokens == sorted(set(tokens))
