import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

import ioc.worker
from ioc.config import Settings, ensure_secrets, load_settings, read_secret
from ioc.database import make_engine, metadata, writing
from ioc.domain import Fact, FactKind, Frame, Spot, SystemClock, VisitClass
from ioc.errors import Fault, Reason, RefuseToStartError, RetryError
from ioc.intake import (
    Batch,
    Counts,
    Health,
    Intake,
    Journal,
    Quarantine,
    Reject,
    Sealer,
    Sighting,
    SourceStatus,
    SourceStatuses,
    Unconfirmed,
)
from ioc.latest import LatestReader, latest
from ioc.timeseries import DAY, Store, open_store
from ioc.worker import Worker, build_collectors, run_worker

CONFIGS = Path(__file__).parents[3] / "configs"
PREFIX = "fridge,device=tl-01,facility=bv01,site=cs1,source=fake"


class Fake:
    """A collector that is told what came in."""

    kind = "fake"

    def __init__(self, name: str = "fake", lane: str = "readings") -> None:
        self.name = name
        self.lane = lane
        self.intake: Intake | None = None
        self.is_ready = True
        self.started = threading.Event()
        self.stopped = threading.Event()
        self.replayed: list[tuple[str, bytes]] = []
        self.thread: threading.Thread | None = None
        self.dies = threading.Event()

    def sources(self) -> dict[str, Callable[[], Health]]:
        return {self.name: self.health, f"{self.name}-2": self.health}

    def start(self, intake: Intake) -> None:
        self.intake = intake
        self.thread = threading.Thread(target=self.dies.wait, args=(20,), name=f"collector-{self.name}", daemon=True)
        self.thread.start()
        self.started.set()

    def ready(self) -> bool:
        return self.is_ready

    def stop(self) -> None:
        self.stopped.set()
        self.end()

    def end(self) -> None:
        self.dies.set()
        if self.thread:
            self.thread.join()

    def renew(self) -> None:
        self.end()
        self.__init__(self.name, self.lane)

    def health(self) -> Health:
        return Health(connected=True, queued=3)

    def replay(self, topic: str, raw: bytes) -> None:
        self.replayed.append((topic, raw))


class Running:
    """A worker on a thread of the test."""

    def __init__(self, worker: Worker, collector: Fake, settings: Settings) -> None:
        self.worker = worker
        self.collector = collector
        self.ready = settings.data_dir / "run" / "worker.ready"
        self.code: int | None = None
        self.ticked = threading.Event()
        keep_house = worker._keep_house
        worker._keep_house = lambda: (keep_house(), self.ticked.set())
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.code = self.worker.run()

    def start(self) -> "Running":
        self.thread.start()
        assert self.collector.started.wait(10)
        self.tick()
        return self

    def let_go(self) -> None:
        """Leave the journals to another worker, as one that was killed does."""
        for lane in self.worker.lanes.values():
            lane.journal.close()

    def tick(self, times: int = 2) -> None:
        for _ in range(times):
            self.ticked.clear()
            assert self.ticked.wait(10)

    def end(self) -> int | None:
        self.worker.stop()
        self.thread.join(10)
        return self.code


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings({"IOC_DATA_DIR": str(tmp_path / "data"), "IOC_CONFIG_DIR": str(CONFIGS)})
    ensure_secrets(settings)
    return settings


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.database.url)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    fake = Fake()
    monkeypatch.setattr(ioc.worker, "build_collectors", lambda *_: [fake])
    monkeypatch.setattr(ioc.worker, "TICK", 0.02)
    yield fake
    fake.end()


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


@pytest.fixture
def running(settings: Settings, engine: Engine, store: Store, collector: Fake) -> Iterator[Running]:
    running = Running(Worker(settings, engine, store), collector, settings)
    yield running
    running.worker.stop()
    if running.thread.is_alive():
        running.thread.join(10)


def frame(value: float, *, hist: bool = False) -> Frame:
    now_ns = SystemClock().now_ns()
    return Frame(PREFIX, {"temp": value}, now_ns, "good", now_ns, hist)


