"""A ward of bv01 with beds in the register, and a hospital's system that says what happens in it."""

from itertools import count
from typing import Any

from ioc.beds import Bed, BedKind
from ioc.census import Ledger
from ioc.domain import MINUTE, SECOND, BedStatus, Fact, FactKind, Quality, Spot, VisitClass
from tests.unit.dashboards.conftest import Web

WARD, ICU = "noi-1", "icu"
SOURCE = "his-bv01"
_numbers = count(1)


class Bedside:
    """``web`` with a register of beds and a ledger; ``minutes`` are those before the web's clock."""

    def __init__(self, web: Web, facility: str = "bv01") -> None:
        self.web, self.facility = web, facility
        self.ledger = Ledger(web.services.engine, web.services.settings, web.services.catalogue)

    def beds(self, ward: str, rooms: dict[str, int], site: str = "cs1", **more: Any) -> None:
        """Register so many beds, numbered from 1, in each of these rooms of a ward."""
        rows = [
            Bed(self.facility, site, "", Spot(ward, room, str(n)), from_ns=1, **more)
            for room, most in rooms.items()
            for n in range(1, most + 1)
        ]
        self.web.services.beds.accept(rows, "test")

    def ward(self) -> None:
        """Two rooms of three beds in WARD, and one of two for intensive care."""
        self.beds(WARD, {"101": 3, "102": 3})
        self.beds(ICU, {"1": 2}, kind=BedKind.ICU)

    def fact(self, kind: FactKind, minutes: float = 0.0, **more: Any) -> Fact:
        """One that happened so long ago, each of a message of its own."""
        n = next(_numbers)
        at_ns = self.web.clock.now_ns() - int(minutes * MINUTE)
        given = {"message": f"{n:030x}", "visit_class": VisitClass.INPATIENT, "sequence": n, **more}
        return Fact(
            part=0,
            kind=kind,
            facility=self.facility,
            source=SOURCE,
            occurred_ns=at_ns,
            sent_ns=at_ns,
            received_ns=at_ns,
            **given,
        )

    def say(self, *facts: Fact) -> None:
        """The hospital's system says it; what is asked for afterwards is asked for later."""
        self.ledger.keep(facts)
        self.web.clock.advance(1)

    def admit(
        self, visit: str, room: str = "", bed: str = "", ward: str = WARD, minutes: float = 0.0, **more: Any
    ) -> Fact:
        """Somebody comes; returns what was said."""
        fact = self.fact(
            FactKind.ADMITTED, minutes, visit=visit, patient=f"p{visit}", spot=Spot(ward, room, bed), **more
        )
        self.say(fact)
        return fact

    def leave(self, visit: str, room: str, bed: str, ward: str = WARD, minutes: float = 0.0) -> None:
        """Somebody goes."""
        self.say(self.fact(FactKind.DISCHARGED, minutes, visit=visit, spot=Spot(ward, room, bed)))

    def status(self, room: str, bed: str, status: BedStatus, minutes: float = 0.0, ward: str = WARD) -> None:
        """An A20 of a bed."""
        spot = Spot(ward, room, bed)
        self.say(self.fact(FactKind.BED_STATUS, minutes, spot=spot, bed_status=status, visit_class=VisitClass.UNSAID))

    def hear(self, quality: Quality = Quality.GOOD) -> None:
        """A sign of life of this quality."""
        self.say(self.fact(FactKind.HEARD, quality=quality, visit_class=VisitClass.UNSAID))

    def pass_(self, seconds: int) -> None:
        """Time goes by, and nobody says anything."""
        self.web.clock.advance(seconds * SECOND)
