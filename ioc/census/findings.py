"""Reads what is wrong with what was sent: what was written down, and what can be seen in the census itself."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, bindparam, case, func, select, tuple_

from ioc.beds import NOT_SHARED
from ioc.census.ground import Ground
from ioc.census.model import Feed, Finding, FindingKind, Findings
from ioc.census.names import DAY
from ioc.census.stay import FAR_NS
from ioc.census.tables import facts, findings, places, spells, stays
from ioc.database import reading
from ioc.domain import SECOND, Spot, VisitClass

SILENT_FOR = 30 * DAY  # that nothing is heard of a stay
UNKNOWN_FOR = 30 * DAY  # that a place stands here after it was named last
SEEN = (FindingKind.UNKNOWN_WARD, FindingKind.UNKNOWN_BED, FindingKind.CONFLICT, FindingKind.NO_END)

FACILITY: Any = bindparam("facility")

_PLACES = select(places).where(places.c.facility == FACILITY, places.c.last_ns > bindparam("since_ns"))
_IN_BED = (
    spells.c.facility == FACILITY,
    spells.c.to_ns == FAR_NS,
    spells.c.visit_class == VisitClass.INPATIENT.value,
    spells.c.bed != "",
)
_LYING = (
    select(
        spells.c.ward,
        spells.c.room,
        spells.c.bed,
        func.count().label("patients"),
        func.max(spells.c.from_ns).label("from_ns"),
    )
    .where(*_IN_BED)
    .group_by(spells.c.ward, spells.c.room, spells.c.bed)
    .having(func.count() > 1)
)
_LAST_COME = (
    select(spells.c.visit)
    .where(*_IN_BED, spells.c.ward == bindparam("ward"), spells.c.room == bindparam("room"))
    .where(spells.c.bed == bindparam("bed"))
    .order_by(spells.c.from_ns.desc(), spells.c.visit.desc())
    .limit(1)
)
_LAST_HEARD = (
    select(func.max(facts.c.occurred_ns))
    .where(facts.c.facility == stays.c.facility, facts.c.visit == stays.c.visit)
    .scalar_subquery()
)
_OPEN = select(stays, _LAST_HEARD.label("heard_ns")).where(
    stays.c.facility == FACILITY,
    stays.c.visit_class == bindparam("visit_class"),
    stays.c.closed_ns.is_(None),
    stays.c.opened_ns > bindparam("since_ns"),
    stays.c.opened_ns <= bindparam("until_ns"),
)
_KEY = (findings.c.last_ns, findings.c.facility, findings.c.kind, findings.c.subject)
# Messages of a day share one row that counts them; anything else is one thing, however often it was seen.
_OF_MESSAGES = (FindingKind.LATE, FindingKind.DOUBLED, FindingKind.SAME_CONTROL_ID, FindingKind.FUTURE)
_COUNTS = (
    select(
        findings.c.facility,
        findings.c.kind,
        func.sum(case((findings.c.kind.in_(_OF_MESSAGES), findings.c.count), else_=1)),
    )
    .where(findings.c.cleared_ns.is_(None))
    .group_by(findings.c.facility, findings.c.kind)
)


class FindingReader:
    """Asks for findings. ``ground`` gives what people list of a facility, ``feeds`` every facility that was heard of.

    How long ago something is, is reckoned from the newest message: a feed that is silent finds nobody wanting.
    """

    def __init__(
        self,
        engine: Engine,
        ground: Callable[[str], Ground],
        feeds: Callable[[], Mapping[str, Feed]],
        emergency_ns: int,
    ) -> None:
        self._engine = engine
        self._ground = ground
        self._feeds = feeds
        self._emergency_ns = emergency_ns

    def list(self, facility: str, kind: str, *, open_only: bool, before: str, limit: int) -> Findings:
        """A page, newest first. Raises ValueError for a ``before`` that no page gave."""
        start = _key_of(before) if before else None
        found = [*self._written(facility, kind, start, limit + 1, open_only=open_only)]
        if not kind or kind in SEEN:
            seen = (item for feed in self._asked(facility) for item in self._seen(feed))
            found += [item for item in seen if kind in ("", item.kind) and (start is None or _key(item) < start)]
        found.sort(key=_key, reverse=True)
        more = len(found) > limit
        return Findings(tuple(found[:limit]), "|".join(map(str, _key(found[limit - 1]))) if more else "")

    def counts(self) -> dict[tuple[str, FindingKind], int]:
        """How many stand, by facility and kind; of messages (late, doubled …) how many there were."""
        with reading(self._engine) as connection:
            rows = connection.execute(_COUNTS).all()
        found = {(facility, FindingKind(kind)): int(number) for facility, kind, number in rows}
        return found | Counter((item.facility, item.kind) for feed in self._asked("") for item in self._seen(feed))

    def _asked(self, facility: str) -> Iterator[Feed]:
        return (feed for feed in self._feeds().values() if facility in ("", feed.facility))

    def _written(
        self, facility: str, kind: str, start: tuple[Any, ...] | None, limit: int, *, open_only: bool
    ) -> Iterator[Finding]:
        query = select(findings).order_by(*(column.desc() for column in _KEY)).limit(limit)
        if facility:
            query = query.where(findings.c.facility == facility)
        if kind:
            query = query.where(findings.c.kind == kind)
        if open_only:
            query = query.where(findings.c.cleared_ns.is_(None))
        if start is not None:
            query = query.where(tuple_(*_KEY) < start)
        with reading(self._engine) as connection:
            return map(_finding, connection.execute(query).all())

    def _seen(self, feed: Feed) -> Iterator[Finding]:
        """What the census of a facility itself shows."""
        ground = self._ground(feed.facility)
        with reading(self._engine) as connection:
            wanted = {"facility": feed.facility, "since_ns": feed.as_of_ns - UNKNOWN_FOR}
            yield from _unknown(ground, feed, connection.execute(_PLACES, wanted).all())
            yield from _conflicts(connection, ground, feed)
            yield from self._without_end(connection, feed)

    def _without_end(self, connection: Connection, feed: Feed) -> Iterator[Finding]:
        """Inpatients of whom nothing is heard, and emergency visits that are not counted any more for their age."""
        now_ns = feed.as_of_ns
        for visit_class, since_ns, until_ns, silent_ns in (
            (VisitClass.INPATIENT, -1, now_ns - SILENT_FOR, SILENT_FOR),
            (VisitClass.EMERGENCY, now_ns - SILENT_FOR, now_ns - self._emergency_ns, 0),
        ):
            wanted = {"visit_class": visit_class.value, "since_ns": since_ns, "until_ns": until_ns}
            for row in connection.execute(_OPEN, {"facility": feed.facility, **wanted}):
                if row.heard_ns <= now_ns - silent_ns:
                    yield Finding(
                        feed.facility,
                        FindingKind.NO_END,
                        row.visit,
                        feed.source,
                        row.opened_ns,
                        row.heard_ns,
                        visit=row.visit,
                        spot=Spot(row.ward, row.room, row.bed),
                        detail={"class": row.visit_class, "silent_s": (now_ns - row.heard_ns) // SECOND},
                    )


def _unknown(ground: Ground, feed: Feed, rows: Sequence[Any]) -> Iterator[Finding]:
    """The places that nobody lists: an unknown ward once, whatever its beds, and so a ward where no bed is listed."""
    listed = {key for key, bed in ground.beds if bed.until_ns is None or bed.at(feed.as_of_ns)}
    found: dict[tuple[FindingKind, Spot], list[Any]] = {}
    for row in rows:
        if row.ward not in ground.wards:
            found.setdefault((FindingKind.UNKNOWN_WARD, Spot(row.ward)), []).append(row)
        elif row.bed and (row.ward, row.room, row.bed) not in listed:
            spot = Spot(row.ward, row.room, row.bed) if ground.beds else Spot(row.ward)
            found.setdefault((FindingKind.UNKNOWN_BED, spot), []).append(row)
    for (kind, spot), named in found.items():
        newest = max(named, key=lambda row: (row.last_ns, row.room, row.bed))
        yield Finding(
            feed.facility,
            kind,
            "^".join(part for part in (spot.ward, spot.room, spot.bed) if part),
            newest.source,
            min(row.first_ns for row in named),
            newest.last_ns,
            message=newest.message,
            spot=spot,
            detail={"beds": sum(bool(row.bed) for row in named)},
        )


def _conflicts(connection: Connection, ground: Ground, feed: Feed) -> Iterator[Finding]:
    """Beds that are not shared by habit, and are."""
    single = {key for key, bed in ground.beds if bed.kind in NOT_SHARED and bed.at(feed.as_of_ns)}
    for row in connection.execute(_LYING, {"facility": feed.facility}).all():
        place = {"ward": row.ward, "room": row.room, "bed": row.bed}
        if (row.ward, row.room, row.bed) in single:
            yield Finding(
                feed.facility,
                FindingKind.CONFLICT,
                "^".join(place.values()),
                feed.source,
                row.from_ns,
                row.from_ns,
                row.patients,
                connection.execute(_LAST_COME, {"facility": feed.facility, **place}).scalar_one(),
                spot=Spot(**place),
                detail={"patients": row.patients},
            )


def _finding(row: Any) -> Finding:
    """A row of ``census_finding``."""
    return Finding(
        row.facility,
        FindingKind(row.kind),
        row.subject,
        row.source,
        row.first_ns,
        row.last_ns,
        row.count,
        row.visit,
        row.message,
        Spot(row.ward, row.room, row.bed),
        orjson.loads(row.detail),
        row.cleared_ns,
    )


def _key(item: Finding) -> tuple[int, str, str, str]:
    return item.last_ns, item.facility, item.kind.value, item.subject


def _key_of(text: str) -> tuple[Any, ...]:
    last_ns, *rest = text.split("|", 3)
    if len(rest) != 3:
        raise ValueError(f"no page of findings ends at {text[:40]!r}")
    return int(last_ns), *rest
