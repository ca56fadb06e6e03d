"""The tiers of the SQLite file: made from what is complete, made again where late values came, dropped in their time.

The rows of an hour take long to make, for the sketches each value is read. So that the worker need not wait to write,
they are made outside of its lock: first the hours are claimed, and from then on late values mark them as dirty; then
they are read and reckoned; then they are put in their place.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

from ioc.domain import MINUTE, rfc3339
from ioc.timeseries import sql
from ioc.timeseries.connections import Connections
from ioc.timeseries.contract import FIVE_MINUTES, HOUR, ROLL_FOR_S, Retention
from ioc.timeseries.lines import END_OF_TIME
from ioc.timeseries.question import bucket_of, hour_of
from ioc.timeseries.sqlite_blocks import BLOCK, NUMBERS, block_of, make

COMPLETE_AFTER = MINUTE  # a bucket is rolled up this long after it ends, so that few values come late
BUCKETS_AT_ONCE = 20_000  # about as many in one transaction, so that the worker never waits long for the lock
TOUCHED_AT_ONCE = 5_000
TOUCHED_HOURS_AT_ONCE = 200  # every value of them is read
SERIES_AT_ONCE = 50
BLOCKS_AT_ONCE = 500
_ALL = {"below": END_OF_TIME - 1}

log = logging.getLogger(__name__)


class Roller:
    """Makes the rows of both tiers; one process at a time, and one of its threads."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._lock = threading.Lock()

    def roll_up(self, now_ns: int) -> bool:
        """See the contract."""
        with self._lock:
            return self._roll_up(now_ns)

    def retain(self, now_ns: int, retention: Retention) -> None:
        """See the contract."""
        with self._lock:
            self._roll_up(now_ns)
            self._drop(now_ns, retention)

    def _roll_up(self, now_ns: int) -> bool:
        until = time.monotonic() + ROLL_FOR_S
        complete = bucket_of(now_ns - COMPLETE_AFTER)
        done = (
            _repeated(lambda _: self._again(_roll_touched, TOUCHED_AT_ONCE), FIVE_MINUTES, until)
            and _repeated(lambda span: self._onward(span, complete), FIVE_MINUTES, until)
            and _repeated(lambda _: self._again(_roll_touched_hours, TOUCHED_HOURS_AT_ONCE), HOUR, until)
            and _repeated(self._hours_onward, HOUR, until)
            and _repeated(lambda _: self._blocks_onward(), BLOCK, until)
        )
        if not done:
            with self._connections.reading() as connection:
                marks = marks_of(connection)
            reached = (rfc3339(marks[name]) for name in ("rolled_to", "hours_to"))
            log.info("Older values are being rolled up: to five minutes up to %s, to hours up to %s.", *reached)
        return done

    def _drop(self, now_ns: int, retention: Retention) -> None:
        raw_ns, five_minutes_ns, one_hour_ns = retention.tiers
        with self._connections.writing() as connection:
            marks = marks_of(connection)
            raw_from = max(min(hour_of(now_ns - raw_ns), marks["hours_to"]), marks["raw_from"])
            five_from = max(min(hour_of(now_ns - five_minutes_ns), marks["hours_to"]), marks["five_minutes_from"])
            _roll_touched(connection, below=raw_from, limit=-1)  # their raw values go now
            _roll_touched_hours(connection, below=raw_from, limit=-1)
            connection.execute(sql.SET_MARK, (raw_from, "raw_from"))
            connection.execute(sql.SET_MARK, (five_from, "five_minutes_from"))
            hours_from = hour_of(now_ns - one_hour_ns)
            blocks_from = max(-(-hours_from // BLOCK) * BLOCK, marks["blocks_from"])
            connection.execute(sql.SET_MARK, (blocks_from, "blocks_from"))
            numbers = [number for (number,) in connection.execute(sql.SERIES_IDS)]
        before = {"raw": raw_from, "five_minutes": five_from, "one_hour": hours_from, "sketch": hours_from}
        for first in range(0, len(numbers), SERIES_AT_ONCE):
            with self._connections.writing() as connection:
                for table, time_ns in before.items():
                    for number in numbers[first : first + SERIES_AT_ONCE]:
                        connection.execute(sql.DROP_OLD[table], (number, time_ns))
                for number in numbers[first : first + SERIES_AT_ONCE]:
                    connection.execute(sql.DROP_BLOCKS, (number * NUMBERS, number * NUMBERS + blocks_from // BLOCK))

    def _again(self, roll: Callable[..., bool], limit: int) -> int | None:
        with self._connections.writing() as connection:
            return 0 if roll(connection, **_ALL, limit=limit) else None

    def _onward(self, span: int, complete: int) -> int | None:
        """Roll up the next ``span`` that holds anything; how many rows that made, None where all is done."""
        with self._connections.writing() as connection:
            rolled_to = marks_of(connection)["rolled_to"]
            (first,) = connection.execute(sql.FIRST_RAW, (rolled_to,)).fetchone()
            start = complete if first is None else bucket_of(first)
            stop = min(start + span, complete)
            made = 0
            if start < stop:
                made = connection.execute(sql.ROLL_SPAN, {"start": start, "stop": stop}).rowcount
            connection.execute(sql.SET_MARK, (max(rolled_to, stop), "rolled_to"))
            return made if stop < complete else None

    def _hours_onward(self, span: int) -> int | None:
        """The same of the hours. A row that is there was put there, and its values are gone: it stays."""
        with self._connections.writing() as connection:
            marks = marks_of(connection)
            complete = hour_of(marks["rolled_to"])
            (first,) = connection.execute(sql.FIRST_FIVE_MINUTES, (marks["hours_to"],)).fetchone()
            start = complete if first is None else hour_of(first)
            stop = max(marks["hours_to"], min(start + span, complete))
            connection.execute(sql.SET_MARK, (max(marks["hours_claimed_to"], stop), "hours_claimed_to"))
            connection.execute(sql.CLAIM_DIRTY, (marks["hours_to"], stop))
        with self._connections.reading() as connection:
            chosen = {"start": start, "stop": stop, "raw_from": marks["raw_from"]}
            made = connection.execute(sql.HOURS_OF_SPAN, chosen).fetchall() if start < stop else []
        with self._connections.writing() as connection:
            put_hours(connection, made, sql.ADD_HOURS, sql.ADD_SKETCHES)
            connection.execute(sql.SET_MARK, (stop, "hours_to"))
        return len(made) if stop < complete else None

    def _blocks_onward(self) -> int | None:
        """Make some of the blocks of the next week that has any hours; None where all complete ones are made."""
        with self._connections.writing() as connection:
            marks = marks_of(connection)
            complete = block_of(marks["hours_to"])
            if marks["blocks_to"] >= complete:
                return None
            (first,) = connection.execute(sql.FIRST_HOUR, (marks["blocks_to"],)).fetchone()
            start = complete if first is None else min(block_of(first), complete)
            chosen = {"start": start, "stop": start + BLOCK, "after": marks["blocks_series"], "limit": BLOCKS_AT_ONCE}
            numbers = (
                [number for (number,) in connection.execute(sql.SERIES_WITH_HOURS, chosen)] if start < complete else []
            )
            make(connection, ((number, start) for number in numbers))
            more = len(numbers) == BLOCKS_AT_ONCE
            to = start if more or start == complete else start + BLOCK
            connection.execute(sql.SET_MARK, (to, "blocks_to"))
            connection.execute(sql.SET_MARK, (numbers[-1] if more else 0, "blocks_series"))
            return 0


def marks_of(connection: sqlite3.Connection) -> dict[str, int]:
    """How far the tiers reach."""
    return dict(connection.execute(sql.MARKS).fetchall())


def insert(connection: sqlite3.Connection, statements: dict[int, str], rows: Sequence[Sequence[Any]]) -> None:
    """Put rows in, many by a statement."""
    first = 0
    for size, statement in statements.items():
        while len(rows) - first >= size:
            connection.execute(statement, list(chain.from_iterable(rows[first : first + size])))
            first += size


def put_hours(
    connection: sqlite3.Connection, rows: Sequence[Sequence[Any]], hours: dict[int, str], sketches: dict[int, str]
) -> None:
    """Put in the rows of hours, of which the last column is the sketch or None."""
    insert(connection, hours, [row[:-1] for row in rows])
    insert(connection, sketches, [(row[0], row[1], row[-1]) for row in rows if row[-1] is not None])


def make_blocks(connection: sqlite3.Connection, hours: Iterable[Sequence[Any]]) -> None:
    """Make the blocks anew in which these hours lie, as far as there are blocks."""
    blocks_to = marks_of(connection)["blocks_to"]  # those of the week that begins there are being made
    make(connection, ((row[0], row[1]) for row in hours if block_of(row[1]) <= blocks_to))


def _repeated(step: Callable[[int], int | None], unit: int, until: float) -> bool:
    """Go on with ``step`` until it gives None: True, or until the time is over: False."""
    span = unit
    while (made := step(span)) is not None:
        if time.monotonic() >= until:
            return False
        span = span * 2 if made * 2 <= BUCKETS_AT_ONCE else max(unit, span // 2 // unit * unit)
    return True


def _roll_touched(connection: sqlite3.Connection, *, below: int, limit: int) -> bool:
    chosen = {"below": below, "limit": limit}
    connection.execute(sql.DROP_TOUCHED, chosen)
    connection.execute(sql.ROLL_TOUCHED, chosen)
    return connection.execute(sql.UNMARK_TOUCHED, chosen).rowcount > 0


def _roll_touched_hours(connection: sqlite3.Connection, *, below: int, limit: int) -> bool:
    chosen = {"below": below, "limit": limit}
    touched = connection.execute(sql.TOUCHED_HOURS, chosen).fetchall()
    made = connection.execute(sql.HOURS_TOUCHED, chosen | {"raw_from": marks_of(connection)["raw_from"]}).fetchall()
    connection.execute(sql.DROP_HOURS, chosen)
    connection.execute(sql.DROP_SKETCHES, chosen)
    put_hours(connection, made, sql.PUT_HOURS, sql.PUT_SKETCHES)
    make_blocks(connection, touched)
    return connection.execute(sql.UNMARK_HOURS, chosen).rowcount > 0
