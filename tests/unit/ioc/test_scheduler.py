"""Jobs by the clock: only with the lease, each fault said once."""

import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from sqlalchemy.exc import OperationalError

from ioc.config import ensure_secrets, load_settings
from ioc.database import make_engine, metadata
from ioc.domain import SECOND, VirtualClock
from ioc.errors import RetryError
from ioc.lease import TTL_NS, Lease, leases
from ioc.scheduler import JOB_DEFAULTS, THREADS, Job, Parts, Scheduler, Watch, make_jobs
from ioc.timeseries import MemoryStore

CONFIGS = Path(__file__).parents[3] / "configs"
T0 = 1_763_859_600 * SECOND


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(T0)


@pytest.fixture
def engine(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'ioc.sqlite'}")
    metadata.create_all(engine, tables=[leases])
    return engine


@pytest.fixture
def lease(engine, clock) -> Lease:
    return Lease(engine, "scheduler", "a", clock)


def event(code: int, exception: Exception | None = None, job: str = "roll_up") -> SimpleNamespace:
    return SimpleNamespace(code=code, job_id=job, exception=exception)


def test_jobs_are_not_doubled_and_a_late_one_is_not_left_out():
    assert JOB_DEFAULTS == {"coalesce": True, "max_instances": 1, "misfire_grace_time": 30}


def test_a_job_is_given_the_time_and_does_nothing_without_the_lease(lease, clock):
    done: list[int] = []
    job = Job("roll_up", 60, done.append)
    scheduler = Scheduler(lease, [job], clock)
    scheduler.do(job)
    assert done == []
    lease.acquire()
    scheduler.do(job)
    assert done == [T0]
    clock.advance(TTL_NS)
    scheduler.do(job)
    assert done == [T0]


def test_everything_is_done_as_soon_as_the_lease_is_ours_and_the_lease_is_free_at_the_end(lease, engine, clock):
    done = {name: threading.Event() for name in ("roll_up", "retain")}
    jobs = [Job(name, 3600, lambda _, name=name: done[name].set()) for name in done]
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return all(event.wait(10) for event in done.values())

    assert Scheduler(lease, jobs, clock).run(wait) == 0
    assert all(event.is_set() for event in done.values())
    assert waits == [1.5]
    assert Lease(engine, "scheduler", "b", clock).acquire()


def test_a_beat_that_waits_for_the_database_does_not_hold_up_the_lease(lease, clock, monkeypatch):
    monkeypatch.setattr("ioc.scheduler.RENEW_EVERY", 0.001)
    begun, may_end, renewed = threading.Event(), threading.Event(), []

    def beat() -> None:
        begun.set()
        may_end.wait(60)

    scheduler = Scheduler(lease, [], clock, heart=SimpleNamespace(beat=beat, stop=lambda: renewed.append("stop")))

    def wait(_: float) -> bool:
        if begun.wait(60):
            renewed.append("lease")
        if len(renewed) == 3:
            may_end.set()
        return may_end.is_set()

    assert scheduler.run(wait) == 0
    assert renewed == ["lease"] * 3 + ["stop"]


def test_a_job_apart_waits_for_no_other(lease, clock):
    may_end, ticked = threading.Event(), threading.Event()
    slow = [Job(f"slow-{n}", 3600, lambda _: may_end.wait(10)) for n in range(THREADS)]
    scheduler = Scheduler(lease, [*slow, Job("alerts", 0.05, lambda _: ticked.set(), apart=True)], clock)

    def wait(_: float) -> bool:
        found = ticked.wait(10)
        may_end.set()
        return found

    assert scheduler.run(wait) == 0


def test_what_is_running_is_waited_for_at_the_end(lease, clock):
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work(_: int) -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    scheduler = Scheduler(lease, [Job("retain", 3600, work)], clock)
    shutdown = scheduler._scheduler.shutdown

    def shutting_down(wait: bool) -> None:
        may_end.set()
        shutdown(wait=wait)

    scheduler._scheduler.shutdown = shutting_down
    scheduler.run(lambda _: begun.wait(10))
    assert ended.is_set()


def test_a_second_scheduler_waits_and_takes_over(engine, clock, caplog):
    caplog.set_level(logging.INFO, "ioc.scheduler")
    done: list[int] = []
    job = Job("roll_up", 60, done.append)
    first, second = (Scheduler(Lease(engine, "scheduler", name, clock), [job], clock) for name in "ab")
    first.keep_lease()
    second.keep_lease()
    second.do(job)
    assert done == []
    clock.advance(TTL_NS)  # the first hangs
    second.keep_lease()
    second.do(job)
    first.do(job)
    first.keep_lease()
    assert done == [T0 + TTL_NS]
    assert [record.getMessage() for record in caplog.records] == [
        "This process does the scheduled work now (token 1).",
        "This process does the scheduled work now (token 2).",
        "This process does the scheduled work no more: another process holds the lease.",
    ]


