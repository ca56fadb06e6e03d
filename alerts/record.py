"""What the engine says, written: incidents, their timeline, the outbox and the engine's memory in one transaction.

Each transaction first makes sure that the lease is still ours (``Lease.confirm``): a scheduler that was stopped for
a while and wakes up writes nothing over what another has written since.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, delete, func, select, update

from alerts.change import next_change
from alerts.compose import Composer, json_of, row_of
from alerts.engine import Step, is_quiet
from alerts.event import Event, Happened, Labels, TrackState
from alerts.incidents import DUE, FIRING, GIVEN_UP, MISSING, OPEN, RESOLVED, WATCHDOG, Incident, incident_of
from alerts.level import Level
from alerts.message import Status
from alerts.people import People
from alerts.rules import Notify, Rule
from alerts.tables import LANE, attempts, counter, deliveries, events, incidents, rule_sets, states
from alerts.telling import Telling
from alerts.timeline import AT_ONCE, Row, chunks, line_of
from ioc.database import reading, writing
from ioc.domain import MINUTE, Quality
from ioc.failpoints import failpoint
from ioc.lease import Lease
from ioc.upsert import upsert

STATUS_OF = {Happened.FIRING: Status.FIRING, Happened.LEVEL: Status.LEVEL, Happened.MISSING: Status.MISSING}
ENDED_KEPT_NS = 2 * 365 * 24 * 60 * MINUTE
QUIET_KEPT_NS = 7 * 24 * 60 * MINUTE
SIGNS_KEPT_NS = 60 * MINUTE
ENDS = (Happened.BACK, Happened.RESOLVED)


class Record:
    """The database as the job sees it. ``people`` gives those who are told, as they are known now."""

    def __init__(self, engine: Engine, lease: Lease, people: Callable[[], People], composer: Composer) -> None:
        self._engine = engine
        self._lease = lease
        self._people = people
        self._composer = composer

    def states(self) -> list[TrackState]:
        """What the engine has to remember."""
        with reading(self._engine) as connection:
            return [_state_of(row) for row in connection.execute(select(states)).mappings()]

    def commit(self, step: Step, token: int, now_ns: int, tried_ns: int | None = None) -> None:
        """Write all of the step or nothing. Raises LeaseLostError, DBAPIError.

        ``tried_ns`` is when it was tried first: then the answer may have been lost rather than the transaction.
        """
        with self._writing(token) as connection:
            if tried_ns is not None and any(_stands(connection, event, tried_ns) for event in step.events):
                return
            if step.events:
                telling = Telling(self._people(), self._composer, now_ns)
                round_ = _Round(connection, telling, self._composer, now_ns)
                round_.take(step.events)
                round_.write()
            upsert(connection, states, [_row_of_state(state) for state in step.states])
            failpoint("in-alert-commit")
        failpoint("after-alert-commit")

    def expire(self, rules: Mapping[str, Rule], token: int, now_ns: int) -> int:
        """End the acknowledgements whose time is over, and tell again; how many there were."""
        acked = incidents.c.status.in_(OPEN) & (incidents.c.acked_by != "")
        until_ns, longest_ns = incidents.c.ack_until_ns, incidents.c.ack_expires_ns
        # What ends later than any begun now would was begun before the clock was set back.
        over = acked & ((until_ns <= now_ns) | (until_ns > now_ns + longest_ns + MINUTE))
        with reading(self._engine) as connection:  # nearly always none: no lock for that
            if connection.execute(select(incidents.c.id).where(over)).first() is None:
                return 0
        with self._writing(token) as connection:
            telling = Telling(self._people(), self._composer, now_ns)
            round_ = _Round(connection, telling, self._composer, now_ns)
            query = select(incidents).where(over).with_for_update()
            found = [incident_of(row) for row in connection.execute(query).mappings()]
            round_.recall([each.id for each in found])
            for incident in found:
                rule = rules.get(incident.rule)
                round_.expire(incident, rule.notify if rule else Notify(incident.notify))
            round_.write()
        return len(found)

    def last_act(self) -> int:
        """The number to ask ``closed_since`` with."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(events.c.id))).scalar() or 0

    def closed_since(self, act: int) -> tuple[list[tuple[str, Labels, str]], int]:
        """Rule, labels and id of what people have closed after this act, and the number to ask with next time.

        One that has alarmed since is open again, and the engine goes on with it.
        """
        known = incidents.c
        query = select(events.c.id, known.rule, known.labels, known.status, known.id.label("incident")).join(incidents)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(events.c.id > act, events.c.kind == Happened.CLOSED)).all()
        closed = [(row.rule, labels_of(row.labels), row.incident) for row in rows if row.status == RESOLVED]
        return closed, max([act, *(row.id for row in rows)])

    def over_among(self, ids: Sequence[str]) -> set[str]:
        """Which of these incidents are over."""
        query = select(incidents.c.id).where(incidents.c.status == RESOLVED)
        with reading(self._engine) as connection:
            some_at_once = (query.where(incidents.c.id.in_(some)) for some in chunks(ids))
            return {each for some in some_at_once for each in connection.execute(some).scalars()}

    def keep_rules(self, row: Row, token: int) -> None:
        """Write down which rules are judged, for pages (``RuleFiles.row``)."""
        with self._writing(token) as connection:
            upsert(connection, rule_sets, [row])

    def judged(self, token: int, now_ns: int) -> None:
        """Write down that everything has been judged up to now, for pages: a lease alone does not say so."""
        with self._writing(token) as connection:
            upsert(connection, counter, [{"id": 1, "change": 0, "judged_at_ns": now_ns}], columns=("judged_at_ns",))

    def prune(self, token: int, now_ns: int) -> None:
        """Forget incidents that ended over two years ago, and what the engine has not had to remember for a week."""
        with self._writing(token) as connection:
            old = select(states).where(states.c.event_ns < now_ns - QUIET_KEPT_NS)
            for row in connection.execute(old).mappings().all():
                if is_quiet(_state_of(row)):
                    key = (states.c.rule == row["rule"]) & (states.c.labels == row["labels"])
                    connection.execute(delete(states).where(key))
        ended = incidents.c.resolved_at_ns < now_ns - ENDED_KEPT_NS
        while True:  # a few at a time: others write too
            with self._writing(token) as connection:
                ids = connection.execute(select(incidents.c.id).where(ended).limit(AT_ONCE)).scalars().all()
                _forget(connection, deliveries.c.incident.in_(ids), events.c.incident.in_(ids))
                connection.execute(delete(incidents).where(incidents.c.id.in_(ids)))
            if len(ids) < AT_ONCE:
                return

    def forget_signs(self, token: int, now_ns: int) -> None:
        """Of the signs of life: send none that is out of date, and keep the last hour's."""
        signs = deliveries.c.incident == WATCHDOG
        waiting = (deliveries.c.state == DUE) & (deliveries.c.claimed_until_ns < now_ns) & (deliveries.c.attempts > 0)
        with self._writing(token) as connection:
            replaced = {"state": GIVEN_UP, "done_ns": now_ns}
            connection.execute(update(deliveries).where(signs, waiting).values(replaced))
            hour_ago = now_ns - SIGNS_KEPT_NS
            old = signs & (deliveries.c.state != DUE) & (deliveries.c.created_ns < hour_ago)
            _forget(connection, old, (events.c.incident == WATCHDOG) & (events.c.at_ns < hour_ago))

    @contextmanager
    def _writing(self, token: int) -> Iterator[Connection]:
        with writing(self._engine, LANE) as connection:
            self._lease.confirm(connection, token)
            yield connection


