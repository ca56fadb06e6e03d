"""Incidents as a page, the API and the acts of a person see them: decoded rows, and the reader of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select

from alerts.event import Happened
from alerts.level import Level
from alerts.tables import attempts, counter, deliveries, events, incidents, rule_sets
from ioc.catalogue import Text
from ioc.database import reading
from ioc.domain import SECOND, Quality
from ioc.lease import leases

WATCHDOG = "watchdog"  # rule and id of the incident that always fires; no list for people has it
LEASE = "scheduler"
JUDGED_WITHIN_NS = 12 * SECOND  # it is written down every 5 s
FIRING, MISSING, RESOLVED = "firing", "missing", "resolved"
OPEN = (FIRING, MISSING)
DUE, SENT, GIVEN_UP = "due", "sent", "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One row, decoded. ``title`` is the rule's template; ``value``, ``limits`` are in ``unit``; times in ns.

    ``opened_ns``, ``event_ns`` and ``resolved_ns`` are the source's time, those with ``at`` are ours.
    """

    id: str
    rule: str
    labels: Mapping[str, str]
    facility: str
    site: str
    series: str
    metric: str
    unit: str
    title: Text
    limits: tuple[tuple[str, str, float], ...]
    status: str
    level: Level
    quality: Quality
    value: float | None
    silent: int = 0
    opened_ns: int
    opened_at_ns: int
    event_ns: int
    missing_since_ns: int = 0
    resolved_ns: int | None = None
    resolved_at_ns: int | None = None
    why: str = ""
    acked_by: str = ""
    acked_at_ns: int | None = None
    ack_until_ns: int | None = None
    ack_reason: str = ""
    first_acked_at_ns: int | None = None
    needs_owner: bool = False
    notify: str
    owner: str
    runbook: str
    steps: Mapping[str, tuple[str, ...]]
    source: Mapping[str, str]
    ack_expires_ns: int
    ack_needs_reason: bool
    seq: int = 0
    change: int = 0

    @property
    def open(self) -> bool:
        """Whether it is not over yet."""
        return self.status != RESOLVED

    @property
    def unowned(self) -> bool:
        """Whether somebody has to say "mine", and nobody has."""
        return self.open and self.needs_owner and not self.acked_by

    @property
    def simulated(self) -> bool:
        """Whether the value that opened it was simulated."""
        return self.quality is Quality.SIM

    @property
    def urgency(self) -> tuple[bool, bool, int, int, str]:
        """What open ones are sorted by: unowned first, then those without a person, then level, then age."""
        return not self.unowned, bool(self.acked_by), -self.level, self.opened_at_ns, self.id


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an incident's timeline. ``text`` of UNTOLD is ``why:whom`` (``Untold`` has it in two parts)."""

    seq: int
    kind: Happened
    level: Level
    value: float | None
    limit: float | None
    quality: Quality
    event_ns: int
    at_ns: int
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send. ``outcome`` is sent, failed or refused; ``detail`` what the other side answered."""

    number: int
    began_ns: int
    ended_ns: int
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one person by one channel, with the proof of every attempt. ``state``: due, sent, given_up."""

    id: int
    dedup_key: str
    status: str
    level: Level
    person: str
    person_name: str
    channel: str
    state: str
    created_ns: int
    due_ns: int
    done_ns: int | None
    error: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is known of one incident."""

    incident: Incident
    timeline: tuple[Entry, ...]
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some incidents, newest first, and what to ask with for the next ones; empty where there are none."""

    items: list[Incident]
    next: str


@dataclass(frozen=True, slots=True)
class Untold:
    """Somebody who was not reached.

    ``why`` is ``group-empty``, ``group-unknown``, ``no-channel`` (``whom`` is then the group or person), or
    ``failing`` (it is tried again) or ``given-up``, with what the channel answered in ``error``.
    """

    incident: Incident
    why: str
    whom: str
    channel: str
    error: str
    at_ns: int