def test_a_database_that_cannot_be_reached_is_said_once_and_ends_the_lease_by_the_clock(clock, caplog):
    class Broken:
        token = 1
        ends = T0 + TTL_NS

        def acquire(self) -> bool:
            raise OperationalError("update", {}, Exception("locked"))

        def held(self) -> bool:
            return clock.now_ns() < self.ends

        def release(self) -> None:
            raise OperationalError("update", {}, Exception("locked"))

    job = Job("roll_up", 60, (done := []).append)
    scheduler = Scheduler(Broken(), [job], clock)
    scheduler.keep_lease()
    scheduler.do(job)
    clock.advance(TTL_NS)
    scheduler.keep_lease()
    scheduler.do(job)
    assert len(done) == 1
    assert sum("cannot be renewed" in record.getMessage() for record in caplog.records) == 1
    assert caplog.messages[-1] == "This process does the scheduled work no more: the lease has run out."
    assert scheduler.run(lambda _: True) == 0


def test_faults_are_counted_each_time_and_said_once_and_so_is_their_end(caplog):
    caplog.set_level(logging.INFO, "ioc.scheduler")
    watch = Watch()
    for code in (EVENT_JOB_EXECUTED, EVENT_JOB_MISSED, EVENT_JOB_MISSED, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_EXECUTED):
        watch.heard(event(code))
    watch.heard(event(EVENT_JOB_EXECUTED))
    assert watch.counts == {("roll_up", "was missed"): 2, ("roll_up", "still runs and was skipped"): 1}
    assert [record.getMessage() for record in caplog.records] == [
        "The job roll_up was missed",
        "The job roll_up still runs and was skipped",
        "The job roll_up works again.",
    ]


def test_a_job_of_many_runs_a_second_is_skipped_for_a_while_before_a_word_is_said(caplog):
    caplog.set_level(logging.INFO, "ioc.scheduler")
    watch = Watch({"roll_up": 3})
    skipped, executed = EVENT_JOB_MAX_INSTANCES, EVENT_JOB_EXECUTED
    for code in (skipped, skipped, executed, skipped, skipped):
        watch.heard(event(code))
    assert caplog.messages == []
    for code in (skipped, skipped, executed, executed):
        watch.heard(event(code))
    assert caplog.messages == ["The job roll_up still runs and was skipped", "The job roll_up works again."]
    assert watch.counts["roll_up", "still runs and was skipped"] == 6


def test_an_expected_error_is_a_sentence_and_an_unexpected_one_shows_where(caplog):
    watch = Watch()
    watch.heard(event(EVENT_JOB_ERROR, RetryError("the disk is full")))
    watch.heard(event(EVENT_JOB_ERROR, KeyError("x"), job="derive"))
    assert [record.getMessage() for record in caplog.records] == [
        "The job roll_up failed: the disk is full",
        "The job derive failed: 'x'",
    ]
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]


def test_all_the_work_is_there_and_what_must_not_wait_or_takes_long_has_a_thread_of_its_own(
    tmp_path, engine, lease, clock
):
    settings = load_settings({"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(CONFIGS)})
    ensure_secrets(settings)
    metadata.create_all(engine)
    jobs, _ = make_jobs(Parts(settings, engine, MemoryStore(), lease, clock))
    assert {job.name: job.every for job in jobs} == {
        "alerts": 0.2,
        "windows": 15,
        "derive": 10,
        "derive_disks": 300,
        "sample_census": 60,
        "prune_census": 3600,
        "roll_up": 60,
        "retain": 3600,
        "backup": 600,
        "prune_quarantine": 3600,
        "prune_sessions": 3600,
    }
    assert [job.name for job in jobs if job.apart] == ["alerts", "roll_up"]


def test_a_clock_that_is_set_back_keeps_no_job_waiting(lease, clock):
    scheduler = Scheduler(lease, [Job("alerts", 0.2, lambda _: None)], clock)
    scheduler._scheduler.start(paused=True)
    try:
        scheduler.keep_lease()
        [job] = scheduler._scheduler.get_jobs()
        planned = datetime.now(UTC) + timedelta(hours=1)  # by the clock of before
        job.modify(next_run_time=planned)
        clock.advance(SECOND)
        scheduler.keep_lease()
        assert job.next_run_time == planned
        clock.advance(-3600 * SECOND)
        scheduler.keep_lease()
        assert job.next_run_time <= datetime.now(UTC)
    finally:
        scheduler._scheduler.shutdown()
