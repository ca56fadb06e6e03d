"""What the subscriber and the publisher do on their one network thread, with paho's client replaced."""

from collections.abc import Iterator
from typing import Any

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from ioc.errors import RetryError
from ioc.mqtt import MqttUrl, Publisher, Subscriber, client

URL = MqttUrl("broker", username="anna", password="hidden")
ACCEPTED = ReasonCode(PacketTypes.CONNACK, "Success")
LOST = ReasonCode(PacketTypes.DISCONNECT, "Unspecified error")
REFUSED = ReasonCode(PacketTypes.CONNACK, "Not authorized")
LOST = ReasonCode(PacketTypes.DISCONNECT, "Unspecified error")


class Paho:
    """Notes what it is asked to do."""

    def __init__(self) -> None:
        self.acked: list[int] = []
        self.published: list[tuple[str, bytes]] = []
        self.subscribed: list[Any] = []
        self.arriving: list[Message] = []
        self.subscriber: Subscriber | None = None

    def ack(self, mid: int, _qos: int) -> None:
        self.acked.append(mid)

    def publish(self, topic: str, payload: bytes, **_: object) -> None:
        self.published.append((topic, payload))

    def subscribe(self, topics: object) -> None:
        self.subscribed.append(topics)

    def reconnect(self) -> None:
        """The connection is made."""

    def socket(self) -> None:
        return None

    def loop_read(self) -> None:
        if self.arriving and self.subscriber:
            self.subscriber._on_message(None, None, self.arriving.pop(0))  # type: ignore[arg-type]


class Message:
    """As paho hands it over."""

    def __init__(self, mid: int, payload: bytes = b"x", topic: str | None = "t", qos: int = 1) -> None:
        self.mid, self.payload, self.qos, self.retain = mid, payload, qos, False
        self._topic = topic

    @property
    def topic(self) -> str:
        if self._topic is None:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return self._topic


class Flags:
    session_present = True


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    made = Subscriber(URL, "worker", ["ioc/v1/#"], capacity=3, capacity_bytes=100)
    made._client = Paho()  # type: ignore[assignment]
    made._client.subscriber = made  # type: ignore[attr-defined]
    yield made
    made.stop()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher(URL, max_inflight=2)
    made._client = Paho()  # type: ignore[assignment]
    yield made
    made.stop()


def connect(session: Any, reason: ReasonCode = ACCEPTED) -> Any:
    session._open()
    session._on_connect(None, None, Flags(), reason, None)
    return session._client


def arrive(subscriber: Subscriber, *messages: Message) -> None:
    subscriber._client.arriving += messages  # type: ignore[attr-defined]
    subscriber._read()


def test_it_subscribes_at_each_connection_whatever_the_broker_remembers(subscriber: Subscriber) -> None:
    paho = connect(subscriber)
    connect(subscriber)
    assert paho.subscribed == [[("ioc/v1/#", 1)]] * 2


def test_it_is_ready_when_the_subscription_is_confirmed_and_not_after_the_connection_is_lost(
    subscriber: Subscriber,
) -> None:
    connect(subscriber)
    assert subscriber.connected
    assert not subscriber.ready
    subscriber._on_subscribe(None, None, 1, [ReasonCode(PacketTypes.SUBACK, "Granted QoS 1")], None)  # type: ignore[arg-type]
    assert subscriber.ready
    subscriber._on_disconnect(None, None, None, LOST, None)  # type: ignore[arg-type]
    subscriber._close()
    assert not subscriber.ready
    assert not subscriber.connected
    assert "lost" in subscriber.error


def test_a_refused_subscription_or_connection_is_said_without_the_password(subscriber: Subscriber) -> None:
    connect(subscriber)
    subscriber._on_subscribe(None, None, 1, [ReasonCode(PacketTypes.SUBACK, "Unspecified error")], None)  # type: ignore[arg-type]
    assert not subscriber.ready
    assert subscriber.error == "mqtt://broker:1883 refuses the subscription to ioc/v1/#"
    connect(subscriber, REFUSED)
    assert subscriber.error == "mqtt://broker:1883 refuses us: Not authorized"


def test_messages_are_given_in_their_order_up_to_the_limit(subscriber: Subscriber) -> None:
    connect(subscriber)
    arrive(subscriber, Message(1, b"a"), Message(2, b"b"), Message(3, b"c"))
    assert [delivery.payload for delivery in subscriber.take(2, 0)] == [b"a", b"b"]
    assert [delivery.payload for delivery in subscriber.take(2, 0)] == [b"c"]
    assert subscriber.take(2, 0) == []


