"""The worker: collectors, a lane for readings and one for facts, and the present, put together in one process."""

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import orjson
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from collectors.contract import Collector
from collectors.registry import COLLECTORS, builder
from ioc.beds import BedRegister
from ioc.catalogue import Catalogue, load_catalogue
from ioc.census import CensusReader, Ledger, Publisher
from ioc.config import Settings, ensure_secrets, read_secret
from ioc.database import make_engine, migrate
from ioc.domain import SECOND, Clock, Fact, SystemClock
from ioc.errors import Fault, RefuseToStartError, RetryError
from ioc.intake import (
    FACTS,
    Entry,
    FactKeeper,
    Intake,
    Journal,
    Keep,
    Kind,
    Lane,
    LineKeeper,
    Owned,
    Quarantine,
    Resender,
    Sealer,
    SourceStatus,
    SourceStatuses,
    Unconfirmed,
    Writer,
    frames_of,
)
from ioc.latest import LatestReader, LatestWriter
from ioc.pidfile import pid_file
from ioc.registry import Registry, load_registry
from ioc.telemetry import Heart, Meter, of_process
from ioc.timeseries import Store, open_store

log = logging.getLogger(__name__)

TICK = 1.0  # seconds between two rounds of the main thread
END_WITHIN = 2.5  # seconds from SIGTERM; the supervisor waits 3
DATABASES = ("ioc.sqlite", "timeseries.sqlite", "journal.sqlite", "journal-his.sqlite")  # where they are files
REPLAY_LINES = 5_000
COLLECT_EVERY = 50_000  # new objects; Python's 700 is reached by each batch of messages, none of which is garbage yet


