"""A bed of the registry, and all beds of a facility as they were at one moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ioc.domain import Spot


class BedKind(StrEnum):
    """What a bed is for. Those of ``NOT_SHARED`` are never shared by habit."""

    GENERAL = "general"
    ICU = "icu"  # hồi sức tích cực
    EMERGENCY = "emergency"  # hồi sức cấp cứu
    NEONATAL = "neonatal"
    ISOLATION = "isolation"
    NEGATIVE = "negative"  # negative pressure
    MATERNITY = "maternity"
    PAEDIATRIC = "paediatric"
    DAY = "day"
    ADD_ON = "add_on"  # giường nối, kê thêm: neither planned nor actual


NOT_SHARED = frozenset({BedKind.ICU, BedKind.ISOLATION, BedKind.NEGATIVE})


@dataclass(frozen=True, slots=True)
class Bed:
    """One bed, from one moment to another (ns; ``from_ns`` 0 since ever, ``until_ns`` None while it is there).

    ``planned`` (giường kế hoạch) is approved, ``actual`` (thực kê) stands there, ``staffed`` (vận hành) has staff.
    """

    facility: str
    site: str
    department: str
    spot: Spot
    kind: BedKind = BedKind.GENERAL
    planned: bool = True
    actual: bool = True
    staffed: bool = True
    from_ns: int = 0
    until_ns: int | None = None

    def at(self, time_ns: int) -> bool:
        """Whether it was there then."""
        return self.from_ns <= time_ns and (self.until_ns is None or time_ns < self.until_ns)


@dataclass(frozen=True, slots=True)
class Beds:
    """Every bed of a facility that there ever was, in the order of the list."""

    all: Sequence[Bed] = ()

    def at(self, time_ns: int) -> Iterator[Bed]:
        """Those that were there then."""
        return (bed for bed in self.all if bed.at(time_ns))
