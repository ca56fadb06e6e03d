"""Two hospitals, their lives, and a book-keeper who works everything out from what was told."""

from collections import Counter
from dataclasses import dataclass, field

from collectors.simulator.his.hospital import DAY, Bed, Event, Hospital, Spot, midnight_before
from collectors.simulator.his.model import Model
from collectors.simulator.his.world import Pace

MONDAY = midnight_before(1_795_000_000_000)  # a local midnight
COLUMNS = ("admitted", "transferred_in", "discharged", "died", "transferred_out")


def wards(**sizes: tuple[str, int]) -> tuple[Bed, ...]:
    return tuple(
        Bed(ward, f"P{number // 4 + 1:02d}", f"G{number % 4 + 1}", kind)
        for ward, (kind, size) in sizes.items()
        for number in range(size)
    )


LARGE = Hospital(
    "bv01",
    wards(
        noi=("general", 60),
        ngoai=("general", 48),
        icu=("icu", 14),
        so_sinh=("neonatal", 10),
        san=("maternity", 30),
        nhi=("paediatric", 30),
        cap_cuu=("emergency", 12),
    ),
    ("cap_cuu",),
    1.05,
)
SMALL = Hospital("bv05", wards(noi=("general", 20), san=("maternity", 8), cap_cuu=("emergency", 4)), ("cap_cuu",), 0.8)


def model_of(hospital: Hospital = LARGE, seed: int = 1, speed: float = 1.0, loud_from: int = 0) -> Model:
    return Model(hospital, seed, Pace(MONDAY, MONDAY, speed), loud_from)


def begun(hospital: Hospital = LARGE, seed: int = 1) -> tuple[Model, list[Event]]:
    model = model_of(hospital, seed)
    return model, list(model.begin())


def lived(model: Model, until: int) -> list[Event]:
    """All that is told until then, by the clock of the house."""
    told: list[Event] = []
    while (events := model.step(until)) is not None:
        told += events
    return told


@dataclass
class Keeper:
    """What follows from the events alone: who lies where and each ward's day. Deliberately simple-minded."""

    where: dict[int, Spot] = field(default_factory=dict)
    emergency: set[int] = field(default_factory=set)
    day: dict[str, Counter[str]] = field(default_factory=dict)
    start: Counter[str] = field(default_factory=Counter)
    status: dict[Spot, str] = field(default_factory=dict)
    most: Counter[Spot] = field(default_factory=Counter)
    _undone: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    _midnight: int = MONDAY - DAY

    def roll(self, at: int) -> None:
        while at > self._midnight + DAY:
            self._midnight += DAY
            self.start, self.day = Counter(spot[0] for spot in self.where.values()), {}

    def hear(self, event: Event) -> None:
        self.roll(event.at)
        getattr(self, event.trigger.lower(), lambda _: None)(event)
        for spot, patients in Counter(self.where.values()).items():
            self.most[spot] = max(self.most[spot], patients)

    def balance(self, ward: str) -> dict[str, int]:
        day = self.day.get(ward, Counter())
        columns = {column: day[column] for column in (*COLUMNS, "corrected")}
        end = sum(spot[0] == ward for spot in self.where.values())
        return {"start": self.start[ward], **columns, "end": end}

    def _count(self, ward: str, column: str, event: Event) -> None:
        self.day.setdefault(ward, Counter())[column] += 1
        self._undone[column, event.visit] = (ward, event.at)

    def _uncount(self, column: str, event: Event) -> None:
        ward, at = self._undone.pop((column, event.visit))
        if at > self._midnight:
            self.day[ward][column] -= 1
        else:
            sign = -1 if column in {"admitted", "transferred_in"} else 1
            self.day.setdefault(ward, Counter())["corrected"] += sign

    def a01(self, event: Event) -> None:
        assert event.visit not in self.where
        self.emergency.discard(event.visit)
        self.where[event.visit] = event.spot
        self._count(event.spot[0], "admitted", event)

    a06 = a01

    def a02(self, event: Event) -> None:
        assert self.where[event.visit] == event.prior
        self.where[event.visit] = event.spot
        if event.prior[0] != event.spot[0]:
            self._count(event.prior[0], "transferred_out", event)
            self._count(event.spot[0], "transferred_in", event)

    def a03(self, event: Event) -> None:
        if event.kind == "E":
            self.emergency.remove(event.visit)
            return
        assert self.where.pop(event.visit) == event.spot
        self._count(event.spot[0], "died" if event.note == "20" else "discharged", event)

    def a04(self, event: Event) -> None:
        if event.kind == "E":
            self.emergency.add(event.visit)

    def a11(self, event: Event) -> None:
        assert self.where.pop(event.visit) == event.spot
        self._uncount("admitted", event)

    def a12(self, event: Event) -> None:
        assert self.where[event.visit] == event.prior
        self.where[event.visit] = event.spot
        if event.prior[0] != event.spot[0]:
            self._uncount("transferred_in", event)
            self._uncount("transferred_out", event)

    def a13(self, event: Event) -> None:
        assert event.visit not in self.where
        self.where[event.visit] = event.spot
        self._uncount("discharged", event)

    def a17(self, event: Event) -> None:
        other = event.more[0]
        assert (self.where[event.visit], self.where[other]) == (event.prior, event.spot)
        self.where[event.visit], self.where[other] = event.spot, event.prior

    def a20(self, event: Event) -> None:
        assert event.spot not in self.where.values(), "who says that a bed is clean looks first"
        self.status[event.spot] = event.note
