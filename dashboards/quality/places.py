"""Taking places into the register that only the hospital's information system knows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dashboards.acts import plain
from dashboards.errors import bad_request, not_found
from dashboards.services import Services
from ioc.beds import Bed, BedKind, BedRegister, Ward
from ioc.catalogue import Text
from ioc.census import UNPLACED, BedNow, WardNow, ward_tag
from ioc.domain import Spot
from ioc.registry import Facility

BEDS_MOST = 2_000
PARTS = ("planned", "actual", "staffed")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form was sent with, checked. ``ward`` is None where it is known already."""

    ward: Ward | None
    beds: tuple[Bed, ...]


def ward_named(own: Services, facility: Facility, tag: str, now_ns: int) -> WardNow:
    """The ward of this tag in the census; a 404 where nobody has named one, or where it is none."""
    for ward in own.census.now(facility.code, now_ns).wards:
        if tag in (ward.code, ward_tag(ward.code)) and ward.code != UNPLACED:
            return ward
    raise not_found(f"{facility.code} has no ward {tag[:64]!r}", f"/beds/{facility.code} lists its wards.")


def unknown_beds(ward: WardNow) -> list[BedNow]:
    """Those of its beds that nobody has vouched for."""
    return [bed for bed in ward.beds if not bed.confirmed and bed.spot.bed]


def value_of(spot: Spot) -> str:
    """A bed as the form names it: HL7 sets no ^ within a component."""
    return f"{spot.room}^{spot.bed}"


def asked_for(form: Mapping[str, str], chosen: Iterable[str], ward: WardNow, facility: Facility) -> Asked:
    """What is to be taken in; ``chosen`` names beds. Answers 400 to a site, department or kind that does not exist."""
    site, department, kind = form.get("site", ""), form.get("department", ""), form.get("kind", BedKind.GENERAL.value)
    if site not in facility.sites:
        raise bad_request("site", f"{facility.code} has no site {site!r}", f"It has {', '.join(facility.sites)}.")
    if department and department not in departments(facility):
        raise bad_request("department", f"{facility.code} has no department {department!r}")
    if kind not in list(BedKind):
        raise bad_request("kind", f"there is no kind {kind!r}", f"There are {', '.join(BedKind)}.")
    new = None
    if not ward.confirmed:
        title = plain(form.get("title", ""))[:120] or ward.code
        new = Ward(facility.code, ward.code, Text(title, title), site, department)
    counts = {name: name in form for name in PARTS}
    wanted = set(chosen)
    beds = tuple(
        Bed(facility.code, site, department, replace(bed.spot, ward=ward.code), BedKind(kind), **counts)
        for bed in unknown_beds(ward)[:BEDS_MOST]
        if value_of(bed.spot) in wanted
    )
    return Asked(new, beds)


def departments(facility: Facility) -> Mapping[str, Text]:
    """The departments of a facility by code."""
    return {place.code: place.title for place in facility.places.values() if place.kind == "department"}


def take_in(register: BedRegister, asked: Asked, who: str) -> int:
    """Do it in one step, with its entries in the audit log; gives how many beds are new. May block on the database."""
    return register.accept(asked.beds, who, asked.ward)


def kinds() -> Sequence[str]:
    """What a bed may be for."""
    return [kind.value for kind in BedKind]
