"""A process that is at work says so every few seconds; one that has stopped is not among those at work."""

import os

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ioc.database import make_engine, metadata
from ioc.domain import SECOND, VirtualClock
from ioc.errors import RetryError
from ioc.telemetry import ALIVE_NS, BEAT_NS, Figure, Heart, Meter, Pulse, Pulses


@pytest.fixture
def engine(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path}/ioc.sqlite")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


NOW = 1_800_000_000 * SECOND


def pulse(part: str = "worker", at_ns: int = NOW, pid: int = 7) -> Pulse:
    times = Figure("job_seconds", (("job", "derive"),), 0.5, (1, 2))
    return Pulse(part, "máy-1", pid, at_ns, (times, Figure("lease_held", (), 1.0)))


def test_what_is_written_is_read_again(engine):
    Pulses(engine).save(pulse())
    (found,) = Pulses(engine).alive(NOW)
    assert found == pulse()
    assert found.one("job_seconds", job="derive").count == 3
    assert found.one("job_seconds", job="other") is None
    assert [figure.value for figure in found.all("lease_held")] == [1.0]


def test_the_newest_of_a_process_takes_the_place_of_the_one_before(engine):
    Pulses(engine).save(pulse())
    Pulses(engine).save(pulse(at_ns=NOW + BEAT_NS))
    assert [found.at_ns for found in Pulses(engine).alive(NOW + BEAT_NS)] == [NOW + BEAT_NS]


def test_several_of_one_part_are_kept_apart_and_the_silent_are_left_out(engine):
    pulses = Pulses(engine)
    pulses.save(pulse(pid=7))
    pulses.save(pulse(pid=8, at_ns=NOW + ALIVE_NS))
    pulses.save(pulse("scheduler", pid=9, at_ns=NOW + ALIVE_NS))
    assert [(it.part, it.pid) for it in pulses.alive(NOW + ALIVE_NS)] == [
        ("scheduler", 9),
        ("worker", 7),
        ("worker", 8),
    ]
    assert [it.pid for it in pulses.alive(NOW + ALIVE_NS + 1)] == [9, 8]


def test_those_long_gone_are_forgotten(engine):
    pulses = Pulses(engine)
    pulses.save(pulse(pid=7))
    pulses.save(pulse(pid=8, at_ns=NOW + 3600 * SECOND))
    assert [it.pid for it in pulses.alive(0)] == [8]


def test_a_heart_beats_when_it_is_time_to_and_stops_at_the_end(engine):
    clock, meter, looked = VirtualClock(NOW), Meter(), []
    heart = Heart(engine, "worker", meter, clock, [lambda: looked.append(meter.put("lease_held", 1.0))])
    for _ in range(3):
        heart.beat()
        clock.advance(BEAT_NS // 2)
    assert len(looked) == 2
    (found,) = Pulses(engine).alive(clock.now_ns())
    assert (found.part, found.pid, found.one("lease_held").value) == ("worker", os.getpid(), 1.0)
    heart.stop()
    assert Pulses(engine).alive(clock.now_ns()) == []


def test_a_clock_that_is_set_back_does_not_silence_it(engine):
    clock = VirtualClock(NOW)
    heart = Heart(engine, "worker", Meter(), clock)
    heart.beat()
    clock.advance(-3600 * SECOND)
    heart.beat()
    assert [found.at_ns for found in Pulses(engine).alive(clock.now_ns())] == [NOW - 3600 * SECOND]


def test_a_database_that_does_not_answer_ends_no_work_and_is_said_once(engine, caplog):
    metadata.tables["pulse"].drop(engine)
    clock = VirtualClock(NOW)
    heart = Heart(engine, "worker", Meter(), clock)
    for _ in range(3):
        heart.beat()
        clock.advance(BEAT_NS)
    heart.stop()
    assert sum("cannot be written" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("error", [RetryError("The journal is damaged."), PoolTimeoutError("no connection is free")])
def test_what_cannot_be_looked_at_ends_no_work_and_is_said_once(engine, caplog, error):
    faults = [error, error, None]

    def look() -> None:
        if fault := faults.pop(0):
            raise fault

    clock = VirtualClock(NOW)
    heart = Heart(engine, "worker", Meter(), clock, [look])
    for _ in range(3):
        heart.beat()
        clock.advance(BEAT_NS)
    assert faults == []
    assert sum("cannot be written" in record.message for record in caplog.records) == 1
    assert [it.part for it in Pulses(engine).alive(clock.now_ns())] == ["worker"]
