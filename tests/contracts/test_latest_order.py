"""Several writers on one present: whoever follows the change numbers ends with the whole of it."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ioc.catalogue import Catalogue
from ioc.database import make_engine, metadata
from ioc.domain import Frame
from ioc.latest import LatestReader, LatestWriter
from ioc.registry import Registry
from tests import postgresql

pytestmark = pytest.mark.sockets
ROUNDS = 60
SERIES = 40


def write(url: str, number: int, rounds: int = ROUNDS) -> None:
    """Offer values of the same series as the other writers, newer and older ones mixed."""
    engine = make_engine(url)
    writer = LatestWriter(engine, Catalogue({}), Registry({}, {}, {}))
    for turn in range(rounds):
        for n in range(turn % 7, SERIES, 3):
            time_ns = 1_000_000 + turn * 10 + (number * 7 + n) % 13
            prefix = f"fridge,device=d{n},facility=bv01,site=cs1,source=mqtt"
            writer.offer([Frame(prefix, {"temp": float(time_ns)}, time_ns, "good", time_ns)])
        writer.flush()
    writer.close()
    engine.dispose()


def workers(how: str, url: str) -> list[threading.Thread | multiprocessing.process.BaseProcess]:
    if how == "threads":
        return [threading.Thread(target=write, args=(url, number)) for number in range(2)]
    spawn = multiprocessing.get_context("spawn")
    return [spawn.Process(target=write, args=(url, number)) for number in range(2)]


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/ioc.sqlite"
        return
    with postgresql.new_database() as made:
        yield made


# two threads have two connections, and that is all a server sees of two processes
WAYS = [("sqlite", "threads"), ("sqlite", "processes"), *((kind, "threads") for kind in postgresql.PARAM)]


@pytest.mark.parametrize(("kind", "how"), WAYS)
def test_a_reader_never_sees_a_higher_number_before_a_lower_one(kind: str, how: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as url:
        follow(how, url)


def follow(how: str, url: str) -> None:
    engine = make_engine(url)
    metadata.create_all(engine)
    reader = LatestReader(engine)
    running = workers(how, url)
    for worker in running:
        worker.start()
    picture: dict[str, int] = {}
    numbers = [0]
    alive = True
    while alive:
        alive = any(worker.is_alive() for worker in running)
        rows, newest = reader.since(numbers[-1])
        assert newest >= numbers[-1]
        for row in rows:
            assert row.change > numbers[-1]
            assert row.as_of_ns >= picture.get(row.key, 0)
            assert row.value == row.as_of_ns
            picture[row.key] = row.as_of_ns
        numbers.append(newest)
    whole, last = reader.since(0)
    assert picture == {row.key: row.as_of_ns for row in whole}
    assert (last, len(whole)) == (2 * ROUNDS, SERIES)
    assert len(set(numbers)) > 3, "the reader was too slow to have seen anything in between"
    engine.dispose()
