"""What a new list of beds would change in the register."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ioc.beds.model import Bed, Beds, Ward


@dataclass(frozen=True, slots=True)
class Change:
    """One bed before and after."""

    old: Bed
    new: Bed


@dataclass(frozen=True, slots=True)
class Differences:
    """What a list says otherwise than the register, for the facilities that it names.

    ``before`` are the beds that are in force now, ``after`` all of the list, in its order, each with the moment from
    which it holds. ``removed`` are those that the list lacks. ``versions`` are those of the register that was
    compared, by facility.
    """

    before: tuple[Bed, ...] = ()
    after: tuple[Bed, ...] = ()
    added: tuple[Bed, ...] = ()
    removed: tuple[Bed, ...] = ()
    changed: tuple[Change, ...] = ()
    wards: tuple[Ward, ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def unchanged(self) -> int:
        """How many beds of the list are in the register as they are."""
        return len(self.after) - len(self.added) - len(self.changed)

    @property
    def empty(self) -> bool:
        """Whether the register says the same already."""
        return not (self.added or self.removed or self.changed or self.wards)

    def of(self, facility: str) -> "Differences":
        """Those of one facility."""
        return Differences(
            before=_of(facility, self.before),
            after=_of(facility, self.after),
            added=_of(facility, self.added),
            removed=_of(facility, self.removed),
            changed=tuple(change for change in self.changed if change.new.facility == facility),
            wards=tuple(ward for ward in self.wards if ward.facility == facility),
            versions={facility: self.versions[facility]},
        )


def _of(facility: str, beds: Iterable[Bed]) -> tuple[Bed, ...]:
    return tuple(bed for bed in beds if bed.facility == facility)


def compare(listed: Sequence[Bed], known: Beds, now_ns: int) -> Differences:
    """What the list of one facility changes in what is known of it.

    A bed of the list holds from its own ``from_ns`` on; where that is 0, from now on, and since ever where nothing
    is known of the facility yet.
    """
    of_spot: dict[object, list[Bed]] = {}
    for bed in known.all:
        of_spot.setdefault(bed.spot, []).append(bed)
    after, added, changed = [], [], []
    for listed_bed in listed:
        start = listed_bed.from_ns or (now_ns if known.all else 0)
        bed = replace(listed_bed, from_ns=start, until_ns=None)
        old = next((row for row in of_spot.get(bed.spot, ()) if row.at(start)), None)
        if old is None:
            added.append(bed)
        elif replace(old, from_ns=start, until_ns=None) != bed:
            changed.append(Change(old, bed))
        after.append(bed)
    names = {bed.spot for bed in listed}
    removed = {row.spot: row for row in known.all if row.spot not in names and (row.until_ns or now_ns + 1) > now_ns}
    return Differences(
        before=tuple(known.at(now_ns)),
        after=tuple(after),
        added=tuple(added),
        removed=tuple(removed.values()),
        changed=tuple(changed),
    )
