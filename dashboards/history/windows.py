"""The values of a range as the store gives them, window by window, with what each was divided by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dashboards.api.members import Members
from dashboards.errors import ProblemError
from ioc.catalogue import Metric
from ioc.domain import Quality
from ioc.timeseries import How, Store, Window

ADDED = (How.SUM, How.COUNT)  # longer windows come to more
MOST_VALUES = 50_000  # that are drawn as they came
MOST_WINDOWS = 200_000  # of all lines together: some 500 devices of a day by five minutes


class Cell(NamedTuple):
    """A window with a value: when it begins, what was added up, and what that is divided by (1 where by nothing)."""

    at: int
    above: float
    below: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class Line:
    """One line: the tags it stands for, its cells, oldest first, and how many windows there could have been."""

    tags: dict[str, str]
    cells: list[Cell] = field(default_factory=list)
    starts: Sequence[int] = ()
    error: float = 0.0

    def known(self, until_ns: int) -> tuple[int, int]:
        """In how many windows there is a value, of how many that have begun."""
        if not self.starts:
            return len(self.cells), len(self.cells)
        return len(self.cells), sum(start < until_ns for start in self.starts)


@dataclass(frozen=True, slots=True)
class Ask:
    """What the store is asked for. ``every_ns`` 0 means the values as they came."""

    metric: Metric
    members: Members
    how: str
    every_ns: int
    zone: str

    def lines(self, store: Store, start_ns: int, stop_ns: int, every_ns: int | None = None) -> list[Line]:
        """The lines of a range, by their tags. Raises what the store raises."""
        every_ns = self.every_ns if every_ns is None else every_ns
        if every_ns == 0:
            return self._raw(store, start_ns, stop_ns)
        if self.members.by is None:
            self._refuse_crowds(store, (stop_ns - start_ns) // every_ns)
        if self.how == How.RATIO:
            above, below = (
                self._windows(store, code, How.SUM, start_ns, stop_ns, every_ns) for code in self.metric.parts
            )
            return _divided(above, below)
        if self.how == How.MEAN and not self.members.add_up:
            sums, counts = (
                self._windows(store, self.metric.code, how, start_ns, stop_ns, every_ns) for how in (How.SUM, How.COUNT)
            )
            return _divided(sums, counts)
        return [
            _plain(window)
            for window in self._windows(store, self.metric.code, How(self.how), start_ns, stop_ns, every_ns)
        ]

    def sides(self, store: Store, line: Line, start_ns: int, stop_ns: int) -> tuple[float, float] | None:
        """The means of numerator and denominator over all samples of a ratio's line; None where it has none."""
        starts = {cell.at for cell in line.cells}
        counts = [
            sum(value for at, value, _ in window.points if value is not None and at in starts)
            for code in self.metric.parts
            for window in self._windows(store, code, How.COUNT, start_ns, stop_ns, self.every_ns)
            if window.tags == line.tags
        ]
        if len(counts) != len(self.metric.parts) or not all(counts):
            return None
        return sum(cell.above for cell in line.cells) / counts[0], sum(cell.below for cell in line.cells) / counts[1]

    def _windows(self, store: Store, code: str, how: How, start_ns: int, stop_ns: int, every_ns: int) -> list[Window]:
        where, by = self.members.where, self.members.by
        found = store.window(code, where, start_ns, stop_ns, every=every_ns, how=how, by=by, zone=self.zone)
        return self.members.of(found)

    def _refuse_crowds(self, store: Store, windows: int) -> None:
        number = len(store.series(self.metric.parts[0], self.members.where))
        if number * windows > MOST_WINDOWS:
            hint = "Choose a site or a device, a shorter range or a coarser resolution."
            raise ProblemError(400, "too_many_points", f"{number} series are too many for this range", hint)

    def _raw(self, store: Store, start_ns: int, stop_ns: int) -> list[Line]:
        found = store.raw(self.metric.code, self.members.where, start_ns, stop_ns, MOST_VALUES + 1)
        if sum(len(points) for _, points in found) > MOST_VALUES:
            what = f"more than {MOST_VALUES} values came in this range"
            raise ProblemError(400, "too_many_points", what, "Choose a shorter range, a resolution, or one device.")
        return [
            Line(
                dict(series.tags),
                [Cell(at, value, 1.0, quality) for at, value, quality in points if quality != Quality.BAD],
            )
            for series, points in found
        ]


def _plain(window: Window) -> Line:
    cells = [Cell(at, value, 1.0, quality) for at, value, quality in window.points if value is not None]
    return Line(window.tags, cells, [point[0] for point in window.points], window.error)


def _divided(above: Iterable[Window], below: Iterable[Window]) -> list[Line]:
    """Lines of one over the other, where there are both."""
    under = {tuple(sorted(window.tags.items())): window.points for window in below}
    lines = []
    for window in above:
        own = under.get(tuple(sorted(window.tags.items())), [])
        pairs = zip(window.points, own, strict=False)
        cells = [
            Cell(at, value, part, quality if quality != Quality.GOOD else also)
            for (at, value, quality), (_, part, also) in pairs
            if value is not None and part
        ]
        lines.append(Line(window.tags, cells, [point[0] for point in window.points]))
    return lines


def together(cells: Sequence[Cell], how: str, scale: float = 1.0) -> float | None:
    """What cells come to: the highest, lowest or sum where that is asked for, else sum over sum; None of nothing."""
    if not cells:
        return None
    if how in (How.MAX, How.MIN):
        return scale * (max if how == How.MAX else min)(cell.above / cell.below for cell in cells)
    if how in ADDED:
        return scale * sum(cell.above for cell in cells)
    below = sum(cell.below for cell in cells)
    return scale * sum(cell.above for cell in cells) / below if below else None


def quality_of(lines: Iterable[Line]) -> Quality:
    """``sim`` where anything simulated is in it, else ``test``, else ``good``."""
    seen = {cell.quality for line in lines for cell in line.cells}
    return next((quality for quality in (Quality.SIM, Quality.TEST) if quality in seen), Quality.GOOD)
