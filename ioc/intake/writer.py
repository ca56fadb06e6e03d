"""The writer: drains a journal into what its lane is for, and what was rejected into the quarantine."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ioc.errors import MisconfiguredError, Reason, RetryError
from ioc.failpoints import failpoint
from ioc.intake.batch import Entry, Kind, Reject
from ioc.intake.journal import Journal
from ioc.intake.keep import Owned
from ioc.intake.quarantine import Quarantine
from ioc.intake.records import unpack
from ioc.intake.seal import Sealer, SealError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is written at once, in lines, facts or rejects, and the seconds between two writes that are not full."""

    items: int
    seconds: float


# History does not need to be quicker, and a write costs a page for each series in it, however few values that has:
# 0.05 takes a third more CPU at 10,000 messages/s.
LINES = Pace(5_000, 0.25)
# A bed moves on the map 300 ms after its message; a transaction is short, as others write to the same database.
FACTS = Pace(256, 0.05)
DROP_EVERY = 0.25
FIRST_DELAY, LONGEST_DELAY = 0.05, 10.0  # seconds until a failed write is tried again

Keep = Callable[[Sequence[Entry]], list[Owned]]


class Writer:
    """Takes entries in their order, moves on only when they are kept, and forgets them only then.

    ``keep`` is given what are no rejects: it returns when all of that is kept, with what never can be, or raises
    RetryError. ``settle`` is called before entries are forgotten: it returns once everything else that was told of
    them (the present) is kept too. A crash anywhere repeats entries: the same series and time overwrite, facts are
    known again, and the quarantine remembers how far it came. ``error`` is what is wrong now, for people; empty when
    all is well.
    """

    def __init__(
        self,
        journal: Journal,
        keep: Keep,
        quarantine: Quarantine,
        sealer: Sealer,
        settle: Callable[[], None] = lambda: None,
        *,
        pace: Pace = LINES,
    ) -> None:
        self._journal = journal
        self._keep = keep
        self._quarantine = quarantine
        self._sealer = sealer
        self._settle = settle
        self._pace = pace
        self._done = self._dropped = 0
        self.error = ""

    def run(self, stop: threading.Event) -> None:
        """Drain until ``stop`` is set; whoever sets it also calls ``journal.wake()``."""
        delay, drop_at = FIRST_DELAY, 0.0
        while not stop.is_set():
            started = time.monotonic()
            try:
                items = self.step()
                if started >= drop_at and self.drop():
                    drop_at = time.monotonic() + DROP_EVERY
            except RetryError as error:
                self._failed(f"{error} {error.hint}".strip())
                delay = min(delay * 2, LONGEST_DELAY)
                wait = LONGEST_DELAY if isinstance(error, MisconfiguredError) else delay
                stop.wait(wait if error.after is None else error.after)
                continue
            except Exception as error:
                log.exception("The writer failed and tries again")
                self._failed(f"The writer fails: {type(error).__name__}. See the log of the worker.")
                stop.wait(LONGEST_DELAY)
                continue
            delay = FIRST_DELAY
            self._recovered()
            if items == 0:
                self._journal.wait(max(drop_at - time.monotonic(), 0.01) if self._done > self._dropped else 1.0)
            elif items < self._pace.items:
                stop.wait(max(0.0, started + self._pace.seconds - time.monotonic()))

    def finish(self, within: float) -> bool:
        """Drain what is left, for so many seconds at most; True when nothing waits any more."""
        until = time.monotonic() + within
        try:
            while self.step() and time.monotonic() <= until:
                pass
            self.drop()
        except RetryError as error:
            log.warning("The journal keeps what could not be written before the end: %s", error)
        return self._journal.backlog().entries == 0

    def step(self) -> int:
        """Write one batch; returns how many lines, facts and rejects it had, 0 when nothing waits.

        Raises RetryError, and then nothing was lost or moved on.
        """
        entries = self._journal.read(self._done, self._pace.items)
        if not entries:
            return 0
        good = [entry for entry in entries if entry.kind is not Kind.QUARANTINE]
        rejects = self._keep(good) if good else []
        failpoint("after-store")
        for entry in entries:
            if entry.kind is Kind.QUARANTINE:
                rejects += self._open(entry)
        if rejects:
            self._quarantine.take_over(self._journal.id, rejects)
        self._done = entries[-1].id
        return sum(entry.count for entry in entries)

    def drop(self) -> bool:
        """Let the journal forget what is kept elsewhere now; True when there was something."""
        if self._done == self._dropped:
            return False
        done = self._done
        self._settle()
        self._journal.drop_through(done)
        self._dropped = done
        return True

    def _open(self, entry: Entry) -> list[Owned]:
        try:
            return [(entry.id, entry.source, reject) for reject in unpack(self._sealer.open(entry.body))]
        except SealError as error:
            reject = Reject(Reason.INTERNAL, f"{error} {error.hint}", "", entry.body, entry.received_ns)
            return [(entry.id, entry.source, reject)]

    def _failed(self, text: str) -> None:
        """Say once what is wrong."""
        if text != self.error:
            log.error("The journal is kept and nothing is written: %s", text)
            self.error = text

    def _recovered(self) -> None:
        if self.error:
            log.warning("What the journal holds is written again.")
            self.error = ""
