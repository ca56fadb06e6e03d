"""The register of beds in the relational database: dated rows, and a version by which readers keep what they read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, or_, select

from ioc.access import record
from ioc.beds.differences import Differences, compare
from ioc.beds.model import Bed, BedKind, Beds, Ward
from ioc.beds.tables import beds as table
from ioc.beds.tables import versions
from ioc.beds.tables import wards as ward_table
from ioc.catalogue import Text
from ioc.database import reading, writing
from ioc.domain import Clock, Spot, SystemClock
from ioc.errors import IocError
from ioc.upsert import upsert

CODE_MAX, TITLE_MAX = 64, 120
SAME_BED = (
    (table.c.facility == bindparam("its_facility"))
    & (table.c.ward == bindparam("its_ward"))
    & (table.c.room == bindparam("its_room"))
    & (table.c.bed == bindparam("its_bed"))
)
FORGET = table.delete().where(SAME_BED, table.c.from_ns >= bindparam("start"))
END = (
    table.update()
    .where(SAME_BED, or_(table.c.until_ns.is_(None), table.c.until_ns > bindparam("start")))
    .values(until_ns=bindparam("start"))
)
PLACE = table.update().where(SAME_BED).values(position=bindparam("place"))


@dataclass(frozen=True, slots=True)
class _Kept:
    version: int
    beds: Beds
    wards: tuple[Ward, ...]


class BedRegister:
    """The beds of every facility, and the wards that people have taken in beside those of the registry's files.

    ``who`` is the actor of the audit log (``cli:name``, ``user:name``). What is changed holds from now on unless a
    bed says from when; what held before stays known, so that the past can be asked for. Every change is one
    transaction with its entry in the audit log. May be used by several threads.
    """

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()
        self._kept: dict[str, _Kept] = {}

    def version(self, facility: str) -> int:
        """A number that rises with every change of the facility's beds or wards; 0 where there never was one."""
        with reading(self._engine) as connection:
            return _version(connection, facility)

    def beds(self, facility: str) -> Beds:
        """Every bed there is and was, in the order of the list."""
        return self._current(facility).beds

    def wards(self, facility: str) -> tuple[Ward, ...]:
        """The wards that were taken in, in the order in which they were."""
        return self._current(facility).wards

    def preview(self, beds: Sequence[Bed], wards: Iterable[Ward] = ()) -> Differences:
        """What a list that names these beds would change; ``wards`` are to be taken in where they are not yet."""
        now_ns = self._clock.now_ns()
        listed: dict[str, list[Bed]] = {}
        for bed in beds:
            listed.setdefault(bed.facility, []).append(bed)
        with reading(self._engine) as connection:
            known = {facility: _load(connection, facility) for facility in listed}
        parts = [compare(listed[facility], known[facility].beds, now_ns) for facility in listed]
        taken_in = {(ward.facility, ward.code) for kept in known.values() for ward in kept.wards}
        return Differences(
            before=tuple(bed for part in parts for bed in part.before),
            after=tuple(bed for part in parts for bed in part.after),
            added=tuple(bed for part in parts for bed in part.added),
            removed=tuple(bed for part in parts for bed in part.removed),
            changed=tuple(change for part in parts for change in part.changed),
            wards=tuple(ward for ward in wards if (ward.facility, ward.code) not in taken_in),
            versions={facility: kept.version for facility, kept in known.items()},
        )

    def apply(self, differences: Differences, who: str) -> None:
        """Bring the register to the list, also its order.

        Raises IocError where the register has changed since they were compared.
        """
        now_ns = self._clock.now_ns()
        with writing(self._engine) as connection:
            for facility, version in differences.versions.items():
                if _version(connection, facility) != version:
                    raise IocError(
                        f"The beds of {facility} have been changed by somebody else in the meantime.",
                        "Look at the differences again: import the file once more.",
                    )
                part = differences.of(facility)
                moved = _apply(connection, part, now_ns, who)
                if moved or not part.empty:
                    _changed(connection, facility)
                    record(connection, now_ns, who, "beds.import", f"facility:{facility}", **_summary(part))

    def accept(self, beds: Sequence[Bed], who: str, ward: Ward | None = None) -> int:
        """Take in a ward of a facility, or beds of it, or both; returns how many beds were new.

        A bed holds from its ``from_ns`` on, from now on where that is 0. What is in the register already is left as
        it is, so that two people who do the same at once do no harm. Raises IocError where a name cannot be kept.
        """
        words = [(word, CODE_MAX) for bed in beds for word in (bed.spot.ward, bed.spot.room or "-", bed.spot.bed)]
        _check_words(*words, *([(ward.code, CODE_MAX), (ward.title.vi, TITLE_MAX)] if ward else []))
        facilities = {bed.facility for bed in beds} | ({ward.facility} if ward else set())
        if not facilities:
            return 0
        (facility,) = facilities
        with writing(self._engine) as connection:
            now_ns = self._clock.now_ns()
            known = _load(connection, facility)
            if ward and ward.code in [one.code for one in known.wards]:
                ward = None
            new = _new((replace(bed, from_ns=bed.from_ns or now_ns, until_ns=None) for bed in beds), known.beds)
            if ward:
                _take_in(connection, ward, now_ns, who)
                subject = f"facility:{facility}/ward:{ward.code}"
                record(connection, now_ns, who, "beds.accept_ward", subject, title=ward.title.vi, site=ward.site)
            if new:
                _accept(connection, new, now_ns, who)
            if ward or new:
                _changed(connection, facility)
        return len(new)

    def _current(self, facility: str) -> _Kept:
        kept = self._kept.get(facility)
        with reading(self._engine) as connection:
            if kept is None or _version(connection, facility) != kept.version:
                kept = self._kept[facility] = _load(connection, facility)
        return kept


