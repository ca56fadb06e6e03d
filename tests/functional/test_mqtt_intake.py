"""Bad input of every sort at a real broker: each is quarantined with its reason, and the next good value arrives."""

import time
from collections import Counter

import orjson
import pytest

from ioc.database import make_engine
from ioc.domain import MILLISECOND, MINUTE, rfc3339
from ioc.intake import SourceStatuses, Unconfirmed
from ioc.mqtt import Publisher
from tests.functional.harness import Stack, wait_for

pytestmark = pytest.mark.sockets

TOPIC = "ioc/v1/bv01/kho-vac-xin/fridge/tl-01/tele"


def now_ns() -> int:
    return time.time_ns() // MILLISECOND * MILLISECOND


def message(time_ns: int | None = None, **values: object) -> bytes:
    ts = rfc3339(time_ns or now_ns())
    return orjson.dumps({"ts": ts, "m": values or {"temp": {"v": 4.2, "u": "Cel"}}})


BAD = {
    "json": [b'{"ts": ', b"[" * 5_000, b'{"ts":"\xff"}'],
    "unknown_metric": [message(temperature={"v": 4.2}), message(temp={"v": 4}, dor={"v": 1})],
    "unit": [message(temp={"v": 39.2, "u": "[degF]"})],
    "not_a_number": [message(temp={"v": "4.2"}), message(temp={"v": None})],
    "no_time": [orjson.dumps({"m": {"temp": {"v": 4.2}}})],
    "bad_time": [orjson.dumps({"ts": "yesterday", "m": {"temp": {"v": 4.2}}})],
    "future": [message(now_ns() + 24 * 60 * MINUTE)],  # these are made long before they are sent
    "too_old": [message(now_ns() - 60 * 24 * 60 * MINUTE)],
    "too_large": [b'{"m":"' + b"x" * 5_000_000 + b'"}'],
    "empty": [b""],
    "shape": [b"4.2", orjson.dumps({"ts": rfc3339(now_ns()), "m": {}})],
    "state_range": [message(door={"v": 2})],
}
OTHER_TOPICS = {
    "topic": [
        "ioc/v1/bv01/tele",
        "ioc/v1/bv01/kho-vac-xin/fridge/tl 01/tele",
        "ioc/v1/bv01/kho/fridge/tl-01/telemetry",
    ],
    "unknown_facility": ["ioc/v1/bv99/kho/fridge/tl-01/tele"],
}


def quarantined(running: Stack) -> Counter[str]:
    engine = make_engine(running.settings.database.url)
    try:
        return next((it.quarantined for it in SourceStatuses(engine).all() if it.name == "mqtt"), Counter())
    finally:
        engine.dispose()


def test_bad_messages_are_quarantined_with_their_reason_and_the_stream_goes_on(running: Stack) -> None:
    with Publisher(running.url) as publisher:
        for payloads in BAD.values():
            for payload in payloads:
                publisher.publish(TOPIC, payload)
        for topics in OTHER_TOPICS.values():
            for topic in topics:
                publisher.publish(topic, message())
        publisher.publish(TOPIC, message(temp={"v": 5.5, "u": "Cel"}))
        assert publisher.flush(20) == 0
    expected = Counter({reason: len(those) for reason, those in (BAD | OTHER_TOPICS).items()})
    wait_for("everything bad is counted", lambda: quarantined(running) == expected, 15)
    wait_for("the good value is stored", lambda: running.latest("fridge.temp", "tl-01"))
    assert running.latest("fridge.temp", "tl-01")[0].value == 5.5


def test_the_good_values_of_a_half_bad_message_are_stored(running: Stack) -> None:
    with Publisher(running.url) as publisher:
        publisher.publish(TOPIC, message(temp={"v": 6.5, "u": "Cel"}, door={"v": 7}))
        assert publisher.flush(10) == 0
    wait_for("the temperature is stored", lambda: running.latest("fridge.temp", "tl-01"))
    wait_for("the door is quarantined", lambda: quarantined(running) == Counter(state_range=1))
    assert running.latest("fridge.door", "tl-01") == []


def test_an_unknown_device_and_place_of_a_known_facility_are_stored_and_listed(running: Stack) -> None:
    with Publisher(running.url) as publisher:
        publisher.publish("ioc/v1/bv01/tang-ham/fridge/tu-moi/tele", message())
        assert publisher.flush(10) == 0
    wait_for("the value is stored", lambda: running.latest("fridge.temp", "tu-moi"))
    engine = make_engine(running.settings.database.url)
    unconfirmed = Unconfirmed(engine)
    wait_for("both are listed", lambda: len(unconfirmed.list("bv01")) == 2)
    assert {(thing.kind, thing.code) for thing in unconfirmed.list("bv01")} == {
        ("device", "tu-moi"),
        ("place", "tang-ham"),
    }
    engine.dispose()


def test_what_a_message_repeats_is_stored_once(running: Stack) -> None:
    payload = orjson.dumps({"ts": rfc3339(now_ns()), "seq": 5, "m": {"temp": {"v": 4.2}}})
    with Publisher(running.url) as publisher:
        for _ in range(50):
            publisher.publish(TOPIC, payload)
        assert publisher.flush(10) == 0
    wait_for("it is stored", lambda: running.stored("fridge.temp"))
    assert running.end("worker") == 0
    assert len(running.stored("fridge.temp")) == 1


def test_messages_sent_while_the_worker_is_away_are_there_when_it_comes_back(running: Stack) -> None:
    assert running.end("worker") == 0
    with Publisher(running.url) as publisher:
        for number in range(3_000):
            payload = orjson.dumps({"ts": rfc3339(now_ns()), "seq": number, "m": {"temp": {"v": 4.2}}})
            publisher.publish(TOPIC, payload)
        assert publisher.flush(20) == 0
    running.start_worker()
    running.wait_for_worker()
    wait_for("all of it is stored", lambda: len(running.stored("fridge.temp")) == 3_000)


def test_a_retained_message_is_not_quarantined_again_at_each_start(running: Stack) -> None:
    topic = TOPIC.removesuffix("tele") + "state"
    with Publisher(running.url) as publisher:
        publisher.publish(topic, message(now_ns() - 60 * 24 * 60 * MINUTE), retain=True)
        assert publisher.flush(10) == 0
    wait_for("it is quarantined", lambda: quarantined(running) == Counter(too_old=1))
    assert running.end("worker") == 0
    running.start_worker()
    running.wait_for_worker()
    with Publisher(running.url) as publisher:
        publisher.publish(TOPIC, message())
        assert publisher.flush(10) == 0
    wait_for("the next value is stored", lambda: running.latest("fridge.temp", "tl-01"))
    assert quarantined(running) == Counter(too_old=1)
