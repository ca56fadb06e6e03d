"""Sends what is due, on a few threads, so that one who does not answer holds up nobody else."""

import logging
import queue
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from alerts.message import decode_message
from alerts.notifiers import DEADLINE_S, CannotError, Notifier
from alerts.outbox import LONGEST_WAIT_NS, Attempt, Delivery, Outbox
from alerts.people import Channel, People
from ioc.config import Secret
from ioc.domain import SECOND, Clock
from ioc.errors import IocError, RetryError
from ioc.failpoints import failpoint

log = logging.getLogger(__name__)

THREADS = 6
EACH_SIDE = 2  # threads that one mail server or host may hold; an address only one
SLOW_NS = 5 * SECOND  # who holds a thread for longer shares all but a few with the others who do
POLL_S = 0.5  # for what becomes due by the clock; what is new wakes us
GOODBYE_S = 3.0  # for sends that are under way when we are told to end
WAITS_S = (1, 2, 4, 8, 15, 30, 60, 120, 300)  # after the first, second … failed attempt; the last one from then on
GIVEN_UP_AFTER_NS = 24 * 3600 * SECOND
# the database may take the same later; an InternalError is PostgreSQL's word for a session that stood still too long
BUSY = (OperationalError, InternalError, PoolTimeoutError)


@dataclass(frozen=True, slots=True)
class Lane:
    """An address, or the other side of several, and how many threads may be there at a time."""

    kind: str
    where: Secret | str
    room: int


