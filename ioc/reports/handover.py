"""The morning handover (giao ban): who was there, came and went, and what beds there are, by ward.

there before + admitted + transferred in − sent home − transferred out − to another hospital − died (+ corrected) =
there at the end; more or fewer than the actual beds is the excess. The numbers are those of the census, as the walls
and ``/api/v1/census`` have them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from ioc.census import Balance, Census, Period, WardNow

_BEDS = (
    "patients",
    "occupied",
    "shared",
    "planned",
    "actual",
    "staffed",
    "available",
    "blocked",
    "dirty",
    "without_bed",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One ward, or all of them: ``ward`` at the end with the balance of the whole span."""

    ward: WardNow
    elsewhere: int = 0

    @property
    def balance(self) -> Balance:
        """What the span comes to."""
        return self.ward.balance

    @property
    def home(self) -> int:
        """Discharged, and not to another hospital."""
        return self.balance.discharged - self.elsewhere

    @property
    def excess(self) -> int:
        """Patients beyond the actual beds; below zero where beds are left."""
        return self.ward.patients - self.ward.actual

    @property
    def closes(self) -> bool:
        """Whether the sum comes out; where it does not, the data are wrong."""
        day = self.balance
        came = day.start + day.admitted + day.transferred_in + day.corrected
        return came - self.home - self.elsewhere - day.transferred_out - day.died == day.end


@dataclass(frozen=True, slots=True)
class Handover:
    """A facility, or one site of it, over a span. ``known`` is the share of it for which its feed spoke, 0 to 1.

    ``emergency`` are in emergency at the end, ``arrived`` came there within the span.
    """

    census: Census
    lines: tuple[Line, ...]
    total: Line
    emergency: int
    arrived: int
    known: float


def handover_of(period: Period, site: str = "") -> Handover:
    """The handover of a span; of one site where it is named."""
    census = period.census
    lines = tuple(Line(ward, period.elsewhere.get(ward.code, 0)) for ward in census.wards if site in ("", ward.site))
    in_emergency = {one: patients for one, (patients, _) in census.emergency_by_site.items()}
    length_ns = period.to_ns - period.from_ns
    return Handover(
        census=census,
        lines=lines,
        total=total_of(lines),
        emergency=in_emergency.get(site, 0) if site else census.emergency,
        arrived=period.arrived.get(site, 0) if site else sum(period.arrived.values()),
        known=period.known_ns / length_ns if length_ns > 0 else 0.0,
    )


def total_of(lines: Iterable[Line]) -> Line:
    """All lines as one."""
    every = list(lines)
    wards = [line.ward for line in every]
    sums = {name: sum(getattr(ward, name) for ward in wards) for name in _BEDS}
    balance = reduce(added, (ward.balance for ward in wards), Balance())
    return Line(WardNow(code="", site="", balance=balance, **sums), sum(line.elsewhere for line in every))


def added(one: Balance, other: Balance) -> Balance:
    """Two balances side by side: of different wards over the same span."""
    return Balance(**{name: getattr(one, name) + getattr(other, name) for name in Balance.__slots__})
