"""Copying all values over time from one store to another, so that it can be stopped and gone on with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import Protocol

import orjson

from ioc.domain import MINUTE, Quality, Series
from ioc.timeseries.contract import DAY, FIVE_MINUTES, How, Rejected, Retention, Store, Window
from ioc.timeseries.memory import Bucket
from ioc.timeseries.question import bucket_of

HOUR = 60 * MINUTE
LINES_AT_ONCE = 5_000

_Frames = dict[tuple[tuple[tuple[str, str], ...], int, Quality], dict[str, float]]  # by tags, time, quality: fields


class Tiered(Store, Protocol):
    """A store whose five-minute rows can be taken out and put in."""

    def raw_from(self) -> int:
        """From when on raw values are given; before, there are five-minute rows only."""
        ...

    def five_minutes(self, start: int, stop: int) -> Iterator[tuple[Series, int, Bucket]]:
        """The five-minute rows that begin from ``start`` to before ``stop``."""
        ...

    def put_five_minutes(self, rows: Iterable[tuple[Series, int, Bucket]]) -> None:
        """Put rows in the place of those that begin at the same time. For times without raw values."""
        ...


@dataclass(frozen=True, slots=True)
class Difference:
    """A series whose values of a day are not the same in both."""

    day_ns: int
    series: str
    source: tuple[float, float]  # how many, and their sum
    target: tuple[float, float]


@dataclass(slots=True)
class Day:
    """What was done of one day."""

    start: int
    values: int = 0
    rows: int = 0
    refused: int = 0


class Progress:
    """How far a copy came, in a file that outlives it."""

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what

    def done_until(self) -> int:
        """Up to when everything is copied; 0 where nothing is, or where the file is of another copy."""
        try:
            data = orjson.loads(self._path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return 0
        return int(data["done_until"]) if data.get("what") == self._what else 0

    def done(self, until: int) -> None:
        """Everything before ``until`` is copied."""
        draft = self._path.with_suffix(".new")
        draft.write_bytes(orjson.dumps({"what": self._what, "done_until": until}))
        draft.replace(self._path)

    def over(self) -> None:
        """Nothing is left to do."""
        self._path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Copying:
    """One copy. What was copied before is copied again without harm: the same series and time overwrite."""

    source: Tiered
    target: Tiered
    now_ns: int
    retention: Retention
    progress: Progress
    metrics: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by measurement

    def prepare(self) -> "Copying":
        """Complete the rows of the source and see what it has."""
        self.source.roll_up(self.now_ns)
        metrics: dict[str, set[str]] = {}
        for reading in self.source.latest_all():
            metrics.setdefault(reading.series.metric.partition(".")[0], set()).add(reading.series.metric)
        found = {measurement: sorted(names) for measurement, names in sorted(metrics.items())}
        return Copying(self.source, self.target, self.now_ns, self.retention, self.progress, found)

    def days(self) -> range:
        """The beginnings of all days that may have something."""
        kept = max(self.retention.five_minutes_ns, self.retention.raw_ns)
        first = max(0, self.now_ns - kept)
        return range(first - first % DAY, self.now_ns + DAY, DAY)

    def copy(self) -> Iterator[Day]:
        """Copy day by day, the oldest first, from where the last copy stopped."""
        raw_from = max(self.source.raw_from(), self.target.raw_from())
        done = self.progress.done_until()
        for start in self.days():
            if start + DAY <= done:
                continue
            day = Day(start)
            if start < raw_from:
                rows = list(self.source.five_minutes(start, min(start + DAY, raw_from)))
                self.target.put_five_minutes(rows)
                day.rows = len(rows)
            for measurement in self.metrics if start + DAY > raw_from else ():
                for hour in range(start, start + DAY, HOUR):
                    self._copy_raw(measurement, max(hour, raw_from), hour + HOUR, day)
            self.progress.done(start + DAY)
            yield day

    def finish(self) -> None:
        """Make the target's own rows of what was copied."""
        self.target.retain(self.now_ns)

    def verify(self) -> Iterator[tuple[int, list[Difference]]]:
        """Compare how many values each series has on each day, and their sum; what is newer than the newest
        complete five minutes at the start is left out, as the target may be in use already."""
        end = bucket_of(self.now_ns - MINUTE)
        for start in self.days():
            if start >= end:
                return
            found = []
            for metric in (name for names in self.metrics.values() for name in names):
                mine, theirs = (self._counted(store, metric, start, min(start + DAY, end)) for store in self._both)
                found += [
                    Difference(start, series, mine.get(series, (0, 0)), theirs.get(series, (0, 0)))
                    for series in sorted(mine.keys() | theirs.keys())
                    if not _same(mine.get(series, (0, 0)), theirs.get(series, (0, 0)))
                ]
            yield start, found

    @property
    def _both(self) -> tuple[Store, Store]:
        return self.source, self.target

    def _copy_raw(self, measurement: str, start: int, stop: int, day: Day) -> None:
        frames: _Frames = {}
        for metric in self.metrics[measurement] if start < stop else ():
            name = metric.partition(".")[2]
            for series, points in self.source.raw(metric, None, start, stop):
                day.values += len(points)
                for time_ns, value, quality in points:
                    frames.setdefault((series.tags, time_ns, quality), {})[name] = value
        lines = [_line(measurement, *key, fields) for key, fields in frames.items()]
        for first in range(0, len(lines), LINES_AT_ONCE):
            try:
                self.target.write_lines(lines[first : first + LINES_AT_ONCE])
            except Rejected as error:
                day.refused += len(error.lines)

    @staticmethod
    def _counted(store: Store, metric: str, start: int, stop: int) -> dict[str, tuple[float, float]]:
        """By series how many values there are, and their sum."""
        every = DAY if stop - start == DAY else FIVE_MINUTES
        asked = [store.window(metric, None, start, stop, every=every, how=how) for how in (How.COUNT, How.SUM)]
        return {
            f"{metric} {_tags(counts)}": (_total(counts), _total(sums))
            for counts, sums in zip(*asked, strict=True)
            if _total(counts)
        }


def _line(
    measurement: str, tags: tuple[tuple[str, str], ...], time_ns: int, quality: Quality, fields: Mapping[str, float]
) -> str:
    prefix = ",".join([measurement, *(f"{name}={value}" for name, value in tags)])
    values = ",".join(f"{name}={value!r}" for name, value in fields.items())
    return f'{prefix} {values},quality="{quality}" {time_ns}'


def _tags(window: Window) -> str:
    return ",".join(f"{name}={value}" for name, value in window.tags.items())


def _total(window: Window) -> float:
    return sum(value for _, value, _ in window.points if value is not None)


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] == other[0] and isclose(one[1], other[1], rel_tol=1e-9, abs_tol=1e-6)
