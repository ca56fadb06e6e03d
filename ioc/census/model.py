"""What the census gives: beds, wards and balances at one moment, and what is wrong with what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ioc.domain import NOWHERE, Quality, Spot, State

UNPLACED = "unplaced"  # the ward of patients of whom no ward was said


class Effective(StrEnum):
    """What a bed is reckoned to be: who lies in it comes first, then what was last said or done."""

    OCCUPIED = "occupied"
    CLEAN = "clean"  # empty and ready
    RESERVED = "reserved"
    DIRTY = "dirty"
    CLEANING = "cleaning"
    CONTAMINATED = "contaminated"
    ISOLATED = "isolated"
    BLOCKED = "blocked"  # said to be occupied, though by nobody we know
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class BedNow:
    """One bed at one moment. ``reported`` is the last A20 (table 0116, empty where there was none); ``since_ns`` when
    it became what ``effective`` says, None where nobody said; ``inferred`` where that follows from the clock or from
    silence and not from a message.

    ``planned``, ``actual`` and ``staffed`` are what the bed counts as in the registry: all False where it is unknown.
    """

    spot: Spot
    kind: str = ""
    confirmed: bool = False
    planned: bool = False
    actual: bool = False
    staffed: bool = False
    patients: int = 0
    reported: str = ""
    effective: Effective = Effective.CLEAN
    inferred: bool = True
    since_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """A ward's day, from its midnight (excluded) to the moment asked for (included).

    start + admitted + transferred_in - transferred_out - discharged - died + corrected = end. What was cancelled
    within the day is in none of them; what was cancelled later than the day it happened on is in ``corrected``.
    """

    start: int = 0
    admitted: int = 0
    transferred_in: int = 0
    transferred_out: int = 0
    discharged: int = 0
    died: int = 0
    corrected: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class WardNow:
    """One ward at one moment. Beds are in the order of the registry, unknown ones last.

    ``patients`` counts inpatients, with a bed or without; ``occupied`` beds with at least one; ``shared`` is the sum
    of what each bed has beyond one. ``blocked`` counts beds that cannot be used now (closed, isolated, contaminated or
    blocked), ``dirty`` those that are being cleaned or have to be. ``staffed`` leaves out the blocked ones;
    ``available`` counts staffed beds that are empty, clean and not reserved.
    """

    code: str
    site: str
    department: str = ""
    confirmed: bool = False
    patients: int = 0
    occupied: int = 0
    shared: int = 0
    planned: int = 0
    actual: int = 0
    staffed: int = 0
    available: int = 0
    blocked: int = 0
    dirty: int = 0
    without_bed: int = 0
    beds: tuple[BedNow, ...] = ()
    balance: Balance = Balance()


@dataclass(frozen=True, slots=True)
class Census:
    """A facility at one moment. ``as_of_ns`` is the last good message of its source at that time, None where there
    never was one: then the state is missing and there are no wards but those of the registry.

    ``emergency`` counts open emergency visits; ``arrivals`` those that began in the hour before; ``expected``
    pre-admissions that have not come, for a day. ``emergency_by_site`` holds the first two and ``expected_by_site`` the
    third by the site of their ward, the facility's first site where none is known.
    """

    facility: str
    at_ns: int
    as_of_ns: int | None
    state: State
    quality: Quality = Quality.GOOD
    source: str = ""
    wards: tuple[WardNow, ...] = ()
    emergency: int = 0
    arrivals: int = 0
    expected: int = 0
    emergency_by_site: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    expected_by_site: Mapping[str, int] = field(default_factory=dict)
    day_from_ns: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """What a facility's sources have sent, put together: ``source`` is the one heard last.

    ``first_ns`` is when the oldest thing that was told of happened, ``as_of_ns`` the newest time in any message, never
    later than its receipt. ``changed`` rises with each change of the facility's beds or stays.
    """

    facility: str
    source: str
    first_ns: int
    as_of_ns: int
    received_ns: int
    quality: Quality
    changed: int


class FindingKind(StrEnum):
    """What may be wrong with what a facility sends (the faults of HIS feeds that the census survives)."""

    UNKNOWN_WARD = "unknown_ward"
    UNKNOWN_BED = "unknown_bed"
    CONFLICT = "conflict"  # two patients in a bed that is not shared by habit
    NO_END = "no_end"  # a stay of which nothing was heard for long
    NO_BEGINNING = "no_beginning"  # an end, or a move, of a stay that never began
    LATE = "late"
    DOUBLED = "doubled"
    SAME_CONTROL_ID = "same_control_id"  # with another body
    FUTURE = "future"  # its clock is ahead of ours
    MOVED_SILENTLY = "moved_silently"  # an update names another bed than the one known
    CANCELS_NOTHING = "cancels_nothing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look into; ``cleared_ns`` is None while it stands. ``detail`` holds the figures of its sentence."""

    facility: str
    kind: FindingKind
    subject: str
    source: str
    first_ns: int
    last_ns: int
    count: int = 1
    visit: str = ""
    message: str = ""
    spot: Spot = NOWHERE
    detail: Mapping[str, str | int | float] = field(default_factory=dict)
    cleared_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """A page of findings, newest first; ``next`` asks for the one after it, empty at the end."""

    items: tuple[Finding, ...] = ()
    next: str = ""
