"""Writes down what is wrong with what was sent: of each visit, and of each source by the day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, Engine, bindparam, select

from ioc.census.model import FindingKind
from ioc.census.rows import Values, spot_values
from ioc.census.statements import put
from ioc.census.stay import Note, Stay
from ioc.census.tables import findings
from ioc.domain import MINUTE, NOWHERE, SECOND, Fact

LATE_AFTER = 5 * MINUTE
OF_VISITS = (FindingKind.NO_BEGINNING, FindingKind.MOVED_SILENTLY, FindingKind.CANCELS_NOTHING)

_OF_VISITS = select(findings).where(
    findings.c.visit.in_(bindparam("visits", expanding=True)),
    findings.c.kind.in_(bindparam("kinds", expanding=True)),
)
_OF_DAY = select(findings.c.last_ns).where(
    findings.c.facility == bindparam("facility"),
    findings.c.kind == bindparam("kind"),
    findings.c.subject == bindparam("subject"),
)
_REPLACED = ("last_ns", "count", "visit", "message", "detail", "cleared_ns")


@dataclass(slots=True)
class _Day:
    """What one source did wrong in one way on one day; the newest stands for all."""

    facts: list[Fact] = field(default_factory=list)
    detail: dict[str, str | int] = field(default_factory=dict)


class FaultBook:
    """Writes ``census_finding``. Days are those of ``zone``, by the time of receipt."""

    def __init__(self, engine: Engine, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._put = put(engine, findings)
        self._add = put(engine, findings, _REPLACED, plus=("count",))

    def of_visits(self, connection: Connection, stays: Mapping[tuple[str, str], Stay], now_ns: int) -> None:
        """Write what is wrong with each of these visits now, and clear what is not any more."""
        if not stays:
            return
        wanted = {"kinds": [kind.value for kind in OF_VISITS], "visits": [visit for _, visit in stays]}
        found = connection.execute(_OF_VISITS, wanted).all()
        old = {row[:3]: tuple(row) for row in found if (row.facility, row.visit) in stays}
        rows = [_row(visit, note) for (_, visit), stay in stays.items() for note in stay.notes]
        new = {row[:3]: row for row in rows}
        cleared = [(*row[:-1], now_ns) for key, row in old.items() if key not in new and row[-1] is None]
        self._put.run(connection, [*(row for key, row in new.items() if old.get(key) != row), *cleared])

    def of_messages(
        self, connection: Connection, fresh: Iterable[Fact], doubled: Iterable[Fact], same_control: Mapping[str, str]
    ) -> int:
        """Count what came late, ahead of its time, again, or under another's control id (by message: the other's).

        Gives how many came again. What was counted as doubled before is not counted once more when a crash brings the
        same messages: a source's messages are received one after the other.
        """
        days: dict[tuple[str, FindingKind, str], _Day] = {}
        for fact in fresh:
            late_ns = fact.received_ns - fact.occurred_ns
            if late_ns > LATE_AFTER:
                self._note(days, FindingKind.LATE, fact, late_s=late_ns // SECOND)
            if fact.skewed:
                self._note(days, FindingKind.FUTURE, fact)
            if fact.part == 0 and fact.message in same_control:
                self._note(days, FindingKind.SAME_CONTROL_ID, fact, other=same_control[fact.message])
        self._add.run(connection, [_day_row(key, day) for key, day in days.items()])
        again: dict[tuple[str, FindingKind, str], _Day] = {}
        for fact in doubled:
            self._note(again, FindingKind.DOUBLED, fact)
        for (facility, kind, subject), day in again.items():
            wanted = {"facility": facility, "kind": kind.value, "subject": subject}
            last_ns = connection.execute(_OF_DAY, wanted).scalar() or -1
            day.facts = [fact for fact in day.facts if fact.received_ns > last_ns]
        self._add.run(connection, [_day_row(key, day) for key, day in again.items() if day.facts])
        return sum(len(day.facts) for day in again.values())

    def _note(self, days: dict[Any, _Day], kind: FindingKind, fact: Fact, **detail: str | int) -> None:
        date = datetime.fromtimestamp(fact.received_ns // SECOND, self._zone).date()
        day = days.setdefault((fact.facility, kind, f"{fact.source} {date}"), _Day())
        day.facts.append(fact)
        day.detail = detail


def is_late(fact: Fact) -> bool:
    """Whether it came later than a feed that keeps up brings it."""
    return fact.received_ns - fact.occurred_ns > LATE_AFTER


def _row(visit: str, note: Note) -> Values:
    """What is wrong with a visit, as a row of ``census_finding``; the newest fact stands for all."""
    first, last = note.facts[0], note.facts[-1]
    detail: dict[str, str] = {"said": last.kind.value}
    if note.known != NOWHERE:
        detail |= zip(("ward", "room", "bed"), spot_values(note.known), strict=True)
    times = first.occurred_ns, last.occurred_ns
    key = last.facility, note.kind.value, visit
    return (
        *key,
        last.source,
        *times,
        len(note.facts),
        visit,
        last.message,
        *spot_values(last.spot),
        _json(detail),
        None,
    )


def _day_row(key: tuple[str, FindingKind, str], day: _Day) -> Values:
    """What a source did wrong on a day, as a row of ``census_finding``; times are those of receipt."""
    facility, kind, subject = key
    first_ns, last = min(fact.received_ns for fact in day.facts), max(day.facts, key=lambda fact: fact.received_ns)
    counted = first_ns, last.received_ns, len(day.facts)
    found = last.visit, last.message, *spot_values(NOWHERE)
    return (facility, kind.value, subject, last.source, *counted, *found, _json(day.detail), None)


def _json(detail: Mapping[str, str | int]) -> str:
    return orjson.dumps(detail).decode()
