"""The embedded brokers as we configure them: where they listen, what they take, what survives."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ioc.mqtt import Publisher, Subscriber
from tests.functional.harness import Stack, stack, wait_for

pytestmark = pytest.mark.sockets

TOPIC = "ioc/v1/bv01/kho/fridge/tl-01/tele"


@pytest.fixture
def brokered(tmp_path: Path, broker_kind: str) -> Iterator[Stack]:
    with stack(tmp_path, broker_kind) as made:
        yield made


def subscribed(running: Stack) -> Subscriber:
    """A session like the worker's, connected. iotcore confirms only when what it had kept is acknowledged."""
    subscriber = Subscriber(running.url, "a-session", ["ioc/v1/#"])
    subscriber.start()
    wait_for("the subscription stands", lambda: subscriber.ready or subscriber.waiting)
    return subscriber


def drain(subscriber: Subscriber, expected: int, limit_s: float = 10.0) -> list[bytes]:
    """What comes until ``expected`` messages are there or nothing more does for a while; all of it acknowledged."""
    payloads: list[bytes] = []
    quiet_at = time.monotonic() + limit_s
    while len(payloads) < expected and time.monotonic() < quiet_at:
        if taken := subscriber.take(1_000, 0.2):
            subscriber.ack(taken)
            payloads += [delivery.payload for delivery in taken]
            quiet_at = time.monotonic() + min(limit_s, 2.0)
    return payloads


def test_it_listens_on_this_machine_only(brokered: Stack) -> None:
    process = psutil.Process(brokered.processes["broker"].pid)
    listening = [it.laddr for it in process.net_connections("tcp") if it.status == psutil.CONN_LISTEN]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", brokered.port)]


def test_it_takes_five_megabytes_and_no_more_than_eight(brokered: Stack) -> None:
    subscriber = subscribed(brokered)
    with Publisher(brokered.url) as publisher:
        publisher.publish(TOPIC, b"x" * 5_000_000)
        assert publisher.flush(10) == 0
        assert [len(payload) for payload in drain(subscriber, 1)] == [5_000_000]
        publisher.publish(TOPIC, b"x" * 9_000_000)
        assert publisher.flush(1.5) == 1, "what is too large for the broker must never be acknowledged"
    subscriber.stop()


def test_it_keeps_what_comes_while_the_subscriber_is_away(brokered: Stack) -> None:
    subscribed(brokered).stop()
    with Publisher(brokered.url) as publisher:
        for number in range(5_000):
            publisher.publish(TOPIC, str(number))
        assert publisher.flush(20) == 0
    subscriber = subscribed(brokered)
    assert drain(subscriber, 5_000) == [str(number).encode() for number in range(5_000)]
    subscriber.stop()


def test_what_was_not_acknowledged_comes_again_on_the_next_connection(brokered: Stack) -> None:
    subscriber = subscribed(brokered)
    with Publisher(brokered.url) as publisher:
        for number in range(100):
            publisher.publish(TOPIC, str(number))
        assert publisher.flush(10) == 0
    taken = []
    wait_for("all have come", lambda: (taken.extend(subscriber.take(100, 0.1)), len(taken) == 100)[1])
    subscriber.ack(taken[:40])
    wait_for("the acknowledgements are sent", lambda: subscriber.acknowledged == 40)
    subscriber.stop()
    again = subscribed(brokered)
    again.ack(taken[40:])  # of the former connection: they mean nothing here
    assert drain(again, 60) == [str(number).encode() for number in range(40, 100)]
    wait_for("they are acknowledged, and no others", lambda: again.acknowledged == 60)
    again.stop()
    assert again.acknowledged == 60


def test_an_orderly_end_of_mosquitto_loses_nothing(tmp_path: Path, mosquitto: str) -> None:
    with stack(tmp_path, mosquitto) as running:
        subscribed(running).stop()
        with Publisher(running.url) as publisher:
            for number in range(2_000):
                publisher.publish(TOPIC, str(number))
            assert publisher.flush(20) == 0
        assert running.end("broker") == 0
        running.start_broker()
        subscriber = subscribed(running)
        assert len(drain(subscriber, 2_000)) == 2_000
        subscriber.stop()


def test_a_killed_mosquitto_keeps_the_session_and_loses_seconds_at_most(tmp_path: Path, mosquitto: str) -> None:
    rate, seconds = 1_000, 5.0
    with stack(tmp_path, mosquitto) as running:
        subscribed(running).stop()
        assert running.launch is not None
        running.launch.save(running.processes["broker"].pid)
        with Publisher(running.url) as publisher:
            began = time.monotonic()
            while (elapsed := time.monotonic() - began) < seconds:
                publisher.publish(TOPIC, str(publisher.sent))
                time.sleep(max(0.0, publisher.sent / rate - elapsed))
            assert publisher.flush(10) == 0
            acknowledged = publisher.acknowledged
            running.kill("broker")
        running.start_broker()
        subscriber = subscribed(running)
        kept = drain(subscriber, acknowledged)
        subscriber.stop()
    lost = acknowledged - len(set(kept))
    print(f"{lost} of {acknowledged} acknowledged messages were lost at {rate}/s")
    assert kept, "the session itself is gone"
    assert lost <= rate * 4.5
