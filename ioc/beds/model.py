"""Beds and wards of the registry, and all beds of a facility as they were at one moment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ioc.catalogue import Text
from ioc.domain import Spot
from ioc.registry import Facility


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


@dataclass(frozen=True, slots=True)
class Ward:
    """A ward that is known: from a file of ``configs/registry``, or ``taken_in`` by a person."""

    facility: str
    code: str
    title: Text
    site: str
    department: str = ""
    taken_in: bool = False


def wards_of(facility: Facility, taken_in: Iterable[Ward] = ()) -> dict[str, Ward]:
    """Every ward of a facility by its code: those of its file, in its order, then those that were taken in."""
    known = {
        place.code: Ward(facility.code, place.code, place.title, place.site, place.department)
        for place in facility.wards
    }
    return known | {ward.code: ward for ward in taken_in if ward.code not in known}
