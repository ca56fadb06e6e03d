"""Take, decode, commit, acknowledge: in this order, and never the last without the one before."""

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from collectors.mqtt import collector as module
from collectors.mqtt.collector import MqttCollector, build, client_id
from collectors.mqtt.decode import Decoder
from ioc.catalogue import Catalogue
from ioc.config import load_settings
from ioc.domain import MILLISECOND, VirtualClock, rfc3339
from ioc.errors import Reason, RefuseToStartError, RejectError, RetryError
from ioc.intake import Batch, Health, Sighting
from ioc.mqtt import Delivery
from ioc.registry import Registry
from tests.unit.collectors.mqtt.conftest import NOW, TOPIC

STATE = TOPIC.replace("tele", "state")


def payload(seq: int = 0, time_ns: int = NOW, **values: object) -> bytes:
    return orjson.dumps({"ts": rfc3339(time_ns), "seq": seq, "m": values or {"temp": {"v": 4.2}}})


def delivery(body: bytes, topic: str = TOPIC, *, retain: bool = False, mid: int = 1) -> Delivery:
    return Delivery(topic, body, retain, NOW, connection=1, mid=mid)


class Broker:
    """Gives what it was made with, batch by batch, and then has the collector stop."""

    def __init__(self, *batches: Sequence[Delivery]) -> None:
        self.batches = list(batches)
        self.acked: list[Delivery] = []
        self.events: list[str] = []
        self.ready, self.alive, self.error, self.waiting = True, True, "", 0
        self.collector: MqttCollector | None = None

    def take(self, _limit: int, _timeout: float) -> Sequence[Delivery]:
        if self.batches:
            return self.batches.pop(0)
        assert self.collector is not None
        self.collector._stopping.set()
        return []

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        self.events.append("ack")
        self.acked += deliveries

    def start(self) -> None:
        self.events.append("start")
        self.alive = True

    def stop(self) -> None:
        self.events.append("stop")


class Journal:
    """An intake that fails as often as it is told to."""

    def __init__(self, events: list[str], *failures: Exception) -> None:
        self.events, self.failures = events, list(failures)
        self.batches: list[Batch] = []

    def commit(self, batch: Batch) -> None:
        if self.failures:
            self.events.append("refused")
            raise self.failures.pop(0)
        self.events.append("commit")
        self.batches.append(batch)


@pytest.fixture
def decoder(catalogue: Catalogue, registry: Registry) -> Decoder:
    return Decoder("mqtt", catalogue, registry, max_payload=10_000, keep_days=30)


def made(decoder: Decoder, broker: Broker) -> MqttCollector:
    broker.collector = MqttCollector("mqtt", broker, decoder, VirtualClock(NOW))  # type: ignore[arg-type]
    return broker.collector


def run(decoder: Decoder, broker: Broker, *failures: Exception) -> Journal:
    journal = Journal(broker.events, *failures)
    made(decoder, broker)._run(journal)  # type: ignore[arg-type]
    return journal


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.0)


def test_what_was_committed_is_acknowledged_and_not_before(decoder: Decoder) -> None:
    deliveries = [delivery(payload(seq), mid=seq + 1) for seq in range(3)]
    broker = Broker(deliveries[:2], deliveries[2:])
    journal = run(decoder, broker)
    assert broker.events == ["commit", "ack", "commit", "ack"]
    assert broker.acked == deliveries
    assert [len(batch.frames) for batch in journal.batches] == [2, 1]


def test_a_full_journal_is_waited_out_with_the_batch_kept_and_nothing_acknowledged(decoder: Decoder) -> None:
    broker = Broker([delivery(payload())])
    journal = run(decoder, broker, RetryError("full"), RetryError("full"))
    assert broker.events == ["refused", "refused", "commit", "ack"]
    assert len(journal.batches) == 1


def test_an_unexpected_failure_of_the_intake_is_waited_out_too(decoder: Decoder) -> None:
    broker = Broker([delivery(payload())])
    run(decoder, broker, OSError("disk"))
    assert broker.events == ["refused", "commit", "ack"]


