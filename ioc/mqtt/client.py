"""The one module that speaks through paho: a subscriber that acknowledges by hand, and a publisher.

paho's own thread is not used: an acknowledgement handed over from another one while the connection changes would go
out on the new connection, where its packet id means another message. Here one thread of ours does all that touches
the client: it reads, calls back, sends what was acknowledged meanwhile and reconnects. An exception in it ends the
connection and never the thread.
"""

import contextlib
import itertools
import logging
import os
import random
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ioc.errors import RetryError
from ioc.mqtt.url import MqttUrl

log = logging.getLogger(__name__)

KEEPALIVE_S = 30
CONNECT_WITHIN_S = 10.0
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 10.0
LASTING_S = 10.0  # a connection that lasted this long makes the next attempt a first one again
BURST = 200  # messages read before what was acknowledged meanwhile is sent
GOODBYE_S, LINGER_S = 1.0, 0.004
_connections = itertools.count(1)  # no two of this process share a number, whoever made them


def _cork(sock: object, on: int) -> None:
    if isinstance(sock, socket.socket) and hasattr(socket, "TCP_CORK"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)


class _Session:
    """One client on one thread. Methods with an underscore run on that thread only."""

    def __init__(self, url: MqttUrl, client_id: str, *, clean_session: bool) -> None:
        self.url = url
        self.client_id = client_id
        self.connected = False
        self.error = ""
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._woken = False
        self._opened_at = 0.0
        self._client = self._make_client(clean_session=clean_session)

    def _make_client(self, *, clean_session: bool) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=clean_session,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages = 0  # the bound is ours
        client.connect_timeout = CONNECT_WITHIN_S / 2
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        # Anything here makes paho queue what is to be written, instead of one system call each at once.
        client.on_socket_register_write = lambda *_: None
        if self.url.username:
            client.username_pw_set(self.url.username, self.url.password)
        if self.url.tls:
            client.tls_set()
        client.connect_async(self.url.host, self.url.port, keepalive=KEEPALIVE_S)
        return client

    def start(self) -> None:
        """Begin to connect, and go on trying. A thread that has died is replaced."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._main, name=f"mqtt-{self.client_id}", daemon=True)
            self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the network thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self, timeout: float = 3.0) -> None:
        """Send what is waiting, say goodbye and end the thread; waits for at most ``timeout`` seconds."""
        self._stopping.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout)
        if not self.alive and self._wake_in >= 0:
            self._woken = True  # nobody writes to the pipe any more
            os.close(self._wake_in)
            os.close(self._wake_out)
            self._wake_in = -1

    def _wake(self) -> None:
        """From any thread: let the network thread look round at once."""
        if not self._woken:
            self._woken = True
            with contextlib.suppress(BlockingIOError):
                os.write(self._wake_out, b"!")

    def _main(self) -> None:
        delay = FIRST_DELAY_S
        while not self._stopping.is_set():
            self._opened_at = 0.0
            try:
                self._open()
                self._serve()
            except OSError as error:
                self._failed(f"cannot reach {self.url}: {error.strerror or error}")
            except Exception as error:
                log.exception("the connection to %s failed", self.url)
                self._failed(f"the connection to {self.url} failed: {error}")
            self._close()
            lasted = self._opened_at and time.monotonic() - self._opened_at > LASTING_S
            delay = FIRST_DELAY_S if lasted else delay
            self._stopping.wait(delay * random.uniform(0.9, 1.1))  # noqa: S311 (spreads clients, hides nothing)
            delay = min(delay * 2, LONGEST_DELAY_S)

    def _open(self) -> None:
        while not self._may_read() and not self._stopping.wait(0.1):
            pass  # nobody takes what we hold already: a connection would only time out unread
        self._client.reconnect()
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _serve(self) -> None:
        begun = looked = time.monotonic()
        while (sock := self._client.socket()) is not None:
            if self._stopping.is_set():
                self._say_goodbye()
                return
            self._turn(sock)
            now = time.monotonic()
            if now - looked >= 1.0:
                looked = now
                self._client.loop_misc()
            if not self._opened_at and now - begun > CONNECT_WITHIN_S:
                self._failed(f"{self.url} accepts connections and does not answer as an MQTT broker")
                return

    def _turn(self, sock: Any) -> None:
        """Wait for the network or a wake-up, and do what there is to do."""
        reads = self._may_read()
        poll = select.poll()
        poll.register(self._wake_in, select.POLLIN)
        poll.register(sock, (select.POLLIN if reads else 0) | (select.POLLOUT if self._client.want_write() else 0))
        buffered = reads and hasattr(sock, "pending") and sock.pending() > 0  # by TLS
        events = dict(poll.poll(0 if buffered else 1_000))
        if self._wake_in in events:
            os.read(self._wake_in, 64)
            self._woken = False  # before the queues are looked at: what comes after wakes again
        mine = events.get(sock.fileno(), 0)
        if buffered or (reads and mine & ~select.POLLOUT):
            self._read()
        elif mine & (select.POLLHUP | select.POLLERR):
            raise ConnectionResetError("connection reset")
        self._pump()
        if self._client.want_write():
            self._write()

    def _read(self) -> None:
        self._client.loop_read()

    def _write(self) -> None:
        """Send all that is queued, in as few segments as possible."""
        sock = self._client.socket()
        _cork(sock, 1)
        self._client.loop_write()
        if self._client.socket() is sock:
            _cork(sock, 0)

    def _say_goodbye(self) -> None:
        until = time.monotonic() + GOODBYE_S
        self._pump()
        self._client.disconnect()
        while self._client.socket() is not None and time.monotonic() < until:
            self._write()

    def _close(self) -> None:
        self.connected = False
        if (sock := self._client.socket()) is not None:
            sock.close()  # paho forgets it when it connects again

    def _failed(self, text: str) -> None:
        if text != self.error and not self._stopping.is_set():
            log.warning("%s", text)
        self.error = text

    def _on_connect(self, _c: Client, _u: Any, flags: ConnectFlags, reason: ReasonCode, _p: Properties | None) -> None:
        if reason.is_failure:
            self._failed(f"{self.url} refuses us: {reason}")
            return
        self._opened_at = time.monotonic()
        self.connected = True
        self.error = ""
        session = "going on with the session" if flags.session_present else "with a new session"
        log.info("connected to %s as %s, %s", self.url, self.client_id, session)
        self._opened()

    def _on_disconnect(self, _c: Client, _u: Any, _f: Any, reason: ReasonCode, _p: Properties | None) -> None:
        if self.connected:
            self._failed(f"the connection to {self.url} was lost: {reason}")
        self.connected = False

    def _opened(self) -> None:
        """The broker has accepted us."""

    def _may_read(self) -> bool:
        return True

    def _pump(self) -> None:
        """Hand to the client what other threads have left for it."""


@dataclass(slots=True)
class Delivery:
    """One message as it came. ``connection`` and ``mid`` say where its acknowledgement belongs."""

    topic: str
    payload: bytes
    retain: bool
    received_ns: int
    connection: int
    mid: int  # 0 for QoS 0, which needs no acknowledgement


class Subscriber(_Session):
    """A persistent session: the broker keeps what we have not acknowledged, over our death too.

    ``take`` and ``ack`` are called by one other thread. The queue between holds ``capacity`` messages and
    ``capacity_bytes``; past either nothing more is read, so that the broker holds the rest.
    """

    def __init__(
        self,
        url: MqttUrl,
        client_id: str,
        topics: Sequence[str],
        *,
        capacity: int = 10_000,
        capacity_bytes: int = 64 << 20,
    ) -> None:
        super().__init__(url, client_id, clean_session=False)
        self.ready = False
        self.received = self.acknowledged = 0
        self._topics = tuple(topics)
        self._capacity, self._capacity_bytes = capacity, capacity_bytes
        self._inbox: deque[Delivery] = deque()
        self._arrived = threading.Event()
        self._bytes_in = self._bytes_out = 0  # each written by one thread only
        self._acks: deque[tuple[int, list[int]]] = deque()
        self._connection = 0
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe

    def take(self, limit: int, timeout: float) -> list[Delivery]:
        """Up to ``limit`` messages in the order in which they came; waits for the first, at most ``timeout`` s.

        A lone message is given at once; where several wait, ``LINGER_S`` more is given to those behind them.
        """
        inbox = self._inbox
        if not inbox:
            self._arrived.clear()
            if not inbox:
                self._arrived.wait(timeout)
        if 1 < len(inbox) < limit:
            time.sleep(LINGER_S)
        was_full = not self._may_read()
        taken = [inbox.popleft() for _ in range(min(limit, len(inbox)))]
        self._bytes_out += sum([len(delivery.payload) for delivery in taken])
        if was_full:
            self._wake()
        return taken

    def ack(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the broker that we have these. Those of an earlier connection come again and are ignored here."""
        by_connection: dict[int, list[int]] = {}
        for delivery in deliveries:
            if delivery.mid:
                by_connection.setdefault(delivery.connection, []).append(delivery.mid)
        self._acks.extend(by_connection.items())
        self._wake()

    @property
    def waiting(self) -> int:
        """How many messages lie in the queue."""
        return len(self._inbox)

    def _open(self) -> None:
        self._connection = next(_connections)  # before paho forgets what it had queued for the old one
        super()._open()

    def _close(self) -> None:
        self.ready = False
        super()._close()

    def _opened(self) -> None:
        self._client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(self, _c: Client, _u: Any, _mid: int, reasons: list[ReasonCode], _p: Any) -> None:
        refused = [topic for topic, reason in zip(self._topics, reasons, strict=False) if reason.is_failure]
        self.ready = not refused
        if refused:
            self._failed(f"{self.url} refuses the subscription to {', '.join(refused)}")

    def _on_message(self, _c: Client, _u: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "�"  # no broker may forward this; the collector quarantines it by its topic
        payload = bytes(message.payload)
        self._bytes_in += len(payload)
        self.received += 1
        mid = message.mid if message.qos else 0
        self._inbox.append(Delivery(topic, payload, message.retain, time.time_ns(), self._connection, mid))

    def _may_read(self) -> bool:
        return len(self._inbox) < self._capacity and self._bytes_in - self._bytes_out < self._capacity_bytes

    def _read(self) -> None:
        for _ in range(BURST):
            before = self.received
            self._client.loop_read()
            if self.received == before or not self._may_read():
                break
        if self._inbox:
            self._arrived.set()

    def _pump(self) -> None:
        while self._acks:
            connection, mids = self._acks.popleft()
            if connection != self._connection or not self.connected:
                continue
            for mid in mids:
                self._client.ack(mid, 1)
            self.acknowledged += len(mids)


class Publisher(_Session):
    """Publishes with QoS 1 and counts what the broker acknowledged.

    At most ``max_inflight`` messages are under way, and are sent again when the connection breaks.
    """

    def __init__(self, url: MqttUrl, client_id: str = "", *, max_inflight: int = 100) -> None:
        super().__init__(url, client_id or f"ioc-{os.getpid()}-{os.urandom(4).hex()}", clean_session=True)
        self.sent = self.acknowledged = 0
        self._room = threading.Semaphore(max_inflight)
        self._outbox: deque[tuple[str, bytes, bool]] = deque()
        self._quiet = threading.Condition()
        self._client.on_publish = self._on_publish

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False, timeout: float | None = None) -> None:
        """Hand over one message. Raises RetryError when there was no room for it within ``timeout`` seconds."""
        if not topic or "#" in topic or "+" in topic or "\0" in topic or len(topic.encode()) > 65_535:
            raise ValueError(f"not a topic to publish on: {topic[:80]!r}")
        if not self._room.acquire(timeout=timeout):
            raise RetryError(self.error or f"{self.url} does not acknowledge", "See whether the broker runs.")
        self._outbox.append((topic, payload.encode() if isinstance(payload, str) else payload, retain))
        self.sent += 1
        self._wake()

    def flush(self, timeout: float) -> int:
        """Wait until all is acknowledged, at most ``timeout`` seconds; how many messages are not."""
        with self._quiet:
            self._quiet.wait_for(lambda: self.acknowledged >= self.sent, timeout)
        return self.sent - self.acknowledged

    def _on_publish(self, _c: Client, _u: Any, _mid: int, _r: ReasonCode, _p: Properties) -> None:
        with self._quiet:
            self.acknowledged += 1
            if self.acknowledged >= self.sent:
                self._quiet.notify_all()
        self._room.release()

    def _pump(self) -> None:
        while self._outbox and self.connected:
            topic, payload, retain = self._outbox.popleft()
            self._client.publish(topic, payload, qos=1, retain=retain)
