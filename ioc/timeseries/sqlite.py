"""Time series in one SQLite file: raw values and buckets of five minutes, read by other processes meanwhile."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from pathlib import Path

import orjson

from ioc.domain import MINUTE, Clock, Quality, Reading, Series, SystemClock
from ioc.timeseries import sql
from ioc.timeseries.connections import Connections
from ioc.timeseries.contract import FIVE_MINUTES, How, Rejected, Retention, Where, Window
from ioc.timeseries.grid import Grid
from ioc.timeseries.lines import END_OF_TIME, QUALITIES, Names, decode
from ioc.timeseries.memory import Bucket
from ioc.timeseries.question import Found, Group, Point, Question, bucket_of, line_of, matches, worst

COMPLETE_AFTER = MINUTE  # a bucket is rolled up this long after it ends, so that few values come late
BUCKETS_AT_ONCE = 20_000  # about as many in one transaction, so that the worker never waits long for the lock
TOUCHED_AT_ONCE = 5_000
SERIES_AT_ONCE = 50
SERIES_REMEMBERED = 20_000  # by their keys: to read these anew is half of what a short question costs

FiveMinutes = tuple[Series, int, Bucket]  # a row of the tier: of which series, when it begins, what is kept
_WindowRow = tuple[int, int, float, int, int, int]  # group, window, value, newest time, any sim, any test


class SqliteStore:
    """The store of a single box. One process writes lines; any number read, and the scheduler rolls up."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock | None = None,
        retention: Retention | None = None,
        read_only: bool = False,
    ) -> None:
        self._clock = clock or SystemClock()
        self._retention = retention or Retention()
        self._connections = Connections(path, read_only=read_only)
        self._write_lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._names = Names(self._number_of)

    def write_lines(self, lines: Sequence[str]) -> None:
        """See the contract."""
        with self._write_lock:
            try:
                with self._connections.writing() as self._writer:
                    rejected = self._write(self._writer, lines)
            except BaseException:
                self._names.forget()
                raise
            self._names.keep()
        if rejected:
            raise Rejected(rejected)

    def write(self, readings: Iterable[Reading]) -> None:
        """See the contract."""
        self.write_lines([line_of(reading) for reading in readings])

    def series(self, metric: str, where: Where | None = None) -> list[Series]:
        """See the contract."""
        with self._connections.reading() as connection:
            return [series for _, series in _members(connection, metric, where)]

    def latest(self, metric: str, where: Where | None, within_ns: int) -> list[Reading]:
        """See the contract."""
        with self._connections.reading() as connection:
            members = dict(_members(connection, metric, where))
            oldest = max(self._clock.now_ns() - within_ns, _marks(connection)["raw_from"])
            rows = connection.execute(sql.LATEST, (_json(list(members)), oldest)).fetchall()
        return [Reading(members[number], t, value, QUALITIES[quality]) for number, t, value, quality in rows]

    def latest_all(self) -> Iterator[Reading]:
        """See the contract."""
        with self._connections.reading() as connection:
            rows = connection.execute(sql.LATEST_ALL, {"raw_from": _marks(connection)["raw_from"]}).fetchall()
        for key, time_ns, value, qualities in rows:
            named = {quality for number, quality in enumerate(QUALITIES) if qualities & 1 << number}
            yield Reading(Series.parse(key), time_ns, value, Quality.BAD if named == {Quality.BAD} else worst(named))

    def raw(
        self, metric: str, where: Where | None, start: int, stop: int, limit: int | None = None
    ) -> list[tuple[Series, list[tuple[int, float, Quality]]]]:
        """See the contract."""
        answer = []
        left = END_OF_TIME - 1 if limit is None else limit
        with self._connections.reading() as connection:
            start = max(start, _marks(connection)["raw_from"])
            for number, series in _members(connection, metric, where):
                rows = connection.execute(sql.RAW, (number, start, stop, left)).fetchall()
                if rows:
                    answer.append((series, [(t, value, QUALITIES[quality]) for t, value, quality in rows]))
                left -= len(rows)
        return answer

    def window(
        self,
        metric: str,
        where: Where | None,
        start: int,
        stop: int,
        *,
        every: int,
        how: How | str,
        by: Sequence[str] | None = None,
        zone: str = "UTC",
        denominator: str | None = None,
    ) -> list[Window]:
        """See the contract."""
        question = Question.of(Grid.of(start, stop, every, zone), how, by, denominator)
        with self._connections.reading() as connection:
            members = _members(connection, metric, where)
            found = _found(connection, question, members)
            below: Found = {}
            if question.denominator:
                below = _found(connection, question, _members(connection, question.denominator, where))
        return question.answer([series for _, series in members], found, below)

    def roll_up(self, now_ns: int) -> None:
        """See the contract."""
        complete = bucket_of(now_ns - COMPLETE_AFTER)
        while self._roll_touched():
            pass
        span = FIVE_MINUTES
        while (made := self._roll_span(span, complete)) is not None:
            span = span * 2 if made * 2 <= BUCKETS_AT_ONCE else max(FIVE_MINUTES, bucket_of(span // 2))

    def retain(self, now_ns: int) -> None:
        """See the contract."""
        self.roll_up(now_ns)
        with self._connections.writing() as connection:
            marks = _marks(connection)
            raw_from = min(bucket_of(now_ns - self._retention.raw_ns), marks["rolled_to"])
            raw_from = max(raw_from, marks["raw_from"])
            kept_ns = max(self._retention.five_minutes_ns, self._retention.raw_ns)
            buckets_from = max(bucket_of(now_ns - kept_ns), marks["five_minutes_from"])
            _roll_touched(connection, below=raw_from, limit=-1)  # their raw values go now
            connection.execute(sql.SET_MARK, (raw_from, "raw_from"))
            connection.execute(sql.SET_MARK, (buckets_from, "five_minutes_from"))
            numbers = connection.execute(sql.SERIES_IDS).fetchall()
        for first in range(0, len(numbers), SERIES_AT_ONCE):
            with self._connections.writing() as connection:
                for (number,) in numbers[first : first + SERIES_AT_ONCE]:
                    connection.execute(sql.DROP_RAW, (number, raw_from))
                    connection.execute(sql.DROP_FIVE_MINUTES, (number, buckets_from))

    def raw_from(self) -> int:
        """See ``copying.Tiered``."""
        with self._connections.reading() as connection:
            return _marks(connection)["raw_from"]

    def five_minutes(self, start: int, stop: int) -> Iterator[FiveMinutes]:
        """See ``copying.Tiered``."""
        with self._connections.reading() as connection:
            for key, time_ns, count, total, low, high, last, last_at, bits in connection.execute(
                sql.FIVE_MINUTES_ROWS, (start, stop)
            ):
                qualities = {quality for number, quality in enumerate(QUALITIES) if bits & 1 << number}
                yield _series(key), time_ns, Bucket(count, total, low, high, last, last_at, qualities)

    def put_five_minutes(self, rows: Iterable[FiveMinutes]) -> None:
        """See ``copying.Tiered``."""
        with self._write_lock, self._connections.writing() as self._writer:
            for series, time_ns, bucket in rows:
                qualities = sum(1 << QUALITIES.index(quality) for quality in bucket.qualities)
                kept = (bucket.count, bucket.sum, bucket.min, bucket.max, bucket.last, bucket.last_at, qualities)
                self._writer.execute(sql.PUT_FIVE_MINUTES, (self._number_of(series), time_ns, *kept))

    def close(self) -> None:
        """See the contract."""
        self._connections.close()

    def _write(self, connection: sqlite3.Connection, lines: Sequence[str]) -> list[tuple[int, str]]:
        marks = _marks(connection)
        decoded = decode(lines, self._names, marks["raw_from"])
        rows = decoded.rows
        rows.sort(key=itemgetter(0))  # neighbours in the file; stable, so that the last of equal times wins
        _insert(connection, sql.INSERT_RAW, rows)
        rolled_to = marks["rolled_to"]
        if decoded.oldest < rolled_to:
            late = {(number, bucket_of(t)) for number, t, _, _ in rows if t < rolled_to}
            _insert(connection, sql.MARK_DIRTY, sorted(late))
        return decoded.rejected

    def _number_of(self, series: Series) -> int:
        assert self._writer is not None
        self._writer.execute(sql.NEW_SERIES, (series.metric, series.key))
        (number,) = self._writer.execute(sql.SERIES_ID, (series.key,)).fetchone()
        return int(number)

    def _roll_touched(self) -> bool:
        with self._connections.writing() as connection:
            return _roll_touched(connection, below=END_OF_TIME - 1, limit=TOUCHED_AT_ONCE)

    def _roll_span(self, span: int, complete: int) -> int | None:
        """Roll up the next ``span`` that holds anything; how many buckets that made, None where all is done."""
        with self._connections.writing() as connection:
            rolled_to = _marks(connection)["rolled_to"]
            (first,) = connection.execute(sql.FIRST_FROM, (rolled_to,)).fetchone()
            start = complete if first is None else bucket_of(first)
            stop = min(start + span, complete)
            made = 0
            if start < stop:
                made = connection.execute(sql.ROLL_SPAN, {"start": start, "stop": stop}).rowcount
            connection.execute(sql.SET_MARK, (max(rolled_to, stop), "rolled_to"))
            return made if stop < complete else None


def _roll_touched(connection: sqlite3.Connection, *, below: int, limit: int) -> bool:
    chosen = {"below": below, "limit": limit}
    connection.execute(sql.DROP_TOUCHED, chosen)
    connection.execute(sql.ROLL_TOUCHED, chosen)
    return connection.execute(sql.UNMARK_TOUCHED, chosen).rowcount > 0


def _insert(connection: sqlite3.Connection, statements: dict[int, str], rows: Sequence[tuple[float, ...]]) -> None:
    first = 0
    for size, statement in statements.items():
        while len(rows) - first >= size:
            connection.execute(statement, list(chain.from_iterable(rows[first : first + size])))
            first += size


def _marks(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute(sql.MARKS).fetchall())


@lru_cache(SERIES_REMEMBERED)
def _series(key: str) -> Series:
    return Series.parse(key)


def _members(connection: sqlite3.Connection, metric: str, where: Where | None) -> list[tuple[int, Series]]:
    found = ((number, _series(key)) for number, key in connection.execute(sql.SERIES_OF, (metric,)))
    return [(number, series) for number, series in found if matches(series, where)]


def _found(connection: sqlite3.Connection, question: Question, members: list[tuple[int, Series]]) -> Found:
    """The groups' points. For ``last`` each series is asked by itself: of equal times the last key's counts."""
    groups: list[Group] = []
    place: dict[Group, int] = {}
    asked: dict[str, int] = {}
    for number, series in members:
        group = question.group(series)
        if question.how is How.LAST or group not in place:
            place[group] = len(groups)
            groups.append(group)
        asked[str(number)] = place[group]
    rows = sorted(_window_rows(connection, question, _json(asked)), key=itemgetter(3, 0))  # by time, then key
    found: dict[Group, dict[int, Point]] = {}
    for number, window, value, _, sim, test in rows:
        quality = Quality.SIM if sim else Quality.TEST if test else Quality.GOOD
        points = found.setdefault(groups[number], {})
        points[window] = (value, worst((quality, points.get(window, (value, quality))[1])))
    return found


def _window_rows(connection: sqlite3.Connection, question: Question, members: str) -> Iterator[_WindowRow]:
    marks = _marks(connection)
    statement, from_raw = sql.FROM_BUCKETS[question.how], marks["rolled_to"]
    if not question.grid.whole_buckets:
        statement, from_raw = sql.FROM_RAW[question.how], marks["raw_from"]
    elif connection.execute(sql.ANY_DIRTY).fetchone()[0]:
        statement = sql.FROM_BUCKETS_BUT_DIRTY[question.how]
    for run in question.grid.runs():
        span = {"start": run.start, "stop": run.stop, "step": run.step, "members": members, "rolled_to": from_raw}
        for group, window, *rest in connection.execute(statement, span):
            yield (group, window + run.first, *rest)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