Incidents: TypeAlias = list[Incident]  # under their own names: the reader has a method ``list``
Missed: TypeAlias = list[Untold]
WithWorst: TypeAlias = list[tuple[Incident, Level]]


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The rules that are judged now, as ``alerts.rules.document`` describes them, and why newer ones are not.

    ``faults`` holds ``{id, where, what, hint}``; ``refused_at_ns`` is None while the newest files are in force.
    """

    digest: str
    loaded_at_ns: int
    document: list[dict[str, Any]]
    refused_at_ns: int | None
    faults: list[dict[str, str]]


def incident_of(row: Mapping[Any, Any]) -> Incident:
    """The incident that a row of ``alerts.tables.incidents`` holds; what else the row holds is left out."""
    fields = {name: row[name] for name in _COLUMNS}
    runbook = orjson.loads(fields["runbook"])
    return Incident(
        **fields
        | {
            "labels": orjson.loads(fields["labels"]),
            "title": Text(**orjson.loads(fields["title"])),
            "limits": tuple((level, op, limit) for level, op, limit in orjson.loads(fields["limits"])),
            "level": Level.of(fields["level"]),
            "quality": Quality(fields["quality"]),
            "needs_owner": bool(fields["needs_owner"]),
            "ack_needs_reason": bool(fields["ack_needs_reason"]),
            "runbook": runbook["path"],
            "steps": {language: tuple(steps) for language, steps in runbook["steps"].items()},
            "source": runbook["source"],
        }
    )


_COLUMNS = tuple(incidents.c.keys())


class IncidentReader:
    """Asks the database. Each call is a short transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, incident: str) -> Detail | None:
        """Everything of this incident, or None where there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(incidents).where(incidents.c.id == incident)).mappings().first()
            if row is None:
                return None
            lines = connection.execute(select(events).where(events.c.incident == incident).order_by(events.c.seq)).all()
            sent = _deliveries(connection, incident)
        timeline = tuple(
            Entry(
                line.seq,
                Happened(line.kind),
                Level.of(line.level),
                line.value,
                line.limit,
                Quality(line.quality),
                line.event_ns,
                line.at_ns,
                line.who,
                line.text,
            )
            for line in lines
        )
        return Detail(incident_of(row), timeline, sent)

    def list(
        self,
        status: str = "",
        facility: str = "",
        site: str = "",
        level: Level = Level.NONE,
        before: str = "",
        limit: int = 100,
    ) -> Page:
        """Incidents, newest first: of one status (``open`` means not resolved), from this level on.

        ``before`` is the ``next`` of the page before; raises ValueError where it is not.
        """
        asked = _within(facility, site)
        if status:
            asked.append(incidents.c.status.in_(OPEN if status == "open" else (status,)))
        if level:
            asked.append(incidents.c.level.in_([each.word for each in Level if each >= level]))
        if before:
            at, _, last = before.partition("-")
            at_ns = int(at)
            earlier = and_(incidents.c.opened_at_ns == at_ns, incidents.c.id < last)
            asked.append(or_(incidents.c.opened_at_ns < at_ns, earlier))
        query = select(incidents).where(*asked).order_by(incidents.c.opened_at_ns.desc(), incidents.c.id.desc())
        found = self._incidents(query.limit(limit + 1))
        items = found[:limit]
        return Page(items, f"{items[-1].opened_at_ns}-{items[-1].id}" if len(found) > limit else "")

    def done_since(self, since_ns: int, facility: str = "", site: str = "") -> Incidents:
        """What was resolved since then, the last first."""
        asked = [*_within(facility, site), incidents.c.status == RESOLVED, incidents.c.resolved_at_ns >= since_ns]
        return self._incidents(select(incidents).where(*asked).order_by(incidents.c.resolved_at_ns.desc()))

    def between(
        self, from_ns: int, to_ns: int, facility: str = "", site: str = "", *, about: Sequence[str] = (), limit: int = 0
    ) -> WithWorst:
        """What was open at any time of a span, the oldest first, each with the worst level that it ever had.

        With ``about`` that whose metric begins with one of these; with ``limit`` the newest, at most so many.
        """
        asked = [
            *_within(facility, site),
            incidents.c.opened_at_ns <= to_ns,
            or_(incidents.c.resolved_at_ns.is_(None), incidents.c.resolved_at_ns > from_ns),
            *([or_(*[incidents.c.metric.startswith(each) for each in about])] if about else []),
        ]
        newest = select(incidents).where(*asked).order_by(incidents.c.opened_at_ns.desc(), incidents.c.id.desc())
        worst = select(events.c.incident).join(incidents).where(*asked, events.c.level == Level.CRITICAL.word)
        with reading(self._engine) as connection:
            critical = set(connection.execute(worst.distinct()).scalars())
            rows = connection.execute(newest.limit(limit or None)).mappings()
            found = [incident_of(row) for row in rows][::-1]
        return [(one, Level.CRITICAL if one.id in critical else one.level) for one in found]

    def untold(self, facility: str = "", site: str = "") -> Missed:
        """Who was not reached of the incidents that are open, and of messages that are still tried; newest first."""
        within = _within(facility, site)
        nobody = (
            select(incidents, events.c.text, events.c.at_ns)
            .join(events)
            .where(*within, events.c.kind == Happened.UNTOLD, incidents.c.status.in_(OPEN))
        )
        failing = (deliveries.c.state == DUE) & (deliveries.c.attempts > 0)
        given_up = (deliveries.c.state == GIVEN_UP) & incidents.c.status.in_(OPEN)
        unsent = (
            select(incidents, *[deliveries.c[name].label(f"d_{name}") for name in _OF_DELIVERY])
            .join(deliveries)
            .where(*within, or_(failing, given_up))
        )
        with reading(self._engine) as connection:
            found = [_nobody(row) for row in connection.execute(nobody).mappings()]
            found += [_unsent(row) for row in connection.execute(unsent).mappings()]
        return sorted(found, key=lambda each: -each.at_ns)

    def outbox(self) -> dict[str, int]:
        """How many messages wait (``due``) and how many could not be sent (``given_up``)."""
        state = deliveries.c.state
        query = select(state, func.count()).where(state.in_((DUE, GIVEN_UP))).group_by(state)
        with reading(self._engine) as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {each: found.get(each, 0) for each in (DUE, GIVEN_UP)}

    def rules(self) -> RulesInForce | None:
        """The rules that are judged now; None where no scheduler has loaded any yet."""
        with reading(self._engine) as connection:
            row = connection.execute(select(rule_sets).where(rule_sets.c.id == 1)).first()
        if row is None:
            return None
        document, faults = orjson.loads(row.document), orjson.loads(row.faults)
        return RulesInForce(row.digest, row.loaded_at_ns, document, row.refused_at_ns, faults)

    def judged_until_ns(self) -> int:
        """Until when somebody judges, 0 where nobody ever has.

        A scheduler has to hold the lease, and its engine to have completed a turn within ``JUDGED_WITHIN_NS``.
        """
        with reading(self._engine) as connection:
            query = select(leases.c.expires_at_ns).where(leases.c.name == LEASE)
            held_until_ns: int = connection.execute(query).scalar() or 0
            judged_at_ns = connection.execute(select(counter.c.judged_at_ns)).scalar()
        return min(held_until_ns, judged_at_ns + JUDGED_WITHIN_NS) if judged_at_ns else held_until_ns

    def _incidents(self, query: Any) -> Incidents:
        with reading(self._engine) as connection:
            return [incident_of(row) for row in connection.execute(query).mappings()]


_OF_DELIVERY = ("person", "person_name", "channel", "state", "error", "created_ns")


def _within(facility: str, site: str) -> list[ColumnElement[bool]]:
    asked = [incidents.c.id != WATCHDOG]
    if facility:
        asked.append(incidents.c.facility == facility)
    if site:
        asked.append(incidents.c.site == site)
    return asked


def _deliveries(connection: Connection, incident: str) -> tuple[Delivery, ...]:
    rows = connection.execute(
        select(deliveries).where(deliveries.c.incident == incident).order_by(deliveries.c.id)
    ).all()
    tries: dict[int, list[Attempt]] = {row.id: [] for row in rows}
    query = select(attempts).join(deliveries).where(deliveries.c.incident == incident)
    for row in connection.execute(query.order_by(attempts.c.delivery, attempts.c.number)):
        tries[row.delivery].append(Attempt(row.number, row.began_ns, row.ended_ns, row.outcome, row.detail))
    return tuple(
        Delivery(
            id=row.id,
            dedup_key=row.dedup_key,
            status=row.status,
            level=Level.of(row.level),
            person=row.person,
            person_name=row.person_name,
            channel=row.channel,
            state=row.state,
            created_ns=row.created_ns,
            due_ns=row.due_ns,
            done_ns=row.done_ns,
            error=row.error,
            attempts=tuple(tries[row.id]),
        )
        for row in rows
    )


def _nobody(row: Mapping[Any, Any]) -> Untold:
    why, _, whom = row["text"].partition(":")
    return Untold(incident_of(row), why, whom, "", "", row["at_ns"])


def _unsent(row: Mapping[Any, Any]) -> Untold:
    why = "given-up" if row["d_state"] == GIVEN_UP else "failing"
    return Untold(incident_of(row), why, row["d_person_name"], row["d_channel"], row["d_error"], row["d_created_ns"])