def test_what_a_collector_commits_is_stored_and_present_when_the_worker_has_ended(
    running: Running, settings: Settings, engine: Engine
) -> None:
    running.start()
    running.collector.intake.commit(Batch("fake", [frame(4.5)], counts=Counts(1)))
    assert running.end() == 0
    assert running.collector.stopped.is_set()
    stored = open_store(settings, read_only=True)
    [(series, points)] = stored.raw("fridge.temp", None, 0, 2**62)
    assert (series.tag("source"), [value for _, value, _ in points]) == ("fake", [4.5])
    [row], _ = LatestReader(engine).since(0)
    assert row.value == 4.5
    journal = Journal(settings.data_dir / "journal.sqlite", 1000)
    assert journal.backlog().items == 0
    journal.close()
    stored.close()


def test_it_says_ready_once_every_collector_is_and_not_longer_than_it_lives(running: Running) -> None:
    running.collector.is_ready = False
    running.start()
    assert not running.ready.exists()
    running.collector.is_ready = True
    running.tick()
    assert orjson.loads(running.ready.read_bytes())["sources"] == ["fake", "fake-2"]
    assert running.end() == 0
    assert not running.ready.exists()


def test_the_state_of_every_source_is_written_about_each_second(running: Running, engine: Engine) -> None:
    running.start()
    seen = [Sighting("device", "bv01", "tl-99", "t")]
    running.collector.intake.commit(Batch("fake", [frame(1.0), frame(2.0)], seen=seen, counts=Counts(2)))
    running.tick()
    by_name = {status.name: status for status in SourceStatuses(engine).all()}
    assert (by_name["fake"].received, by_name["fake"].connected, by_name["fake"].backlog) == (2, True, 3)
    assert (by_name["fake-2"].kind, by_name["fake-2"].connected) == ("fake", True)
    for journal in ("journal", "journal-his"):
        assert (by_name[journal].kind, by_name[journal].connected, by_name[journal].error) == ("journal", True, "")
    assert [it.code for it in Unconfirmed(engine).list()] == ["tl-99"]
    running.end()


def test_counts_go_on_after_a_restart(running: Running, settings: Settings, engine: Engine, collector: Fake) -> None:
    running.start()
    collector.intake.commit(Batch("fake", counts=Counts(received=7, ignored=7)))
    running.end()
    collector.renew()
    again = Running(Worker(settings, engine, open_store(settings)), collector, settings).start()
    assert again.worker.readings.intake.statuses()[0].received == 7
    again.end()


def test_a_quarantined_message_that_somebody_wants_sent_again_reaches_its_collector(
    running: Running, settings: Settings, engine: Engine
) -> None:
    running.start()
    running.collector.intake.commit(Batch("fake", rejects=[Reject(Reason.JSON, "no", "a/topic", b"{", 5)]))
    quarantine = Quarantine(engine, Sealer(read_secret(settings, "quarantine").reveal()))
    while not quarantine.list():
        running.tick()
    quarantine.resend(1)
    running.tick()
    assert running.collector.replayed == [("a/topic", b"{")]
    assert quarantine.get(1).state == "resent"
    running.end()


def test_what_a_killed_worker_left_in_the_journal_is_stored_and_becomes_the_present(
    settings: Settings, engine: Engine, running: Running
) -> None:
    running.worker.readings.intake.commit(Batch("fake", [frame(4.5), frame(9.0, hist=True)]))
    running.let_go()  # it was never told to the present: as after kill -9
    with running.worker._latest._lock:
        running.worker._latest._newest.clear()
    again = Running(Worker(settings, engine, open_store(settings)), running.collector, settings).start()
    assert again.end() == 0
    [row], _ = LatestReader(engine).since(0)
    assert row.value == 4.5
    store = open_store(settings, read_only=True)
    assert len(store.raw("fridge.temp", None, 0, 2**62)[0][1]) == 2
    store.close()


