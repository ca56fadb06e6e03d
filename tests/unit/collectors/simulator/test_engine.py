import json

import pytest

from collectors.simulator.engine import IN_FLIGHT, Engine
from collectors.simulator.history import History
from ioc.domain import MILLISECOND, SECOND, VirtualClock, parse_rfc3339
from ioc.errors import RetryError

T0 = 1_790_000_000 * SECOND


@pytest.fixture
def clock():
    return VirtualClock(T0)


@pytest.fixture
def fleet(make_sender):
    return [make_sender("gas", code=f"gas-{n}", interval_s=10) for n in range(40)]


@pytest.fixture
def make_engine(fleet, broker, clock, tmp_path):
    def make(*, history=True, rate=400.0):
        kept = History(tmp_path / "state.json", 1, fleet) if history else None
        return Engine(fleet, broker, clock, kept, rate)

    return make


def run(engine, clock, seconds):
    """Move through this time as the running loop would; how far behind the worst live message was."""
    until = clock.now_ns() + seconds * SECOND
    while clock.now_ns() < until:
        clock.advance(max(MILLISECOND, round(engine.step() * SECOND)))


def decoded(broker, *, hist=False):
    messages = [json.loads(payload) for _, payload in broker.messages]
    return [message for message in messages if message.get("hist", False) is hist]


def test_every_device_reports_once_an_interval(make_engine, broker, clock):
    run(make_engine(history=False), clock, 100)
    assert 430 <= len(broker.messages) <= 442  # ten each, and the one before the start
    assert all(topic.endswith("/tele") for topic, _ in broker.messages)


def test_live_messages_leave_when_they_are_measured_also_while_history_is_made(make_engine, broker, clock):
    engine = make_engine()
    engine.step()
    worst = 0
    for _ in range(2_000):
        clock.advance(max(MILLISECOND, round(engine.step() * SECOND)))
        before = len(broker.messages)
        engine.step()
        for _, payload in broker.messages[before:]:
            message = json.loads(payload)
            if "hist" not in message:
                worst = max(worst, clock.now_ns() - parse_rfc3339(message["ts"]))
    assert engine.counts.history > 1_000
    assert worst < 100 * MILLISECOND


def test_every_device_has_a_value_at_once(make_engine, broker):
    make_engine(history=False).step()
    assert len({topic for topic, _ in broker.messages}) >= 38  # silent ones are silent


def test_history_keeps_to_its_rate(make_engine, broker, clock):
    engine = make_engine(rate=50.0)
    run(engine, clock, 60)
    assert 2_700 <= len(decoded(broker, hist=True)) <= 3_050


def test_history_ends_and_is_not_made_again(make_engine, broker, clock):
    run(make_engine(rate=5_000.0), clock, 30)
    made = len(decoded(broker, hist=True))
    assert made == pytest.approx(40 * 288, rel=0.02)
    run(make_engine(rate=5_000.0), clock, 30)
    assert len(decoded(broker, hist=True)) - made <= 2 * 40


def test_history_waits_while_the_broker_is_slow_to_acknowledge(make_engine, broker, clock):
    broker.acknowledges = False
    engine = make_engine()
    run(engine, clock, 20)
    assert engine.counts.history <= IN_FLIGHT
    assert engine.counts.live > 60


def test_nothing_is_written_down_as_made_before_it_is_acknowledged(make_engine, broker, clock, tmp_path):
    broker.acknowledges = False
    engine = make_engine()
    run(engine, clock, 20)
    engine.save()
    assert not (tmp_path / "state.json").exists()


def test_devices_without_a_broker_are_silent_and_make_the_gap_good_as_history(make_engine, broker, clock):
    engine = make_engine(rate=5_000.0)
    run(engine, clock, 30)
    broker.connected = False
    before = len(broker.messages)
    run(engine, clock, 3_600)
    assert len(broker.messages) == before
    broker.connected = True
    back = clock.now_ns()
    run(engine, clock, 30)
    new = [json.loads(payload) for _, payload in broker.messages[before:]]
    assert all(parse_rfc3339(message["ts"]) > back - 11 * SECOND for message in new if "hist" not in message)
    assert sum("hist" in message for message in new) == pytest.approx(40 * 12, abs=80)


def test_a_broker_that_takes_nothing_costs_messages_and_not_the_simulator(make_engine, broker, clock):
    def refuse(topic, payload, *, timeout):
        raise RetryError("no room")

    broker.publish = refuse
    engine = make_engine(history=False)
    run(engine, clock, 20)
    assert engine.counts.live == 0
    assert engine.counts.dropped > 50


def test_a_late_message_leaves_later_with_the_time_of_its_measuring(make_engine, broker, clock, fleet, monkeypatch):
    late = fleet[0].nth(T0 // MILLISECOND) + 1
    monkeypatch.setattr(type(fleet[0]), "delay_ms", lambda self, n: 30_000 if (self, n) == (fleet[0], late) else 0)
    monkeypatch.setattr(type(fleet[0]), "silent", lambda self, n: False)
    run(make_engine(history=False), clock, 60)
    seqs = [json.loads(payload)["seq"] for topic, payload in broker.messages if "/gas-0/" in topic]
    assert seqs != sorted(seqs)
    assert set(range(min(seqs), max(seqs) + 1)) == set(seqs)
