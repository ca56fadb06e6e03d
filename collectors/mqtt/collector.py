"""From the broker's queue into the intake: take, decode, commit, acknowledge, in this order and on one thread."""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from collectors.mqtt.decode import Decoded, Decoder
from collectors.mqtt.gaps import Gaps
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.domain import Clock, SystemClock
from ioc.errors import Fault, Reason, RefuseToStartError, RejectError, RetryError
from ioc.failpoints import failpoint
from ioc.intake import Batch, Health, Intake, Reject, Sighting
from ioc.mqtt import Delivery, MqttUrl, Subscriber
from ioc.registry import Registry

log = logging.getLogger(__name__)

TOPICS = ("ioc/v1/#",)
BATCH = 256
IDLE_S = 0.5
RETRY_S = 1.0


class MqttCollector:
    """One broker's messages as one source."""

    kind = "mqtt"
    lane: Literal["readings"] = "readings"

    def __init__(self, name: str, subscriber: Subscriber, decoder: Decoder, clock: Clock | None = None) -> None:
        self.name = name
        self._subscriber = subscriber
        self._decoder = decoder
        self._clock = clock or SystemClock()
        self._gaps = Gaps()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._intake: Intake | None = None
        self._error = ""

    def start(self, intake: Intake) -> None:
        """Connect, and commit what comes to ``intake``."""
        self._intake = intake
        self._subscriber.start()
        self._thread = threading.Thread(target=self._run, args=(intake,), name=f"collector-{self.name}", daemon=True)
        self._thread.start()

    def ready(self) -> bool:
        """Whether the broker holds our session with its subscription."""
        return self._subscriber.ready

    def stop(self) -> None:
        """End the threads; what is not committed stays with the broker."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(3.0)
        self._subscriber.stop()

    def health(self) -> Health:
        """How it is now."""
        return Health(self._subscriber.ready, self._error or self._subscriber.error, self._subscriber.waiting)

    def sources(self) -> Mapping[str, Callable[[], Health]]:
        """It is its only source."""
        return {self.name: self.health}

    def replay(self, topic: str, raw: bytes) -> None:
        """Commit what this message gives now; raises RejectError with what is still wrong with it."""
        assert self._intake is not None
        decoded = self._decoder.decode(topic, raw, self._clock.now_ns())
        if decoded.frame is not None:
            self._intake.commit(Batch(self.name, [decoded.frame]))
        if decoded.fault is not None:
            raise decoded.fault

    def _run(self, intake: Intake) -> None:
        while not self._stopping.is_set():
            deliveries = self._subscriber.take(BATCH, IDLE_S)
            if not self._subscriber.alive and not self._stopping.is_set():
                log.error("the network thread of %s had ended and is started again", self.name)
                self._subscriber.start()
            if not deliveries:
                continue
            batch = self.batch_of(deliveries)
            if self._commit(intake, batch):
                self._subscriber.ack(deliveries)
                failpoint("after-ack")

    def _commit(self, intake: Intake, batch: Batch) -> bool:
        """Commit, as often as it takes; False where we are told to stop before it could be done."""
        while True:
            try:
                intake.commit(batch)
            except RetryError as error:
                self._wait_for_intake(f"Nothing is taken: {error} {error.hint}".strip())
            except Exception:
                log.exception("the intake failed; the batch of %s is kept and tried again", self.name)
                self._wait_for_intake("Nothing is taken: the intake failed; its log says why.")
            else:
                if self._error:
                    log.warning("%s is taken again", self.name)
                    self._error = ""
                return True
            if self._stopping.wait(RETRY_S):
                return False

    def _wait_for_intake(self, error: str) -> None:
        if error != self._error:
            log.error("%s: %s", self.name, error)
        self._error = error

    def batch_of(self, deliveries: Sequence[Delivery]) -> Batch:
        """Everything that these messages give."""
        batch = Batch(self.name)
        batch.counts.received = len(deliveries)
        for delivery in deliveries:
            self._add(batch, delivery)
        return batch

    def _add(self, batch: Batch, delivery: Delivery) -> None:
        decoded = self._decoder.decode(delivery.topic, delivery.payload, delivery.received_ns)
        route, frame, fault = decoded.route, decoded.frame, decoded.fault
        if frame is not None:
            batch.frames.append(frame)
            if decoded.seq is not None and route is not None and not delivery.retain:
                batch.counts.gaps += self._gaps.note(route.facility, route.device, decoded.seq, frame.time_ns)
        if route is not None and route.unconfirmed and frame is not None:
            batch.seen += [Sighting(it.kind, it.facility, it.code, delivery.topic) for it in route.unconfirmed]
        # The broker repeats what it retains each time we connect: grown too old there, it is no fault of today.
        old_news = delivery.retain and fault is not None and fault.reason is Reason.TOO_OLD
        if fault is not None and not old_news:
            batch.rejects.append(_reject(delivery, decoded, fault))
        elif frame is None:
            batch.counts.ignored += 1


def _reject(delivery: Delivery, decoded: Decoded, fault: RejectError) -> Reject:
    facility = decoded.route.facility if decoded.route is not None else ""
    return Reject(fault.reason, str(fault), delivery.topic, delivery.payload, delivery.received_ns, facility)


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> MqttCollector:
    """The collector of the one broker that the settings name, the embedded one where they name none."""
    try:
        url = MqttUrl.parse(settings.mqtt.url or f"mqtt://{settings.mqtt.bind}")
    except ValueError as error:
        raise RefuseToStartError([Fault("IOC-M003", "IOC_MQTT__URL", f"{error}.")]) from None
    url = url.with_credentials(settings.mqtt.username, settings.mqtt.password.reveal())
    decoder = Decoder(
        "mqtt", catalogue, registry, max_payload=settings.mqtt.max_payload, keep_days=settings.retention.raw_days
    )
    return MqttCollector("mqtt", Subscriber(url, client_id(settings.data_dir), TOPICS), decoder)


def client_id(data_dir: Path) -> str:
    """The same for the same data folder, for ever: by it the broker knows whose messages it keeps."""
    file = data_dir / "mqtt-client-id"
    if not file.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(f"ioc-{time.time_ns():x}-{os.urandom(4).hex()}\n", encoding="ascii")
        draft.replace(file)
    return file.read_text(encoding="ascii").strip()
