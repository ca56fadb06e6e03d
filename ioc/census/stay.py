"""A stay and what it is made of: where somebody lay, what counts in the balance, what is wrong with what was said."""

from dataclasses import dataclass, field

from ioc.census.model import FindingKind
from ioc.domain import NOWHERE, Fact, Spot, VisitClass

FAR_NS = 2**62  # the end of what lasts
EXPECTED = "expected"  # the class of a spell in a bed that is kept for somebody
ADMITTED, TRANSFERRED, DISCHARGED, DIED, ARRIVED = "admitted", "transferred", "discharged", "died", "arrived"
CANCELLED, OUTPATIENT = "cancelled", "outpatient"  # how a stay may end, beside the dispositions


@dataclass(slots=True)
class Spell:
    """Where somebody lay, from one moment to another; ``FAR_NS`` while it lasts. As ``ioc.census.tables.spells``."""

    visit_class: str
    spot: Spot
    from_ns: int
    to_ns: int
    vacated: bool = False


@dataclass(slots=True)
class Move:
    """What counts in the day balance, and what a cancel takes back; a move within a ward counts nowhere."""

    at_ns: int
    kind: str
    from_spot: Spot
    to_spot: Spot
    cancelled_ns: int | None = None


@dataclass(slots=True)
class Note:
    """What is wrong with a visit: the facts that show it, oldest first, and where the patient was known to be."""

    kind: FindingKind
    facts: list[Fact]
    known: Spot = NOWHERE


@dataclass(slots=True)
class Stay:
    """One visit as it is now, with its whole history. As ``ioc.census.tables.stays``."""

    visit: str
    patient: str = ""
    visit_class: VisitClass = VisitClass.UNSAID
    opened_ns: int | None = None
    closed_ns: int | None = None
    expected_ns: int | None = None
    ended: str = ""
    provisional: bool = False
    spot: Spot = NOWHERE
    spells: list[Spell] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
