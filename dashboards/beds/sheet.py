"""A ward at one moment, ready to be drawn. Pure: the same census, the same sheet."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from dashboards.beds.plan import Plan, plan
from dashboards.beds.words import ALWAYS, SOMETIMES, shape_of, sort_of, symbol_of
from ioc.beds import BedKind
from ioc.catalogue import Metric
from ioc.census import BedNow, WardNow, ward_tag
from ioc.domain import Spot

SCALE = 130.0  # per cent at the right end of the rule
CODE_MAX = 7  # letters of a bed that the line below it holds
AGED = frozenset({"S", "H", "B", "D", "K", "T", "CL", "KK"})  # of the others it is not said since when


@dataclass(frozen=True, slots=True)
class BedShown:
    """One bed. ``since_ns`` is None where nobody knows or needs it; ``extra`` one that is no actual bed."""

    now: BedNow
    symbol: str
    number: str
    since_ns: int | None
    extra: bool

    @property
    def sort(self) -> str:
        """What the legend counts it as."""
        return sort_of(self.symbol)

    @property
    def shape(self) -> str:
        """The drawing."""
        return shape_of(self.symbol)


@dataclass(frozen=True, slots=True)
class RoomShown:
    """A room with its beds; ``kind`` is what all of them are for where most of the ward's are for something else."""

    id: str
    code: str
    kind: str
    beds: tuple[BedShown, ...]

    @property
    def patients(self) -> int:
        """Who lies in it."""
        return sum(bed.now.patients for bed in self.beds)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another ward with free beds."""

    code: str
    free: int


@dataclass(frozen=True)
class Sheet:
    """What the left column and the rooms say."""

    ward: WardNow
    rooms: tuple[RoomShown, ...]
    neighbours: tuple[Neighbour, ...]
    load: float | None  # per cent; None without actual beds
    level: str
    limits: tuple[float, ...]

    @cached_property
    def legend(self) -> list[tuple[str, int]]:
        """Each sort of bed with its count; they add up to the actual beds, or to all where the register has none."""
        counts = Counter(bed.sort for bed in self._counted)
        return [(sort, counts[sort]) for sort in (*ALWAYS, *SOMETIMES) if sort in ALWAYS or counts[sort]]

    @cached_property
    def beds(self) -> list[BedShown]:
        """Every bed that is drawn."""
        return [bed for room in self.rooms for bed in room.beds]

    @cached_property
    def extra(self) -> int:
        """Beds that are drawn and not counted in the legend: added ones, and those that the register does not know."""
        return len(self.beds) - len(self._counted)

    @property
    def _counted(self) -> list[BedShown]:
        return [bed for bed in self.beds if not bed.extra] if self.ward.actual else self.beds

    @cached_property
    def unconfirmed(self) -> int:
        """Beds that only the hospital's information system knows."""
        return sum(not bed.now.confirmed for bed in self.beds)

    @property
    def all_unconfirmed(self) -> bool:
        """Whether it knows all of them: then no bed needs to say so by itself."""
        return bool(self.beds) and self.unconfirmed == len(self.beds)

    @cached_property
    def guessed(self) -> bool:
        """Whether any bed's state follows from the clock and not from a message."""
        return any(bed.now.inferred and bed.since_ns is not None for bed in self.beds)

    @cached_property
    def plans(self) -> tuple[Plan, Plan]:
        """How the rooms stand on a wall, and on an upright one."""
        counts = [len(room.beds) for room in self.rooms]
        return plan(counts), plan(counts, tall=True)

    @property
    def planned_load(self) -> float | None:
        """Patients on the beds that are approved, per cent."""
        return 100 * self.ward.patients / self.ward.planned if self.ward.planned else None

    @property
    def gauge(self) -> int | None:
        """How long the rule is, in thousandths."""
        return None if self.load is None else round(1000 * min(1.0, self.load / SCALE))

    @property
    def ticks(self) -> tuple[int, ...]:
        """Where its limits stand, likewise."""
        return tuple(round(1000 * limit / SCALE) for limit in self.limits if limit < SCALE)


def sheet_of(ward: WardNow, wards: Iterable[WardNow], metric: Metric) -> Sheet:
    """The sheet of ``ward`` among all ``wards`` that may be seen; ``metric`` is bed.load, which has the limits."""
    load = 100 * ward.patients / ward.actual if ward.actual else None
    limits = (metric.thresholds.warn_high, metric.thresholds.crit_high)
    level = ""
    if load is not None:
        passed = [name for name, limit in zip(("warning", "critical"), limits, strict=True) if limit and load > limit]
        level = passed[-1] if passed else ""
    known = tuple(limit for limit in limits if limit is not None)
    return Sheet(ward, rooms_of(ward.beds), neighbours_of(ward, wards), load, level, known)


def load_of(ward: WardNow) -> float | None:
    """Patients on actual beds, per cent; None where it has none."""
    return 100 * ward.patients / ward.actual if ward.actual else None


def rooms_of(beds: Sequence[BedNow]) -> tuple[RoomShown, ...]:
    """The beds by room, in their order; a bed that nobody knows stands last in its room."""
    usual, found = _usual(beds), dict[str, list[BedNow]]()
    for bed in beds:
        found.setdefault(bed.spot.room, []).append(bed)
    return tuple(
        RoomShown(f"room-{ward_tag(code) if code else '_'}", code, _kind_of(own, usual), tuple(map(_shown, own)))
        for code, own in found.items()
    )


def neighbours_of(ward: WardNow, wards: Iterable[WardNow]) -> tuple[Neighbour, ...]:
    """Wards of the same site with free beds for such patients: of the same department, or of the same kind of bed."""
    kind = _usual(ward.beds)
    return tuple(
        Neighbour(other.code, other.available)
        for other in wards
        if other.code != ward.code and other.site == ward.site and other.available and _fits(ward, other, kind)
    )


def _fits(ward: WardNow, other: WardNow, kind: str) -> bool:
    return bool(ward.department and other.department == ward.department) or _usual(other.beds) == kind


def _usual(beds: Sequence[BedNow]) -> str:
    kinds = Counter(bed.kind for bed in beds if bed.confirmed)
    return kinds.most_common(1)[0][0] if kinds else ""


def _kind_of(beds: Sequence[BedNow], usual: str) -> str:
    kinds = {bed.kind for bed in beds if bed.confirmed} - {BedKind.ADD_ON}
    return kinds.pop() if len(kinds) == 1 and kinds != {usual} else ""


def _shown(bed: BedNow) -> BedShown:
    symbol = symbol_of(bed)
    since = bed.since_ns if symbol in AGED else None
    return BedShown(bed, symbol, number_of(bed.spot), since, not (bed.confirmed and bed.actual))


def number_of(spot: Spot) -> str:
    """The bed within its room: the room's own code is not said again, and a long code ends in an ellipsis."""
    number = spot.bed
    if spot.room and number.startswith(spot.room) and len(number) > len(spot.room):
        number = number[len(spot.room) :].lstrip("-_./ ") or spot.bed
    return number if len(number) <= CODE_MAX else f"{number[: CODE_MAX - 1]}…"
