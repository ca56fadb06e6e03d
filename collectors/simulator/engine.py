"""The engine of the simulator: what is due goes out live, and history in what is left of the time."""

import heapq
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from collectors.simulator.history import History
from collectors.simulator.messages import Sender
from ioc.domain import MILLISECOND, Clock
from ioc.errors import RetryError

log = logging.getLogger(__name__)

AWAY_MS = 20_000  # asleep for longer than this, devices go on from now instead of catching up
IN_FLIGHT = 50  # unacknowledged messages beyond which history waits, so that live ones find the way free
SAVE_MS = 15_000
HISTORY_PAUSE_S = 0.05


class Outlet(Protocol):
    """What the engine publishes to; ``ioc.mqtt.Publisher`` is one."""

    connected: bool
    sent: int
    acknowledged: int

    def publish(self, topic: str, payload: bytes, *, timeout: float) -> None:
        """Send one message with QoS 1; raises RetryError when there is no room for it in time."""
        ...

    def flush(self, timeout: float) -> int:
        """Wait until all is acknowledged; how many messages are not."""
        ...


@dataclass(slots=True)
class Counts:
    """What went out since the start."""

    live: int = 0
    history: int = 0
    dropped: int = 0


class Engine:
    """Moves by ``step``; keeps no thread and never sleeps, so that a test can move it through a day."""

    def __init__(
        self, senders: Sequence[Sender], outlet: Outlet, clock: Clock, history: History | None, rate: float
    ) -> None:
        self.counts = Counts()
        self._senders = senders
        self._outlet = outlet
        self._clock = clock
        self._history = history
        self._rate = rate
        self._due: list[tuple[int, int, int, bool]] = []  # (when ms, sender, n, delayed)
        self._allowance = 0.0
        self._covered_ms = self._saved_ms = self._now_ms()
        self._total_ms = 0
        if history:
            history.open(self._covered_ms)
            self._total_ms = history.left_ms
        self._schedule(self._covered_ms)

    def step(self) -> float:
        """Send what is due, then some history; gives the seconds until there is something to do again."""
        if not self._outlet.connected:
            return 0.2
        now_ms = self._now_ms()
        elapsed_ms = now_ms - self._covered_ms
        if elapsed_ms > AWAY_MS:
            if self._history:
                self._history.missed(self._covered_ms, now_ms)
                self._total_ms = self._history.left_ms
            self._schedule(now_ms)
        self._covered_ms = now_ms
        self._send_due(now_ms)
        if self._history:
            self._send_history(self._history, elapsed_ms)
            if now_ms - self._saved_ms >= SAVE_MS:
                self.save()
        wait_ms = self._due[0][0] - self._now_ms()
        pause = 1.0
        if self._history and self._history.left_ms:
            pause = HISTORY_PAUSE_S / 10 if self._allowance >= 1 else HISTORY_PAUSE_S  # sooner where acks held it up
        return max(0.0, min(pause, wait_ms / 1000))

    def save(self) -> None:
        """Write down how far the history is, once the broker has all of it."""
        if self._history and not self._outlet.flush(2.0):
            self._history.save(self._covered_ms)
            self._saved_ms = self._now_ms()
            if self._total_ms and (left := self._history.left_ms):
                log.info("history: %d %% made, %d messages", 100 - 100 * left // self._total_ms, self.counts.history)

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MILLISECOND

    def _publish(self, topic: str, payload: bytes) -> bool:
        """A device whose broker does not answer loses what it cannot send; the gap is made good as history."""
        try:
            self._outlet.publish(topic, payload, timeout=1.0)
        except RetryError:
            self.counts.dropped += 1
            return False
        return True

    def _schedule(self, now_ms: int) -> None:
        """Every device's messages from now on, beginning with its last one: a board need not wait for the next."""
        self._due = [(s.time_ms(n), i, n, False) for i, s in enumerate(self._senders) for n in (s.nth(now_ms) - 1,)]
        heapq.heapify(self._due)

    def _send_due(self, now_ms: int) -> None:
        while self._due[0][0] <= now_ms:
            due_ms, index, n, delayed = self._due[0]
            sender = self._senders[index]
            if delayed:
                heapq.heappop(self._due)
            else:
                heapq.heapreplace(self._due, (sender.time_ms(n + 1), index, n + 1, False))
                if sender.silent(n):
                    continue
                if late_ms := sender.delay_ms(n):
                    heapq.heappush(self._due, (due_ms + late_ms, index, n, True))
                    continue
            self.counts.live += self._publish(sender.topic(n), sender.payload(n))

    def _send_history(self, history: History, elapsed_ms: int) -> None:
        self._allowance = min(self._allowance + elapsed_ms * self._rate / 1000, max(1.0, self._rate / 5))
        outlet = self._outlet
        while (
            self._allowance >= 1
            and outlet.sent - outlet.acknowledged < IN_FLIGHT
            and self._due[0][0] > self._now_ms()  # live ones first
        ):
            item = history.take()
            if item is None:
                self._allowance = 0.0
                self._finished()
                return
            sender, n = item
            self.counts.history += self._publish(sender.topic(n), sender.payload(n, hist=True))
            self._allowance -= 1

    def _finished(self) -> None:
        if self._total_ms:
            self._total_ms = 0
            log.info("history: all of it is made, %d messages", self.counts.history)
            self.save()
