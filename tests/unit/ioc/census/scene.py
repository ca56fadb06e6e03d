"""A hospital with a few beds, a ledger and a reader on one database, and words for the facts of a day."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from sqlalchemy import Engine

from ioc.beds import Bed, BedKind, Beds, Ward
from ioc.catalogue import Catalogue, Text
from ioc.census import Balance, BedNow, Census, CensusReader, FindingKind, Ledger, WardNow
from ioc.config import Settings, load_settings
from ioc.domain import MINUTE, NOWHERE, BedStatus, Fact, FactKind, Spot, parse_rfc3339
from ioc.registry import Facility, Place, Registry, Site

DAY_BEGINS = parse_rfc3339("2026-11-20T00:00:00+07:00")
HOUR = 60 * MINUTE
FACILITY, SOURCE = "bv", "his-bv"

NOI1, NOI2, NOI3 = (Spot("NOI", "P1", f"G{n}") for n in (1, 2, 3))
ICU1, ICU2 = (Spot("HSTC", "P1", f"G{n}") for n in (1, 2))
CC1 = Spot("CC", "P1", "G1")  # in the second site
BEDS = (
    *(Bed(FACILITY, "cs1", "noi", spot) for spot in (NOI1, NOI2, NOI3)),
    *(Bed(FACILITY, "cs1", "hs", spot, BedKind.ICU) for spot in (ICU1, ICU2)),
    Bed(FACILITY, "cs2", "cc", CC1, BedKind.EMERGENCY),
)
TEXT = Text("x", "x")
PLACES = {code: Place(code, TEXT, "ward", site) for code, site in (("NOI", "cs1"), ("HSTC", "cs1"), ("CC", "cs2"))}
SITES = {site: Site(site, TEXT) for site in ("cs1", "cs2")}
_NUMBERS = count(1)
KEYS: dict[str, Any] = {"title": TEXT, "short": TEXT, "province": "p", "level": "2", "sites": SITES}


def hours(clock: float) -> int:
    """A time of the day: 8.5 is half past eight."""
    return DAY_BEGINS + round(clock * HOUR)


class Listed:
    """A register of beds that a test writes itself."""

    def __init__(self, beds: Sequence[Bed] = BEDS, wards: Sequence[Ward] = ()) -> None:
        self.all = list(beds)
        self.taken_in = list(wards)

    def beds(self, facility: str) -> Beds:
        return Beds([bed for bed in self.all if bed.facility == facility])

    def wards(self, facility: str) -> list[Ward]:
        return [ward for ward in self.taken_in if ward.facility == facility]


def settings(**census: int) -> Settings:
    given = {f"IOC_CENSUS__{name.upper()}": str(value) for name, value in census.items()}
    return load_settings({"IOC_CONFIG_DIR": "."} | given)


def tell(kind: FactKind, clock: float, visit: str = "", spot: Spot = NOWHERE, **more: Any) -> Fact:
    """A fact of a message of its own, received when it happened unless it is told otherwise."""
    number = next(_NUMBERS)
    at_ns = hours(clock)
    given: dict[str, Any] = {
        "message": f"m{number:06}",
        "part": 0,
        "facility": FACILITY,
        "source": SOURCE,
        "occurred_ns": at_ns,
        "sent_ns": at_ns,
        "received_ns": at_ns,
        "control": f"c{number:06}",
        "sequence": number,
        "patient": f"of-{visit}" if visit else "",
    }
    return Fact(kind=kind, visit=visit, spot=spot, **{**given, **more})


class Scene:
    """A hospital whose facts are kept as they are said."""

    def __init__(self, engine: Engine, register: Listed | None = None, **census: int) -> None:
        self.engine = engine
        self.register = register or Listed()
        self.settings = settings(**census)
        facilities = {code: Facility(code=code, places=PLACES, **KEYS) for code in (FACILITY, "other")}
        self.registry = Registry({}, facilities, {})
        self.catalogue = Catalogue({})
        self.ledger = Ledger(engine, self.settings, self.catalogue)
        self.reader = CensusReader(engine, self.registry, self.register, self.settings, self.catalogue)

    def keep(self, *facts: Fact) -> None:
        self.ledger.keep(facts)

    def say(self, kind: FactKind, clock: float, visit: str = "", spot: Spot = NOWHERE, **more: Any) -> Fact:
        """Tell a fact and keep it."""
        fact = tell(kind, clock, visit, spot, **more)
        self.ledger.keep([fact])
        return fact

    def status(self, clock: float, spot: Spot, status: BedStatus, **more: Any) -> Fact:
        return self.say(FactKind.BED_STATUS, clock, "", spot, bed_status=status, **more)

    def at(self, clock: float, now: float | None = None) -> Census:
        return self.reader.at(FACILITY, hours(clock), hours(clock if now is None else now))

    def ward(self, clock: float, code: str) -> WardNow:
        return next(ward for ward in self.at(clock).wards if ward.code == code)

    def balance(self, clock: float, code: str) -> Balance:
        return self.ward(clock, code).balance

    def bed(self, clock: float, spot: Spot) -> BedNow:
        return next(bed for bed in self.ward(clock, spot.ward).beds if bed.spot == spot)

    def patients(self, clock: float) -> dict[str, int]:
        """By bed, or by ward where there is none."""
        found: dict[str, int] = {}
        for ward in self.at(clock).wards:
            found |= {f"{ward.code}^{bed.spot.room}^{bed.spot.bed}": bed.patients for bed in ward.beds if bed.patients}
            found |= {ward.code: ward.without_bed} if ward.without_bed else {}
        return found

    def found(self, kind: FindingKind | str = "", *, open_only: bool = True) -> list[tuple[str, str, int]]:
        """Findings as (kind, subject, count)."""
        page = self.reader.findings(FACILITY, kind, open_only=open_only)
        return [(item.kind.value, item.subject, item.count) for item in page.items]
