"""The quarantine: inputs that could not be understood, whole and encrypted, until a person has dealt with them."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, bindparam, func, select

from ioc.database import reading, writing
from ioc.domain import MINUTE, Clock, SystemClock
from ioc.errors import IocError, Reason
from ioc.intake.batch import Reject
from ioc.intake.seal import Sealer, SealError
from ioc.intake.tables import intake_cursor
from ioc.intake.tables import quarantine as table
from ioc.upsert import upsert

KEPT_OVER_CAP = 1024  # bytes of an input that are still kept when the quarantine is full
HARD_CAP = 1.25  # times the cap: from there on one row stands for all inputs of a topic with the same reason
LAST_CAP = 1.5  # and from there on for all inputs of a source with the same reason, whatever their topic
ROW_BYTES = 512  # what a row costs beside its bytes, about
AT_ONCE = 200  # written in one transaction, about
SAME_WITHIN_NS = 24 * 60 * MINUTE
DAY_NS = 24 * 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the quarantine. ``raw`` is None unless it was asked for, and where it cannot be opened.

    ``count`` inputs were the same, from ``received_ns`` to ``last_ns``. ``state`` is open, resent or discarded.
    """

    id: int
    state: str
    source: str
    topic: str
    facility: str
    reason: Reason
    detail: str
    received_ns: int
    last_ns: int
    count: int
    size: int
    truncated: bool
    resend_requested_ns: int | None
    closed_ns: int | None
    closed_by: str
    raw: bytes | None = None


@dataclass(slots=True)
class _Offered:
    """Inputs of one call that are the same: the first of them, with as much of it as is kept."""

    source: str
    reject: Reject
    raw: bytes
    last_ns: int
    count: int = 1


COLUMNS = [column for column in table.columns if column.name in Item.__slots__]
COUNT = (
    table.update()
    .where(table.c.id == bindparam("row"))
    .values(count=table.c.count + bindparam("more"), last_ns=bindparam("last"))
)


