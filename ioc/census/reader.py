"""Asks the census: any moment of a facility, how old its feed is, what was said of a visit."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, and_, bindparam, func, or_, select

from ioc.beds import Beds, Ward
from ioc.catalogue import Catalogue
from ioc.census.feeds import feed_of_row, together
from ioc.census.findings import FindingReader
from ioc.census.ground import Ground, Key
from ioc.census.history import History, MoveRow, Rules, SpellRow
from ioc.census.model import Census, Feed, FindingKind, Findings
from ioc.census.names import HOUR, day_before, max_age_ns
from ioc.census.period import Period, Span, periods
from ioc.census.replay import in_order
from ioc.census.rows import fact_of_row
from ioc.census.tables import bed_statuses, facts, feeds, gaps, moves, places, spells
from ioc.config import Settings
from ioc.database import reading
from ioc.domain import MINUTE, Fact
from ioc.registry import Registry

FACILITY: Any = bindparam("facility")
FROM_NS: Any = bindparam("from_ns")
TO_NS: Any = bindparam("to_ns")
SINCE_NS: Any = bindparam("since_ns")

_FEEDS = select(feeds)
_SPELLS = select(
    spells.c.visit_class,
    spells.c.ward,
    spells.c.room,
    spells.c.bed,
    spells.c.from_ns,
    spells.c.to_ns,
    spells.c.vacated,
).where(spells.c.facility == FACILITY, spells.c.to_ns > SINCE_NS, spells.c.from_ns <= TO_NS)
_MOVES = select(moves.c.at_ns, moves.c.kind, moves.c.from_ward, moves.c.to_ward, moves.c.cancelled_ns).where(
    moves.c.facility == FACILITY,
    or_(
        and_(moves.c.at_ns > SINCE_NS, moves.c.at_ns <= TO_NS),
        and_(moves.c.cancelled_ns > SINCE_NS, moves.c.cancelled_ns <= TO_NS),
    ),
)
_STATUSES = select(
    bed_statuses.c.ward,
    bed_statuses.c.room,
    bed_statuses.c.bed,
    bed_statuses.c.at_ns,
    bed_statuses.c.sent_ns,
    bed_statuses.c.message,
    bed_statuses.c.status,
)
_STATUSES_WITHIN = _STATUSES.where(
    bed_statuses.c.facility == FACILITY, bed_statuses.c.at_ns > FROM_NS, bed_statuses.c.at_ns <= TO_NS
)
_GAPS = select(gaps.c.from_ns, gaps.c.to_ns).where(
    gaps.c.facility == FACILITY, gaps.c.to_ns > FROM_NS, gaps.c.from_ns <= TO_NS
)


def _of_place(table: Any) -> Any:
    """The rows of the same place."""
    same = (table.c.facility == places.c.facility) & (table.c.ward == places.c.ward) & (table.c.room == places.c.room)
    return same & (table.c.bed == places.c.bed)


# For each bed that was ever named, one step down an index, however much history there is.
_VACATED = select(
    places.c.ward,
    places.c.room,
    places.c.bed,
    select(func.max(spells.c.to_ns))
    .where(_of_place(spells), spells.c.vacated.is_(True), spells.c.to_ns <= FROM_NS)
    .scalar_subquery()
    .label("vacated_ns"),
).where(places.c.facility == FACILITY, places.c.bed != "")
_EARLIER = bed_statuses.alias("earlier")
_STATUSES_BEFORE = _STATUSES.select_from(places.join(bed_statuses, _of_place(bed_statuses))).where(
    places.c.facility == FACILITY,
    bed_statuses.c.at_ns
    == select(func.max(_EARLIER.c.at_ns)).where(_of_place(_EARLIER), _EARLIER.c.at_ns <= FROM_NS).scalar_subquery(),
)


class Register(Protocol):
    """What is needed of ``ioc.beds.BedRegister``."""

    def beds(self, facility: str) -> Beds:
        """Every bed of a facility, in their order."""
        ...

    def wards(self, facility: str) -> Sequence[Ward]:
        """The wards that a person has taken in."""
        ...


class CensusReader:
    """Asks the database; each call is a short transaction of its own. May be used by several threads."""

    def __init__(
        self, engine: Engine, registry: Registry, register: Register, settings: Settings, catalogue: Catalogue
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._register = register
        clean_after_ns = settings.census.clean_after_minutes * MINUTE
        self._rules = Rules(ZoneInfo(settings.timezone), clean_after_ns, max_age_ns(catalogue))
        self._findings = FindingReader(engine, self._ground, self.feeds, settings.census.emergency_hours * HOUR)

    def at(self, facility: str, at_ns: int, now_ns: int) -> Census:
        """A facility as it was at one moment, what happened at it included; ``now_ns`` says how old that is."""
        return self.history(facility, at_ns, at_ns, now_ns).at(at_ns)

    def history(self, facility: str, from_ns: int, to_ns: int, now_ns: int) -> History:
        """A facility over a span of time, both ends included; its rows are read here, once."""
        since_ns = min(day_before(from_ns, self._rules.zone), from_ns - HOUR)
        span = {"facility": facility, "from_ns": from_ns, "to_ns": to_ns, "since_ns": since_ns}
        with reading(self._engine) as connection:
            return History(
                facility=facility,
                from_ns=from_ns,
                to_ns=to_ns,
                now_ns=now_ns,
                feed=together(_feeds(connection, facility)),
                ground=self._ground(facility),
                rules=self._rules,
                spells=list(map(SpellRow._make, connection.execute(_SPELLS, span).all())),
                moves=list(map(MoveRow._make, connection.execute(_MOVES, span).all())),
                statuses=_statuses(connection, span),
                vacated=_vacated(connection, span),
                gaps=_gaps(connection, span),
            )

    def periods(self, facility: str, spans: Sequence[Span], now_ns: int) -> list[Period]:
        """A facility over some lengths of time, each from (excluded) to (included); rows are read once for all."""
        first, last = min(from_ns for from_ns, _ in spans), max(to_ns for _, to_ns in spans)
        history = self.history(facility, first, last, now_ns)
        with reading(self._engine) as connection:
            return list(periods(history, connection, spans))

    def feed(self, facility: str) -> Feed | None:
        """How old the census of a facility is, and a number that rises with each change; None where none ever came."""
        with reading(self._engine) as connection:
            return together(_feeds(connection, facility))

    def feeds(self) -> Mapping[str, Feed]:
        """The same of every facility that was ever heard of."""
        found: dict[str, list[Feed]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(_FEEDS):
                found.setdefault(row.facility, []).append(feed_of_row(row))
        return {facility: feed for facility, of_it in sorted(found.items()) if (feed := together(of_it))}

    def gaps(self, facility: str, from_ns: int, to_ns: int) -> tuple[tuple[int, int], ...]:
        """The silences of its feed that touch this span: from when to when."""
        with reading(self._engine) as connection:
            return _gaps(connection, {"facility": facility, "from_ns": from_ns, "to_ns": to_ns})

    def findings(
        self, facility: str = "", kind: str = "", *, open_only: bool = True, before: str = "", limit: int = 50
    ) -> Findings:
        """What is wrong with what was sent, newest first. Raises ValueError for a ``before`` that no page gave."""
        return self._findings.list(facility, kind, open_only=open_only, before=before, limit=limit)

    def counts(self) -> Mapping[tuple[str, FindingKind], int]:
        """How many findings stand, by facility and kind."""
        return self._findings.counts()

    def facts_of(self, facility: str, visit: str) -> list[Fact]:
        """What was said of a visit, in the order in which it happened."""
        return self._facts(facts.c.facility == facility, facts.c.visit == visit)

    def facts_of_message(self, facility: str, message: str) -> list[Fact]:
        """What one message said."""
        return self._facts(facts.c.facility == facility, facts.c.message == message)

    def _facts(self, *where: Any) -> list[Fact]:
        with reading(self._engine) as connection:
            return in_order(map(fact_of_row, connection.execute(select(facts).where(*where))))

    def _ground(self, facility: str) -> Ground:
        return Ground(self._registry.facility(facility), self._register.beds(facility), self._register.wards(facility))


def _feeds(connection: Connection, facility: str) -> list[Feed]:
    return [feed_of_row(row) for row in connection.execute(_FEEDS.where(feeds.c.facility == facility))]


def _gaps(connection: Connection, span: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    return tuple((from_ns, to_ns) for from_ns, to_ns in connection.execute(_GAPS.order_by(gaps.c.from_ns), span))


def _vacated(connection: Connection, span: Mapping[str, Any]) -> dict[Key, int]:
    rows = connection.execute(_VACATED, span).all()
    return {(ward, room, bed): vacated_ns for ward, room, bed, vacated_ns in rows if vacated_ns is not None}


def _statuses(connection: Connection, span: Mapping[str, Any]) -> dict[Key, list[tuple[int, str]]]:
    rows = [*connection.execute(_STATUSES_BEFORE, span).all()]
    if span["from_ns"] < span["to_ns"]:
        rows += connection.execute(_STATUSES_WITHIN, span).all()
    found: dict[Key, list[tuple[int, str]]] = {}
    for ward, room, bed, at_ns, _, _, status in sorted(rows, key=lambda row: (row.at_ns, row.sent_ns, row.message)):
        found.setdefault((ward, room, bed), []).append((at_ns, status))
    return found
