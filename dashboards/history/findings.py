"""What the cells of a line show: gaps, times beyond a limit, patterns of day and week, how values are spread. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

from dashboards.history.windows import Cell, Line, together
from ioc.catalogue import Thresholds
from ioc.domain import MILLISECOND, SECOND

Point = tuple[int, float | None]  # ms of the clock on the wall, value; None breaks the line
Area = list[tuple[float, float]]
BINS = 14
GREYS = 4  # that can be told apart


def wall_ms(ns: int, zone: ZoneInfo) -> int:
    """What the clock on the wall said, in milliseconds as if it were UTC: plotly knows no zones."""
    offset = datetime.fromtimestamp(ns // SECOND, zone).utcoffset()
    return ns // MILLISECOND + (int(offset.total_seconds()) * 1000 if offset else 0)


def gaps(line: Line, start_ns: int, stop_ns: int, step_ns: int, patience_ns: int) -> list[tuple[int, int]]:
    """From when to when there is nothing: a window without a value, or values further apart than ``patience_ns``.

    Until then the last value still counts; a series that gives one every ten minutes has no gaps in windows of five.
    """
    reach = max(step_ns, patience_ns)
    found = []
    last, end = start_ns - step_ns, start_ns
    for cell in line.cells:
        if cell.at - last > reach and cell.at > end:
            found.append((end, cell.at))
        last, end = cell.at, cell.at + step_ns
    if stop_ns - end > reach:
        found.append((end, stop_ns))
    return found


def points(
    line: Line, scale: float, empty: Sequence[tuple[int, int]], zone: ZoneInfo, shift_ms: int = 0
) -> list[Point]:
    """The line as it is drawn, with a break in every gap; ``shift_ms`` puts an earlier one over the present."""
    breaks = {stop for _, stop in empty}
    found: list[Point] = []
    for cell in line.cells:
        at = wall_ms(cell.at, zone) + shift_ms
        if cell.at in breaks and found:
            found.append((at - 1, None))
        found.append((at, scale * cell.above / cell.below))
    return found


def beyond(drawn: Sequence[Point], limit: float, sign: int) -> list[Area]:
    """The areas between line and limit where the line lies above it (``sign`` 1) or below (-1)."""
    areas: list[Area] = []
    area: Area = []

    def close() -> None:
        nonlocal area
        if area:
            areas.append([(area[0][0], limit), *area, (area[-1][0], limit)])
        area = []

    before: tuple[float, float] | None = None
    for x, y in drawn:
        if y is None:
            close()
            before = None
            continue
        over = (y - limit) * sign > 0
        if before is not None and over != ((before[1] - limit) * sign > 0):
            crossing = before[0] + (x - before[0]) * (limit - before[1]) / (y - before[1])
            area.append((crossing, limit))
        if over:
            area.append((x, y))
        else:
            close()
        before = (x, y)
    close()
    return areas


def axis(values: Iterable[float]) -> tuple[float, float, bool]:
    """From where to where the axis goes: from 0 unless the values lie far from it; and whether 0 is on it."""
    known = list(values)
    low, high = min(known), max(known)
    pad = ((high - low) or abs(high) or 1.0) * 0.08
    if 0 <= low <= (high - low) * 1.5:
        return 0.0, high + pad, True
    if high <= 0 and -high <= (high - low) * 1.5:
        return low - pad, 0.0, True
    return low - pad, high + pad, low <= 0 <= high


def by_hours(
    cells: Iterable[Cell], zone: ZoneInfo, place: Callable[[datetime], tuple[int, int]], how: str, scale: float
) -> dict[tuple[int, int], float]:
    """Cells put together by where their local time lies, such as (weekday, hour)."""
    found: dict[tuple[int, int], list[Cell]] = defaultdict(list)
    for cell in cells:
        found[place(datetime.fromtimestamp(cell.at // SECOND, zone))].append(cell)
    values = {at: together(own, how, scale) for at, own in found.items()}
    return {at: value for at, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Band:
    """One shade of a scale: from ``low`` to ``high``, None where it is open; ``look`` g0 … g3, warning or critical."""

    look: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """Shades for values: four greys within the limits of the metric, the colours of the levels beyond."""

    edges: tuple[float, ...]
    limits: Thresholds

    @classmethod
    def of(cls, values: Iterable[float], limits: Thresholds) -> "Scale":
        """A scale for these values."""
        known = list(values)
        low, high = min(known, default=0.0), max(known, default=0.0)
        lowest = [limit for limit in (limits.warn_low, limits.crit_low) if limit is not None]
        highest = [limit for limit in (limits.warn_high, limits.crit_high) if limit is not None]
        low, high = max([low, *lowest[:1]]), min([high, *highest[:1]])
        if high <= low:
            return cls((), limits)
        step = nice((high - low) / (GREYS - 1))
        number = floor(low / step) + 1
        edges: list[float] = []
        while number * step < high and len(edges) < GREYS - 1:
            edges.append(round(number * step, 9))
            number += 1
        return cls(tuple(edges), limits)

    def look(self, value: float) -> str:
        """The shade of a value."""
        own = self.limits
        if _past(value, own.crit_high, 1) or _past(value, own.crit_low, -1):
            return "critical"
        if _past(value, own.warn_high, 1) or _past(value, own.warn_low, -1):
            return "warning"
        return f"g{sum(value >= edge for edge in self.edges)}"

    def bands(self, seen: Iterable[float]) -> list[Band]:
        """What the shades mean, the lowest first; of the levels only those that are seen."""
        own, looks = self.limits, {self.look(value) for value in seen}
        top = own.warn_high if own.warn_high is not None else own.crit_high
        bottom = own.warn_low if own.warn_low is not None else own.crit_low
        greys = [bottom, *self.edges, top]
        found = []
        if own.crit_low is not None and "critical" in looks:
            found.append(Band("critical", None, own.crit_low))
        if own.warn_low is not None and "warning" in looks:
            found.append(Band("warning", own.crit_low, own.warn_low))
        found += [Band(f"g{number}", low, high) for number, (low, high) in enumerate(pairwise(greys))]
        if own.warn_high is not None and "warning" in looks:
            found.append(Band("warning", own.warn_high, own.crit_high))
        if own.crit_high is not None and "critical" in looks:
            found.append(Band("critical", own.crit_high, None))
        return found


def _past(value: float, limit: float | None, sign: int) -> bool:
    return limit is not None and (value - limit) * sign >= 0


def nice(length: float) -> float:
    """The nearest round step that is not shorter: 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(length))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= length * 0.999)


@dataclass(frozen=True, slots=True)
class Bin:
    """Values from ``low`` to ``high`` (excluded): their share of all, and that of the range compared with."""

    low: float
    high: float
    share: float
    before: float | None = None


def spread(values: Sequence[float], before: Sequence[float] = ()) -> list[Bin]:
    """How often which values occur; no bin is narrower than the values are apart."""
    everything = [*values, *before]
    if not values or min(everything) == max(everything):
        return []
    step = nice((max(everything) - min(everything)) / BINS)
    first, last = floor(min(everything) / step), floor(max(everything) / step)
    now, then = _counts(values, step), _counts(before, step)
    return [
        Bin(
            round(number * step, 9),
            round((number + 1) * step, 9),
            now.get(number, 0) / len(values),
            then.get(number, 0) / len(before) if before else None,
        )
        for number in range(first, last + 1)
    ]


def _counts(values: Iterable[float], step: float) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for value in values:
        found[floor(value / step)] += 1
    return found


def rank(values: Sequence[float], share: float) -> float:
    """By the nearest rank: number ceil(share n) of the values in their order. ``values`` is not empty."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
