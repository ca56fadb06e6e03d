"""Lines of an incident's timeline, and who was told of it: rows for whoever changes it, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from alerts.event import Happened
from alerts.incidents import DUE, Incident
from alerts.message import Status
from alerts.tables import deliveries

Row = dict[str, Any]
Told = dict[tuple[str, str], Mapping[Any, Any]]  # by person and channel: what was last written for them
AT_ONCE = 500  # ids in one question
_LAST = [deliveries.c[name] for name in ("incident", "person", "person_name", "channel", "level", "message")]


def line_of(incident: Incident, kind: Happened, at_ns: int, **more: Any) -> Row:
    """A line of what a person did, or the clock. Its number is one past ``incident.seq``."""
    return {
        "incident": incident.id,
        "seq": incident.seq + 1,
        "kind": kind,
        "level": incident.level.word,
        "value": None,
        "limit": None,
        "quality": incident.quality,
        "event_ns": at_ns,
        "at_ns": at_ns,
        "who": "",
        "text": "",
        **more,
    }


def delivery_of(incident: Incident, seq: int, status: Status, message: str, now_ns: int) -> Row:
    """A message that is to be sent at once; to whom and by which channel is added."""
    return {
        "incident": incident.id,
        "dedup_key": f"{incident.id}-{seq}",
        "status": status,
        "level": incident.level.word,
        "message": message,
        "state": DUE,
        "created_ns": now_ns,
        "due_ns": now_ns,
    }


def told_of(connection: Connection, ids: Sequence[str]) -> dict[str, Told]:
    """Who was told of each of these incidents, by which channels, and what last."""
    found: dict[str, Told] = {each: {} for each in ids}
    for some in chunks(ids):
        newest = select(func.max(deliveries.c.id)).where(deliveries.c.incident.in_(some))
        newest = newest.group_by(deliveries.c.incident, deliveries.c.person, deliveries.c.channel)
        for row in connection.execute(
            select(*_LAST).where(deliveries.c.id.in_(newest)).order_by(deliveries.c.id)
        ).mappings():
            found[row["incident"]][row["person"], row["channel"]] = row
    return found


def end_messages(incident: Incident, seq: int, told: Told, now_ns: int) -> Iterator[Row]:
    """What tells everybody who was told of this incident that it is over.

    It is what they were told last, marked as ended: nobody's language or name has to be known any more.
    """
    ended = {
        "dedup_key": f"{incident.id}-{seq}",
        "status": Status.RESOLVED,
        "value": incident.value,
        "event_ns": incident.event_ns,
        "again": False,
    }
    for (person, channel), last in told.items():
        message = orjson.dumps(orjson.loads(last["message"]) | ended).decode()
        row = delivery_of(incident, seq, Status.RESOLVED, message, now_ns)
        yield row | {"person": person, "person_name": last["person_name"], "channel": channel, "level": last["level"]}


def chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """All of them, some at a time."""
    return (ids[n : n + AT_ONCE] for n in range(0, len(ids), AT_ONCE))