def test_past_its_capacity_nothing_more_is_read_until_some_is_taken(subscriber: Subscriber) -> None:
    connect(subscriber)
    arrive(subscriber, *[Message(mid) for mid in range(1, 6)])
    assert subscriber.waiting == 3
    assert not subscriber._may_read()
    subscriber.take(1, 0)
    assert subscriber._may_read()


def test_its_capacity_is_one_of_bytes_too(subscriber: Subscriber) -> None:
    connect(subscriber)
    arrive(subscriber, Message(1, b"x" * 100), Message(2))
    assert subscriber.waiting == 1
    subscriber.take(1, 0)
    assert subscriber._may_read()


def test_acknowledgements_go_out_on_the_connection_on_which_the_message_came(subscriber: Subscriber) -> None:
    paho = connect(subscriber)
    arrive(subscriber, Message(1), Message(2))
    first, second = subscriber.take(2, 0)
    subscriber.ack([first])
    subscriber._pump()
    assert paho.acked == [1]
    connect(subscriber)  # packet id 2 means another message from now on
    subscriber.ack([second])
    subscriber._pump()
    assert paho.acked == [1]
    assert subscriber.acknowledged == 1


def test_acknowledgements_that_waited_over_a_reconnect_are_dropped(subscriber: Subscriber) -> None:
    paho = connect(subscriber)
    arrive(subscriber, Message(1))
    subscriber.ack(subscriber.take(1, 0))
    connect(subscriber)
    subscriber._pump()
    assert paho.acked == []


def test_what_came_with_quality_0_is_given_and_needs_no_acknowledgement(subscriber: Subscriber) -> None:
    paho = connect(subscriber)
    arrive(subscriber, Message(0, qos=0))
    subscriber.ack(subscriber.take(1, 0))
    subscriber._pump()
    assert paho.acked == []


def test_a_topic_that_is_no_text_ends_nothing(subscriber: Subscriber) -> None:
    connect(subscriber)
    arrive(subscriber, Message(1, topic=None))
    assert subscriber.take(1, 0)[0].topic == "\N{REPLACEMENT CHARACTER}"


def test_a_connection_that_lasted_and_is_lost_is_not_taken_for_one_that_was_never_answered(
    subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    paho = connect(subscriber)
    monkeypatch.setattr(client, "CONNECT_WITHIN_S", -1.0)  # it was made long ago
    monkeypatch.setattr(subscriber, "_turn", lambda _: subscriber._on_disconnect(None, None, None, LOST, None))
    sockets = [object(), None]
    monkeypatch.setattr(paho, "socket", lambda: sockets.pop(0))
    subscriber._serve()
    assert "was lost" in subscriber.error


def test_an_exception_ends_the_connection_and_not_the_thread(
    subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_DELAY_S", 0.0)
    attempts: list[int] = []

    def fail() -> None:
        attempts.append(1)
        if len(attempts) == 3:
            subscriber._stopping.set()
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(subscriber, "_open", fail)
    subscriber._main()
    assert len(attempts) == 3
    assert "a fault of ours" in subscriber.error


def test_no_more_than_so_many_messages_are_under_way(publisher: Publisher) -> None:
    connect(publisher)
    publisher.publish("t", b"1")
    publisher.publish("t", "2")
    with pytest.raises(RetryError):
        publisher.publish("t", b"3", timeout=0)
    publisher._pump()
    assert publisher._client.published == [("t", b"1"), ("t", b"2")]  # type: ignore[attr-defined]
    publisher._on_publish(None, None, 1, ACCEPTED, None)  # type: ignore[arg-type]
    publisher.publish("t", b"3", timeout=0)
    assert (publisher.sent, publisher.acknowledged, publisher.flush(0)) == (3, 1, 2)


def test_nothing_is_handed_to_the_client_before_the_broker_has_accepted_us(publisher: Publisher) -> None:
    publisher.publish("t", b"1")
    publisher._pump()
    assert publisher._client.published == []  # type: ignore[attr-defined]
    connect(publisher)._sent = True
    publisher._pump()
    assert publisher._client.published == [("t", b"1")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("topic", ["", "a/#", "a/+/b", "a\0b", "x" * 70_000])
def test_a_topic_on_which_nobody_can_publish_is_refused(publisher: Publisher, topic: str) -> None:
    with pytest.raises(ValueError, match="not a topic"):
        publisher.publish(topic, b"")