def test_the_journal_keeps_what_the_present_could_not_take_over_before_the_end(
    settings: Settings, engine: Engine, running: Running
) -> None:
    running.worker.readings.intake.commit(Batch("fake", [frame(4.5)]))
    running.let_go()
    again = Worker(settings, engine, open_store(settings))
    again._end.set()  # told to end before it could read anything
    again._replaying.start()
    again._replaying.join()
    assert not again.readings.writer.finish(1.0)
    assert again.readings.journal.backlog().items == 1
    for lane in again.lanes.values():
        lane.journal.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_when_the_journal_cannot_be_replayed_the_worker_ends(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running.worker.readings.intake.commit(Batch("fake", [frame(4.5)]))
    monkeypatch.setattr(running.worker, "_entries", lambda _after: 1 / 0)
    assert running.worker.run() == 1
    assert "its thread replay died" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_when_a_thread_dies_the_worker_ends_with_a_clear_sentence(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running.start()
    monkeypatch.setattr(running.worker._latest, "flush", lambda: 1 / 0)
    running.collector.intake.commit(Batch("fake", [frame(1.0)]))
    running.thread.join(10)
    assert running.code == 1
    assert "its thread latest died" in caplog.text


def test_when_a_collector_dies_the_worker_ends_too(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    running.start()
    running.collector.dies.set()
    running.thread.join(10)
    assert running.code == 1
    assert "collector-fake died" in caplog.text


def test_a_damaged_journal_ends_the_worker_and_the_next_one_says_what_was_set_aside(
    running: Running, settings: Settings, engine: Engine, collector: Fake
) -> None:
    running.start()
    running.worker.readings.journal.damaged = "database disk image is malformed"
    running.thread.join(10)
    assert running.code == 1
    running.let_go()
    (settings.data_dir / "journal.sqlite").write_bytes(b"nonsense" * 1000)
    collector.renew()
    again = Running(Worker(settings, engine, open_store(settings)), collector, settings).start()
    status = next(it for it in SourceStatuses(engine).all() if it.name == "journal")
    assert "A damaged journal was set aside as journal.damaged-" in status.error
    again.end()


def test_a_journal_that_fills_up_is_said_before_it_is_full(running: Running, engine: Engine, store: Store) -> None:
    running.worker.readings.writer.step = lambda: 0
    running.start()
    running.collector.intake.commit(Batch("fake", [frame(float(n)) for n in range(100)]))
    backlog = running.worker.readings.journal.backlog()
    running.worker.readings.journal.max_bytes = int(backlog.bytes / 0.9)
    running.tick()
    status = next(it for it in SourceStatuses(engine).all() if it.name == "journal")
    assert status.error == "The journal is 90% full."
    assert status.backlog == 100


def test_a_database_that_is_locked_for_a_while_does_not_end_the_worker(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running.start()
    engine = make_engine("sqlite:////dev/null/no/such.sqlite")
    with monkeypatch.context() as patch:
        patch.setattr(running.worker, "_statuses", SourceStatuses(engine))
        running.tick(5)
    running.tick()
    assert caplog.text.count("cannot be written") == 1
    assert running.end() == 0


@pytest.fixture
def his(monkeypatch: pytest.MonkeyPatch, collector: Fake) -> Iterator[Fake]:
    """A collector of facts beside the one of readings."""
    fake = Fake("his", "facts")
    monkeypatch.setattr(ioc.worker, "build_collectors", lambda *_: [collector, fake])
    yield fake
    fake.end()


@pytest.fixture
def both(his: Fake, settings: Settings, engine: Engine, store: Store, collector: Fake) -> Iterator[Running]:
    running = Running(Worker(settings, engine, store), collector, settings).start()
    yield running
    running.end()


def admitted(number: int) -> Fact:
    now_ns = SystemClock().now_ns()
    spot = Spot("icu", "P01", f"G{number}")
    stated = {"visit": f"v{number}", "visit_class": VisitClass.INPATIENT, "spot": spot}
    return Fact(f"m{number}", 0, FactKind.ADMITTED, "bv01", "his", now_ns, now_ns, now_ns, **stated)


def patients(engine: Engine) -> float | None:
    rows, _ = LatestReader(engine).since(0)
    values = {row.series.metric: row.value for row in rows if row.series.tag("ward") == "icu"}
    return values.get("pt.inpatient")


def status_of(engine: Engine, name: str) -> SourceStatus:
    return next(it for it in SourceStatuses(engine).all() if it.name == name)


def until(running: Running, true: Callable[[], object]) -> None:
    for _ in range(500):
        if true():
            return
        running.tick(1)
    raise AssertionError("it never came")


def test_facts_become_the_census_and_its_numbers_the_present(both: Running, his: Fake, engine: Engine) -> None:
    his.intake.commit(Batch("his", facts=[admitted(1), admitted(2)], counts=Counts(2)))
    until(both, lambda: patients(engine) == 2.0)
    both.tick()
    assert (status_of(engine, "his").received, status_of(engine, "his").accepted) == (2, 2)
    until(both, lambda: status_of(engine, "journal-his").backlog == 0)


def test_a_store_that_takes_nothing_does_not_stop_the_beds(
    both: Running, his: Fake, collector: Fake, engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_lines: object) -> None:
        raise RetryError("The store is away.")

    monkeypatch.setattr(store, "write_lines", away)
    collector.intake.commit(Batch("fake", [frame(4.5)]))
    his.intake.commit(Batch("his", facts=[admitted(1)]))
    until(both, lambda: patients(engine) == 1.0)
    until(both, lambda: "away" in status_of(engine, "journal").error)
    assert status_of(engine, "journal").backlog == 1
    assert (status_of(engine, "journal-his").error, status_of(engine, "journal-his").backlog) == ("", 0)


def test_a_census_that_takes_nothing_does_not_stop_the_devices(
    both: Running, his: Fake, collector: Fake, engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_facts: object) -> None:
        raise OperationalError("insert", {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(both.worker._ledger, "keep", locked)
        his.intake.commit(Batch("his", facts=[admitted(1)]))
        collector.intake.commit(Batch("fake", [frame(4.5)]))
        until(both, lambda: "locked" in status_of(engine, "journal-his").error)
        until(both, lambda: store.latest("fridge.temp", {"source": "fake"}, DAY))
        assert status_of(engine, "journal-his").backlog == 1
        assert status_of(engine, "journal").error == ""
    until(both, lambda: patients(engine) == 1.0)


def test_a_worker_that_starts_tells_the_present_what_the_census_knows(
    both: Running, his: Fake, collector: Fake, settings: Settings, engine: Engine, store: Store
) -> None:
    his.intake.commit(Batch("his", facts=[admitted(1)]))
    until(both, lambda: patients(engine) == 1.0)
    assert both.end() == 0
    with writing(engine) as connection:
        connection.execute(latest.delete())
    his.renew()
    collector.renew()
    again = Running(Worker(settings, engine, open_store(settings)), collector, settings).start()
    until(again, lambda: patients(engine) == 1.0)
    again.end()


def test_the_faults_of_all_collectors_are_told_together(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def builder(kind: str):
        def build(*_args: object) -> None:
            raise RefuseToStartError([Fault("X", kind, "is wrong.")])

        return build

    monkeypatch.setattr(ioc.worker, "COLLECTORS", {"a": "", "b": ""})
    monkeypatch.setattr(ioc.worker, "builder", builder)
    with pytest.raises(RefuseToStartError) as caught:
        build_collectors(settings, None, None)
    assert [fault.where for fault in caught.value.faults] == ["a", "b"]


def test_a_second_worker_on_the_same_data_is_refused_and_leaves_the_first_alone(
    running: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.start()
    monkeypatch.setattr(ioc.worker, "migrate", lambda _engine: None)
    with pytest.raises(RefuseToStartError, match="another worker"):
        run_worker(settings)
    running.tick()
    assert running.ready.exists()
    assert running.end() == 0
