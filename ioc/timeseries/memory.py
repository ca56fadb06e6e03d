"""The simplest store that keeps the contract: for tests, and what the others are compared with."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ioc.domain import Clock, Quality, Reading, Series, SystemClock
from ioc.timeseries.contract import FIVE_MINUTES, HOUR, How, Rejected, Retention, Where, Window
from ioc.timeseries.grid import Grid
from ioc.timeseries.lines import BAD, QUALITIES, Names, decode
from ioc.timeseries.question import Found, Group, Point, Question, hour_of, line_of, matches, worst
from ioc.timeseries.sketch import Sketch, Spread

Points = dict[int, tuple[float, int]]  # time: value, number of the quality


@dataclass(slots=True)
class Bucket:
    """What a store keeps of the values of a window: enough for every ``How``."""

    count: int = 0
    sum: float = 0.0
    min: float = float("inf")
    max: float = float("-inf")
    last: float = 0.0
    last_at: int = -1
    qualities: set[Quality] = field(default_factory=set)
    sketch: bytes | None = None  # of an hour: ``Sketch.encode``

    def add(self, time_ns: int, value: float, quality: Quality) -> None:
        """Count a value; of two at the same time the later added is the last."""
        self.count += 1
        self.sum += value
        self.min = min(self.min, value)
        self.max = max(self.max, value)
        if time_ns >= self.last_at:
            self.last, self.last_at = value, time_ns
        self.qualities.add(quality)

    def result(self, how: How) -> float:
        """The one value; a ratio's side is its sum."""
        results: dict[How, Callable[[], float]] = {
            How.SUM: lambda: self.sum,
            How.RATIO: lambda: self.sum,
            How.COUNT: lambda: float(self.count),
            How.MIN: lambda: self.min,
            How.MAX: lambda: self.max,
            How.LAST: lambda: self.last,
            How.MEAN: lambda: self.sum / self.count,
        }
        return results[how]()

    @property
    def quality(self) -> Quality:
        """What the point is, from what is in it."""
        return worst(self.qualities)


