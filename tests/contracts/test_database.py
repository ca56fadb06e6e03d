"""Both databases: transactions mean the same, and several processes at once do no harm."""

import importlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from alerts.outbox import Attempt, Outbox
from alerts.tables import deliveries, incidents
from ioc.access import Role, Users, audit_entries, verify_audit
from ioc.access.audit import record
from ioc.access.tables import users
from ioc.database import ask_server, make_engine, metadata, migrate, newest_version, reading, version_of, writing
from ioc.domain import SECOND, SystemClock, VirtualClock
from ioc.lease import Lease
from tests import postgresql

pytestmark = pytest.mark.sockets
PARTS = ("alerts.tables", "ioc.access", "ioc.assets", "ioc.beds", "ioc.census", "ioc.intake", "ioc.latest", "ioc.lease")
AT_ONCE = 4
T0 = 1_795_300_000_000_000_000


@pytest.fixture(params=["sqlite", *postgresql.PARAM])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ioc.sqlite"
        return
    with postgresql.new_database() as made:
        yield made


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    for part in PARTS:
        importlib.import_module(part)
    engine = make_engine(url)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def together(*works: Callable[[], object]) -> None:
    """Each in a thread of its own, begun at the same moment; raises what any of them raised."""
    begin, raised = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        try:
            begin.wait()
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def test_processes_that_start_together_migrate_once(url: str) -> None:
    engines = [make_engine(url) for _ in range(3)]
    assert version_of(engines[0]) is None
    together(*(lambda engine=engine: migrate(engine) for engine in engines))
    assert version_of(engines[0]) == newest_version()
    migrate(engines[0])
    for part in PARTS:
        importlib.import_module(part)
    assert set(inspect(engines[0]).get_table_names()) == {*metadata.tables, "alembic_version"}
    for engine in engines:
        engine.dispose()


