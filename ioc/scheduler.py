"""What is done by the clock, by one process at a time: alerts, samples of the census, roll-ups, retention, pruning,
derived values, backups.

What alerts have to send is sent by every scheduler process, whoever holds the lease: each message is claimed by itself.

The only module that imports apscheduler.
"""

import logging
import os
import select
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from alerts.compose import Composer
from alerts.dispatcher import Dispatcher
from alerts.engine import Engine as Judge
from alerts.job import AlertJob
from alerts.notifiers import load_notifiers
from alerts.record import Record
from alerts.reload import open_files, with_watchdog
from alerts.windows import Windows
from ioc.access import Sessions
from ioc.backup import backup_if_due
from ioc.beds import BedRegister
from ioc.catalogue import Catalogue, load_catalogue
from ioc.census import CensusReader, Ledger, Sampler
from ioc.config import Settings, ensure_secrets, read_secret
from ioc.database import make_engine, migrate
from ioc.derive import derive_all, derive_disks
from ioc.domain import SECOND, Clock, SystemClock
from ioc.errors import IocError
from ioc.intake import Quarantine, Sealer
from ioc.latest import LatestReader, LatestWriter
from ioc.lease import Lease
from ioc.pidfile import pid_file
from ioc.registry import Registry, load_registry
from ioc.telemetry import Heart, Meter
from ioc.timeseries import Store, open_store

log = logging.getLogger(__name__)

DERIVE_EVERY = 10  # seconds: what is computed may be only so much older than its inputs
SAMPLE_EVERY = 60  # seconds
RENEW_EVERY = 1.5  # seconds; the lease lasts 5
WINDOWS_EVERY = 15  # seconds, of rules with ``over``
JUDGE_EVERY = 0.2  # seconds: a value is judged at most so long after it is known
THREADS = 3  # few: the memory that a job used stays with its thread
JOB_DEFAULTS = {"coalesce": True, "max_instances": 1, "misfire_grace_time": 30}
SKIPPED_S = 10  # a job that is always still running is worth a word after so long
GOODBYE_S = 2.5  # for what is being sent when we are told to end; the supervisor waits 3
SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SAID = {
    EVENT_JOB_ERROR: "failed",
    EVENT_JOB_MISSED: "was missed",
    EVENT_JOB_MAX_INSTANCES: "still runs and was skipped",
}
_WORDS = {EVENT_JOB_ERROR: "failed", EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "skipped"}


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work and how often it is done, in seconds. ``apart``: in a thread of its own, so it waits for none."""

    name: str
    every: float
    work: Callable[[int], object]  # is given the time
    apart: bool = False


@dataclass(slots=True)
class Watch:
    """Counts what goes wrong with jobs, and says it once: when it begins, and when it is over.

    ``patience`` is how often in a row a job may be skipped before a word is said of it; once unless it stands there.
    """

    patience: Mapping[str, int] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by job and what happened
    _now: dict[str, str] = field(default_factory=dict)
    _skipped: Counter[str] = field(default_factory=Counter)  # in a row

    def heard(self, event: JobExecutionEvent | JobSubmissionEvent) -> None:
        """A listener of the scheduler."""
        before = self._now.get(event.job_id, "")
        now = _SAID.get(event.code, "")
        if now:
            self.counts[event.job_id, now] += 1
            self.meter.add("job_failures_total", job=event.job_id, what=_WORDS[event.code])
        if event.code == EVENT_JOB_MAX_INSTANCES:
            self._skipped[event.job_id] += 1
            if self._skipped[event.job_id] < self.patience.get(event.job_id, 1):
                return
        else:
            self._skipped[event.job_id] = 0
        self._now[event.job_id] = now
        if now and now != before:
            error = getattr(event, "exception", None)
            expected = error is None or isinstance(error, (IocError, DBAPIError))
            log.warning(
                "The job %s %s%s", event.job_id, now, f": {error}" if error else "", exc_info=not expected and error
            )
        elif before and not now:
            log.info("The job %s works again.", event.job_id)


class Scheduler:
    """Runs jobs for as long as it holds the lease; without it they come due and do nothing."""

    def __init__(
        self,
        lease: Lease,
        jobs: Sequence[Job],
        clock: Clock | None = None,
        *,
        meter: Meter | None = None,
        heart: Heart | None = None,
    ) -> None:
        self._lease = lease
        self._clock = clock or SystemClock()
        self._meter = meter or Meter()
        self._heart = heart
        self._token = 0  # of the lease, as long as it is ours
        self._lease_error = ""
        self.watch = Watch({job.name: round(SKIPPED_S / job.every) for job in jobs}, meter=self._meter)
        executors = {job.name: ThreadPoolExecutor(1) for job in jobs if job.apart}
        executors["default"] = ThreadPoolExecutor(THREADS)
        self._scheduler = BackgroundScheduler(executors=executors, timezone=UTC, job_defaults=JOB_DEFAULTS)
        self._scheduler.add_listener(self.watch.heard, sum(_SAID) | EVENT_JOB_EXECUTED)
        for job in jobs:
            executor = job.name if job.apart else "default"
            self._scheduler.add_job(self.do, "interval", (job,), seconds=job.every, id=job.name, executor=executor)

    def run(self, wait: Callable[[float], object]) -> int:
        """Work until ``wait``, which is given seconds, says that it is over."""
        ended = threading.Event()
        self._scheduler.start()
        beating = threading.Thread(target=self._beat, args=(ended,), name="heart", daemon=True)
        beating.start()
        try:
            self.keep_lease()
            while not wait(RENEW_EVERY):
                self.keep_lease()
        finally:
            ended.set()
            self._scheduler.shutdown(wait=True)
            self._release()
            beating.join(GOODBYE_S)
            if self._heart:
                self._heart.stop()
        return 0

    def _beat(self, ended: threading.Event) -> None:
        """In a thread of its own: it waits for whoever writes to the database, and the lease must not."""
        while self._heart and not ended.wait(RENEW_EVERY):
            self._meter.put("lease_held", bool(self._token))
            self._heart.beat()

    def do(self, job: Job) -> None:
        """One run of a job, if it is ours to do."""
        if self._lease.held():
            with self._meter.timed("job_seconds", job=job.name):
                job.work(self._clock.now_ns())
            self._meter.put("job_last_success_timestamp_seconds", self._clock.now_ns() / SECOND, job=job.name)

    def keep_lease(self) -> None:
        """Take or renew the lease; when it has just become ours, everything is due."""
        try:
            held = self._lease.acquire()
        except DBAPIError as error:
            held = self._lease.held()
            if not self._lease_error:
                log.warning("The lease of the scheduler cannot be renewed: %s", error.orig)
            self._lease_error = str(error)
        else:
            self._lease_error = ""
        token = self._lease.token if held else 0
        if token and token != self._token:  # also after the clock was set back: what it had planned is far ahead then
            log.info("This process does the scheduled work now (token %d).", token)
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))
        elif self._token and not token:
            why = "the lease has run out" if self._lease_error else "another process holds the lease"
            log.warning("This process does the scheduled work no more: %s.", why)
        self._token = token

    def _release(self) -> None:
        try:
            self._lease.release()
        except DBAPIError as error:
            log.warning("The lease of the scheduler ends by itself within seconds: %s", error.orig)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the work of this process stands on."""

    settings: Settings
    engine: Engine
    store: Store
    lease: Lease
    clock: Clock


