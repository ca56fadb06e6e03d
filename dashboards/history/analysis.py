"""What was found, reckoned: lines as they are drawn, their gaps, what they come to, their patterns. Pure, no words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboards.history import findings
from dashboards.history.findings import Area, Bin, Point, Scale
from dashboards.history.study import HOUR, Study, Wanted
from dashboards.history.windows import ADDED, Cell, Line, quality_of, together
from ioc.catalogue import Kind, Metric
from ioc.domain import STALE_AFTER, Quality
from ioc.timeseries import DAY, How

MOST_DAYS = 31  # that stand side by side
TWO_HOURS = 2
DAY_MS = 86_400_000


Dated = tuple[float, int]  # a value and its time in ns


@dataclass(frozen=True, slots=True)
class Sum:
    """What one line comes to."""

    mean: float | None
    total: float | None
    highest: Dated | None
    lowest: Dated | None
    last: Dated | None
    middle: float | None  # the value that half of the windows do not exceed
    most: float | None  # and nine in ten
    known: int
    windows: int
    beyond: int = 0  # windows at or above the first upper limit, the one that the summary names


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line, ready to be drawn."""

    tags: Mapping[str, str]
    points: Sequence[Point]
    gaps: Sequence[tuple[int, int]]
    sum: Sum
    quality: Quality


@dataclass(frozen=True, slots=True)
class Grid:
    """Hours put together: ``values`` by (row, column) of ``rows`` by ``columns``."""

    values: Mapping[tuple[int, int], float]
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that a page of history shows."""

    lines: list[Drawn]
    before: Drawn | None
    areas: list[tuple[str, Area]]
    days: Grid | None
    week: Grid | None
    scale: Scale
    bins: list[Bin]
    shares: list[float]  # of the states of a metric that has such
    sides: tuple[float, float] | None
    extremes: tuple[Dated, Dated] | None  # of the single values, where means are drawn
    error: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known beforehand: the metric, now, and after how long a last value no longer counts."""

    metric: Metric
    now_ns: int
    patience_ns: int

    @classmethod
    def of(cls, metric: Metric, now_ns: int, interval_ns: int = 0) -> "Frame":
        """By the catalogue, or by how often the device should send."""
        return cls(metric, now_ns, STALE_AFTER * max(metric.max_age_ns, interval_ns))


def analyse(found: Study, wanted: Wanted, frame: Frame) -> Analysis:
    """Reckon everything. It may take some 50 ms for a year of hours."""
    choice, metric = wanted.choice, frame.metric
    span = (choice.start_ns, min(choice.stop_ns, frame.now_ns))
    seen = [line for line in found.lines if line.cells]
    lines = [_drawn(line, span, wanted, frame) for line in seen]
    before = _before(found.before, wanted, frame) if found.before and found.before.cells else None
    limits = _limits(metric)
    alone = len(lines) == 1 and metric.kind is not Kind.STATE
    hours = found.hours if alone else ()
    days, week = _days(hours, found.hours_how, wanted, metric), _week(hours, found.hours_how, wanted, metric)
    of_grids = [value for grid in (days, week) if grid for value in grid.values.values()]
    values = [y for _, y in lines[0].points if y is not None] if len(lines) == 1 else []
    earlier = [y for _, y in before.points if y is not None] if before else []
    return Analysis(
        lines=lines,
        before=before,
        areas=_areas(lines[0], limits) if alone else [],
        days=days,
        week=week,
        scale=Scale.of(of_grids or values, metric.thresholds),
        bins=findings.spread(values, earlier) if alone else [],
        shares=_shares(values, len(metric.states)) if metric.kind is Kind.STATE and values else [],
        sides=found.sides,
        extremes=_extremes(found),
        error=found.error,
        quality=quality_of([*seen, *([found.before] if found.before else [])]),
    )


def _extremes(found: Study) -> tuple[Dated, Dated] | None:
    if found.extremes is None:
        return None
    high, low = found.extremes
    return (high.above, high.at), (low.above, low.at)


