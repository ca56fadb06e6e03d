"""A whole database copied from one kind to the other and back: every table, every kind of value, or nothing at all."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    event,
    func,
    inspect,
    select,
    update,
)

from ioc.access import Role, Users
from ioc.access.audit import record
from ioc.access.tables import audit, users
from ioc.database import Copied, copy_database, make_engine, migrate, reading, writing
from ioc.domain import SystemClock
from ioc.errors import IocError
from ioc.intake.tables import quarantine
from tests import postgresql

pytestmark = pytest.mark.sockets
ROWS = 30
TEXTS = ("", "a", "bv01", "Nguyễn Thị Ánh · khoa Nội", "tab\tline\nquote'\"\\.", "\\N", "x" * 3_000, "🩺", " leading")
NUMBERS = (0, 1, -1, 2**31 - 1, 1_795_300_000_123_456_789, -(2**63), 2**63 - 1)
FLOATS = (0.0, -0.0, 0.1, 1e308, -1e-308, 37.25, 1.0)


MAKERS: list[tuple[type, Callable[[Random], Any]]] = [  # the first that fits
    (Boolean, lambda random: random.random() < 0.5),
    (BigInteger, lambda random: random.choice(NUMBERS)),
    (Integer, lambda random: random.choice(NUMBERS[:4])),
    (Float, lambda random: random.choice(FLOATS)),
    (Date, lambda random: date(2026, 1, 1) + timedelta(days=random.randrange(9_999))),
    (LargeBinary, lambda random: random.randbytes(random.randrange(40))),
    (String, lambda random: random.choice(TEXTS)),
]
UNIQUE = ("incident", "seq", "dedup_key", "name", "hash")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What tests begin with, made once: an empty file, a full one, and an empty database of a server."""
    folder = tmp_path_factory.mktemp("models")
    made = {"empty": str(folder / "empty.sqlite"), "full": str(folder / "full.sqlite")}
    for name, path in made.items():
        engine = make_engine(f"sqlite:///{path}")
        migrate(engine)
        if name == "full":
            fill(engine)
        engine.dispose()
    if not postgresql.PARAM:
        yield made
        return
    with postgresql.new_database() as url:
        engine = make_engine(url)
        migrate(engine)
        engine.dispose()
        yield made | {"server": url.rpartition("/")[2]}


@pytest.fixture
def source(models: dict[str, str], tmp_path: Path) -> Iterator[Engine]:
    engine = new(models["full"], tmp_path / "source.sqlite")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", *postgresql.PARAM])
def target(request: pytest.FixtureRequest, models: dict[str, str], tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = new(models["empty"], tmp_path / "target.sqlite")
        yield engine
        engine.dispose()
        return
    with postgresql.new_database(template=models["server"]) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


def new(model: str, path: Path) -> Engine:
    return make_engine(f"sqlite:///{shutil.copy(model, path)}")


def tables(engine: Engine) -> list[Table]:
    """Those that the migrations have made."""
    found = MetaData()
    found.reflect(engine)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def fill(engine: Engine) -> None:
    """Rows in every table, of values that are easily mistaken."""
    random = Random(6)
    made = tables(engine)
    with writing(engine) as connection:
        for table in made:
            connection.execute(table.insert(), [row(table, n, random) for n in range(1, ROWS + 1)])


def row(table: Table, n: int, random: Random) -> dict[str, Any]:
    return {column.name: value(column, n, random) for column in table.columns}


def value(column: Column[Any], n: int, random: Random) -> Any:
    kind = column.type
    if column.primary_key or column.foreign_keys or column.name in UNIQUE:  # another in each row; keys of the n-th
        return n if isinstance(kind, Integer) else f"{TEXTS[n % len(TEXTS)][:20]}{n}"
    if column.nullable and random.random() < 0.3:
        return None
    return next(make(random) for types, make in MAKERS if isinstance(kind, types))


def content(engine: Engine) -> dict[str, set[tuple[Any, ...]]]:
    made = tables(engine)
    with reading(engine) as connection:
        return {
            t.name: {tuple(row) for row in connection.execute(select(*sorted(t.columns, key=lambda c: c.name)))}
            for t in made
        }


def test_every_table_arrives_with_every_value_there_and_back(
    source: Engine, target: Engine, models: dict[str, str], tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int]] = []
    copied = copy_database(source, target, lambda *what: seen.append(what))
    names = {table.name for table in tables(source)}
    assert {table.name for table in copied.tables} == names
    assert {table.rows for table in copied.tables} == {ROWS}
    assert copied.rows == ROWS * len(names)
    steps = [f"{table.name}{what}" for what in ("", ", compared") for table in copied.tables]
    assert [what for what in seen if what[1]] == [(step, ROWS, ROWS) for step in steps]
    assert content(target) == content(source)
    back = new(models["empty"], tmp_path / "back.sqlite")
    assert {*copy_database(target, back).tables} == {*copied.tables}
    assert content(back) == content(source)
    back.dispose()


