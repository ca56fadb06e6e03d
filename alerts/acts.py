"""What a person does with an incident: says "mine", writes a note, closes one that will never speak again.

Works from any process: the row is locked, since what the person saw may have changed meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from alerts.change import next_change
from alerts.event import Happened, Why
from alerts.incidents import MISSING, RESOLVED, Incident, incident_of
from alerts.tables import LANE, deliveries, events, incidents
from alerts.timeline import Row, end_messages, line_of, told_of
from ioc.database import writing
from ioc.domain import Clock, SystemClock
from ioc.errors import IocError

TEXT_LIMIT = 1_000  # characters of a reason or a note
NAME_LIMIT = 80


class RefusedError(IocError):
    """It cannot be done. ``code`` is ``unknown``, ``closed`` (it is over), ``reason_needed`` (of a note: its text),
    ``too_long`` or ``not_silent`` (only what has fallen silent can be closed)."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class Acts:
    """Each act is one transaction: the incident, a line of its timeline, the change number. Gives what it is then."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()

    def acknowledge(self, incident: str, who: str, reason: str = "", for_ns: int = 0) -> Incident:
        """This person cares for it, for ``for_ns`` (0, or more than the rule allows: for as long as that allows).

        Done again it begins anew; by another person it changes hands. Raises RefusedError.
        """
        reason = _text(reason)
        with self._changing(incident) as (connection, found):
            if found.ack_needs_reason and not reason:
                raise RefusedError("reason_needed", "this rule wants a reason", "Say what is being done.")
            now_ns = self._clock.now_ns()
            longest = found.ack_expires_ns
            until_ns = now_ns + (min(for_ns, longest) if for_ns > 0 else longest)
            return _change(
                connection,
                found,
                line_of(found, Happened.ACKED, now_ns, who=_name(who), text=reason),
                acked_by=_name(who),
                acked_at_ns=now_ns,
                ack_until_ns=until_ns,
                ack_reason=reason,
                first_acked_at_ns=found.first_acked_at_ns or now_ns,
            )

    def note(self, incident: str, who: str, text: str) -> Incident:
        """Write something down in the timeline, also of one that is over. Raises RefusedError."""
        text = _text(text)
        if not text:
            raise RefusedError("reason_needed", "the note is empty")
        with self._changing(incident, over=True) as (connection, found):
            now_ns = self._clock.now_ns()
            return _change(connection, found, line_of(found, Happened.NOTE, now_ns, who=_name(who), text=text))

    def close(self, incident: str, who: str, reason: str) -> Incident:
        """End one that has fallen silent and may never speak again; everybody who was told is told. RefusedError."""
        reason = _text(reason)
        if not reason:
            raise RefusedError("reason_needed", "closing wants a reason", "Say why it will not speak again.")
        with self._changing(incident) as (connection, found):
            if found.status != MISSING:
                raise RefusedError("not_silent", "it still speaks: it ends by itself when its values are well again")
            now_ns = self._clock.now_ns()
            line = line_of(found, Happened.CLOSED, now_ns, who=_name(who), text=reason)
            told = told_of(connection, [found.id])[found.id]
            if rows := list(end_messages(replace(found, event_ns=now_ns), line["seq"], told, now_ns)):
                connection.execute(deliveries.insert(), rows)
            return _change(
                connection,
                found,
                line,
                status=RESOLVED,
                why=Why.CLOSED,
                event_ns=now_ns,
                resolved_ns=now_ns,
                resolved_at_ns=now_ns,
            )

    @contextmanager
    def _changing(self, incident: str, *, over: bool = False) -> Iterator[tuple[Connection, Incident]]:
        """The incident as it is now, its row locked; ``over``: also where it is resolved."""
        with writing(self._engine, LANE) as connection:
            query = select(incidents).where(incidents.c.id == incident).with_for_update()
            row = connection.execute(query).mappings().first()
            if row is None:
                raise RefusedError("unknown", f"there is no incident {incident!r}")
            found = incident_of(row)
            if not found.open and not over:
                raise RefusedError("closed", "it is over already")
            yield connection, found


def _change(connection: Connection, found: Incident, line: Row, **values: Any) -> Incident:
    """Write the line, and the incident as it is with it."""
    values |= {"seq": line["seq"], "change": next_change(connection)}  # first: lines are numbered in this order too
    connection.execute(events.insert().values(line))
    changed = update(incidents).where(incidents.c.id == found.id).values(values)
    return incident_of(connection.execute(changed.returning(incidents)).mappings().one())


def _text(text: str) -> str:
    text = text.strip()
    if len(text) > TEXT_LIMIT:
        raise RefusedError("too_long", f"the text has more than {TEXT_LIMIT} characters")
    return text


def _name(who: str) -> str:
    return who[:NAME_LIMIT]
