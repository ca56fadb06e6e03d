"""The hub: reads what changed five times a second, values and incidents, and keeps every screen up to date.

Its cost follows the number of views and changes, not the number of screens: a view is rendered once for all screens
that show it. It runs in a greenlet of the web worker, reads the database in a thread of its own, and is the only
sender of heartbeats: should it stop, or the database not answer, every screen greys by itself.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TypeVar

import gevent
from gevent.lock import RLock
from sqlalchemy.exc import SQLAlchemyError

from alerts import Incident
from dashboards.live.channel import Channel
from dashboards.live.client import Client
from dashboards.live.events import event, times
from dashboards.live.view import Incidents, View
from dashboards.offload import OwnThread
from ioc.domain import MILLISECOND, SECOND, Clock
from ioc.errors import IocError
from ioc.latest import Book, Present

T = TypeVar("T")

TICK_NS = 200 * MILLISECOND
SHORTEST_PAUSE_NS = 5 * MILLISECOND
LONGEST_BREATH_NS = 5 * MILLISECOND
HEARTBEAT_NS = 5 * SECOND
LINGER_NS = 60 * SECOND  # a view without screens is kept up to date this long, for those that come back
LINGERING = 100  # and so many of them: whoever asks for ever new views must not make the hub keep them all
STREAMS_EACH = 1_000  # open streams of one user or token

_log = logging.getLogger(__name__)


class TooManyStreamsError(IocError):
    """This user or token has as many streams open as one may have."""


class Hub:
    """All channels of this process. ``context`` surrounds what renders: an application context, with flask."""

    def __init__(
        self,
        book: Book,
        incidents: Incidents,
        clock: Clock,
        context: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.counts: Counter[str] = Counter()  # ticks, renders, deltas … since the start, for /metrics
        self.last_tick_ns: int | None = None
        self.running = False
        self.reading = True  # whether the last look into the database was answered
        self._book = book
        self._incidents = incidents
        self._rows: deque[Present] = deque()  # read, and not yet told to the views
        self._news: deque[Incident] = deque()
        self._clock = clock
        self._context = context
        self._thread = OwnThread()
        self._lock = RLock()
        self._channels: dict[tuple[str, ...], Channel] = {}
        self._streams: Counter[str] = Counter()
        self._change = 0
        self._read_ns = 0
        self._beat_ns = 0
        self._stopping = False
        self._breath_ns = 0

    @property
    def clients(self) -> int:
        """How many streams are open."""
        return self._streams.total()

    @property
    def views(self) -> int:
        """How many views are kept up to date."""
        return len(self._channels)

    def subscribe(self, view: View, owner: str, last_id: str = "") -> Client:
        """A new stream of this view: what was missed since ``last_id`` where that is known, else a snapshot."""
        if self._streams[owner] >= STREAMS_EACH:
            raise TooManyStreamsError(f"{STREAMS_EACH} streams are open for this user or token already")
        client = Client(owner)
        if not self._read_ns:
            self.catch_up()  # a screen must not begin with an empty present
        with self._lock:
            now_ns = self._clock.now_ns()
            channel = self._channels.get(view.key) or self._open(view, now_ns)
            missed = channel.since(last_id) if last_id else None
            for data in [channel.snapshot(now_ns)] if missed is None else missed:
                client.push(data)
            client.push(event("heartbeat", times(now_ns)))
            if channel.of_another_release(last_id):
                client.push(event("reload", {}))
            channel.clients.add(client)
            channel.empty_since_ns = None
            self._streams[owner] += 1
        if self._stopping:
            client.close()
        return client

    def unsubscribe(self, view: View, client: Client) -> None:
        """The stream has ended; to be called once more does no harm."""
        client.close()
        channel = self._channels.get(view.key)
        if channel is None or client not in channel.clients:
            return
        channel.clients.discard(client)
        self._streams[client.owner] -= 1
        self._streams += Counter()  # drops those at zero
        if not channel.clients:
            channel.empty_since_ns = self._clock.now_ns()

    def take(self, view: View, client: Client) -> bytes:
        """What waits for this stream, or a snapshot where it fell behind."""
        if not client.behind:
            return client.take()
        with self._lock:
            client.take()
            client.behind = False
            self.counts["fallbacks"] += 1
            return self._channels[view.key].snapshot(self._clock.now_ns())

    def start(self, alive: Callable[[], bool] = lambda: True) -> None:
        """Run in a greenlet until ``stop`` or until ``alive`` says no; a second call does nothing."""
        if not self.running:
            self.running = True
            gevent.spawn(self._run, alive)

    def stop(self) -> None:
        """End every stream."""
        self._stopping = True
        for channel in self._channels.values():
            for client in channel.clients:
                client.close()

    def catch_up(self) -> None:
        """Read what changed and note what that makes out of date."""
        self._read_ns = self._clock.now_ns()
        self._thread(self._read)
        rows, news = taken(self._rows), taken(self._news)
        if not rows and not news:
            return
        self._change = max([self._change, *(row.change for row in rows)])
        self.counts["changes"] += len(rows)
        changed = [row.series for row in rows]
        with self._lock:
            for channel in self._channels.values():
                channel.touch(changed, self._change)
                channel.alert(news)

    def _read(self) -> None:
        """In the hub's own thread. Should the second question fail, the answer to the first waits for the next turn."""
        self._rows.extend(self._book.refresh())
        self._news.extend(self._incidents.refresh())

    def step(self) -> None:
        """One turn: read where it is time to, render and send what is due, and beat.

        Where the database does not answer, values go on turning late and stale, but the heart does not beat.
        """
        if not 0 <= self._clock.now_ns() - self._read_ns < TICK_NS - SHORTEST_PAUSE_NS:
            self._try_to_read()
        now_ns = self._clock.now_ns()
        with self._lock:
            for channel in list(self._channels.values()):
                with self._context():
                    channel.turn(now_ns)
                self._drop_if_idle(channel, now_ns)
        self.counts["ticks"] += 1
        self.last_tick_ns = now_ns
        if self.reading and not 0 <= now_ns - self._beat_ns < HEARTBEAT_NS:
            self._beat_ns = now_ns
            self._send_all(event("heartbeat", times(now_ns)))

    def pause_ns(self) -> int:
        """How long to wait for the next step: a tick, or until a value turns late or stale before that."""
        now_ns = self._clock.now_ns()
        ends = [channel.due_ns for channel in self._channels.values()]
        next_ns = min([self._read_ns + TICK_NS, *(end for end in ends if end is not None)])
        return max(SHORTEST_PAUSE_NS, min(TICK_NS, next_ns - now_ns))

    def _try_to_read(self) -> None:
        try:
            self.catch_up()
        except (SQLAlchemyError, IocError):
            self.counts["errors"] += 1
            if self.reading:
                _log.exception("the live hub cannot read the present; it goes on trying, the screens grey meanwhile")
            self.reading = False
        else:
            self.reading = True

    def _run(self, alive: Callable[[], bool]) -> None:
        try:
            while alive() and not self._stopping:
                self.step()
                gevent.sleep(self.pause_ns() / SECOND)
        finally:
            self.running = False
            self.stop()

    def _open(self, view: View, now_ns: int) -> Channel:
        channel = Channel(view, self._book, self.counts, self._breathe)
        with self._context():
            channel.fill(now_ns, self._change)
        self._channels[view.key] = channel
        return channel

    def _breathe(self) -> None:
        """Let the others run where rendering has taken some time."""
        if time.perf_counter_ns() - self._breath_ns > LONGEST_BREATH_NS:
            gevent.sleep(0)
            self._breath_ns = time.perf_counter_ns()

    def _drop_if_idle(self, channel: Channel, now_ns: int) -> None:
        if channel.empty_since_ns is None:
            return
        crowded = sum(other.empty_since_ns is not None for other in self._channels.values()) > LINGERING
        if crowded or now_ns - channel.empty_since_ns >= LINGER_NS:
            del self._channels[channel.view.key]

    def _send_all(self, data: bytes) -> None:
        for channel in self._channels.values():
            for client in channel.clients:
                client.push(data)


def taken(waiting: deque[T]) -> list[T]:
    """What lies there, each for one taker, while the hub's thread may put more."""
    found = []
    with suppress(IndexError):
        while True:
            found.append(waiting.popleft())
    return found