def test_numbers_go_on_behind_those_that_were_copied(source: Engine, target: Engine) -> None:
    copy_database(source, target)
    with writing(target) as connection:
        for table in (users, quarantine):
            one = dict(connection.execute(select(table).limit(1)).mappings().one()) | {"name": "another"}
            more = {column.name: one[column.name] for column in table.columns if column.name != "id"}
            connection.execute(table.insert().values(more))
            assert connection.execute(select(func.max(table.c.id))).scalar() == ROWS + 1


def test_an_empty_database_is_copied_and_its_numbers_begin_at_one(
    target: Engine, models: dict[str, str], tmp_path: Path
) -> None:
    empty = new(models["empty"], tmp_path / "empty.sqlite")
    assert copy_database(empty, target).rows == 0
    assert Users(target, SystemClock()).add("lan", "a-long-password", Role.VIEWER, actor="test").id == 1
    empty.dispose()


def test_nothing_is_written_over(source: Engine, target: Engine) -> None:
    Users(target, SystemClock()).add("lan", "a-long-password", Role.VIEWER, actor="test")
    before = content(target)
    with pytest.raises(IocError, match=r"not empty: there are rows in (users|audit), (users|audit)\."):
        copy_database(source, target)
    assert content(target) == before


def test_a_copy_that_is_stopped_leaves_nothing_and_is_begun_again(source: Engine, target: Engine) -> None:
    def stop(name: str, done: int, _total: int) -> None:
        if name == "quarantine" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_database(source, target, stop)
    assert not any(content(target).values())
    assert copy_database(source, target).rows == ROWS * len(tables(source))


def test_another_version_of_the_schema_is_refused(source: Engine, tmp_path: Path) -> None:
    bare = make_engine(f"sqlite:///{tmp_path}/bare.sqlite")
    with pytest.raises(IocError, match="copy to None"):
        copy_database(source, bare)
    with pytest.raises(IocError, match="none of the centre's"):
        copy_database(bare, source)
    bare.dispose()


def test_what_others_write_meanwhile_is_not_in_it(source: Engine, target: Engine) -> None:
    def write(name: str, done: int, _total: int) -> None:
        if done == 0 and name == "alert_counter":
            with writing(source) as connection:
                record(connection, 1, "somebody", "test", "thing")

    copied = {table.name: table.rows for table in copy_database(source, target, write).tables}
    assert copied["audit"] == ROWS


def test_a_copy_that_is_not_the_same_is_found_and_not_kept(source: Engine, target: Engine) -> None:
    def spoil(name: str, done: int, total: int) -> None:
        nonlocal spoilt
        if name == "users" and done == total and not spoilt:
            spoilt = True
            connections[-1].execute(update(users).where(users.c.id == 3).values(disabled=~users.c.disabled))

    spoilt, connections = False, []
    event.listen(target, "begin", connections.append)
    with pytest.raises(IocError, match="users is not the same"):
        copy_database(source, target, spoil)
    assert not any(content(target).values())


if postgresql.PARAM:

    def test_a_nul_in_a_text_is_replaced_and_the_copy_is_still_proven(source: Engine, models: dict[str, str]) -> None:
        with writing(source) as connection:
            connection.execute(update(audit).where(audit.c.id == 1).values(subject="a\0b"))
        with postgresql.new_database(template=models["server"]) as url:
            engine = make_engine(url)
            assert isinstance(copy_database(source, engine), Copied)
            with reading(engine) as connection:
                found = connection.execute(select(audit.c.subject).where(audit.c.id == 1)).scalar_one()
            engine.dispose()
        assert found == "a\N{REPLACEMENT CHARACTER}b"

    def test_a_server_that_was_set_up_without_a_locale_keeps_every_letter(source: Engine) -> None:
        with writing(source) as connection:
            connection.execute(update(audit).where(audit.c.id == 1).values(subject="Bệnh viện Đèo Sương"))
        with postgresql.new_database(template="template0 encoding 'SQL_ASCII'") as url:
            engine = make_engine(url)
            migrate(engine)
            assert isinstance(copy_database(source, engine), Copied)
            with reading(engine) as connection:
                found = connection.execute(select(audit.c.subject).where(audit.c.id == 1)).scalar_one()
            engine.dispose()
        assert found == "Bệnh viện Đèo Sương"

    def test_a_database_that_lacks_letters_is_not_set_up() -> None:
        with postgresql.new_database(template="template0 encoding 'LATIN1'") as url:
            engine = make_engine(url)
            with pytest.raises(IocError, match="keeps text as LATIN1, not as UTF8") as told:
                migrate(engine)
            assert "createdb --encoding UTF8 --template template0" in told.value.hint
            assert not inspect(engine).get_table_names()
            engine.dispose()
