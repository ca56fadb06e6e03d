"""The door that every collector uses: what is committed here is on the disk, and only then acknowledged."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from ioc.domain import Clock, Frame, SystemClock
from ioc.failpoints import failpoint
from ioc.intake.batch import Batch, Entry, Kind, Sighting
from ioc.intake.facts import pack_facts
from ioc.intake.journal import Journal
from ioc.intake.records import lines_of, pack
from ioc.intake.seal import Sealer
from ioc.intake.status import Health, SourceStatus

SEEN_AT_MOST = 100_000  # held until they are written; more are counted again when they come again


class Listener(Protocol):
    """Who hears of live frames as soon as they are safe, as ``ioc.latest.LatestWriter`` does."""

    def offer(self, frames: Sequence[Frame]) -> None:
        """Take what is new; must not block."""
        ...

    def flush(self) -> None:
        """Return once everything offered is kept; raises RetryError."""
        ...


class Intake:
    """Commits batches, tells the listeners, counts for each source. Safe to use from any thread."""

    def __init__(
        self, journal: Journal, sealer: Sealer, listeners: Sequence[Listener] = (), clock: Clock | None = None
    ) -> None:
        self.journal = journal
        self._sealer = sealer
        self._listeners = tuple(listeners)
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._status_lock = threading.Lock()
        self._statuses: dict[str, SourceStatus] = {}
        self._seen: deque[Sighting] = deque(maxlen=SEEN_AT_MOST)
        self._health: dict[str, Callable[[], Health]] = {}

    def register(self, status: SourceStatus, health: Callable[[], Health]) -> None:
        """Count for this source from ``status`` on, and ask ``health`` how it is."""
        with self._status_lock:
            self._statuses[status.name] = status
            self._health[status.name] = health

    def commit(self, batch: Batch) -> None:
        """Return once the batch is on the disk.

        Raises RetryError when the journal or the disk is full: nothing of the batch is kept then, and the caller
        must neither acknowledge nor forget what it holds, but try again.
        """
        self.commit_all([batch])

    def commit_all(self, batches: Sequence[Batch]) -> None:
        """As ``commit``, for what several sources brought through one door: all of it in one step, or nothing."""
        failpoint("after-decode")
        live = [[frame for frame in batch.frames if not frame.hist] for batch in batches]
        entries = [entry for batch, its in zip(batches, live, strict=True) for entry in self._entries(batch, its)]
        if entries:
            with self._lock:  # ``settle`` relies on it: who has the lock sees offered what is in the journal
                self.journal.append(entries)
                failpoint("after-journal")
                for frames in filter(None, live):
                    for listener in self._listeners:
                        listener.offer(frames)
        now_ns = self._clock.now_ns()
        with self._status_lock:
            for batch in batches:
                status = self._statuses.setdefault(batch.source, SourceStatus(batch.source, ""))
                status.count(batch, now_ns)
                self._seen += batch.seen

    def settle(self) -> None:
        """Return once the listeners keep everything that the journal holds now; raises RetryError."""
        with self._lock:
            pass
        for listener in self._listeners:
            listener.flush()

    def statuses(self) -> list[SourceStatus]:
        """Every registered source as it is now."""
        with self._status_lock:
            for name, ask in self._health.items():
                status, health = self._statuses[name], ask()
                status.connected, status.error, status.backlog = health.connected, health.error, health.queued
            return list(self._statuses.values())

    def take_seen(self) -> list[Sighting]:
        """The unconfirmed devices and places seen since the last call."""
        with self._status_lock:
            seen = list(self._seen)
            self._seen.clear()
        return seen

    def _entries(self, batch: Batch, live: list[Frame]) -> list[Entry]:
        entries = []
        now_ns = self._clock.now_ns()
        history = [frame for frame in batch.frames if frame.hist] if len(live) < len(batch.frames) else []
        for kind, frames in ((Kind.FRAMES, live), (Kind.HISTORY, history)):
            if frames:
                entries.append(Entry(kind, batch.source, lines_of(frames), len(frames), now_ns))
        if batch.facts:
            body = self._sealer.seal(pack_facts(batch.facts))
            entries.append(Entry(Kind.FACTS, batch.source, body, len(batch.facts), now_ns))
        if batch.rejects:
            body = self._sealer.seal(pack(batch.rejects))
            entries.append(Entry(Kind.QUARANTINE, batch.source, body, len(batch.rejects), now_ns))
        return entries
