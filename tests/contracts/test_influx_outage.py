"""From the journal into InfluxDB through everything that can go wrong: nothing acknowledged is lost, and what can never
be stored ends in the quarantine."""

import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from ioc.config import Secret
from ioc.database import make_engine, metadata
from ioc.domain import SECOND, Frame, SystemClock
from ioc.intake import Batch, Intake, Journal, LineKeeper, Quarantine, Sealer, Writer
from ioc.timeseries import DAY, FIVE_MINUTES
from ioc.timeseries.influx_store import InfluxStore
from tests.contracts.fake_influx import FakeInflux, drip, fake_influx, hang, reset, status

pytestmark = pytest.mark.sockets
PREFIX = "fridge,device=tl-01,facility=bv01"
FAULTS = [
    hang,
    reset,
    status(503, '{"message":"engine is compacting"}', Retry_After="0.05"),
    status(429, '{"message":"slow down"}', Retry_After="0.05"),
    status(500, "oh"),
    drip("HTTP/1.1 204 No Content\r\nX-Never: "),
    status(413, "too large"),
]


class Way:
    """A journal, its writer in a thread, and the store behind."""

    def __init__(self, folder: Path, server: FakeInflux, token: str = "", answer_s: float = 0.3) -> None:
        clock = SystemClock()
        engine = make_engine(f"sqlite:///{folder}/ioc.sqlite")
        metadata.create_all(engine)
        sealer = Sealer("a secret of the tests, long enough")
        self.engine = engine
        self.journal = Journal(folder / "journal.sqlite", 64 * 2**20)
        self.intake = Intake(self.journal, sealer, clock=clock)
        self.quarantine = Quarantine(engine, sealer, clock)
        access = server.access if not token else type(server.access)(server.access.url, "hoc", "rec", Secret(token))
        self.store = InfluxStore(access, answer_s=answer_s)
        keep = LineKeeper(self.store).keep
        self.writer = Writer(self.journal, keep, self.quarantine, sealer, lambda: None)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.writer.run, args=(self.stop,))
        self.thread.start()

    def commit(self, *times: int, field: str = "temp") -> None:
        now = SystemClock().now_ns()
        self.intake.commit(Batch("mqtt", [Frame(PREFIX, {field: 1.0}, time_ns, "good", now) for time_ns in times]))

    def drained(self) -> bool:
        return self.journal.backlog().entries == 0

    def close(self) -> None:
        self.stop.set()
        self.journal.wake()
        self.thread.join(20)
        self.journal.close()
        self.store.close()
        self.engine.dispose()


def wait_for(what: str, done, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, what
        time.sleep(0.02)


@pytest.fixture
def server() -> Iterator[FakeInflux]:
    with fake_influx() as running:
        yield running


@pytest.fixture
def way(tmp_path: Path, server: FakeInflux) -> Iterator[Way]:
    made = Way(tmp_path, server)
    yield made
    made.close()


def test_what_is_acknowledged_while_the_server_fails_in_every_way_is_all_stored(server: FakeInflux, way: Way):
    start, n = SystemClock().now_ns(), 0
    for fault in FAULTS:
        server.faults.append(fault)
        for _ in range(20):
            way.commit(start + n)
            n += 1
        wait_for("all is stored", lambda: not server.faults and way.drained())
    assert server.held() == {start + k for k in range(n)}
    assert way.quarantine.counts() == {}
    assert way.writer.error == ""


def test_bad_lines_end_in_the_quarantine_with_the_words_of_the_server(server: FakeInflux, way: Way):
    server.types["fridge", "door"] = "string"
    start = SystemClock().now_ns()
    way.commit(start, start + 1)
    way.commit(start + 2, field="door")
    way.commit(start + 3)
    wait_for("all is stored or quarantined", way.drained)
    assert server.held() == {start, start + 1, start + 3}
    (item,) = way.quarantine.list()
    assert "type conflict" in item.detail


def test_a_server_that_is_set_up_wrongly_loses_nothing_and_its_remedy_is_said(tmp_path: Path, server: FakeInflux):
    wrong = Way(tmp_path, server, "another")
    start = SystemClock().now_ns()
    wrong.commit(*(start + n for n in range(50)))
    wait_for("it is said", lambda: "IOC_INFLUXDB__TOKEN" in wrong.writer.error)
    assert wrong.journal.backlog().items == 50
    wrong.close()
    right = Way(tmp_path, server)
    wait_for("all is stored", right.drained)
    assert server.held() == {start + n for n in range(50)}
    assert right.quarantine.counts() == {}
    right.close()


def test_a_day_of_outage_costs_no_memory_and_is_caught_up_without_a_hand(tmp_path: Path, server: FakeInflux):
    way = Way(tmp_path, server, answer_s=30.0)
    now = SystemClock().now_ns()
    times = range(now - DAY, now, 2 * SECOND)
    server.always = reset
    tracemalloc.start()
    before = 0
    for n in range(0, len(times), 100):
        way.commit(*times[n : n + 100])
        before = before or (n >= 2_000 and tracemalloc.get_traced_memory()[0])
    wait_for("it is said", lambda: way.writer.error)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert way.journal.backlog().items == len(times)
    assert grown < 10_000_000  # what the writer holds at a time; 41,000 messages would be more than twice as much
    server.always = None
    wait_for("all is stored", way.drained)
    assert server.held() == set(times)
    late = {time_ns for key, time_ns in server.points["rec_notes"] if key == "dirty,of=fridge,facility=bv01"}
    assert {time_ns - time_ns % FIVE_MINUTES for time_ns in times[:-300]} <= late
    wait_for("it is said", lambda: not way.writer.error)
    way.close()