SLOW = Lane("", "slow", THREADS - 2)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with its channel, None where the person has it no more, and what sending it occupies."""

    delivery: Delivery
    channel: Channel | None
    lanes: tuple[Lane, ...]


class Dispatcher:
    """``people`` gives the people as they are now, so that a changed address counts from the next attempt on."""

    def __init__(
        self,
        engine: Engine,
        people: Callable[[], People],
        notifiers: Mapping[str, Notifier],
        clock: Clock,
        owner: str,
    ) -> None:
        self._outbox = Outbox(engine, owner, clock)
        self._people = people
        self._notifiers = notifiers
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: Counter[Lane] = Counter()
        self._slow: set[Lane] = set()  # sides that took long the last time
        self._unmarked: deque[tuple[Delivery, Attempt, float | None]] = deque()  # the database was busy
        self._busy = 0  # threads that have a job
        self._woken = threading.Event()
        self._failing: set[tuple[str, str]] = set()

    def step(self) -> int:
        """Send all that is due, one after the other, here and now; how many attempts that were."""
        count = 0
        while (job := self._next()) is not None:
            self._do(job)
            count += 1
        return count

    def wake(self) -> None:
        """Something new is due."""
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop`` is set; then what is under way has ``GOODBYE_S``, and what waits is given back."""
        jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        threads = [threading.Thread(target=self._work, args=(jobs,), name="send", daemon=True) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        trouble = ""
        while not stop.is_set():
            self._woken.clear()
            try:
                self._hand_out(jobs, stop)
                trouble = ""
            except Exception as error:
                if str(error) != trouble:
                    log.warning("Messages cannot be sent now: %s", error, exc_info=not isinstance(error, DBAPIError))
                trouble = str(error)
            self._woken.wait(POLL_S)
        self._end(jobs, threads)

    def _hand_out(self, jobs: queue.SimpleQueue[Job | None], stop: threading.Event) -> None:
        """A job for each free thread."""
        while self._busy < THREADS and not stop.is_set() and (job := self._next()) is not None:
            jobs.put(job)

    def _work(self, jobs: queue.SimpleQueue[Job | None]) -> None:
        """One thread."""
        while (job := jobs.get()) is not None:
            try:
                self._do(job)
            except BUSY as error:
                log.warning(
                    "What was sent cannot be marked, and nothing is sent before it is: %s",
                    getattr(error, "orig", error),
                )
            except Exception:
                log.exception("What was sent cannot be marked, and will be sent again.")
            self.wake()

    def _end(self, jobs: queue.SimpleQueue[Job | None], threads: list[threading.Thread]) -> None:
        waiting: list[Delivery] = []
        with suppress(queue.Empty):
            while (job := jobs.get_nowait()) is not None:
                waiting.append(job.delivery)
        for _ in threads:
            jobs.put(None)
        try:
            if waiting:
                self._outbox.release(waiting)
        except DBAPIError as error:
            log.warning("Claims end by themselves within seconds: %s", error.orig)
        until = time.monotonic() + GOODBYE_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        try:
            self._mark_rest()
        except BUSY as error:
            log.warning("What was sent cannot be marked, and will be sent again: %s", getattr(error, "orig", error))

    def _next(self) -> Job | None:
        """Claim what is to be sent next, if there is something that can be sent now."""
        people = self._people()
        closed = self._closed(people)
        self._mark_rest()  # after that: what cannot be marked yet is among these or still holds its lanes
        delivery = self._outbox.claim(closed)
        if delivery is None:
            return None
        person = people.person(delivery.person)
        channel = next((it for it in person.channels if it.name == delivery.channel), None) if person else None
        job = Job(delivery, channel, self._lanes_of(channel) if channel else ())
        with self._lock:
            self._lanes.update(job.lanes)
            self._busy += 1
        return job

    def _closed(self, people: People) -> list[tuple[str, str]]:
        """The persons and channels whose address or other side has all the threads that it may have."""
        with self._lock:
            full = {lane for lane, count in self._lanes.items() if count >= lane.room}
        if not full:
            return []
        return [
            (person.code, channel.name)
            for person in people.people.values()
            for channel in person.channels
            if not full.isdisjoint(self._lanes_of(channel))
        ]

    def _lanes_of(self, channel: Channel) -> tuple[Lane, ...]:
        notifier = self._notifiers.get(channel.kind)
        if notifier is None:
            return ()
        side = Lane(channel.kind, notifier.other_side(channel.address), EACH_SIDE)
        return Lane(channel.kind, channel.address, 1), side, *([SLOW] if side in self._slow else [])

    def _do(self, job: Job) -> None:
        """One attempt, from the claim to the mark."""
        try:
            began_ns = self._clock.now_ns()
            if began_ns + int(DEADLINE_S * SECOND) > job.delivery.claimed_until_ns:
                return  # this process was stopped meanwhile: when we have sent it, another may have sent it too
            outcome, detail, again_s = self._attempt(job)
            attempt = Attempt(outcome, began_ns, self._clock.now_ns(), detail)
            self._time(job, attempt)
            try:
                self._mark(job.delivery, attempt, again_s)
            except BUSY:
                self._unmarked.append((job.delivery, attempt, again_s))
                raise
        finally:
            with self._lock:
                self._lanes.subtract(job.lanes)
                self._lanes = +self._lanes
                self._busy -= 1

    def _time(self, job: Job, attempt: Attempt) -> None:
        """Note whether the other side took long, so that several of those do not take every thread."""
        slow = attempt.ended_ns - attempt.began_ns >= SLOW_NS
        for side in job.lanes[1:2]:
            (self._slow.add if slow else self._slow.discard)(side)

    def _mark_rest(self) -> None:
        """Mark what was sent while the database was busy: before that is done, a claim might send it once more."""
        while self._unmarked:
            try:
                self._mark(*self._unmarked[0])
            except BUSY:
                raise
            except Exception:
                log.exception("What was sent cannot be marked, and will be sent again.")
            self._unmarked.popleft()

    def _attempt(self, job: Job) -> tuple[str, str, float | None]:
        """Its outcome, what the other side said, and in how many seconds to try again, None for never."""
        wait_s = WAITS_S[min(job.delivery.attempts, len(WAITS_S) - 1)]
        try:
            return "sent", self._send(job), None
        except CannotError as error:
            return "refused", _sentence(error), None
        except RetryError as error:
            asked_s = error.after if error.after is None else min(max(error.after, 1.0), LONGEST_WAIT_NS / SECOND)
            return "failed", _sentence(error), wait_s if asked_s is None else asked_s
        except Exception as error:  # noqa: BLE001 - a fault of a notifier must not end the thread, nor tell an address
            place = traceback.extract_tb(error.__traceback__)[-1]
            return "failed", f"fault of the program: {type(error).__name__} in {place.name}:{place.lineno}", wait_s

    def _send(self, job: Job) -> str:
        notifier = self._notifiers.get(job.channel.kind) if job.channel else None
        if job.channel is None or notifier is None:
            raise CannotError("the person does not have this channel any more.")
        message = decode_message(job.delivery.message, self._clock.now_ns())
        failpoint("before-send")
        said = notifier.send(message, job.channel.address, DEADLINE_S)
        failpoint("after-send")
        return said

    def _mark(self, delivery: Delivery, attempt: Attempt, again_s: float | None) -> None:
        who = (delivery.person, delivery.channel)
        if attempt.outcome == "sent":
            self._outbox.mark_sent(delivery, attempt)
            if who in self._failing:
                self._failing.discard(who)
                log.info("Messages arrive again: %s by %s.", *who)
            return
        if again_s is None or attempt.ended_ns - delivery.created_ns >= GIVEN_UP_AFTER_NS:
            self._outbox.mark_failed(delivery, attempt, None)
            log.error("Given up: %s was not told by %s of %s: %s", *who, delivery.incident, attempt.detail)
            return
        self._outbox.mark_failed(delivery, attempt, attempt.ended_ns + round(again_s * SECOND))
        if who not in self._failing:
            self._failing.add(who)
            log.warning("Messages do not arrive: %s by %s: %s", *who, attempt.detail)


def _sentence(error: IocError) -> str:
    return f"{error} {error.hint}".strip()
