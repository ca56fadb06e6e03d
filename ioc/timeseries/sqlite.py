"""Time series in one SQLite file: raw values and two tiers, read by other processes meanwhile."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from ioc.domain import Clock, Quality, Reading, Series, SystemClock
from ioc.timeseries import sql
from ioc.timeseries.connections import Connections
from ioc.timeseries.contract import HOUR, How, Rejected, Retention, Where, Window
from ioc.timeseries.grid import Grid
from ioc.timeseries.lines import END_OF_TIME, QUALITIES, Names, decode
from ioc.timeseries.memory import Bucket
from ioc.timeseries.question import Found, Group, Question, bucket_of, hour_of, line_of, worst
from ioc.timeseries.sqlite_roll import Roller, insert, make_blocks, marks_of, put_hours
from ioc.timeseries.sqlite_windows import as_json, found_of, members_of, quantiles_of, series_of

Row = tuple[Series, int, Bucket]  # a row of a tier: of which series, when it begins, what is kept


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
        self._roller = Roller(self._connections)
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
            return [series for _, series in members_of(connection, metric, where)]

    def latest(self, metric: str, where: Where | None, within_ns: int) -> list[Reading]:
        """See the contract."""
        with self._connections.reading() as connection:
            members = dict(members_of(connection, metric, where))
            oldest = max(self._clock.now_ns() - within_ns, marks_of(connection)["raw_from"])
            rows = connection.execute(sql.LATEST, (as_json(list(members)), oldest)).fetchall()
        return [Reading(members[number], t, value, QUALITIES[quality]) for number, t, value, quality in rows]

    def latest_all(self) -> Iterator[Reading]:
        """See the contract."""
        with self._connections.reading() as connection:
            rows = connection.execute(sql.LATEST_ALL, marks_of(connection)).fetchall()
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
            start = max(start, marks_of(connection)["raw_from"])
            for number, series in members_of(connection, metric, where):
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
        below: Found = {}
        sketched: set[Group] = set()
        with self._connections.reading() as connection:
            members = members_of(connection, metric, where)
            if question.quantile:
                found, sketched = quantiles_of(connection, question, members)
            else:
                found = found_of(connection, question, members)
            if question.denominator:
                below = found_of(connection, question, members_of(connection, question.denominator, where))
        return question.answer([series for _, series in members], found, below, sketched)

    def roll_up(self, now_ns: int) -> bool:
        """See the contract."""
        return self._roller.roll_up(now_ns)

    def retain(self, now_ns: int) -> None:
        """See the contract."""
        self._roller.retain(now_ns, self._retention)

    def raw_from(self) -> int:
        """See ``copying.Tiered``."""
        with self._connections.reading() as connection:
            return marks_of(connection)["raw_from"]

    def begins(self) -> int:
        """See ``copying.Tiered``."""
        with self._connections.reading() as connection:
            return int(connection.execute(sql.BEGINS).fetchone()[0])

    def rows(self, tier: int, start: int, stop: int) -> Iterator[Row]:
        """See ``copying.Tiered``."""
        statement = sql.HOUR_ROWS if tier == HOUR else sql.FIVE_MINUTES_ROWS
        with self._connections.reading() as connection:
            rows = connection.execute(statement, (start, stop))
            for key, time_ns, count, total, low, high, last, last_at, bits, sketch in rows:
                qualities = {quality for number, quality in enumerate(QUALITIES) if bits & 1 << number}
                yield series_of(key), time_ns, Bucket(count, total, low, high, last, last_at, qualities, sketch)

    def put_rows(self, tier: int, rows: Iterable[Row]) -> None:
        """See ``copying.Tiered``."""
        with self._write_lock, self._connections.writing() as self._writer:
            kept = [self._as_row(*row) for row in rows]
            if tier == HOUR:
                put_hours(self._writer, kept, sql.PUT_HOURS, sql.PUT_SKETCHES)
                make_blocks(self._writer, kept)
            else:
                insert(self._writer, sql.PUT_FIVE_MINUTES, [row[:-1] for row in kept])

    def close(self) -> None:
        """See the contract."""
        self._connections.close()

    def _write(self, connection: sqlite3.Connection, lines: Sequence[str]) -> list[tuple[int, str]]:
        marks = marks_of(connection)
        decoded = decode(lines, self._names, marks["raw_from"])
        rows = decoded.rows
        rows.sort(key=itemgetter(0))  # neighbours in the file; stable, so that the last of equal times wins
        insert(connection, sql.INSERT_RAW, rows)
        rolled_to, hours_to = marks["rolled_to"], marks["hours_claimed_to"]
        if decoded.oldest < rolled_to:
            late = {(number, bucket_of(t)) for number, t, _, _ in rows if t < rolled_to}
            insert(connection, sql.MARK_DIRTY, sorted(late))
            insert(
                connection, sql.MARK_DIRTY_HOUR, sorted({(number, hour_of(t)) for number, t in late if t < hours_to})
            )
        return decoded.rejected

    def _number_of(self, series: Series) -> int:
        assert self._writer is not None
        self._writer.execute(sql.NEW_SERIES, (series.metric, series.key))
        (number,) = self._writer.execute(sql.SERIES_ID, (series.key,)).fetchone()
        return int(number)

    def _as_row(self, series: Series, time_ns: int, bucket: Bucket) -> tuple[object, ...]:
        kept = (bucket.sum, bucket.count, bucket.min, bucket.max, bucket.last, bucket.last_at)
        qualities = sum(1 << QUALITIES.index(quality) for quality in bucket.qualities)
        return (self._number_of(series), time_ns, *kept, qualities, bucket.sketch)