def test_told_to_stop_while_it_waits_it_leaves_the_batch_with_the_broker(decoder: Decoder) -> None:
    broker = Broker([delivery(payload())])
    collector = made(decoder, broker)

    class Full:
        def commit(self, _batch: Batch) -> None:
            collector._stopping.set()
            raise RetryError("The journal is full.", "Free some space.")

    collector._run(Full())  # type: ignore[arg-type]
    assert broker.acked == []
    assert collector.health() == Health(
        connected=True, error="Nothing is taken: The journal is full. Free some space.", queued=0
    )


def test_bad_messages_are_acknowledged_once_they_are_kept_with_their_reason(decoder: Decoder) -> None:
    broker = Broker([delivery(b"\xff"), delivery(payload())])
    (batch,) = run(decoder, broker).batches
    assert [(reject.reason, reject.raw, reject.topic, reject.facility) for reject in batch.rejects] == [
        (Reason.JSON, b"\xff", TOPIC, "bv01")
    ]
    assert len(batch.frames) == 1
    assert len(broker.acked) == 2


def test_counts_are_of_messages_received_ignored_and_missing(decoder: Decoder) -> None:
    deliveries = [delivery(payload(seq, NOW + seq * MILLISECOND)) for seq in (1, 2, 5)]
    meta = delivery(b"{}", TOPIC.replace("tele", "meta"))
    (batch,) = run(decoder, Broker([*deliveries, meta])).batches
    assert (batch.counts.received, batch.counts.ignored, batch.counts.gaps) == (4, 1, 1)


def test_what_the_registry_does_not_know_is_sighted_with_its_topic(decoder: Decoder) -> None:
    topic = "ioc/v1/bv01/kho/fridge/new/tele"
    (batch,) = run(decoder, Broker([delivery(payload(), topic)])).batches
    assert batch.seen == [Sighting("device", "bv01", "new", topic)]


def test_what_is_retained_is_no_hole_and_grown_old_no_fault(decoder: Decoder) -> None:
    old = payload(1, NOW - 40 * 86_400_000 * MILLISECOND)
    batches = [[delivery(old, STATE, retain=True), delivery(payload(9), STATE, retain=True)], [delivery(payload(20))]]
    first, second = run(decoder, Broker(*batches)).batches
    assert (first.rejects, first.counts.ignored, len(first.frames)) == ([], 1, 1)
    assert second.counts.gaps == 0


def test_a_dead_network_thread_is_started_again(decoder: Decoder) -> None:
    broker = Broker([delivery(payload())])
    broker.alive = False
    run(decoder, broker)
    assert broker.events[0] == "start"


def test_replay_commits_what_is_good_now_and_says_what_is_not(decoder: Decoder) -> None:
    broker = Broker()
    collector, journal = made(decoder, broker), Journal(broker.events)
    collector._intake = journal  # type: ignore[assignment]
    collector.replay(TOPIC, payload())
    with pytest.raises(RejectError, match=r"fridge\.door is 9"):
        collector.replay(TOPIC, payload(temp={"v": 4.2}, door={"v": 9}))
    assert [len(batch.frames) for batch in journal.batches] == [1, 1]
    assert all(batch.rejects == [] for batch in journal.batches)


def test_the_client_id_is_made_once_and_kept(tmp_path: Path) -> None:
    first = client_id(tmp_path / "data")
    assert client_id(tmp_path / "data") == first
    assert client_id(tmp_path / "other") != first


def test_a_wrong_address_of_the_broker_is_refused_without_showing_its_password(
    tmp_path: Path, catalogue: Catalogue, registry: Registry
) -> None:
    environ = {"IOC_MQTT__URL": "mqtt://someone:hidden@broker/path", "IOC_DATA_DIR": str(tmp_path)}
    with pytest.raises(RefuseToStartError) as refused:
        build(load_settings(environ | {"IOC_CONFIG_DIR": str(tmp_path)}), catalogue, registry)
    assert "IOC_MQTT__URL" in str(refused.value)
    assert "hidden" not in str(refused.value)