class MemoryStore:
    """Everything in dictionaries. Buckets need no keeping: raw values stay as long as the longest tier."""

    def __init__(self, clock: Clock | None = None, retention: Retention | None = None) -> None:
        self._clock = clock or SystemClock()
        self._retention = retention or Retention()
        self._series: list[Series] = []
        self._points: list[Points] = []
        self._names = Names(self._number_of)
        self._raw_from = self._five_minutes_from = 0

    def write_lines(self, lines: Sequence[str]) -> None:
        """See the contract."""
        decoded = decode(lines, self._names, self._raw_from)
        self._names.keep()
        for number, time_ns, value, quality in decoded.rows:
            self._points[number][time_ns] = (value, quality)
        if decoded.rejected:
            raise Rejected(decoded.rejected)

    def write(self, readings: Iterable[Reading]) -> None:
        """See the contract."""
        self.write_lines([line_of(reading) for reading in readings])

    def series(self, metric: str, where: Where | None = None) -> list[Series]:
        """See the contract."""
        return [series for series, _ in self._matching(metric, where)]

    def latest(self, metric: str, where: Where | None, within_ns: int) -> list[Reading]:
        """See the contract."""
        oldest = max(self._clock.now_ns() - within_ns, self._raw_from)
        found = []
        for series, points in self._matching(metric, where):
            newest = max(points, default=-1)
            if newest >= oldest:
                found.append(_reading(series, newest, points))
        return found

    def latest_all(self) -> Iterator[Reading]:
        """See the contract."""
        for series, points in zip(self._series, self._points, strict=True):
            newest = max(points, default=-1)
            if newest >= self._raw_from:
                yield _reading(series, newest, points)
                continue
            counted = {time_ns: point for time_ns, point in points.items() if point[1] != BAD}
            if counted:
                newest = max(counted)
                start = newest - newest % (FIVE_MINUTES if newest >= self._five_minutes_from else HOUR)
                bucket = Bucket()
                for time_ns in sorted(t for t in counted if t >= start):
                    bucket.add(time_ns, *_named(counted[time_ns]))
                yield Reading(series, newest, bucket.last, bucket.quality)

    def raw(
        self, metric: str, where: Where | None, start: int, stop: int, limit: int | None = None
    ) -> list[tuple[Series, list[tuple[int, float, Quality]]]]:
        """See the contract."""
        answer = []
        for series, points in self._matching(metric, where):
            times = sorted(t for t in points if max(start, self._raw_from) <= t < stop)[:limit]
            if times:
                answer.append((series, [(t, *_named(points[t])) for t in times]))
            if limit is not None:
                limit -= len(times)
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
        members = self.series(metric, where)
        if question.quantile:
            return question.answer(members, *self._quantiles(question, metric, where))
        found = self._found(question, metric, where)
        below = self._found(question, question.denominator, where) if question.denominator else {}
        return question.answer(members, found, below)

    def roll_up(self, now_ns: int) -> bool:
        """See the contract: windows are reckoned from the values each time."""
        return now_ns >= 0

    def retain(self, now_ns: int) -> None:
        """See the contract."""
        raw, five_minutes, one_hour = self._retention.tiers
        self._raw_from = max(self._raw_from, hour_of(now_ns - raw))
        self._five_minutes_from = max(self._five_minutes_from, hour_of(now_ns - five_minutes))
        gone = hour_of(now_ns - one_hour)
        for points in self._points:
            for time_ns in [t for t in points if t < gone]:
                del points[time_ns]

    def close(self) -> None:
        """See the contract."""

    def _found(self, question: Question, metric: str, where: Where | None) -> Found:
        oldest = 0 if question.grid.whole_hours else self._raw_from
        if question.grid.whole_buckets and not question.grid.whole_hours:
            oldest = self._five_minutes_from
        groups: dict[Group, dict[int, Bucket]] = {}
        for group, window, time_ns, value, quality in self._counted(question, metric, where, oldest):
            groups.setdefault(group, {}).setdefault(window, Bucket()).add(time_ns, value, quality)
        return {
            group: {window: (bucket.result(question.how), bucket.quality) for window, bucket in buckets.items()}
            for group, buckets in groups.items()
        }

    def _quantiles(
        self, question: Question, metric: str, where: Where | None
    ) -> tuple[dict[Group, dict[int, Point]], Found, set[Group]]:
        """Values that are kept no more as themselves count as a sketch of them does."""
        oldest = 0 if question.grid.whole_hours else question.grid.first_from(self._raw_from)
        spreads: dict[tuple[Group, int], tuple[Spread, set[Quality]]] = {}
        for group, window, time_ns, value, quality in self._counted(question, metric, where, oldest):
            spread, qualities = spreads.setdefault((group, window), (Spread(), set()))
            qualities.add(quality)
            if time_ns >= self._raw_from:
                spread.add([value])
            else:
                spread.add_hour(Sketch.of([value]).encode(), value, value)
        found: dict[Group, dict[int, Point]] = {}
        for (group, window), (spread, qualities) in spreads.items():
            result = spread.result(question.how)
            assert result is not None
            found.setdefault(group, {})[window] = (result, worst(qualities))
        return found, {}, {group for (group, _), (spread, _) in spreads.items() if not spread.exact}

    def _counted(
        self, question: Question, metric: str, where: Where | None, oldest: int
    ) -> Iterator[tuple[Group, int, int, float, Quality]]:
        """What counts: its group and window, when, the value and its quality; by key, then time."""
        edges = question.grid.edges
        for series, points in self._matching(metric, where):
            group = question.group(series)
            for time_ns in sorted(t for t in points if max(oldest, edges[0]) <= t < edges[-1]):
                value, quality = points[time_ns]
                if quality != BAD:
                    yield group, bisect_right(edges, time_ns) - 1, time_ns, value, QUALITIES[quality]

    def _number_of(self, series: Series) -> int:
        if series not in self._series:
            self._series.append(series)
            self._points.append({})
        return self._series.index(series)

    def _matching(self, metric: str, where: Where | None) -> list[tuple[Series, Points]]:
        found = zip(self._series, self._points, strict=True)
        return sorted(
            ((s, points) for s, points in found if s.metric == metric and matches(s, where)), key=lambda e: e[0].key
        )


def _named(point: tuple[float, int]) -> tuple[float, Quality]:
    return point[0], QUALITIES[point[1]]


def _reading(series: Series, time_ns: int, points: Points) -> Reading:
    return Reading(series, time_ns, *_named(points[time_ns]))
