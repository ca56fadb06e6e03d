"""One hospital, moved on thing by thing, and the truth of it.

Everything follows from the seed and the moment of the beginning: moved on in one step or in many, it tells the same.
So a HIS that was killed goes on from what was kept last, and at most repeats itself word for word.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from collectors.simulator.his import day
from collectors.simulator.his.hospital import Event, Hospital
from collectors.simulator.his.life import HEADROOM, Life
from collectors.simulator.his.rooms import Rooms
from collectors.simulator.his.world import Pace, World

OFTEN_FULL = {"icu": 0.88, "neonatal": 0.88, "emergency": 0.55, "isolation": 0.6, "negative": 0.5, "day": 0.35}
QUIET = frozenset({"update", "outpatient", "merge"})  # what moves nobody


@dataclass(frozen=True, slots=True)
class Stream:
    """Something that happens so often on a day, more and less by a curve."""

    curve: str
    per_day: float
    happens: Callable[[], Iterator[Event]]


class Model:
    """``begin`` once, then ``step``. ``loud_from`` (by the clock of the house): what happened before is told only as
    far as it moves somebody: the past at a first start."""

    def __init__(self, hospital: Hospital, seed: int, pace: Pace, loud_from: int = 0) -> None:
        self.seed, self.begun, self._loud_from = seed, pace.wall, loud_from
        self.world = world = World(hospital, seed, pace)
        full = {ward: min(hospital.full, OFTEN_FULL.get(world.house.kind(ward), 2.0)) for ward in world.house.wards}
        self._wanted = {ward: len(world.house.usual(ward)) * share for ward, share in full.items()}
        life, rooms = Life(world, self._wanted), Rooms(world)
        self._life = life
        patients = sum(self._wanted.values())
        streams = {
            "admit": Stream("admit", HEADROOM * sum(life.flows.values()), life.admit),
            "emergency": Stream("emergency", 0.25 * patients if hospital.emergency else 0.0, life.emergency),
            "outpatient": Stream("outpatient", 0.6 * patients, life.outpatient),
            "update": Stream("update", 2.5 * patients, life.update),
            "transfer": Stream("transfer", 0.08 * patients, life.transfer),
            "swap": Stream("transfer", 1 + patients / 200, life.swap),
            "merge": Stream("update", 1 + patients / 150, life.merge),
            "shut": Stream("transfer", patients / 300, rooms.shut),
        }
        self._streams = {name: stream for name, stream in streams.items() if stream.per_day}
        self._happens: Mapping[str, Callable[..., Iterator[Event]]] = {
            "stream": self._flow,
            **{name: getattr(life, name) for name in ("never_came", "came", "calls_off", "ends", "comes_back")},
            **{name: getattr(life, name) for name in ("stays_there", "settles", "goes")},
            **{name: getattr(rooms, name) for name in ("cleans", "opens")},
        }

    def begin(self) -> Iterator[Event]:
        """The first words: everybody who lies in, and who waits in the emergency ward."""
        for ward, wanted in self._wanted.items():
            for _ in range(round(wanted * self.world.chance.uniform(0.95, 1.04))):
                yield from self._life.lies_in(ward)
        if emergency := self._streams.get("emergency"):
            for _ in range(round(emergency.per_day / 10)):
                yield from emergency.happens()
        for name in self._streams:
            self._plan_next(name)

    def step(self, until: int) -> list[Event] | None:
        """The next thing that happens, with what is told of it; None where nothing does until then (house clock)."""
        taken = self.world.take(until)
        if taken is None:
            return None
        what, words = taken
        return list(self._happens[what](*words))

    def stand_still(self, wall: int) -> None:
        """Go on from how it is as if it were this moment on the wall: nothing happened in between."""
        self.world.pace = Pace(self.world.now, wall, self.world.pace.speed)

    def truth(self) -> dict[str, Any]:
        """How it is: what a census of the messages has to end in."""
        house = self.world.house
        house.roll(self.world.at)
        patients = house.patients()
        beds: dict[str, dict[str, int]] = {ward: {} for ward in house.wards}
        reported: dict[str, dict[str, str]] = {ward: {} for ward in house.wards}
        for (ward, room, bed), place in house.places.items():
            if place.inside:
                beds[ward][f"{room}^{bed}"] = len(place.inside)
            elif place.reported not in {"", "U"}:
                reported[ward][f"{room}^{bed}"] = place.reported
        return {
            "patients": {ward: patients[ward] for ward in house.wards},
            "occupied": {ward: len(taken) for ward, taken in beds.items()},
            "without_bed": {ward: patients[ward] - sum(taken.values()) for ward, taken in beds.items()},
            "beds": beds,
            "reported": reported,
            "emergency": sum(stay.kind == "E" for stay in house.stays.values()),
            "expected": len(house.expected),
            "balance": {ward: house.balance(ward) for ward in house.wards},
        }

    def dump(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        return {"seed": self.seed, "begun": self.begun, "loud_from": self._loud_from, "world": self.world.dump()}

    @classmethod
    def load(cls, hospital: Hospital, kept: Mapping[str, Any]) -> "Model":
        """Go on from what ``dump`` gave. Raises KeyError, TypeError or ValueError where that is something else."""
        model = cls(hospital, kept["seed"], Pace(*kept["world"]["pace"]), kept["loud_from"])
        model.begun = kept["begun"]
        model.world.load(kept["world"])
        return model

    def _plan_next(self, name: str) -> None:
        stream = self._streams[name]
        gap = self.world.chance.expovariate(day.peak(stream.curve, stream.per_day))
        self.world.plan(self.world.now + int(gap), "stream", name)

    def _flow(self, name: str) -> Iterator[Event]:
        """One that might come in the busiest hour: in a quiet one it mostly does not."""
        if name not in self._streams:
            return
        self._plan_next(name)
        stream = self._streams[name]
        told = name not in QUIET or self.world.now >= self._loud_from
        if self.world.chance.random() < day.share(stream.curve, self.world.now) and told:
            yield from stream.happens()