def make_jobs(parts: Parts) -> tuple[list[Job], Dispatcher]:
    """All that is done by the clock, and what sends; raises RefuseToStartError with the faults of rules and people."""
    settings, engine, clock, store = parts.settings, parts.engine, parts.clock, parts.store
    catalogue = load_catalogue(settings.config_dir)
    registry = load_registry(settings.config_dir, catalogue)
    sealer = Sealer(read_secret(settings, "quarantine").reveal())
    kept = settings.quarantine
    quarantine = Quarantine(engine, sealer, clock, kept.max_bytes, kept.days)
    sessions = Sessions(engine, clock, settings.web.session_hours)
    present = LatestWriter(engine, catalogue, registry, clock)
    people, files = open_files(settings, catalogue, registry, clock)
    sender = Dispatcher(engine, people, load_notifiers(with_watchdog(settings)), clock, parts.lease.owner)
    windows = Windows(store)
    alerts = AlertJob(
        LatestReader(engine),
        Judge(files.rules, registry),
        Record(engine, parts.lease, people, Composer(settings, catalogue, registry)),
        files,
        parts.lease,
        windows=windows,
        watchdog=bool(settings.notify.watchdog_url),
        wake=sender.wake,
    )
    return [
        Job("alerts", JUDGE_EVERY, alerts.tick, apart=True),
        Job("windows", WINDOWS_EVERY, windows.look),
        Job("derive", DERIVE_EVERY, partial(derive_all, store, registry, catalogue, present)),
        *_census_jobs(parts, catalogue, registry),
        Job("derive_disks", 300, partial(derive_disks, store, catalogue, present)),
        Job("roll_up", 60, store.roll_up, apart=True),  # it may take long, after years or a new release
        Job("retain", 3600, store.retain),
        Job("backup", 600, partial(backup_if_due, settings)),
        Job("prune_quarantine", 3600, lambda _now_ns: quarantine.prune()),
        Job("prune_sessions", 3600, lambda _now_ns: sessions.prune()),
    ], sender


def _census_jobs(parts: Parts, catalogue: Catalogue, registry: Registry) -> list[Job]:
    settings, engine = parts.settings, parts.engine
    reader = CensusReader(engine, registry, BedRegister(engine, parts.clock), settings, catalogue)
    sampler = Sampler(engine, reader, registry, parts.store, catalogue)
    ledger = Ledger(engine, settings, catalogue)
    return [Job("sample_census", SAMPLE_EVERY, sampler.run), Job("prune_census", 3600, ledger.prune)]


def told_to_end() -> Callable[[float], bool]:
    """What waits so many seconds for SIGTERM or SIGINT, and says whether one has come.

    ``signal.sigtimedwait`` will not do: where the process was stopped past the end of the wait it gives a signal
    that never came.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in SIGNALS:
        signal.signal(number, lambda *_: None)
    return lambda seconds: bool(select.select([reader], [], [], seconds)[0])


def run_scheduler(settings: Settings) -> int:
    """The scheduler of these settings, until SIGTERM; raises RefuseToStartError where it must not start."""
    told = told_to_end()
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # Watch says it, once
    clock = SystemClock()
    ensure_secrets(settings)
    engine = make_engine(settings.database.url, poolclass=QueuePool)  # opened once, not five times a second
    migrate(engine)
    store = open_store(settings)
    lease = Lease(engine, "scheduler", f"{socket.gethostname()}:{os.getpid()}", clock)
    jobs, sender = make_jobs(Parts(settings, engine, store, lease, clock))
    ending = threading.Event()
    sending = threading.Thread(target=sender.run, args=(ending,), name="dispatcher", daemon=True)

    def wait(seconds: float) -> bool:
        if told(seconds):
            ending.set()
            sender.wake()
        return ending.is_set()

    with pid_file(settings.data_dir, "scheduler"):
        sending.start()
        meter = Meter()
        heart = Heart(engine, "scheduler", meter, clock)
        code = Scheduler(lease, jobs, clock, meter=meter, heart=heart).run(wait)
        sending.join(GOODBYE_S)
    store.close()
    return code