def test_a_migration_that_fails_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(url)
    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", lambda *_, **__: 1 // 0, raising=False)
        patch.setattr("alembic.operations.BatchOperations.create_index", lambda *_, **__: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            migrate(engine)
    assert version_of(engine) is None
    migrate(engine)
    assert version_of(engine) == newest_version()
    engine.dispose()


def test_the_chain_of_the_audit_log_stays_whole_however_many_write_to_it(engine: Engine) -> None:
    def write(who: int) -> None:
        for n in range(10):
            with writing(engine) as connection:
                record(connection, T0 + n, f"user:{who}", "test", "thing", n=n)

    together(*(lambda who=who: write(who) for who in range(AT_ONCE)))
    assert len(audit_entries(engine)) == 10 * AT_ONCE
    assert verify_audit(engine) is None


def test_who_reads_sees_one_moment(engine: Engine) -> None:
    with reading(engine) as connection:
        before = connection.execute(select(users.c.name)).all()
        Users(engine, SystemClock()).add("lan", "a-long-password", Role.VIEWER, actor="test")
        assert connection.execute(select(users.c.name)).all() == before == []
    with reading(engine) as connection:
        assert connection.execute(select(users.c.name)).scalars().all() == ["lan"]


def test_a_name_is_given_once_however_many_ask_for_it(engine: Engine) -> None:
    """Whoever writes may decide by what was read in the same transaction."""
    made: list[str] = []

    def add(who: str) -> None:
        with writing(engine) as connection:
            if connection.execute(select(users.c.id).where(users.c.name == "lan")).first() is None:
                row = {"password_hash": "-", "role": "viewer", "scope": "*", "created_ns": 1, "changed_ns": 1}
                connection.execute(users.insert().values(name="lan", **row))
                made.append(who)

    together(*(lambda who=who: add(who) for who in "abcd"))
    assert len(made) == 1


def test_text_of_any_length_and_with_a_nul_is_kept(engine: Engine) -> None:
    said = "x\0y" + "ă" * 70_000
    with writing(engine) as connection:
        record(connection, T0, said[:3], "test", said)
    (entry,) = audit_entries(engine)
    assert entry.actor in ("x\0y", "x\N{REPLACEMENT CHARACTER}y")
    assert len(entry.subject) == len(said)


def test_an_error_says_one_line_and_not_what_it_is_about(engine: Engine) -> None:
    people = Users(engine, SystemClock())
    people.add("secret-name", "a-long-password", Role.VIEWER, actor="test")
    with reading(engine) as connection:
        row = dict(connection.execute(select(users)).mappings().one())
    with pytest.raises(IntegrityError) as caught, writing(engine) as connection:
        connection.execute(users.insert().values(row))
    for said in (str(caught.value), str(caught.value.orig)):
        assert "secret-name" not in said
    assert len(str(caught.value.orig).splitlines()) == 1


def test_who_reads_cannot_write_on_a_server(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        return
    with pytest.raises(DBAPIError, match="read-only"), reading(engine) as connection:
        connection.execute(users.delete())


def test_a_lease_is_taken_by_one_of_those_who_want_it(engine: Engine) -> None:
    clock = VirtualClock(T0)
    for _ in range(3):
        leases = [Lease(engine, "work", f"p{n}", clock) for n in range(AT_ONCE)]
        together(*(lease.acquire for lease in leases))
        assert sum(lease.held() for lease in leases) == 1
        clock.advance(6 * SECOND)


def test_each_message_is_claimed_by_one_however_many_send(engine: Engine) -> None:
    clock = VirtualClock(T0)
    with writing(engine) as connection:
        connection.execute(incidents.insert().values(filled(incidents) | {"id": "i1"}))
        row = filled(deliveries) | {"incident": "i1", "state": "due", "level": "critical", "due_ns": T0, "status": "x"}
        each = [row | {"id": n, "dedup_key": f"i1-{n}", "person": f"p{n}"} for n in range(1, 41)]
        connection.execute(deliveries.insert(), each)
    claimed: list[int] = []

    def send(who: int) -> None:
        outbox = Outbox(engine, f"p{who}", clock)
        while (delivery := outbox.claim()) is not None:
            claimed.append(delivery.id)
            outbox.mark_sent(delivery, Attempt("sent", T0, T0 + 1, "ok"))

    together(*(lambda who=who: send(who) for who in range(AT_ONCE)))
    assert sorted(claimed) == list(range(1, 41))
    with reading(engine) as connection:
        assert set(connection.execute(select(deliveries.c.state)).scalars()) == {"sent"}


def filled(table: object) -> dict[str, object]:
    """A row of it with what has to stand there."""
    needed = [column for column in table.columns if not column.nullable and column.server_default is None]
    return {column.name: 0 if column.type.python_type in (int, float) else "" for column in needed}


if postgresql.PARAM:

    def test_lanes_do_not_wait_for_each_other_and_one_lane_does() -> None:
        with postgresql.new_database() as url:
            engine = make_engine(url)
            hurried = make_engine(url, connect_args={"options": "-c lock_timeout=50"})
            with writing(engine, "census"):
                with writing(hurried, "alerts") as connection:
                    connection.execute(text("select 1"))
                with pytest.raises(OperationalError, match="lock timeout"), writing(hurried, "census"):
                    pass
            with writing(hurried, "census"):
                pass
            engine.dispose()
            hurried.dispose()

    def test_a_session_that_stands_still_in_a_transaction_is_ended_and_the_others_go_on() -> None:
        with postgresql.new_database() as url:
            options = {"options": "-c idle_in_transaction_session_timeout=100"}
            stopped, other = make_engine(url, connect_args=options), make_engine(url)

            def stand_still() -> None:
                with writing(stopped) as connection:
                    with writing(other):  # has to wait for it
                        pass
                    connection.execute(text("select 1"))

            with pytest.raises(DBAPIError):
                stand_still()
            with writing(stopped) as connection:  # and it works again
                connection.execute(text("select 1"))
            stopped.dispose()
            other.dispose()

    def test_what_the_server_says_of_itself() -> None:
        with postgresql.new_database() as url:
            engine = make_engine(url)
            said = ask_server(engine)
            engine.dispose()
        assert said is not None
        assert (said.encoding, said.standby, said.durable) == ("UTF8", False, False)  # fsync is off in tests
        assert 0 < said.connections < said.most

    def test_the_driver_is_the_same_whether_it_is_named_or_not() -> None:
        with postgresql.new_database() as url:
            for written in (url, url.replace("postgresql://", "postgresql+psycopg://")):
                engine = make_engine(written)
                assert engine.dialect.driver == "psycopg"
                with reading(engine) as connection:
                    assert connection.execute(text("select 1")).scalar() == 1
                engine.dispose()