def _version(connection: Connection, facility: str) -> int:
    query = select(versions.c.version).where(versions.c.facility == facility)
    return connection.execute(query).scalar_one_or_none() or 0


def _load(connection: Connection, facility: str) -> _Kept:
    version = _version(connection, facility)  # first: what is newer than it is read again
    beds = select(table).where(table.c.facility == facility).order_by(table.c.position, table.c.from_ns, table.c.id)
    wards = select(ward_table).where(ward_table.c.facility == facility)
    return _Kept(
        version,
        Beds(tuple(_bed(row) for row in connection.execute(beds))),
        tuple(
            Ward(facility, row.ward, Text(row.title, row.title), row.site, row.department, taken_in=True)
            for row in connection.execute(wards.order_by(ward_table.c.added_ns, ward_table.c.ward))
        ),
    )


def _apply(connection: Connection, part: Differences, now_ns: int, who: str) -> bool:
    """Write the changes of one facility; returns whether its order is another one."""
    new = [*part.added, *(change.new for change in part.changed)]
    ended = [_at(bed.spot, bed.facility, start=bed.from_ns) for bed in new]
    ended += [_at(bed.spot, bed.facility, start=now_ns) for bed in part.removed]
    if ended:
        connection.execute(FORGET, ended)
        connection.execute(END, ended)
    places = {bed.spot: position for position, bed in enumerate(part.after)}
    if new:
        connection.execute(table.insert(), [_row(bed, places[bed.spot]) for bed in new])
    for ward in part.wards:
        _take_in(connection, ward, now_ns, who)
    (facility,) = part.versions
    query = select(table.c.ward, table.c.room, table.c.bed, table.c.position).where(table.c.facility == facility)
    stand = {Spot(row.ward, row.room, row.bed): row.position for row in connection.execute(query)}
    moved = [_at(spot, facility, place=place) for spot, place in places.items() if stand[spot] != place]
    if moved:
        connection.execute(PLACE, moved)
    return bool(moved)


def _new(offered: Iterable[Bed], known: Beds) -> list[Bed]:
    """Those of which nothing is in force when they begin, or later; each bed once."""
    last = {row.spot: row for row in known.all}  # of each bed: its rows come in the order of time
    beds = {bed.spot: bed for bed in offered}
    return [bed for spot, bed in beds.items() if spot not in last or _over(last[spot], bed.from_ns)]


def _over(row: Bed, time_ns: int) -> bool:
    return row.until_ns is not None and row.until_ns <= time_ns


def _accept(connection: Connection, beds: Sequence[Bed], now_ns: int, who: str) -> None:
    """Behind all others of the facility."""
    facility = beds[0].facility
    last = connection.execute(select(func.max(table.c.position)).where(table.c.facility == facility)).scalar_one()
    first = 0 if last is None else last + 1
    connection.execute(table.insert(), [_row(bed, first + number) for number, bed in enumerate(beds)])
    for ward in dict.fromkeys(bed.spot.ward for bed in beds):
        of_ward = [bed for bed in beds if bed.spot.ward == ward]
        detail = {"count": len(of_ward), "kinds": sorted({bed.kind.value for bed in of_ward})}
        record(connection, now_ns, who, "beds.accept_beds", f"facility:{facility}/ward:{ward}", **detail)


def _take_in(connection: Connection, ward: Ward, now_ns: int, who: str) -> None:
    row: dict[str, object] = {
        "facility": ward.facility,
        "ward": ward.code,
        "site": ward.site,
        "department": ward.department,
        "title": ward.title.vi[:TITLE_MAX],
        "added_ns": now_ns,
        "added_by": who[:128],
    }
    connection.execute(ward_table.insert().values(row))


def _changed(connection: Connection, facility: str) -> None:
    upsert(connection, versions, [{"facility": facility, "version": 1}], add=("version",))


def _at(spot: Spot, facility: str, **more: int) -> dict[str, str | int]:
    return {"its_facility": facility, "its_ward": spot.ward, "its_room": spot.room, "its_bed": spot.bed, **more}


def _bed(row: Any) -> Bed:
    return Bed(
        facility=row.facility,
        site=row.site,
        department=row.department,
        spot=Spot(row.ward, row.room, row.bed),
        kind=BedKind(row.kind),
        planned=row.planned,
        actual=row.actual,
        staffed=row.staffed,
        from_ns=row.from_ns,
        until_ns=row.until_ns,
    )


def _row(bed: Bed, position: int) -> dict[str, Any]:
    return {
        "facility": bed.facility,
        "site": bed.site,
        "department": bed.department,
        "ward": bed.spot.ward,
        "room": bed.spot.room,
        "bed": bed.spot.bed,
        "kind": bed.kind.value,
        "planned": bed.planned,
        "actual": bed.actual,
        "staffed": bed.staffed,
        "position": position,
        "from_ns": bed.from_ns,
        "until_ns": bed.until_ns,
    }


def _summary(part: Differences) -> dict[str, int]:
    return {
        "added": len(part.added),
        "removed": len(part.removed),
        "changed": len(part.changed),
        "unchanged": part.unchanged,
        "wards": len(part.wards),
    }


def _check_words(*words: tuple[str, int]) -> None:
    for word, longest in words:
        if not word.strip() or len(word) > longest or not word.isprintable():
            raise IocError(f"{word[:80]!r} is no name: 1 to {longest} printable characters.")