class _Round:
    """The rows of one transaction, in the making."""

    def __init__(self, connection: Connection, telling: Telling, composer: Composer, now_ns: int) -> None:
        self._connection = connection
        self._telling = telling
        self._composer = composer
        self._now_ns = now_ns
        self._known: dict[str, Incident] = {}
        self._changed: dict[str, Incident] = {}
        self._lines: list[Row] = []

    def recall(self, ids: Iterable[str]) -> None:
        """Look up these incidents, and who was told of them."""
        for some in chunks(sorted(set(ids))):
            query = select(incidents).where(incidents.c.id.in_(some)).with_for_update()
            for row in self._connection.execute(query).mappings():
                self._known[row["id"]] = incident_of(row)
        self._telling.recall(self._connection, self._known)

    def take(self, happened: Sequence[Event]) -> None:
        """What each event makes of its incident, in their order."""
        self.recall(event.incident for event in happened)
        for event in happened:
            self._take(event)

    def expire(self, incident: Incident, notify: Notify) -> None:
        """The end of an acknowledgement by the clock."""
        incident = self._end_of_ack(incident)
        status = Status.MISSING if incident.status == MISSING else Status.FIRING
        self._tell(incident, status, notify, again=True)

    def write(self) -> None:
        """All of it, under one change number."""
        if not self._changed:
            return
        change = next_change(self._connection)
        upsert(self._connection, incidents, [row_of(each) | {"change": change} for each in self._changed.values()])
        self._connection.execute(events.insert(), self._lines)
        if self._telling.rows:
            self._connection.execute(deliveries.insert(), self._telling.rows)

    def _take(self, event: Event) -> None:
        incident = self._known.get(event.incident)
        if (incident is None or not incident.open) and event.kind in ENDS:
            return  # a person has closed it in the same moment
        if incident is None:
            incident = self._composer.opened(event, self._now_ns)
        if incident.acked_by and event.level > incident.level and event.kind is not Happened.RESOLVED:
            incident = self._end_of_ack(incident)
        incident = _after(incident, event, self._now_ns)
        incident = self._line(
            incident,
            event.kind,
            value=event.value,
            limit=event.limit,
            quality=event.quality,
            event_ns=event.event_ns,
            text=event.why or "",
        )
        if event.kind is Happened.RESOLVED:
            self._telling.tell_the_end(incident, incident.seq)
        elif event.kind in STATUS_OF:
            self._tell(incident, STATUS_OF[event.kind], event.rule.notify)

    def _tell(self, incident: Incident, status: Status, notify: Notify, *, again: bool = False) -> None:
        for why in list(self._telling.tell(incident, status, incident.seq, notify, again=again)):
            incident = self._line(incident, Happened.UNTOLD, text=why)

    def _end_of_ack(self, incident: Incident) -> Incident:
        ended = replace(incident, acked_by="", acked_at_ns=None, ack_until_ns=None, ack_reason="")
        return self._line(ended, Happened.ACK_ENDED, who=incident.acked_by)

    def _line(self, incident: Incident, kind: Happened, **more: Any) -> Incident:
        """Append a line; the incident with its number."""
        line = line_of(incident, kind, self._now_ns, **more)
        self._lines.append(line)
        incident = self._known[incident.id] = self._changed[incident.id] = replace(incident, seq=line["seq"])
        return incident


