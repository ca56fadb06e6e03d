"""One hospital's feed: what its model tells, delivered as a link does it, now and then late or twice."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any

from collectors.simulator.his.hospital import DAY, MINUTE, SECOND, Event, Hospital
from collectors.simulator.his.message import Writer
from collectors.simulator.his.mllp import Client
from collectors.simulator.his.model import Model

AHEAD = 200  # messages that wait while the door is away; what would come after them happens once there is room
LATEST = 15 * MINUTE
AGAIN = 2 * MINUTE
SILENCE = 60 * SECOND  # after which a sign of life is sent
TURN_S = 0.2  # for one hospital, then it is the next one's


class Feed:
    """``collect`` what has happened by now, then ``deliver``. ``late`` and ``doubled`` are shares of all messages.

    Which ones are late or doubled follows from their numbers, so that a repetition of the past repeats that as well.
    """

    def __init__(self, model: Model, client: Client, late: float, doubled: float) -> None:
        self.model = model
        self.client = client
        self.delivered = 0
        self.changed = True  # since it was kept
        self._late, self._doubled = late, doubled
        self._writer = Writer(model.world.hospital.code, model.begun)
        self._waiting: list[tuple[int, int, Event]] = []  # due (ms), number, what
        self._spoke = 0

    @property
    def waiting(self) -> int:
        """Messages that were not delivered yet, late ones included."""
        return len(self._waiting)

    def begin(self) -> None:
        """Tell who is there."""
        self._take(self.model.begin())

    def collect(self, now: int) -> None:
        """Let happen what has happened by now, as long as what was told before gets through.

        After days away the house goes on from how it was left, at the same hour of the day: what no HIS would ever
        catch up with did not happen.
        """
        world = self.model.world
        behind = world.pace.model_at(now) - world.now
        if behind >= DAY:
            self.model.stand_still(now - int(behind % DAY / world.pace.speed))
        until = world.pace.model_at(now)
        while len(self._waiting) < AHEAD or sum(due <= now for due, *_ in self._waiting) < AHEAD:
            events = self.model.step(until)
            if events is None:
                return
            self._take(events)

    def deliver(self, now: int, *, rush: bool = False) -> bool:
        """Send what is due (``rush``: all there is) for a moment; whether there is more to do at once."""
        until = time.monotonic() + TURN_S
        while self._waiting and (rush or self._waiting[0][0] <= now):
            if not self.client.ready:
                return False
            if time.monotonic() > until:
                return True
            event = self._waiting[0][2]
            if not self.client.send(self._writer.message(event), self._writer.control(event)):
                return False
            heappop(self._waiting)
            self.delivered += 1
            self.changed = True
            self._spoke = now
        if now - self._spoke >= SILENCE and self.client.ready:
            control, message = self._writer.heartbeat(now)
            self.client.send(message, control)
            self._spoke = now
        return False

    def pause(self, now: int) -> float:
        """Seconds until there is something to do."""
        due = self.model.world.next
        at = [self.model.world.pace.wall_at(due)] if due is not None else []
        if self._waiting:
            at.append(self._waiting[0][0] if self.client.ready else now + SECOND // 2)
        return max(0.0, (min(at, default=now + SECOND) - now) / SECOND)

    def dump(self) -> dict[str, Any]:
        """All that must survive, as JSON takes it. Nobody's name is in it."""
        waiting = [(due, number, astuple(event)) for due, number, event in self._waiting]
        return {"model": self.model.dump(), "waiting": waiting}

    def load(self, kept: Mapping[str, Any]) -> None:
        """What ``dump`` gave, but for the model, which was made of it."""
        for due, number, values in kept["waiting"]:
            fields: list[Any] = [tuple(value) if isinstance(value, list) else value for value in values]
            self._waiting.append((due, number, Event(*fields)))
        heapify(self._waiting)

    def _take(self, events: Iterable[Event]) -> None:
        code, speed = self.model.world.hospital.code, self.model.world.pace.speed
        for event in events:
            chance = Random(f"link/{code}/{self.model.begun}/{event.number}")  # noqa: S311 (no secret is made of it)
            due = event.at
            if chance.random() < self._late:
                due += int(chance.uniform(MINUTE / 2, LATEST) / speed)
            heappush(self._waiting, (due, event.number, event))
            if chance.random() < self._doubled:
                again = due + int(chance.uniform(0, AGAIN) / speed)
                heappush(self._waiting, (again, -event.number, event))
            self.changed = True


def load_feed(hospital: Hospital, kept: Mapping[str, Any], client: Client, late: float, doubled: float) -> Feed:
    """Go on from what ``dump`` gave. Raises KeyError, TypeError or ValueError where that is something else."""
    feed = Feed(Model.load(hospital, kept["model"]), client, late, doubled)
    feed.load(kept)
    return feed
