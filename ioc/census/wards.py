"""The wards of a facility at one moment, with their beds: from who lies where, what was said and what is listed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ioc.beds import Bed
from ioc.census.bedstate import BLOCKED, DIRTY, Known, effective
from ioc.census.ground import Ground, Key
from ioc.census.model import UNPLACED, Balance, BedNow, Effective, WardNow
from ioc.census.names import DAY
from ioc.domain import Spot

UNLISTED_FOR = DAY  # that a bed which nobody lists is shown after something was heard of it


@dataclass(slots=True)
class Lying:
    """Who lies where at one moment, and what happened to beds before: times by bed, ns.

    ``patients`` counts inpatients by place, those without a bed included; ``start`` by ward at the day's beginning.
    ``emergency`` and ``expected`` count by site.
    """

    start: Counter[str] = field(default_factory=Counter)
    patients: Counter[Key] = field(default_factory=Counter)
    since: dict[Key, int] = field(default_factory=dict)
    reserved: dict[Key, int] = field(default_factory=dict)
    vacated: dict[Key, int] = field(default_factory=dict)
    reported: dict[Key, tuple[int, str]] = field(default_factory=dict)
    emergency: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)

    def spoken_of(self, at_ns: int) -> Iterator[Key]:
        """Every place where somebody lies or is expected, or of whose state something was heard of late."""
        yield from self.patients
        yield from self.reserved
        yield from (key for key, time_ns in self.vacated.items() if time_ns > at_ns - UNLISTED_FOR)
        yield from (key for key, (time_ns, _) in self.reported.items() if time_ns > at_ns - UNLISTED_FOR)


def wards_at(
    ground: Ground, lying: Lying, days: Mapping[str, Counter[str]], at_ns: int, clean_after_ns: int
) -> Iterator[WardNow]:
    """Each ward that has a bed or that somebody speaks of, in their order, the unknown ones last.

    ``days`` is what counts in each ward's balance. Where no bed is listed at all, every ward of the registry is given.
    """
    beds = _beds_at(ground, lying, at_ns, clean_after_ns)
    spoken = {*beds, *lying.start, *days, *(ward for ward, _, _ in lying.patients)}
    known = [ward for ward in ground.wards if ward in spoken or not ground.beds]
    unknown = sorted(spoken.difference(ground.wards), key=lambda ward: (not ward, ward))
    patients: Counter[str] = Counter()
    without_bed: Counter[str] = Counter()
    for (ward, _, bed), number in lying.patients.items():
        patients[ward] += number
        without_bed[ward] += 0 if bed else number
    for ward in [*known, *unknown]:
        balance = Balance(start=lying.start[ward], end=patients[ward], **dict(days.get(ward, {})))
        yield _ward(ground, ward, patients[ward], without_bed[ward], tuple(beds.get(ward, ())), balance)


def _ward(
    ground: Ground, code: str, patients: int, without_bed: int, beds: tuple[BedNow, ...], balance: Balance
) -> WardNow:
    staffed = [bed for bed in beds if bed.staffed and bed.effective not in BLOCKED]
    return WardNow(
        code=code or UNPLACED,
        site=ground.site_of(code),
        department=ground.department_of(code),
        confirmed=code in ground.wards,
        patients=patients,
        occupied=sum(bed.patients > 0 for bed in beds),
        shared=sum(bed.patients - 1 for bed in beds if bed.patients > 1),
        planned=sum(bed.planned for bed in beds),
        actual=sum(bed.actual for bed in beds),
        staffed=len(staffed),
        available=sum(bed.effective is Effective.CLEAN for bed in staffed),
        blocked=sum(bed.effective in BLOCKED for bed in beds),
        dirty=sum(bed.effective in DIRTY for bed in beds),
        without_bed=without_bed,
        beds=beds,
        balance=balance,
    )


def _beds_at(ground: Ground, lying: Lying, at_ns: int, clean_after_ns: int) -> dict[str, list[BedNow]]:
    """The beds of each ward: those of the register in their order, then the others that are spoken of."""
    listed = {key: bed for key, bed in ground.beds if bed.at(at_ns)}
    others = {key for key in lying.spoken_of(at_ns) if key[2] and key not in listed}
    found: dict[str, list[BedNow]] = {}
    for key, bed in listed.items():
        found.setdefault(key[0], []).append(_bed(key, bed, lying, at_ns, clean_after_ns))
    for key in sorted(others):
        found.setdefault(key[0], []).append(_bed(key, None, lying, at_ns, clean_after_ns))
    return found


def _bed(key: Key, bed: Bed | None, lying: Lying, at_ns: int, clean_after_ns: int) -> BedNow:
    reported_ns, reported = lying.reported.get(key, (None, ""))
    known = Known(lying.since.get(key), reported, reported_ns, lying.vacated.get(key), lying.reserved.get(key))
    state, inferred, since_ns = effective(known, at_ns, clean_after_ns)
    return BedNow(
        spot=bed.spot if bed else Spot(*key),
        kind=bed.kind.value if bed else "",
        confirmed=bed is not None,
        planned=bed is not None and bed.planned,
        actual=bed is not None and bed.actual,
        staffed=bed is not None and bed.staffed,
        patients=lying.patients.get(key, 0),
        reported=reported,
        effective=state,
        inferred=inferred,
        since_ns=since_ns,
    )
