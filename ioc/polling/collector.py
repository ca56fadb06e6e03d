"""A collector that asks its targets in turn, whatever it asks them: threads, queue, commits and health."""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Generic, Literal, TypeVar

from ioc.domain import Clock, Frame, SystemClock
from ioc.errors import Reason, RejectError, RetryError
from ioc.intake import Batch, Counts, Health, Intake
from ioc.polling.files import UnusableError
from ioc.polling.found import Found, Look, frame_of
from ioc.polling.schedule import Schedule
from ioc.polling.targets import Target, TargetShape

log = logging.getLogger(__name__)

S = TypeVar("S", bound=TargetShape)
THREADS = 16
WAITING = 1_000  # looks whose values are not committed; then nobody is asked, and what is shown grows old
TOGETHER = 200  # looks in one commit
RETRY_S = 1.0
NAMED = 3  # failing targets in the one sentence of the health
JOIN_S = 2.0


class PollingCollector(Generic[S]):
    """Asks each target every so often, several at once, one never twice at once.

    One that hangs costs a thread until its timeout and delays no other; where all threads wait for such, turns are
    left out. It has no other side that keeps anything for us: started, it is ready.
    """

    lane: Literal["readings"] = "readings"

    def __init__(self, kind: str, targets: Sequence[Target[S]], look: Look[S], clock: Clock | None = None) -> None:
        self.name = self.kind = kind
        self.targets = targets
        self._look = look
        self._clock = clock or SystemClock()
        self._stopping = threading.Event()
        self._due = threading.Condition()
        self._schedule: Schedule | None = None
        self._frames: queue.Queue[list[Frame]] = queue.Queue(WAITING)
        self._threads: list[threading.Thread] = []
        self._errors: dict[str, str] = {}  # by target
        self._intake_error = ""

    def start(self, intake: Intake) -> None:
        """Begin to ask; the first round is spread over a few seconds."""
        every = [target.every_s for target in self.targets]
        self._schedule = Schedule(every, time.monotonic(), random.Random())  # noqa: S311 (spreads load, no secret)
        parts: list[tuple[str, Callable[[], None]]] = [("committer", lambda: self._commit_all(intake))]
        parts += [(str(n), self._ask_on) for n in range(min(THREADS, len(self.targets)))]
        for part, run in parts:
            thread = threading.Thread(target=run, name=f"collector-{self.name}-{part}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def ready(self) -> bool:
        """Whether it asks."""
        return bool(self._threads) and not self._stopping.is_set()

    def stop(self) -> None:
        """Ask nobody any more. A look that still waits for an answer is left alone, and what it gives is forgotten."""
        self._stopping.set()
        with self._due:
            self._due.notify_all()
        with suppress(queue.Full):
            self._frames.put_nowait([])  # wakes the committer
        until = time.monotonic() + JOIN_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def health(self) -> Health:
        """How it is, with the targets that fail."""
        if not self.ready():
            return Health(connected=False)
        return Health(connected=True, error=self._intake_error or self._failing(), queued=self._frames.qsize())

    def sources(self) -> Mapping[str, Callable[[], Health]]:
        """Itself; nothing where no target is configured, and then it is not started."""
        return {self.name: self.health} if self.targets else {}

    def replay(self, topic: str, raw: bytes) -> None:  # noqa: ARG002 (the contract's)
        """Nothing of it is ever quarantined, so there is nothing to read again."""
        raise RejectError(Reason.TOPIC, f"{self.name} asks its targets: nothing of it is ever quarantined")

    def ask(self, target: Target[S]) -> list[Frame]:
        """Look at one target once; what is wrong with it is noted for ``health``."""
        frames, error = self.look_at(target)
        self._note(target.name, error)
        return frames

    def look_at(self, target: Target[S]) -> tuple[list[Frame], str]:
        """What one target gives now, and what is wrong with it; notes nothing."""
        try:
            found = self._look(target, self._clock.now_ns())
        except UnusableError as error:
            found = Found(error=f"{error}. {error.hint}".rstrip(" ."))
        except Exception as error:
            log.exception("%s: the look at %s failed", self.name, target.name)
            found = Found(error=f"it could not be looked at: {type(error).__name__}: {error}")
        time_ns = self._clock.now_ns()  # what is known is known at the end of the look
        frames = (frame_of(line, target, self.name, time_ns) for line in found.lines)
        return [frame for frame in frames if frame is not None], found.error

    def _ask_on(self) -> None:
        while (place := self._next()) is not None:
            frames = self.ask(self.targets[place])
            while not self._stopping.is_set():
                try:
                    self._frames.put(frames, timeout=RETRY_S)
                    break
                except queue.Full:
                    continue
            with self._due:
                assert self._schedule is not None
                self._schedule.done(place, time.monotonic())
                self._due.notify()

    def _next(self) -> int | None:
        """The next that is due, waited for; None once it is stopping."""
        with self._due:
            assert self._schedule is not None
            while not self._stopping.is_set():
                if (place := self._schedule.take(time.monotonic())) is not None:
                    return place
                self._due.wait(self._schedule.wait_s(time.monotonic()))
        return None

    def _commit_all(self, intake: Intake) -> None:
        while not self._stopping.is_set():
            try:
                looks = [self._frames.get(timeout=RETRY_S)]
            except queue.Empty:
                continue
            while len(looks) < TOGETHER and not self._frames.empty():
                looks.append(self._frames.get())
            batch = Batch(self.name, [frame for look in looks for frame in look])
            batch.counts = Counts(received=len(looks))
            self._commit(intake, batch)

    def _commit(self, intake: Intake, batch: Batch) -> None:
        while not self._stopping.is_set():
            try:
                intake.commit(batch)
            except RetryError as error:
                self._intake_error = f"Nothing is taken: {error} {error.hint}".strip()
            except Exception:
                log.exception("the intake failed; the batch of %s is kept and tried again", self.name)
                self._intake_error = "Nothing is taken: the intake failed; its log says why."
            else:
                self._intake_error = ""
                return
            self._stopping.wait(RETRY_S)

    def _note(self, name: str, error: str) -> None:
        before = self._errors.get(name, "")
        if error and not before:
            log.warning("%s: %s: %s.", self.name, name, error)
        elif before and not error:
            log.info("%s: %s is well again.", self.name, name)
        if error:
            self._errors[name] = error
        else:
            self._errors.pop(name, None)

    def _failing(self) -> str:
        failing = sorted(self._errors.copy().items())
        if not failing:
            return ""
        few = "; ".join(f"{name}: {error}" for name, error in failing[:NAMED])
        more = " …" if len(failing) > NAMED else "."
        return f"{len(failing)} of {len(self.targets)} targets fail: {few}{more}"