class Worker:
    """Everything of one worker process, made but not started. ``run`` returns its exit code."""

    def __init__(self, settings: Settings, engine: Engine, store: Store, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._store = store
        self._stop = threading.Event()  # told to end
        self._end = threading.Event()  # the threads may end
        self._threads: list[threading.Thread] = []
        catalogue = load_catalogue(settings.config_dir)
        registry = load_registry(settings.config_dir, catalogue)
        self._collectors = build_collectors(settings, catalogue, registry)
        sealer = Sealer(read_secret(settings, "quarantine").reveal())
        limits = settings.quarantine
        quarantine = Quarantine(engine, sealer, self._clock, limits.max_bytes, limits.days)
        self._meter = Meter()
        timed = partial(self._meter.timed, "latest_write_seconds")
        self._latest = LatestWriter(engine, catalogue, registry, self._clock, timed=timed)
        self._ledger = Ledger(engine, settings, catalogue)
        reader = CensusReader(engine, registry, BedRegister(engine, self._clock), settings, catalogue)
        present, _ = LatestReader(engine).since(0)
        known = [row.key for row in present]
        self._publisher = Publisher(reader, registry, self._latest.offer, known, self._clock)
        line_keeper, fact_keeper = LineKeeper(store), FactKeeper(self._keep_facts, sealer)
        readings = Intake(self._journal("journal"), sealer, [self._latest], self._clock)
        facts = Intake(self._journal("journal-his"), sealer, clock=self._clock)
        keep_lines, keep_facts = (
            self._measured("journal", line_keeper.keep),
            self._measured("journal-his", fact_keeper.keep),
        )
        self.readings = Lane(readings, Writer(readings.journal, keep_lines, quarantine, sealer, self._settle))
        self.facts = Lane(facts, Writer(facts.journal, keep_facts, quarantine, sealer, pace=FACTS))
        replays = {name: it.replay for it in self._collectors for name in it.sources()}
        self._resender = Resender(quarantine, replays, line_keeper.again, fact_keeper.again)
        self._statuses = SourceStatuses(engine)
        self._unconfirmed = Unconfirmed(engine, self._clock)
        self._replaying = threading.Thread(target=self._replay, name="replay", daemon=True)
        self._replayed = False
        self._house_error = ""
        self._heart = Heart(engine, "worker", self._meter, self._clock, [self._measure])
        self._ready_file = settings.data_dir / "run" / "worker.ready"

    @property
    def lanes(self) -> Mapping[str, Lane]:
        """By what collectors call them."""
        return {"readings": self.readings, "facts": self.facts}

    def _journal(self, name: str) -> Journal:
        timed = partial(self._meter.timed, "journal_append_seconds", lane=name)
        return Journal(self._settings.data_dir / f"{name}.sqlite", self._settings.journal.max_bytes, timed=timed)

    def _measured(self, lane: str, keep: Keep) -> Keep:
        """The same, and how long it takes and how often it fails."""

        def measured(entries: Sequence[Entry]) -> list[Owned]:
            with self._meter.timed("writer_seconds", lane=lane):
                try:
                    return keep(entries)
                except RetryError:
                    self._meter.add("writer_failures_total", lane=lane)
                    raise

        return measured

    def _measure(self) -> None:
        """Figures of the moment: what waits in the journals, and how large the databases are."""
        now_ns = self._clock.now_ns()
        for lane in self.lanes.values():
            waits, put = lane.journal.backlog(), partial(self._meter.put, lane=lane.name)
            put("journal_entries", waits.entries)
            put("journal_items", waits.items)
            put("journal_bytes", waits.bytes)
            put("journal_limit_bytes", lane.journal.max_bytes)
            put("journal_oldest_age_seconds", max(0, now_ns - (waits.oldest_ns or now_ns)) / SECOND)
        of_process(self._meter, tuple(self._settings.data_dir / name for name in DATABASES))

    def stop(self) -> None:
        """Have ``run`` end; may be called from a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Work until told to stop (0) or until a thread of ours died (1)."""
        self._ready_file.unlink(missing_ok=True)
        self._latest.rebuild(self._store)
        self._start()
        dead = ""
        while not dead and not self._stop.wait(TICK if self._ready_file.exists() else TICK / 20):
            self._say_ready()
            self._keep_house()
            dead = self._what_died()
        self._ready_file.unlink(missing_ok=True)
        if dead:
            log.critical("The worker ends so that it is started anew: %s", dead)
            return 1
        self._finish()
        return 0

    def _start(self) -> None:
        known = {status.name: status for status in self._statuses.all()}
        for collector in self._collectors:
            for name, health in collector.sources().items():
                status = known.get(name) or SourceStatus(name, collector.kind)
                self.lanes[collector.lane].intake.register(status, health)
        self._replaying.start()
        self._start_thread("latest", self._latest.run)
        self._start_thread("census", self._publisher.run)
        for lane in self.lanes.values():
            self._start_thread(lane.name, lane.writer.run)
        for collector in self._collectors:
            collector.start(self.lanes[collector.lane].intake)
        self._threads += [thread for thread in threading.enumerate() if thread.name.startswith("collector-")]

    def _start_thread(self, name: str, target: Callable[[threading.Event], None]) -> None:
        thread = threading.Thread(target=target, args=(self._end,), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _finish(self) -> None:
        """Collectors first, so that nothing more is acknowledged; then what the journal holds, as far as it goes."""
        until = time.monotonic() + END_WITHIN
        for collector in self._collectors:
            collector.stop()
        self._replaying.join(END_WITHIN / 2)  # cut short, it would leave the whole journal to the next start
        self._end.set()
        for lane in self.lanes.values():
            lane.journal.wake()
        self._publisher.changed()
        self._latest.wake()
        for thread in self._threads:
            thread.join(max(0.1, until - time.monotonic()))
        alive = {thread.name for thread in self._threads if thread.is_alive()}
        for lane in (self.facts, self.readings):
            stuck = alive & {lane.name, "latest"}
            if stuck or not lane.writer.finish(until - time.monotonic()):
                waiting = lane.journal.backlog().items
                log.warning("%s keeps %d messages for the next start.", lane.journal.path.name, waiting)
        self._keep_house()
        self._heart.stop()
        self._latest.close()
        for lane in self.lanes.values():
            lane.journal.close()
        self._store.close()

    def _keep_facts(self, facts: Sequence[Fact]) -> None:
        self._ledger.keep(facts)
        self._publisher.changed()

    def _settle(self) -> None:
        """What was told of the journal's entries is kept: now, and by whoever ran before."""
        self._replaying.join()
        if not self._replayed:
            raise RetryError("The present does not have yet what the journal held at the start.")
        self.readings.intake.settle()

    def _replay(self) -> None:
        """Offer to the present what the worker before us journalled and may not have kept there."""
        last = self.readings.journal.last_id
        after = 0
        while not self._end.is_set() and (entries := self._entries(after)):
            for entry in entries:
                if entry.kind is Kind.FRAMES and entry.id <= last:
                    self._latest.offer(frames_of(entry))
            after = entries[-1].id
            if after >= last:
                break
        self._replayed = not self._end.is_set()

    def _entries(self, after: int) -> Sequence[Entry]:
        return self.readings.journal.read(after, REPLAY_LINES)

    def _say_ready(self) -> None:
        if self._ready_file.exists() or not all(collector.ready() for collector in self._collectors):
            return
        sources = [name for collector in self._collectors for name in collector.sources()]
        write_whole(self._ready_file, orjson.dumps({"pid": os.getpid(), "sources": sources}))

    def _keep_house(self) -> None:
        """Status, unconfirmed things, and what a person asked to send through again."""
        self._heart.beat()
        try:
            lanes = [self.readings.status(self._latest.error), self.facts.status(self._publisher.error)]
            its = [status for lane in self.lanes.values() for status in lane.intake.statuses()]
            self._statuses.save([*its, *lanes], self._clock.now_ns())
            if seen := [sighting for lane in self.lanes.values() for sighting in lane.intake.take_seen()]:
                self._unconfirmed.add(seen)
            self._resender.poll()
        except (RetryError, DBAPIError) as error:
            text = str(error.orig if isinstance(error, DBAPIError) else error)
            if not self._house_error:
                log.warning("The state of the sources cannot be written: %s. It is tried again each second.", text)
            self._house_error = text
        else:
            self._house_error = ""

    def _what_died(self) -> str:
        for lane in self.lanes.values():
            if lane.journal.damaged:
                return f"{lane.journal.path.name} is damaged ({lane.journal.damaged})."
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        if not self._replaying.is_alive() and not self._replayed:
            dead.append(self._replaying.name)
        return f"its thread {dead[0]} died; the log above says why." if dead else ""


def build_collectors(settings: Settings, catalogue: Catalogue, registry: Registry) -> list[Collector]:
    """One collector of each kind that has something to do; raises RefuseToStartError with the faults of all."""
    collectors: list[Collector] = []
    faults: list[Fault] = []
    for kind in COLLECTORS:
        try:
            collector = builder(kind)(settings, catalogue, registry)
        except RefuseToStartError as error:
            faults += error.faults
        else:
            collectors += [collector] if collector.sources() else []
    if faults:
        raise RefuseToStartError(faults)
    return collectors


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def spare_collections() -> None:
    """Have Python look for cycles less often, and not among what was made at the start and stays.

    Messages hold no cycles; looking for them after every few cost a tenth of the intake.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20, 20)


def run_worker(settings: Settings) -> int:
    """The worker of these settings, until SIGTERM; raises RefuseToStartError where it must not start."""
    ensure_secrets(settings)
    engine = make_engine(settings.database.url, poolclass=QueuePool)  # opened once, not for each batch of facts
    migrate(engine)
    worker = Worker(settings, engine, open_store(settings))
    spare_collections()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    with pid_file(settings.data_dir, "worker"):
        started = time.monotonic()
        code = worker.run()
        log.info("The worker ends after %.0f s.", time.monotonic() - started)
    return code