def _drawn(line: Line, span: tuple[int, int], wanted: Wanted, frame: Frame, shift_ms: int = 0) -> Drawn:
    choice, scale = wanted.choice, frame.metric.scale if wanted.choice.how == How.RATIO else 1.0
    empty = findings.gaps(line, *span, choice.step_ns, frame.patience_ns)
    drawn = findings.points(line, scale, empty, ZoneInfo(wanted.zone), shift_ms)
    return Drawn(line.tags, drawn, empty, sum_of(line, choice.how, scale, frame), quality_of([line]))


def _before(line: Line, wanted: Wanted, frame: Frame) -> Drawn:
    """The range compared with, over the present one."""
    return _drawn(line, wanted.choice.earlier(wanted.zone), wanted, frame, wanted.choice.back_days * DAY_MS)


def sum_of(line: Line, how: str, scale: float, frame: Frame) -> Sum:
    """What a line comes to; the mean of a ratio is a sum over a sum, of what was averaged a mean over all values."""
    cells = line.cells
    known, windows = line.known(frame.now_ns)
    if not cells:
        return Sum(None, None, None, None, None, None, None, known, windows)
    values = [scale * cell.above / cell.below for cell in cells]
    dated = [(value, cell.at) for value, cell in zip(values, cells, strict=True)]
    return Sum(
        mean=together(cells, "", scale),
        total=sum(values) if how in ADDED else None,
        highest=max(dated, key=lambda one: one[0]),
        lowest=min(dated, key=lambda one: one[0]),
        last=dated[-1],
        middle=findings.rank(values, 0.5),
        most=findings.rank(values, 0.9),
        known=known,
        windows=windows,
        beyond=sum(_beyond(value, frame.metric) for value in values),
    )


def _beyond(value: float, metric: Metric) -> bool:
    return any(value >= limit for limit, sign, level in _limits(metric) if level == "warning" and sign > 0)


def _limits(metric: Metric) -> list[tuple[float, int, str]]:
    """The metric's own, with the side on which they are crossed; where there is only one, it warns."""
    t = metric.thresholds
    sides = (((t.warn_high, t.crit_high), 1), ((t.warn_low, t.crit_low), -1))
    found = []
    for (warning, critical), sign in sides:
        first = warning if warning is not None else critical
        if first is not None:
            found.append((first, sign, "warning"))
        if critical is not None and critical != first:
            found.append((critical, sign, "critical"))
    return found


def _areas(line: Drawn, limits: Iterable[tuple[float, int, str]]) -> list[tuple[str, Area]]:
    return [(level, area) for limit, sign, level in limits for area in findings.beyond(line.points, limit, sign)]


def _days(hours: Sequence[Cell], how: str, wanted: Wanted, metric: Metric) -> Grid | None:
    """Each day by two hours; a column a day, as the chart above has them."""
    zone, choice = ZoneInfo(wanted.zone), wanted.choice
    first = datetime.fromtimestamp(choice.start_ns / 1e9, zone).date()
    last = datetime.fromtimestamp((choice.stop_ns - 1) / 1e9, zone).date()
    columns = (last - first).days + 1
    if not hours or columns > MOST_DAYS:
        return None

    def place(local: datetime) -> tuple[int, int]:
        return local.hour // TWO_HOURS, (local.date() - first).days

    values = findings.by_hours(hours, zone, place, how, _scale(how, metric))
    return Grid({at: value for at, value in values.items() if 0 <= at[1] < columns}, 24 // TWO_HOURS, columns)


def _week(hours: Sequence[Cell], how: str, wanted: Wanted, metric: Metric) -> Grid | None:
    """Hour by weekday, Monday first; where there is a week at least."""
    if not hours or wanted.choice.stop_ns - wanted.choice.start_ns < 6 * DAY + HOUR:
        return None

    def place(local: datetime) -> tuple[int, int]:
        return local.weekday(), local.hour

    how = How.MEAN if how in ADDED else how  # the mean of what each such hour came to
    return Grid(findings.by_hours(hours, ZoneInfo(wanted.zone), place, how, _scale(how, metric)), 7, 24)


def _scale(how: str, metric: Metric) -> float:
    return metric.scale if how == How.RATIO else 1.0


def _shares(values: Sequence[float], states: int) -> list[float]:
    """How much of the time each state was seen."""
    return [sum(round(value) == place for value in values) / len(values) for place in range(states)]