def _after(incident: Incident, event: Event, now_ns: int) -> Incident:
    """What an incident is after the engine's event; one that a person had closed is open again."""
    resolved = event.kind is Happened.RESOLVED
    silent = event.kind is Happened.MISSING or (event.silent > 0 and event.kind is not Happened.BACK)
    since_ns = (incident.missing_since_ns or event.event_ns) if silent else 0
    return replace(
        incident,
        status=RESOLVED if resolved else MISSING if silent else FIRING,
        level=event.level,
        value=incident.value if event.value is None else event.value,
        silent=event.silent,
        series=event.series or incident.series,
        limits=event.limits or incident.limits,
        event_ns=event.event_ns,
        missing_since_ns=0 if resolved else since_ns,
        resolved_ns=event.event_ns if resolved else None,
        resolved_at_ns=now_ns if resolved else None,
        why=event.why or "",
        needs_owner=event.level >= event.rule.ack.required_from,
    )


def _forget(connection: Connection, sent: ColumnElement[bool], lines: ColumnElement[bool]) -> None:
    """Delete these deliveries with their attempts, and these lines of timelines."""
    connection.execute(delete(attempts).where(attempts.c.delivery.in_(select(deliveries.c.id).where(sent))))
    connection.execute(delete(deliveries).where(sent))
    connection.execute(delete(events).where(lines))


def _stands(connection: Connection, event: Event, since_ns: int) -> bool:
    """Whether this event was written since then."""
    query = select(events.c.id).where(
        events.c.at_ns >= since_ns,
        events.c.incident == event.incident,
        events.c.kind == event.kind,
        events.c.level == event.level.word,
        events.c.event_ns == event.event_ns,
    )
    return connection.execute(query).first() is not None


def labels_of(text: str) -> Labels:
    """The labels that a row holds as JSON."""
    return tuple(sorted(orjson.loads(text).items()))


_KEPT = [field.name for field in fields(TrackState) if field.name not in {"rule", "labels", "event_ns"}]


def _row_of_state(state: TrackState) -> Row:
    kept = {name: getattr(state, name) for name in _KEPT}
    for name in ("pending", "leaving"):
        kept[name] = {level.word: since_ns for level, since_ns in kept[name].items()}
    kept["level"] = state.level.word
    labels = json_of(dict(state.labels))
    return {"rule": state.rule, "labels": labels, "state": json_of(kept), "event_ns": state.event_ns}


def _state_of(row: Mapping[Any, Any]) -> TrackState:
    kept = {name: value for name, value in orjson.loads(row["state"]).items() if name in _KEPT}
    for name in ("pending", "leaving"):
        kept[name] = {Level.of(word): since_ns for word, since_ns in kept[name].items()}
    kept |= {"level": Level.of(kept["level"]), "quality": Quality(kept["quality"])}
    return TrackState(rule=row["rule"], labels=labels_of(row["labels"]), event_ns=row["event_ns"], **kept)
