"""The house: who lies where, which beds are ready, and the day's balance of every ward."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from collectors.simulator.his.hospital import DAY, HOUR, Bed, Hospital, Spot, midnight_before

SHARED = frozenset({"general", "paediatric"})  # kinds of beds in which two may lie (nằm ghép)
CLEAN_AFTER = HOUR  # where nobody reports cleaning
IN, OUT = ("admitted", "transferred_in"), ("discharged", "died", "transferred_out")
COLUMNS = (*IN, *OUT, "corrected")


@dataclass(slots=True)
class Stay:
    """One visit that is not over. ``step`` rises with every move, ``plan`` with every new planned end."""

    visit: int
    patient: int
    kind: str  # I or E
    spot: Spot
    since: int
    step: int = 0
    plan: int = 0


@dataclass(slots=True)
class Place:
    """A bed as it is: ``reported`` as the last A20 said, ``held`` for the visit that is expected in it.

    ``turn`` rises whenever somebody comes or goes; ``left`` is when the last one went, 0 once it was cleaned.
    """

    bed: Bed
    inside: list[int] = field(default_factory=list)
    reported: str = ""
    held: int = 0
    turn: int = 0
    left: int = 0

    def empty(self, visit: int = 0) -> bool:
        """Whether somebody new (this visit) may be laid into it alone."""
        return not self.inside and self.reported != "C" and self.held in {0, visit}

    def clean(self, now: int) -> bool:
        """Whether it is ready as well."""
        return now - self.left >= CLEAN_AFTER

    def say(self, status: str) -> None:
        """What the next A20 says of it."""
        self.reported = status
        if status == "U":
            self.left = 0


class House:
    """All stays and beds of one hospital."""

    def __init__(self, hospital: Hospital, now: int) -> None:
        self.places = {bed.spot: Place(bed) for bed in hospital.beds}
        self.wards: dict[str, list[Place]] = {}
        for place in self.places.values():
            self.wards.setdefault(place.bed.ward, []).append(place)
        self._kinds = {ward: Counter(p.bed.kind for p in self.usual(ward)).most_common(1) for ward in self.wards}
        self.stays: dict[int, Stay] = {}
        self.expected: list[int] = []  # visits
        self.now = now  # by the clock of the house, which runs faster than the wall's where the simulation does
        self.midnight = midnight_before(now)
        self._start: Counter[str] = Counter()
        self._day: dict[str, Counter[str]] = {}

    def inpatients(self) -> Iterator[Stay]:
        """Those who lie in, the one who came first first."""
        return (stay for stay in self.stays.values() if stay.kind == "I")

    def patients(self) -> Counter[str]:
        """Inpatients by ward."""
        return Counter(stay.spot[0] for stay in self.inpatients())

    def place(self, spot: Sequence[str]) -> Place | None:
        """The bed there, where it is listed."""
        ward, room, bed = spot
        return self.places.get((ward, room, bed))

    def usual(self, ward: str) -> list[Place]:
        """Its beds but for those that were put in beside them."""
        return [place for place in self.wards.get(ward, ()) if place.bed.kind != "add_on"]

    def kind(self, ward: str) -> str:
        """What most of its beds are for."""
        found = self._kinds.get(ward)
        return found[0][0] if found else "general"

    def find(self, ward: str, chance: Random, visit: int = 0) -> Spot:
        """Where somebody can lie in this ward: an empty bed, one beside it, with another one, or without a bed."""
        own = [place for place in self.wards.get(ward, ()) if place.empty(visit)]
        ready = [place for place in own if place.clean(self.now)] or own
        usual = [place for place in ready if place.bed.kind != "add_on"] or ready
        full = len(usual) < len(self.usual(ward)) / 16
        beside = [place for place in self.wards.get(ward, ()) if place.bed.kind in SHARED and len(place.inside) == 1]
        if usual and not (full and beside and chance.random() < 0.3):
            return chance.choice(usual).bed.spot
        return chance.choice(beside).bed.spot if beside else (ward, "", "")

    def has_room(self, ward: str) -> bool:
        """Whether somebody more gets a bed there, shared or not."""
        return any(place.empty() or (place.bed.kind in SHARED and len(place.inside) == 1) for place in self.wards[ward])

    def come(self, stay: Stay, spot: Spot, at: int, undoes: tuple[str, int] | None = None) -> None:
        """Somebody lies in this bed from now on; ``undoes``: how and when the stay was ended that goes on."""
        self.roll(at)
        self.stays[stay.visit] = stay
        stay.spot, stay.kind = spot, "I"
        self._enter(stay)
        if undoes:
            self._uncount(spot[0], *undoes)
        else:
            self._count(spot[0], "admitted")

    def leave(self, stay: Stay, at: int, column: str) -> None:
        """The stay is over; with the column "admitted" it never was."""
        self.roll(at)
        del self.stays[stay.visit]
        if stay.kind == "I":
            self._exit(stay)
            if column == "admitted":
                self._uncount(stay.spot[0], column, stay.since)
            else:
                self._count(stay.spot[0], column)

    def move(self, stay: Stay, spot: Spot, at: int, *, undoes: int | None = None) -> None:
        """Another bed; ``undoes``: the time of the move that this one cancels."""
        self.roll(at)
        before = stay.spot[0]
        self._exit(stay)
        stay.spot = spot
        self._enter(stay)
        if before != spot[0] and undoes is None:
            self._count(before, "transferred_out")
            self._count(spot[0], "transferred_in")
        elif before != spot[0] and undoes is not None:
            self._uncount(before, "transferred_in", undoes)
            self._uncount(spot[0], "transferred_out", undoes)

    def swap(self, one: Stay, other: Stay, at: int) -> None:
        """Two change their beds."""
        spots = one.spot, other.spot
        self.move(one, spots[1], at)
        self.move(other, spots[0], at)

    def roll(self, at: int) -> None:
        """Begin a new day where one has begun. Who lies in at its midnight is what it starts with."""
        if at > self.midnight + DAY:
            self.midnight = midnight_before(at)
            self._start, self._day = self.patients(), {}

    def balance(self, ward: str) -> dict[str, int]:
        """The day so far."""
        day = self._day.get(ward, Counter())
        columns = {column: day[column] for column in COLUMNS}
        return {"start": self._start[ward], **columns, "end": self.patients()[ward]}

    def dump(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        touched = [place for place in self.places.values() if place.turn or place.reported or place.held]
        return {
            "stays": [[getattr(stay, name) for name in Stay.__slots__] for stay in self.stays.values()],
            "places": [[place.bed.spot, place.reported, place.held, place.turn, place.left] for place in touched],
            "expected": self.expected,
            "midnight": self.midnight,
            "start": self._start,
            "day": self._day,
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        """Go on from what ``dump`` gave. Who lay in a bed that is not listed any more stays there."""
        for values in kept["stays"]:
            stay = Stay(*values)
            stay.spot = tuple(values[3])
            self.stays[stay.visit] = stay
            if stay.kind == "I" and stay.spot in self.places:
                self.places[stay.spot].inside.append(stay.visit)
        for spot, reported, held, turn, left in kept["places"]:
            place = self.place(spot)
            if place is not None:
                place.reported, place.held, place.turn, place.left = reported, held, turn, left
        self.expected = list(kept["expected"])
        self.midnight = kept["midnight"]
        self._start = Counter(kept["start"])
        self._day = {ward: Counter(day) for ward, day in kept["day"].items()}

    def _enter(self, stay: Stay) -> None:
        stay.step += 1
        place = self.places.get(stay.spot)
        if place is not None:
            place.inside.append(stay.visit)
            place.turn += 1
            place.held = 0

    def _exit(self, stay: Stay) -> None:
        place = self.places.get(stay.spot)
        if place is not None:
            place.inside.remove(stay.visit)
            place.turn += 1
            place.left = self.now

    def _count(self, ward: str, column: str, by: int = 1) -> None:
        self._day.setdefault(ward, Counter())[column] += by

    def _uncount(self, ward: str, column: str, happened: int) -> None:
        """What happened then is cancelled: it is taken out of this day, or of a day before and this one corrects it."""
        if happened > self.midnight:
            self._count(ward, column, -1)
        else:
            self._count(ward, "corrected", -1 if column in IN else 1)
