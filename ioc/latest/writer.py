"""Keeps the present: the newest value of each series, written where it changed at most every 100 ms."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import isfinite
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, literal_column, select, update
from sqlalchemy.exc import DBAPIError

from ioc.catalogue import Catalogue
from ioc.database import reading
from ioc.domain import Clock, Frame, Quality, Reading, Series, SystemClock
from ioc.errors import RetryError
from ioc.failpoints import failpoint
from ioc.latest.ages import max_age_ns
from ioc.latest.tables import latest, latest_counter
from ioc.registry import Registry
from ioc.upsert import insert_statement, upsert_statement

log = logging.getLogger(__name__)

FLUSH_EVERY = 0.1  # seconds
KNOWN_LIMIT = 200_000  # series remembered at once
CENSUS = "census"  # the source of its series
_SIMULATED = ("", Quality.SIM)  # nothing known, or itself simulated
REPLACED = ("value", "quality", "as_of_ns", "received_ns", "max_age_ns", "change")


class Rebuildable(Protocol):
    """A store that knows the newest value of every series, as ``ioc.timeseries.Store`` does."""

    def latest_all(self) -> Iterable[Reading]:
        """The newest value of every series."""
        ...


class _Known:
    """A series as this writer remembers it: what it last offered to the database, or found there."""

    __slots__ = ("as_of_ns", "key", "max_age_ns", "quality", "received_ns", "value")

    def __init__(self, key: str, max_age_ns: int) -> None:
        self.key = key
        self.max_age_ns = max_age_ns
        self.as_of_ns = -1
        self.received_ns = 0
        self.value = 0.0
        self.quality = ""


class LatestWriter:
    """Takes live frames from any thread (``offer``) and keeps the newest value of each series by its own time.

    The later offered wins between two of the same time; a simulated value does not replace a real one that is in date.
    Several writers may share a database: the row there is
    compared again, and change numbers are drawn inside the transaction that holds the counter.
    """

    def __init__(
        self,
        engine: Engine,
        catalogue: Catalogue,
        registry: Registry,
        clock: Clock | None = None,
        *,
        timed: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """``timed`` opens what measures how long each write takes."""
        self._engine = engine
        self._catalogue = catalogue
        self._registry = registry
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._arrived = threading.Event()
        self._newest: dict[str, Frame] = {}  # by prefix
        self._others: list[Frame] = []  # what a newer frame of the same prefix does not wholly replace
        self._known: dict[str, dict[str, _Known]] = {}  # by prefix and field
        self._unsaved: dict[str, _Known] = {}
        self._statement = upsert_statement(
            engine,
            latest,
            REPLACED,
            lambda new: ((new.as_of_ns > latest.c.as_of_ns) & ~_only_simulated(new)) | _same_time_other_value(new),
        ).compile(dialect=engine.dialect)
        self._connection: Connection | None = None
        self._timed = timed
        self.error = ""
        with self._writing() as connection:
            connection.execute(insert_statement(engine, latest_counter), {"id": 1, "change": 0})

    def offer(self, frames: Sequence[Frame]) -> None:
        """Take live frames, to be written with the next flush. Frames marked ``hist`` are not for here."""
        newest = self._newest
        with self._lock:
            for frame in frames:
                before = newest.get(frame.prefix)
                if before is not None and (
                    before.time_ns > frame.time_ns or before.fields.keys() - frame.fields.keys()
                ):
                    self._others.append(before)
                newest[frame.prefix] = frame
        self._arrived.set()

    def flush(self) -> None:
        """Write what was offered and has changed, in one transaction; raises RetryError and keeps it then."""
        with self._flushing:
            self._take_over()
            if not self._unsaved:
                return
            try:
                with self._timed():
                    self._save()
            except DBAPIError as error:
                raise RetryError(f"The present cannot be written to the database: {error.orig}.") from error
            failpoint("after-latest")
            self._unsaved = {}

    def run(self, stop: threading.Event) -> None:
        """Flush until ``stop`` is set, at once when something arrives after a pause; call ``wake`` to end it."""
        while not stop.is_set():
            self._arrived.wait()
            self._arrived.clear()
            started = time.monotonic()
            try:
                self.flush()
            except RetryError as error:
                if not self.error:
                    log.warning("%s It is tried again every second.", error)
                self.error = str(error)
                self._arrived.set()
                stop.wait(1.0)
                continue
            self.error = ""
            stop.wait(max(0.0, started + FLUSH_EVERY - time.monotonic()))

    def wake(self) -> None:
        """End the wait of ``run``, as at the end of the program."""
        self._arrived.set()

    def close(self) -> None:
        """Close the connection; what was not flushed is forgotten."""
        with self._flushing:
            self._hang_up()

    def rebuild(self, store: Rebuildable) -> None:
        """Give rows the maximum age that holds now, and add series that only the store knows.

        What the store has of the census stays out: samples carry the minute that they were taken for, which is no age,
        and the census tells its own numbers at each start.
        """
        with reading(self._engine) as connection:
            rows = {row.key: row for row in connection.execute(select(latest))}
        with self._flushing:
            for found in store.latest_all():
                if found.series.key not in rows and found.series.tag("source") != CENSUS:
                    known = self._remember(found.series)
                    self._consider(known, found.time_ns, found.value, found.quality, found.time_ns)
            self._give_ages({key: row.max_age_ns for key, row in rows.items()})
        self.flush()

    def _give_ages(self, written: dict[str, int]) -> None:
        ages = {key: self._max_age_ns(Series.parse(key)) for key in written}
        changed = [key for key, age in ages.items() if age != written[key]]
        if changed:
            with self._writing() as connection:
                change = self._next_change(connection)
                for key in changed:
                    values = {"max_age_ns": ages[key], "change": change}
                    connection.execute(update(latest).where(latest.c.key == key).values(values))

    def _take_over(self) -> None:
        """Turn the frames offered since the last flush into the series that changed, oldest offered first."""
        with self._lock:
            frames, self._others = self._others, []
            frames.extend(self._newest.values())
            self._newest = {}
        if len(self._known) > KNOWN_LIMIT:
            self._known.clear()
        for frame in frames:
            by_field = self._known.get(frame.prefix)
            if by_field is None:
                by_field = self._known[frame.prefix] = {}
            for field, value in frame.fields.items():
                known = by_field.get(field)
                if known is None:
                    known = by_field[field] = self._remember(frame.series(field))
                self._consider(known, frame.time_ns, value, frame.quality, frame.received_ns)

    def _consider(self, known: _Known, time_ns: int, value: float, quality: str, received_ns: int) -> None:
        if time_ns < known.as_of_ns or not isfinite(value):
            return
        if time_ns == known.as_of_ns and value == known.value and quality == known.quality:
            return
        if quality == Quality.SIM and known.quality not in _SIMULATED and time_ns <= known.as_of_ns + known.max_age_ns:
            return
        known.as_of_ns = time_ns
        known.value = value
        known.quality = quality
        known.received_ns = received_ns
        self._unsaved[known.key] = known

    def _remember(self, series: Series) -> _Known:
        return self._unsaved.get(series.key) or _Known(series.key, self._max_age_ns(series))

    def _max_age_ns(self, series: Series) -> int:
        return max_age_ns(series, self._catalogue, self._registry)

    def _save(self) -> None:
        with self._writing() as connection:
            change = self._next_change(connection)
            rows: Any = [
                (
                    known.key,
                    known.value,
                    str(known.quality),
                    known.as_of_ns,
                    known.received_ns,
                    known.max_age_ns,
                    change,
                )
                for known in self._unsaved.values()
            ]
            if not self._statement.positional:
                rows = [dict(zip(("key", *REPLACED), row, strict=True)) for row in rows]
            connection.exec_driver_sql(self._statement.string, rows)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """As ``ioc.database.writing``, on one connection: its cache, and SQLite's log, stay open between flushes.

        In no lane: where rows can be locked, that of the counter is the lock of all writers of the present.
        """
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(ioc_begin="immediate")
        try:
            with self._connection.begin():
                yield self._connection
        except DBAPIError:
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _next_change(self, connection: Connection) -> int:
        """The next number. Its row stays locked to the end of the transaction, so numbers are seen in their order."""
        counter = update(latest_counter).values(change=latest_counter.c.change + 1).returning(latest_counter.c.change)
        number: int = connection.execute(counter).scalar_one()
        return number


def _same_time_other_value(new: Any) -> Any:
    return (new.as_of_ns == latest.c.as_of_ns) & ((new.value != latest.c.value) | (new.quality != latest.c.quality))


def _only_simulated(new: Any) -> Any:
    """Simulated, while what is known is real and in date: the demo's simulator goes on beside a real device."""
    in_date = new.as_of_ns <= latest.c.as_of_ns + latest.c.max_age_ns
    simulated: ColumnElement[str] = literal_column(
        f"'{Quality.SIM.value}'"
    )  # no parameter: the rows are handed to the driver as they are
    return (new.quality == simulated) & (latest.c.quality != simulated) & in_date
