"""The simulator against the shipped registry, the collector that has to understand it, and a real broker."""

import json
import sys
import time
from pathlib import Path
from typing import Self

import pytest

from collectors.mqtt.decode import Decoder
from collectors.simulator.messages import Sender
from collectors.simulator.run import Options, make_senders
from ioc.catalogue import load_catalogue
from ioc.domain import MILLISECOND, SECOND, Quality
from ioc.mqtt import Subscriber
from ioc.registry import load_registry
from tests.functional.harness import ROOT, Stack, stack, wait_for

pytestmark = pytest.mark.sockets
CONFIGS = ROOT / "configs"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue(CONFIGS)


@pytest.fixture(scope="module")
def registry(catalogue):
    return load_registry(CONFIGS, catalogue)


@pytest.fixture(scope="module")
def fleet(registry, catalogue) -> list[Sender]:
    return make_senders(registry, catalogue, Options())


@pytest.fixture
def decoder(catalogue, registry) -> Decoder:
    return Decoder("mqtt", catalogue, registry, max_payload=1 << 18, keep_days=30)


def test_every_device_of_the_registry_is_simulated(fleet, registry):
    assert len(fleet) == len(registry.devices)


def test_the_collector_understands_every_message_of_every_device(fleet, decoder):
    now_ms = time.time_ns() // MILLISECOND
    for sender in fleet:
        for hours in range(0, 24, 3):
            n = sender.nth(now_ms - hours * HOUR_MS) - 1
            for hist in (False, True):
                found = decoder.decode(sender.topic(n), sender.payload(n, hist=hist), now_ms * MILLISECOND)
                assert found.fault is None, (sender.topic(n), found.fault)
                assert found.route.unconfirmed == ()
                assert found.frame.quality == Quality.SIM
                assert found.frame.hist is hist
                assert set(found.frame.fields) == set(sender.device.keys)


def test_history_and_live_give_the_same_point_for_the_same_message(fleet, decoder):
    now_ms = time.time_ns() // MILLISECOND
    for sender in fleet:
        n = sender.nth(now_ms) - 1
        live, made = (
            decoder.decode(sender.topic(n), sender.payload(n, hist=hist), now_ms * MILLISECOND).frame.line()
            for hist in (False, True)
        )
        assert live == made


def start(made: Stack, *words: str) -> None:
    made.spawn("simulator", (sys.executable, "-m", "ioc.cli", "simulator", *words))


class Listener:
    """Another client of the broker, which keeps what it hears."""

    def __init__(self, made: Stack) -> None:
        self.messages: list[tuple[str, bytes, int]] = []
        self._subscriber = Subscriber(made.url, "listener", ["ioc/v1/#"])

    def __enter__(self) -> Self:
        self._subscriber.start()
        wait_for("the listener has subscribed", lambda: self._subscriber.ready)
        return self

    def __exit__(self, *_: object) -> None:
        self._subscriber.stop()

    def hear(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            deliveries = self._subscriber.take(1_000, 0.1)
            self.messages += [(d.topic, d.payload, d.received_ns) for d in deliveries]
            self._subscriber.ack(deliveries)


def test_it_publishes_live_and_history_and_ends_at_once_when_told(tmp_path, mosquitto, fleet, decoder):
    with stack(tmp_path, mosquitto) as made, Listener(made) as listener:
        start(made, "--seed", "3")
        listener.hear(8)
        begun = time.monotonic()
        assert made.end("simulator") == 0
        assert time.monotonic() - begun < 4
        decoded = [decoder.decode(*message) for message in listener.messages]
        assert not [found.fault for found in decoded if found.fault]
        live = [found.frame for found in decoded if not found.frame.hist]
        made_up = [found.frame for found in decoded if found.frame.hist]
        expected = sum(1_000 / sender.interval_ms for sender in fleet)
        assert 4 * expected < len(live) - len(fleet) < 9 * expected  # each device's last message goes out at once
        assert 1_200 < len(made_up) < 3_600
        prompt = [frame for frame in live if frame.received_ns - frame.time_ns < SECOND]
        assert len(prompt) > 0.97 * (len(live) - len(fleet))
        state = json.loads((tmp_path / "data" / "simulator" / "state.json").read_text())
        assert state["seed"] == 3
        assert state["spans"]


def test_a_restart_repeats_hardly_any_history(tmp_path, mosquitto):
    with stack(tmp_path, mosquitto) as made, Listener(made) as listener:
        for _ in range(2):
            start(made, "--facility", "bv06", "--history-rate", "3000")
            listener.hear(4)
            made.end("simulator")
        seen = [(topic, json.loads(payload)["seq"]) for topic, payload, _ in listener.messages if b'"hist"' in payload]
        assert len(seen) > 2_000
        assert len(seen) - len(set(seen)) < 0.05 * len(seen)


def test_without_a_broker_it_waits_and_begins_when_there_is_one(tmp_path, mosquitto):
    with stack(tmp_path, mosquitto) as made:
        made.kill("broker")
        start(made, "--no-history")
        wait_for("it says that it cannot reach the broker", lambda: "cannot reach" in made.log("simulator"))
        made.start_broker()
        with Listener(made) as listener:
            listener.hear(4)
            assert listener.messages
        assert made.end("simulator") == 0


def test_a_real_hospital_is_refused_with_one_sentence(tmp_path, mosquitto):
    configs = tmp_path / "configs"
    for path in CONFIGS.rglob("*.yaml"):
        copy = configs / path.relative_to(CONFIGS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text().replace("demo: true", "demo: false"))
    made = Stack(tmp_path, mosquitto, extra={"IOC_CONFIG_DIR": str(configs)})
    start(made)
    assert made.processes["simulator"].wait(20) == 1
    assert "is not marked demo" in made.log("simulator")
    assert "Traceback" not in made.log("simulator")
    assert Path(configs).is_dir()
