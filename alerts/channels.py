"""How the channels do: what each has sent lately, what waits, and what it could not send."""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, case, func, or_, select

from alerts.tables import deliveries
from ioc.database import reading
from ioc.domain import MINUTE

LATELY_NS = 24 * 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of channel, of all people together: counts of the last day, and what waits now.

    ``sent_ns`` is when it last sent one, ``waiting_since_ns`` since when the oldest waits; None where there is none.
    """

    kind: str
    sent: int
    given_up: int
    due: int
    sent_ns: int | None
    waiting_since_ns: int | None


def channels(engine: Engine, now_ns: int) -> list[Channel]:
    """Every kind that had something to send in the last day or has it now, by name."""
    own = deliveries.c
    lately = own.done_ns >= now_ns - LATELY_NS

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    query = (
        select(
            own.channel,
            count(and_(own.state == "sent", lately)).label("sent"),
            count(and_(own.state == "given_up", lately)).label("given_up"),
            count(own.state == "due").label("due"),
            func.max(case((own.state == "sent", own.done_ns))).label("sent_ns"),
            func.min(case((own.state == "due", own.created_ns))).label("waiting_since_ns"),
        )
        .where(or_(own.state == "due", lately))
        .group_by(own.channel)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    found: dict[str, Channel] = {}
    for row in rows:
        kind = re.sub(r"-\d+$", "", row.channel)
        one = Channel(kind, int(row.sent), int(row.given_up), int(row.due), row.sent_ns, row.waiting_since_ns)
        found[kind] = _together(found[kind], one) if kind in found else one
    return [found[kind] for kind in sorted(found)]


def _together(one: Channel, other: Channel) -> Channel:
    sent = [time for time in (one.sent_ns, other.sent_ns) if time is not None]
    waiting = [time for time in (one.waiting_since_ns, other.waiting_since_ns) if time is not None]
    return Channel(
        one.kind,
        one.sent + other.sent,
        one.given_up + other.given_up,
        one.due + other.due,
        max(sent, default=None),
        min(waiting, default=None),
    )
