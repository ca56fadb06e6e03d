"""Copying all values over time from one store to another, so that it can be stopped and gone on with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isclose
from pathlib import Path
from typing import Protocol

import orjson

from ioc.domain import MINUTE, Quality, Series
from ioc.timeseries.contract import DAY, FIVE_MINUTES, HOUR, How, Rejected, Store, Window
from ioc.timeseries.memory import Bucket
from ioc.timeseries.question import bucket_of

TIERS = (FIVE_MINUTES, HOUR)
LINES_AT_ONCE = 5_000
ROWS_AT_ONCE = 24  # of each series

_Counted = tuple[float, float]  # how many values, and their sum
_NONE: _Counted = (0.0, 0.0)
_Frames = dict[tuple[tuple[tuple[str, str], ...], int, Quality], dict[str, float]]  # by tags, time, quality: fields


class Tiered(Store, Protocol):
    """A store whose rows can be taken out and put in. A tier is named by how long its rows last."""

    def raw_from(self) -> int:
        """From when on raw values are given, a whole hour; before, there are rows only."""
        ...

    def begins(self) -> int:
        """When the oldest value or row begins; 0 where there is none."""
        ...

    def rows(self, tier: int, start: int, stop: int) -> Iterator[tuple[Series, int, Bucket]]:
        """The rows of a tier that begin from ``start`` to before ``stop``; those of hours with their sketches."""
        ...

    def put_rows(self, tier: int, rows: Iterable[tuple[Series, int, Bucket]]) -> None:
        """Put rows in the place of those that begin at the same time. For times without raw values."""
        ...


@dataclass(frozen=True, slots=True)
class Difference:
    """A series whose values of a day are not the same in both."""

    day_ns: int
    series: str
    source: _Counted
    target: _Counted


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
    progress: Progress
    begins: int = 0
    metrics: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by measurement

    def prepare(self) -> "Copying":
        """Complete the rows of the source and see what it has."""
        while not self.source.roll_up(self.now_ns):
            pass
        metrics: dict[str, set[str]] = {}
        for reading in self.source.latest_all():
            metrics.setdefault(reading.series.metric.partition(".")[0], set()).add(reading.series.metric)
        found = {measurement: sorted(names) for measurement, names in sorted(metrics.items())}
        return replace(self, begins=self.source.begins(), metrics=found)

    def days(self) -> range:
        """The beginnings of all days that may have something."""
        first = self.begins or self.now_ns
        return range(first - first % DAY, self.now_ns + DAY, DAY)

    def copy(self) -> Iterator[Day]:
        """Copy day by day, the oldest first, from where the last copy stopped."""
        raw_from = max(self.source.raw_from(), self.target.raw_from())
        raw_from += -raw_from % HOUR  # a file of an earlier version; an hour is either rows or values
        done = self.progress.done_until()
        for start in self.days():
            if start + DAY <= done:
                continue
            day = Day(start)
            for tier in TIERS if start < raw_from else ():
                self._copy_rows(tier, min(start + DAY, raw_from), day)
            for measurement in self.metrics if start + DAY > raw_from else ():
                for hour in range(start, start + DAY, HOUR):
                    self._copy_raw(measurement, max(hour, raw_from), hour + HOUR, day)
            self.progress.done(start + DAY)
            yield day

    def finish(self) -> None:
        """Make the target's own rows of what was copied."""
        while not self.target.roll_up(self.now_ns):
            pass
        self.target.retain(self.now_ns)

    def verify(self) -> Iterator[tuple[str, list[Difference]]]:
        """Compare by metric how many values each series has on each day, and their sum.

        What is newer than the newest complete five minutes at the start is left out, as the target may be in use
        already.
        """
        end = bucket_of(self.now_ns - MINUTE)
        for metric in (name for names in self.metrics.values() for name in names):
            mine, theirs = (self._counted(store, metric, end) for store in (self.source, self.target))
            both = ((key, mine.get(key, _NONE), theirs.get(key, _NONE)) for key in sorted(mine.keys() | theirs.keys()))
            yield metric, [Difference(day, series, *counts) for (series, day), *counts in both if not _same(*counts)]

    def _copy_rows(self, tier: int, stop: int, day: Day) -> None:
        for first in range(day.start, stop, ROWS_AT_ONCE * tier):
            rows = list(self.source.rows(tier, first, min(first + ROWS_AT_ONCE * tier, stop)))
            self.target.put_rows(tier, rows)
            day.rows += len(rows)

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

    def _counted(self, store: Store, metric: str, end: int) -> dict[tuple[str, int], _Counted]:
        """By series and day how many values there are, and their sum. The last day is not over: by five minutes."""
        days, last = self.days(), end - end % DAY
        found: dict[tuple[str, int], _Counted] = {}
        for start, stop, every in ((days.start, last, DAY), (max(last, days.start), end, FIVE_MINUTES)):
            if start >= stop:
                continue
            asked = [store.window(metric, None, start, stop, every=every, how=how) for how in (How.COUNT, How.SUM)]
            for counts, sums in zip(*asked, strict=True):
                for (time_ns, count, _), (_, total, _) in zip(counts.points, sums.points, strict=True):
                    if count:
                        key = f"{metric} {_tags(counts)}", time_ns - time_ns % DAY
                        before = found.get(key, _NONE)
                        found[key] = (before[0] + count, before[1] + (total or 0.0))
        return found


def _line(
    measurement: str, tags: tuple[tuple[str, str], ...], time_ns: int, quality: Quality, fields: Mapping[str, float]
) -> str:
    prefix = ",".join([measurement, *(f"{name}={value}" for name, value in tags)])
    values = ",".join(f"{name}={value!r}" for name, value in fields.items())
    return f'{prefix} {values},quality="{quality}" {time_ns}'


def _tags(window: Window) -> str:
    return ",".join(f"{name}={value}" for name, value in window.tags.items())


def _same(one: _Counted, other: _Counted) -> bool:
    return one[0] == other[0] and isclose(one[1], other[1], rel_tol=1e-9, abs_tol=1e-6)
