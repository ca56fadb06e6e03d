"""What is done by the clock, by one process at a time: roll-ups, retention, pruning, derived values.

The only module that imports apscheduler.
"""

import logging
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Sequence
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

from ioc.access import Sessions
from ioc.catalogue import load_catalogue
from ioc.config import Settings, ensure_secrets, read_secret
from ioc.database import make_engine, migrate
from ioc.derive import derive_all
from ioc.domain import Clock, SystemClock
from ioc.errors import IocError
from ioc.intake import Quarantine, Sealer
from ioc.latest import LatestWriter
from ioc.lease import Lease
from ioc.pidfile import pid_file
from ioc.registry import load_registry
from ioc.timeseries import Store, open_store

log = logging.getLogger(__name__)

DERIVE_EVERY = 10  # seconds: what is computed may be only so much older than its inputs
RENEW_EVERY = 1.5  # seconds; the lease lasts 5
THREADS = 3  # few: the memory that a job used stays with its thread
JOB_DEFAULTS = {"coalesce": True, "max_instances": 1, "misfire_grace_time": 30}
SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SAID = {
    EVENT_JOB_ERROR: "failed",
    EVENT_JOB_MISSED: "was missed",
    EVENT_JOB_MAX_INSTANCES: "still runs and was skipped",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work and how often it is done, in seconds."""

    name: str
    every: int
    work: Callable[[int], object]  # is given the time


@dataclass(slots=True)
class Watch:
    """Counts what goes wrong with jobs, and says it once: when it begins, and when it is over."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by job and what happened
    _now: dict[str, str] = field(default_factory=dict)

    def heard(self, event: JobExecutionEvent | JobSubmissionEvent) -> None:
        """A listener of the scheduler."""
        before = self._now.get(event.job_id, "")
        now = self._now[event.job_id] = _SAID.get(event.code, "")
        if now:
            self.counts[event.job_id, now] += 1
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

    def __init__(self, lease: Lease, jobs: Sequence[Job], clock: Clock | None = None) -> None:
        self._lease = lease
        self._clock = clock or SystemClock()
        self._held = False
        self._lease_error = ""
        self.watch = Watch()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(THREADS)}, timezone=UTC, job_defaults=JOB_DEFAULTS
        )
        self._scheduler.add_listener(self.watch.heard, sum(_SAID) | EVENT_JOB_EXECUTED)
        for job in jobs:
            self._scheduler.add_job(self.do, "interval", (job,), seconds=job.every, id=job.name)

    def run(self, wait: Callable[[float], object]) -> int:
        """Work until ``wait``, which is given seconds, says that it is over."""
        self._scheduler.start()
        try:
            self.keep_lease()
            while not wait(RENEW_EVERY):
                self.keep_lease()
        finally:
            self._scheduler.shutdown(wait=True)
            self._release()
        return 0

    def do(self, job: Job) -> None:
        """One run of a job, if it is ours to do."""
        if self._lease.held():
            job.work(self._clock.now_ns())

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
        if held and not self._held:
            log.info("This process does the scheduled work now (token %d).", self._lease.token)
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))
        elif self._held and not held:
            why = "the lease has run out" if self._lease_error else "another process holds the lease"
            log.warning("This process does the scheduled work no more: %s.", why)
        self._held = held

    def _release(self) -> None:
        try:
            self._lease.release()
        except DBAPIError as error:
            log.warning("The lease of the scheduler ends by itself within seconds: %s", error.orig)


def make_jobs(settings: Settings, engine: Engine, store: Store, clock: Clock) -> list[Job]:
    """All that is done by the clock."""
    catalogue = load_catalogue(settings.config_dir)
    registry = load_registry(settings.config_dir, catalogue)
    sealer = Sealer(read_secret(settings, "quarantine").reveal())
    kept = settings.quarantine
    quarantine = Quarantine(engine, sealer, clock, kept.max_bytes, kept.days)
    sessions = Sessions(engine, clock, settings.web.session_hours)
    present = LatestWriter(engine, catalogue, registry, clock)
    return [
        Job("derive", DERIVE_EVERY, partial(derive_all, store, registry, catalogue, present)),
        Job("roll_up", 60, store.roll_up),
        Job("retain", 3600, store.retain),
        Job("prune_quarantine", 3600, lambda _now_ns: quarantine.prune()),
        Job("prune_sessions", 3600, lambda _now_ns: sessions.prune()),
    ]


def run_scheduler(settings: Settings) -> int:
    """The scheduler of these settings, until SIGTERM; raises RefuseToStartError where it must not start."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # in all threads: the main one waits for them below
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # Watch says it, once
    clock = SystemClock()
    ensure_secrets(settings)
    engine = make_engine(settings.database.url)
    migrate(engine)
    store = open_store(settings)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    scheduler = Scheduler(Lease(engine, "scheduler", owner, clock), make_jobs(settings, engine, store, clock), clock)
    with pid_file(settings.data_dir, "scheduler"):
        code = scheduler.run(lambda seconds: signal.sigtimedwait(SIGNALS, seconds))
    store.close()
    return code
