"""One view on its way to all screens that show it: rendered once, sent to each."""

import heapq
import logging
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from alerts import Incident
from dashboards.live.client import Client
from dashboards.live.events import content, event
from dashboards.live.release import release
from dashboards.live.view import Alerted, Payload, View
from ioc.domain import SECOND, Series
from ioc.latest import Book

RING = 120  # deltas kept for screens that come back: about two minutes at one a second
QUIET_NS = SECOND  # a part is sent at most once in this time
RETRY_NS = 10 * SECOND  # what could not be rendered is tried again, though nothing touches it

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Part:
    """What the screens have been told of one part, and when."""

    payload: Payload
    sent_ns: int
    due_ns: int | None = None


class Channel:
    """The parts of one view, their timers, the deltas of the last minutes, and the screens.

    ``breathe`` is called after each rendering, so that a large view does not hold up everybody else. Not to be used
    by two greenlets at once: the hub holds its lock around every call.
    """

    def __init__(self, view: View, book: Book, counts: Counter[str], breathe: Callable[[], None]) -> None:
        self.view = view
        self.clients: set[Client] = set()
        self.empty_since_ns: int | None = None
        self._book = book
        self._counts = counts
        self._breathe = breathe
        self._epoch = release() + secrets.token_hex(4)
        self._number = 0
        self._change = 0
        self._parts: dict[str, Part] = {}
        self._dirty: set[str] = set()
        self._timers: list[tuple[int, str]] = []
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING)

    def fill(self, now_ns: int, change: int) -> None:
        """Render every part for the first time."""
        self._change = change
        for name in self.view.parts():
            self._render(name, now_ns)

    def touch(self, changed: Iterable[Series], change: int) -> None:
        """Note what these changes make out of date."""
        self._change = change
        touched = self.view.touched
        for series in changed:
            self._dirty.update(touched(series))

    def alert(self, news: Iterable[Incident]) -> None:
        """Note what these incidents make out of date, where the view shows any."""
        if isinstance(self.view, Alerted):
            for incident in news:
                self._dirty.update(self.view.alerted(incident))

    @property
    def due_ns(self) -> int | None:
        """The next time at which a part changes by the clock alone."""
        while self._timers:
            due, name = self._timers[0]
            if self._parts[name].due_ns == due:
                return due
            heapq.heappop(self._timers)  # replaced by a later rendering
        return None

    def turn(self, now_ns: int) -> None:
        """Render what is out of date and may be sent, and send what looks different to every screen."""
        ready = {name for name in self._dirty if self._quiet(name, now_ns)}
        self._dirty -= ready
        while (due := self.due_ns) is not None and due <= now_ns:
            name = heapq.heappop(self._timers)[1]
            self._parts[name].due_ns = None
            ready.add(name)
        changed = [name for name in sorted(ready) if self._render(name, now_ns)]
        if not changed:
            return
        self._number += 1
        self._counts["deltas"] += 1
        parts = {name: self._parts[name].payload for name in changed}
        delta = event("delta", content(parts, self._change, now_ns), self._id(self._number))
        self._ring.append((self._number, delta))
        for client in self.clients:
            client.push(delta)

    def snapshot(self, now_ns: int) -> bytes:
        """Everything as the screens have been told it up to now."""
        parts = {name: part.payload for name, part in self._parts.items()}
        return event("snapshot", content(parts, self._change, now_ns), self._id(self._number))

    def since(self, last_id: str) -> list[bytes] | None:
        """The deltas after the one with this id; None where they are no longer known."""
        epoch, _, text = last_id.partition("-")
        if epoch != self._epoch or not (text.isascii() and text.isdigit()):
            return None
        last = int(text)
        oldest = self._ring[0][0] if self._ring else self._number + 1
        if not oldest - 1 <= last <= self._number:
            return None
        return [delta for number, delta in self._ring if number > last]

    @staticmethod
    def of_another_release(last_id: str) -> bool:
        """Whether a screen's page was made by a server before an update."""
        return len(last_id) > len(release()) and not last_id.startswith(release())

    def _quiet(self, name: str, now_ns: int) -> bool:
        part = self._parts.get(name)
        return part is None or not 0 <= now_ns - part.sent_ns < QUIET_NS

    def _render(self, name: str, now_ns: int) -> bool:
        """Render one part; gives whether it looks different from what was sent last."""
        started = time.perf_counter_ns()
        try:
            payload, due_ns = self.view.render(name, self._book, now_ns)
        except Exception:  # noqa: BLE001 - one broken tile must not stop every screen
            self._counts["errors"] += 1
            _log.exception("the part %s of the live view %s cannot be rendered", name, self.view.key)
            self._due(name, now_ns + RETRY_NS, now_ns)
            return False
        finally:
            self._counts["renders"] += 1
            self._counts["render_ns"] += time.perf_counter_ns() - started
            self._breathe()
        part = self._parts.get(name)
        if part is None:
            part = self._parts[name] = Part(payload, now_ns)
            different = True
        else:
            different = part.payload != payload
            if different:
                part.payload, part.sent_ns = payload, now_ns
        self._due(name, due_ns, now_ns)
        return different

    def _due(self, name: str, due_ns: int | None, now_ns: int) -> None:
        """Render the part again at this time, if not before."""
        part = self._parts.get(name)
        if part is None:
            return
        part.due_ns = due_ns if due_ns is not None and due_ns > now_ns else None
        if part.due_ns is not None:
            heapq.heappush(self._timers, (part.due_ns, name))

    def _id(self, number: int) -> str:
        return f"{self._epoch}-{number}"
