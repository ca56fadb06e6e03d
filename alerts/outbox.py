"""What is still to be sent: claimed by a conditional UPDATE, marked after the send, with a row of proof an attempt.

A claim lasts ``CLAIM_NS``. Whoever dies with one leaves it to the next: everything arrives at least once, and at
most once more for each time that somebody died between the send and the mark.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, insert, or_, select, tuple_, update

from alerts.tables import LANE, attempts, deliveries
from ioc.database import reading, writing
from ioc.domain import SECOND, Clock
from ioc.failpoints import failpoint

CLAIM_NS = 30 * SECOND
LONGEST_WAIT_NS = 600 * SECOND  # between two attempts
DETAIL_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one channel of one person, claimed by us."""

    id: int
    incident: str
    dedup_key: str
    level: str
    person: str
    channel: str
    message: str  # JSON, see alerts.message
    attempts: int  # that were made before
    created_ns: int
    claimed_until_ns: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt went: from when to when, and what the other side said or why it did not come to that."""

    outcome: str  # sent, failed, refused
    began_ns: int
    ended_ns: int
    detail: str  # one line, not too long: it comes from the other side

    def __post_init__(self) -> None:
        line = " ".join("".join(char if char.isprintable() else " " for char in self.detail).split())
        short = line if len(line) <= DETAIL_LENGTH else f"{line[: DETAIL_LENGTH - 1]}…"
        object.__setattr__(self, "detail", short)


class Outbox:
    """The deliveries as one process sees them. All who send must go by the same clock."""

    def __init__(self, engine: Engine, owner: str, clock: Clock) -> None:
        self._engine = engine
        self._owner = owner
        self._clock = clock

    def claim(self, closed: Collection[tuple[str, str]] = ()) -> Delivery | None:
        """Take the next one that is due: critical first, then the oldest; None where there is none.

        A message waits for the earlier ones of the same incident, person and channel. ``closed`` are the persons
        and channels to which nothing can be sent now.
        """
        while True:
            with reading(self._engine) as connection:  # so that an empty outbox costs no lock
                row = connection.execute(_next(self._clock.now_ns(), closed)).first()
            if row is None:
                return None
            with writing(self._engine, LANE) as connection:
                until_ns = self._take(connection, row.id)
            if until_ns:
                failpoint("after-claim")
                return replace(Delivery(*row), claimed_until_ns=until_ns)

    def release(self, waiting: Sequence[Delivery]) -> None:
        """Give back what was claimed and not sent: the next one need not wait for the claim to end."""
        with writing(self._engine, LANE) as connection:
            for delivery in waiting:
                connection.execute(update(deliveries).where(self._ours(delivery)).values(_FREE))

    def mark_sent(self, delivery: Delivery, attempt: Attempt) -> None:
        """It has arrived, whoever holds the claim by now."""
        done = {"state": "sent", "done_ns": attempt.ended_ns, "error": "", **_FREE}
        with writing(self._engine, LANE) as connection:
            _record(connection, delivery, attempt)
            connection.execute(update(deliveries).where(_due(delivery)).values(done))

    def mark_failed(self, delivery: Delivery, attempt: Attempt, again_ns: int | None) -> None:
        """It has not arrived: try again at ``again_ns``, or never. Where another has claimed it since, it decides."""
        if again_ns is None:
            then = {"state": "given_up", "done_ns": attempt.ended_ns, "error": attempt.detail, **_FREE}
        else:
            then = {"due_ns": again_ns, "error": attempt.detail, **_FREE}
        with writing(self._engine, LANE) as connection:
            _record(connection, delivery, attempt)
            connection.execute(update(deliveries).where(self._ours(delivery)).values(then))

    def _take(self, connection: Connection, number: int) -> int:
        """Until when it is ours; 0 where another was faster."""
        now_ns = self._clock.now_ns()
        until_ns = now_ns + CLAIM_NS
        free = and_(deliveries.c.id == number, _open_at(now_ns))
        mine = {"claimed_by": self._owner, "claimed_until_ns": until_ns}
        return until_ns if connection.execute(update(deliveries).where(free).values(mine)).rowcount == 1 else 0

    def _ours(self, delivery: Delivery) -> ColumnElement[bool]:
        return and_(_due(delivery), deliveries.c.claimed_by == self._owner)


_FREE = {"claimed_by": "", "claimed_until_ns": 0}
_COLUMNS = [deliveries.c[field.name] for field in fields(Delivery)]


def _due(delivery: Delivery) -> ColumnElement[bool]:
    return and_(deliveries.c.id == delivery.id, deliveries.c.state == "due")


def _open_at(now_ns: int) -> ColumnElement[bool]:
    """Due, and claimed by nobody. A time further ahead than we ever set one was written before the clock went back."""
    due, claimed = deliveries.c.due_ns, deliveries.c.claimed_until_ns
    return and_(
        deliveries.c.state == "due",
        or_(due <= now_ns, due > now_ns + LONGEST_WAIT_NS),
        or_(claimed <= now_ns, claimed > now_ns + CLAIM_NS),
    )


def _next(now_ns: int, closed: Collection[tuple[str, str]]) -> Select[Any]:
    earlier = deliveries.alias("earlier")
    same = [earlier.c[name] == deliveries.c[name] for name in ("incident", "person", "channel")]
    waits = select(earlier.c.id).where(earlier.c.state == "due", earlier.c.id < deliveries.c.id, *same).exists()
    found = select(*_COLUMNS).where(_open_at(now_ns), ~waits)
    if closed:
        found = found.where(tuple_(deliveries.c.person, deliveries.c.channel).not_in(list(closed)))
    # "critical" stands before "warning" in the alphabet too, so an index has them in this order: a storm of messages
    # is not sorted anew for each of them.
    return found.order_by(deliveries.c.level, deliveries.c.id).limit(1)


def _record(connection: Connection, delivery: Delivery, attempt: Attempt) -> None:
    """The row of proof. Numbers go on also where two sent the same at a time."""
    highest = select(func.max(attempts.c.number)).where(attempts.c.delivery == delivery.id)
    number = (connection.execute(highest).scalar() or 0) + 1
    proof = {"began_ns": attempt.began_ns, "ended_ns": attempt.ended_ns, "outcome": attempt.outcome}
    connection.execute(insert(attempts).values(delivery=delivery.id, number=number, detail=attempt.detail, **proof))
    connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(attempts=number))