class Quarantine:
    """The rejected inputs of every source. Worker, web and command line each open their own.

    ``max_bytes`` is the cap of what is kept in all: over it only the first kilobyte of each input is kept and the
    row is flagged; a quarter over it, inputs of one topic with one reason share one row, which counts them; half
    over it, all inputs of a source with one reason do.
    """

    def __init__(
        self, engine: Engine, sealer: Sealer, clock: Clock | None = None, max_bytes: int = 2**30, days: int = 90
    ) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock or SystemClock()
        self._max_bytes = max_bytes
        self._days = days
        self._lock = threading.Lock()
        self._held = 0
        self._held_at_ns = -MINUTE

    def put(self, source: str, reject: Reject) -> None:
        """Keep one input at once, outside any journal."""
        with writing(self._engine) as connection:
            self._put(connection, [(source, reject)])

    def take_over(self, journal: str, rejects: Iterable[tuple[int, str, Reject]]) -> None:
        """Keep what stood in these entries (id, source, input) of a journal, each entry once however often it comes.

        Ids rise from call to call. A flood is written in several transactions, so that others get their turn.
        """
        waiting: list[tuple[int, str, Reject]] = []
        for _, group in groupby(sorted(rejects, key=itemgetter(0)), key=itemgetter(0)):
            waiting += group
            if len(waiting) >= AT_ONCE:
                self._take_over(journal, waiting)
                waiting = []
        self._take_over(journal, waiting)

    def _take_over(self, journal: str, rejects: Sequence[tuple[int, str, Reject]]) -> None:
        cursor = select(intake_cursor.c.entry).where(intake_cursor.c.journal == journal)
        with writing(self._engine) as connection:
            done = connection.execute(cursor).scalar_one_or_none() or 0
            new = [item for item in rejects if item[0] > done]
            if new:
                self._put(connection, [item[1:] for item in new])
                upsert(connection, intake_cursor, [{"journal": journal, "entry": new[-1][0]}])

    def list(
        self,
        *,
        state: str = "open",
        source: str = "",
        facility: str = "",
        reason: str = "",
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[Item]:
        """The newest first, without raw bytes; ``before_id`` goes on where the last page ended."""
        query = select(*COLUMNS).order_by(table.c.id.desc()).limit(limit)
        for column, wanted in (("state", state), ("source", source), ("facility", facility), ("reason", reason)):
            if wanted:
                query = query.where(table.c[column] == wanted)
        if before_id is not None:
            query = query.where(table.c.id < before_id)
        return [_item(row) for row in self._rows(query)]

    def counts(self, facility: str = "") -> dict[str, int]:
        """How many inputs are open, by reason."""
        query = select(table.c.reason, func.sum(table.c.count).label("n")).where(table.c.state == "open")
        if facility:
            query = query.where(table.c.facility == facility)
        return {row["reason"]: int(row["n"]) for row in self._rows(query.group_by(table.c.reason))}

    def get(self, id_: int, *, raw: bool = False) -> Item | None:
        """One item; with ``raw`` also its bytes, which may name a patient: the caller writes to the audit log."""
        rows = self._rows(select(*COLUMNS, table.c.sealed).where(table.c.id == id_))
        if not rows:
            return None
        if not raw or not rows[0]["sealed"]:
            return _item(rows[0])
        try:
            return _item(rows[0], self._sealer.open(rows[0]["sealed"]))
        except SealError:
            return _item(rows[0])

    def resend(self, id_: int) -> None:
        """Ask the worker to send an open item through again. Raises IocError when that cannot be."""
        with writing(self._engine) as connection:
            row = connection.execute(select(table.c.state, table.c.truncated).where(table.c.id == id_)).one_or_none()
            if row is None or row.state != "open":
                raise IocError(
                    f"There is no open item {id_} in the quarantine.", "It may have been dealt with already."
                )
            if row.truncated:
                raise IocError(
                    f"Item {id_} cannot be sent again: the quarantine was full and kept only its first bytes.",
                    "Have the device send it again.",
                )
            connection.execute(table.update().where(table.c.id == id_).values(resend_requested_ns=self._clock.now_ns()))

    def discard(self, id_: int, by: str) -> None:
        """Close an open item without using it; its bytes are forgotten. Raises IocError where there is none."""
        if not self._close(id_, "discarded", by):
            raise IocError(f"There is no open item {id_} in the quarantine.", "It may have been dealt with already.")

    def to_resend(self, limit: int = 100) -> Sequence[Item]:
        """The open items that somebody asked to send again, oldest first, with their bytes."""
        query = (
            select(table)
            .where(table.c.state == "open", table.c.resend_requested_ns.is_not(None))
            .order_by(table.c.id)
            .limit(limit)
        )
        items = []
        for row in self._rows(query):
            try:
                items.append(_item(row, self._sealer.open(row["sealed"])))
            except SealError as error:
                self.refused_again(row["id"], Reason.INTERNAL, str(error))
        return items

    def resent(self, id_: int) -> None:
        """Close an item that went through."""
        self._close(id_, "resent", "")

    def refused_again(self, id_: int, reason: Reason, detail: str) -> None:
        """Keep an item open that did not go through, with what is wrong with it now."""
        with writing(self._engine) as connection:
            connection.execute(
                table.update()
                .where(table.c.id == id_)
                .values(resend_requested_ns=None, reason=reason.value, detail=detail[:500])
            )

    def prune(self) -> int:
        """Forget what came longer ago than the settings allow; returns how many rows."""
        before = self._clock.now_ns() - self._days * DAY_NS
        with writing(self._engine) as connection:
            return connection.execute(table.delete().where(table.c.last_ns < before)).rowcount

    def _rows(self, query: Select[tuple[object, ...]]) -> Sequence[RowMapping]:
        with reading(self._engine) as connection:
            return connection.execute(query).mappings().all()

    def _close(self, id_: int, state: str, by: str) -> bool:
        with writing(self._engine) as connection:
            closed = connection.execute(
                table.update()
                .where(table.c.id == id_, table.c.state == "open")
                .values(state=state, closed_ns=self._clock.now_ns(), closed_by=by, sealed=b"", sealed_size=0)
            )
            return closed.rowcount > 0

    def _put(self, connection: Connection, rejects: Iterable[tuple[str, Reject]]) -> None:
        """Count what is open already on its row; the rest gets rows."""
        now_ns = self._clock.now_ns()
        held = self._bytes_held(connection, now_ns)
        offered: dict[str, _Offered] = {}
        for source, reject in rejects:
            topic = reject.topic.encode() if held < self._max_bytes * LAST_CAP else b""
            told_apart_by = reject.raw if held < self._max_bytes * HARD_CAP else b""
            digest = self._sealer.digest(source.encode(), topic, reject.reason.value.encode(), told_apart_by)
            if digest in offered:
                offered[digest].count += 1
                offered[digest].last_ns = reject.received_ns
                continue
            raw = reject.raw if held < self._max_bytes else reject.raw[:KEPT_OVER_CAP]
            offered[digest] = _Offered(source, reject, raw, reject.received_ns)
            held += len(raw) + ROW_BYTES
        same = (table.c.state == "open") & (table.c.last_ns >= now_ns - SAME_WITHIN_NS)
        query = select(table.c.digest, table.c.id).where(table.c.digest.in_(list(offered)), same).order_by(table.c.id)
        open_rows: dict[str, int] = {row.digest: row.id for row in connection.execute(query)}
        counted = [
            {"row": open_rows[digest], "more": it.count, "last": it.last_ns}
            for digest, it in offered.items()
            if digest in open_rows
        ]
        new = [self._row(digest, it) for digest, it in offered.items() if digest not in open_rows]
        if counted:
            connection.execute(COUNT, counted)
        if new:
            connection.execute(table.insert(), new)
            self._held += sum(row["sealed_size"] + ROW_BYTES for row in new)

    def _row(self, digest: str, offered: _Offered) -> dict[str, Any]:
        reject = offered.reject
        sealed = self._sealer.seal(offered.raw)
        return {
            "digest": digest,
            "state": "open",
            "source": offered.source[:64],
            "topic": reject.topic[:512],
            "facility": reject.facility[:64],
            "reason": reject.reason.value,
            "detail": reject.detail[:500],
            "received_ns": reject.received_ns,
            "last_ns": offered.last_ns,
            "count": offered.count,
            "size": len(reject.raw),
            "truncated": len(offered.raw) < len(reject.raw),
            "sealed": sealed,
            "sealed_size": len(sealed),
        }

    def _bytes_held(self, connection: Connection, now_ns: int) -> int:
        """About how much is kept: summed up once a minute, since adding up a full table is not free."""
        with self._lock:
            if now_ns - self._held_at_ns >= MINUTE:
                size = func.coalesce(func.sum(table.c.sealed_size + ROW_BYTES), 0)
                self._held = int(connection.execute(select(size)).scalar_one())
                self._held_at_ns = now_ns
            return self._held


def quarantined_by_source(engine: Engine) -> dict[str, int]:
    """How many inputs are open, by source; for those who count and hold no key."""
    query = select(table.c.source, func.sum(table.c.count)).where(table.c.state == "open").group_by(table.c.source)
    with reading(engine) as connection:
        return {source: int(count) for source, count in connection.execute(query)}


def _item(row: RowMapping, raw: bytes | None = None) -> Item:
    fields = {name: row[name] for name in row if name in Item.__slots__}
    return Item(**fields | {"reason": Reason(row["reason"]), "raw": raw})
