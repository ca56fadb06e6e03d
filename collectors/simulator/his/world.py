"""What the parts of one hospital's life share: the clock, chance, the agenda and the numbers that are given once."""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any

from collectors.simulator.his.hospital import MINUTE, Event, Hospital
from collectors.simulator.his.house import House, Stay


@dataclass(frozen=True, slots=True)
class Pace:
    """How the clock of the house runs: at ``model`` it was ``wall``, and since then ``speed`` times as fast."""

    model: int
    wall: int
    speed: float = 1.0

    def wall_at(self, model: int) -> int:
        """The moment on the wall."""
        return self.wall + int((model - self.model) / self.speed)

    def model_at(self, wall: int) -> int:
        """The moment of the house."""
        return self.model + int((wall - self.wall) * self.speed)


class World:
    """One hospital. ``plan`` puts something on the agenda, ``take`` gives the next thing whose time has come."""

    def __init__(self, hospital: Hospital, seed: int, pace: Pace) -> None:
        self.hospital = hospital
        self.house = House(hospital, pace.wall)
        self.house.now = pace.model
        self.pace = pace
        self.chance = Random(f"{seed}/{hospital.code}/{pace.wall}")  # noqa: S311 (no secret is made of it)
        self._agenda: list[tuple[int, int, str, list[Any]]] = []
        self._numbers = {"event": 0, "visit": 0, "patient": 0, "plan": 0}

    @property
    def now(self) -> int:
        """By the clock of the house."""
        return self.house.now

    @property
    def at(self) -> int:
        """By the clock on the wall, which is what messages say."""
        return self.pace.wall_at(self.house.now)

    @property
    def next(self) -> int | None:
        """When something happens again."""
        return self._agenda[0][0] if self._agenda else None

    def number(self, what: str) -> int:
        """The next one of these."""
        self._numbers[what] += 1
        return self._numbers[what]

    def new_stay(self, kind: str, ward: str = "") -> Stay:
        """A visit of somebody whom nobody knows yet."""
        return Stay(self.number("visit"), self.number("patient"), kind, (ward, "", ""), self.at)

    def plan(self, at: int, what: str, *words: Any) -> None:
        """It happens then; never in the very moment, so that no two things of one stay have the same time."""
        heappush(self._agenda, (max(at, self.now + MINUTE // 20), self.number("plan"), what, list(words)))

    def soon(self, low: float, high: float, what: str, *words: Any) -> None:
        """It happens after so many minutes."""
        self.plan(self.now + int(self.chance.uniform(low, high) * MINUTE), what, *words)

    def take(self, until: int) -> tuple[str, list[Any]] | None:
        """What is to happen next, where that is not after ``until``; the clock goes on to it, or to ``until``."""
        if not self._agenda or self._agenda[0][0] > until:
            self.house.now = max(self.house.now, until)
            return None
        self.house.now, _, what, words = heappop(self._agenda)
        return what, words

    def say(self, trigger: str, stay: Stay | None = None, **more: Any) -> Event:
        """What the HIS tells of this stay now."""
        known: dict[str, Any] = {}
        if stay is not None:
            known = {"visit": stay.visit, "patient": stay.patient, "kind": stay.kind}
            known |= {"spot": stay.spot, "since": stay.since}
        return Event(self.number("event"), trigger, self.at, **(known | more))

    def dump(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        return {
            "now": self.now,
            "pace": [self.pace.model, self.pace.wall, self.pace.speed],
            "numbers": self._numbers,
            "agenda": self._agenda,
            "chance": self.chance.getstate(),
            "house": self.house.dump(),
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        """Go on from what ``dump`` gave."""
        self.pace = Pace(*kept["pace"])
        self._numbers = dict(kept["numbers"])
        self._agenda = [(at, number, what, words) for at, number, what, words in kept["agenda"]]
        heapify(self._agenda)
        version, state, gauss = kept["chance"]
        self.chance.setstate((version, tuple(state), gauss))
        self.house.load(kept["house"])
        self.house.now = kept["now"]
