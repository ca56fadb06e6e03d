"""What stands beside and below the chart, in words: summary, patterns of day and week, spread, facilities."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from dashboards import format as fmt
from dashboards.history.analysis import TWO_HOURS, Analysis, Grid, Sum
from dashboards.history.choice import Choice
from dashboards.history.figure import SHORT, decimals_of, unit_of
from dashboards.history.findings import Band, Scale
from dashboards.render import language, say
from ioc.catalogue import Metric
from ioc.domain import SECOND
from ioc.timeseries import How

FULL = 1000  # thousandths of a bar's length
SPREAD_HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Writer:
    """Numbers of one metric as people read them."""

    metric: Metric
    how: str
    zone: str

    def value(self, number: float | None) -> str:
        """With its unit, or the name of a state."""
        if number is None:
            return fmt.NO_VALUE
        states = self.metric.states
        if states and self.how != "count":
            return say(states[min(max(round(number), 0), len(states) - 1)].title)
        decimals = decimals_of(self.metric, self.how)
        code = "1" if self.how == "count" else self.metric.unit
        return fmt.quantity(number, code, decimals, language())

    def exact(self, number: float) -> str:
        """As exact as it is, with its unit."""
        return fmt.quantity(number, self.metric.unit, fmt.decimals_of(number), language())

    def limit(self, number: float) -> str:
        """As exact as it is, without a unit."""
        return fmt.number(number, fmt.decimals_of(number), language())

    def dated(self, point: tuple[float, int] | None) -> str:
        """A value and when it was."""
        if point is None:
            return fmt.NO_VALUE
        local = datetime.fromtimestamp(point[1] // SECOND, ZoneInfo(self.zone))
        return f"{self.value(point[0])}, {local:%H:%M} {local:%d/%m}"

    def difference(self, number: float) -> str:
        """With its sign; between percentages it is one of points."""
        sign = "+" if number > 0 else ""
        text = fmt.number(number, decimals_of(self.metric, self.how), language())
        unit = _("points") if self.metric.unit == "%" else unit_of(self.metric, self.how)
        return f"{sign}{text}{fmt.NBSP}{unit}".rstrip()


Row = tuple[str, str]


def summary(found: Analysis, choice: Choice, writer: Writer, vs_name: str) -> list[Row]:
    """What the first line comes to, and what it is compared with."""
    if not found.lines:
        return []
    own, metric = found.lines[0].sum, writer.metric
    before = found.before.sum if found.before else None
    rows: list[Row] = []
    if not metric.states:
        rows = _means(own, before, writer, vs_name)
    highest, lowest = found.extremes or (own.highest, own.lowest)
    of_highest, of_lowest = (_("Highest"), _("Lowest")) if found.extremes else extremes(choice)
    rows += [(of_highest, writer.dated(highest)), (of_lowest, writer.dated(lowest))]
    if len(found.lines) == 1:
        rows.append((_("Last"), writer.dated(own.last)))
    if not metric.states and own.middle is not None:
        rows.append((_("Median"), writer.value(own.middle)))
        rows.append((_("90th percentile"), writer.value(own.most)))
    limit = metric.thresholds.warn_high if metric.thresholds.warn_high is not None else metric.thresholds.crit_high
    if limit is not None and choice.step_ns and choice.how != "count":
        decimals = 0 if choice.step_ns >= fmt.HOUR else 1
        length = fmt.quantity(own.beyond * choice.step_ns / fmt.HOUR, "h", decimals, language())
        rows.append((_("Time from %(limit)s on", limit=writer.exact(limit)), length))
    return [*rows, (_("Windows with values"), _of(own))]


def extremes(choice: Choice) -> tuple[str, str]:
    """What the highest and the lowest of what is drawn are called."""
    if choice.how == How.MEAN and choice.step_ns:
        return _("Highest mean"), _("Lowest mean")
    return _("Highest"), _("Lowest")


def _means(own: Sum, before: Sum | None, writer: Writer, vs_name: str) -> list[Row]:
    rows = [(_("Mean"), writer.value(own.mean))]
    if own.total is not None:
        rows.insert(0, (_("Sum"), writer.value(own.total)))
    if before is not None:
        rows.append((vs_name[:1].upper() + vs_name[1:], writer.value(before.mean)))
        if own.mean is not None and before.mean is not None:
            rows.append((_("Difference"), writer.difference(own.mean - before.mean)))
    return rows


def _of(own: Sum) -> str:
    known, windows = (fmt.number(number, 0, language()) for number in (own.known, own.windows))
    return f"{known}/{windows}"


@dataclass(frozen=True, slots=True)
class Square:
    """One cell of a heat map; ``look`` is empty where nothing is known, and ``ahead`` of what is still to come."""

    look: str
    text: str


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map: names of columns and rows, and the cells row by row."""

    columns: list[str]
    rows: list[tuple[str, list[Square]]]
    legend: list[tuple[str, str]]


def heat_of_days(found: Analysis, choice: Choice, writer: Writer) -> Heat | None:
    """Two hours a row, a day a column."""
    grid = found.days
    if grid is None:
        return None
    zone, short = ZoneInfo(writer.zone), SHORT.get(language(), SHORT["en"])
    first = datetime.fromtimestamp(choice.start_ns // SECOND, zone)
    days = [first + timedelta(days=n) for n in range(grid.columns)]
    names = [f"{short[day.weekday()]} {day:%d/%m}" for day in days]
    hours = [f"{row * TWO_HOURS}–{(row + 1) * TWO_HOURS}" for row in range(grid.rows)]
    last = datetime.fromtimestamp(choice.stop_ns // SECOND, zone)
    return _heat(
        grid,
        names,
        hours,
        found.scale,
        writer,
        {
            (row, grid.columns - 1)
            for row in range(grid.rows)
            if days[-1].date() == last.date() and row * TWO_HOURS > last.hour
        },
    )


def heat_of_week(found: Analysis, writer: Writer) -> Heat | None:
    """A weekday a row, an hour a column."""
    grid = found.week
    if grid is None:
        return None
    short = SHORT.get(language(), SHORT["en"])
    return _heat(grid, [str(hour) for hour in range(24)], list(short), found.scale, writer)


def _heat(
    grid: Grid,
    columns: list[str],
    rows: list[str],
    scale: Scale,
    writer: Writer,
    ahead: AbstractSet[tuple[int, int]] = frozenset(),
) -> Heat:
    def square(row: int, column: int) -> Square:
        value = grid.values.get((row, column))
        if (row, column) in ahead:
            return Square("ahead", "")
        text = _("no values") if value is None else writer.value(value)
        return Square("" if value is None else scale.look(value), f"{rows[row]}, {columns[column]}: {text}")

    cells = [(name, [square(row, column) for column in range(grid.columns)]) for row, name in enumerate(rows)]
    return Heat(columns, cells, [(band.look, _band(band, writer)) for band in scale.bands(grid.values.values())])


def _band(band: Band, writer: Writer) -> str:
    text = f"{writer.limit(band.low or 0.0)}–{writer.limit(band.high or 0.0)}"
    if band.low is None and band.high is None:
        text = _("all")
    elif band.low is None:
        text = _("under %(value)s", value=writer.limit(band.high or 0.0))
    elif band.high is None:
        text = _("from %(value)s", value=writer.limit(band.low))
    return text


@dataclass(frozen=True, slots=True)
class Column:
    """One bar of a spread: heights in hundredths of the tallest; ``before`` None where nothing is compared."""

    look: str
    height: float
    before: float | None
    edge: str
    text: str


def spread(found: Analysis, writer: Writer) -> list[Column]:
    """How much of the time the value lay where."""
    tallest = max((max(one.share, one.before or 0.0) for one in found.bins), default=0.0)
    every = -(-len(found.bins) // 8)
    return [
        Column(
            found.scale.look(one.low) if found.scale.look(one.low) in ("warning", "critical") else "g2",
            round(SPREAD_HEIGHT * one.share / tallest, 1),
            None if one.before is None else round(SPREAD_HEIGHT * one.before / tallest, 1),
            writer.limit(one.low) if place % every == 0 else "",
            f"{writer.limit(one.low)}–{writer.limit(one.high)}: {percent(one.share)}",
        )
        for place, one in enumerate(found.bins)
    ]


def shares(found: Analysis, writer: Writer) -> list[tuple[str, str, int]]:
    """Of a metric that has states: name, share of the time, length of its bar."""
    return [
        (say(state.title), percent(share), round(FULL * share))
        for state, share in zip(writer.metric.states, found.shares, strict=True)
    ] if found.shares else []  # fmt: skip


def percent(share: float) -> str:
    """A share as a percentage."""
    return fmt.quantity(100 * share, "%", 1, language())


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One line of several: what it comes to."""

    name: str
    own: bool
    mean: str
    highest: str
    lowest: str
    known: str
    bar: int
    look: str


def places(found: Analysis, names: Sequence[str], writer: Writer) -> list[PlaceRow]:
    """Every line in its fixed place, the one that was asked about first."""
    if len(found.lines) < 2:
        return []
    means = [line.sum.mean for line in found.lines]
    longest = max((abs(mean) for mean in means if mean is not None), default=0.0) or 1.0
    return [
        PlaceRow(
            name,
            not place,
            writer.value(line.sum.mean),
            writer.value(line.sum.highest[0] if line.sum.highest else None),
            writer.value(line.sum.lowest[0] if line.sum.lowest else None),
            _of(line.sum),
            round(FULL * max(0.0, line.sum.mean or 0.0) / longest),
            found.scale.look(line.sum.mean) if line.sum.mean is not None else "",
        )
        for place, (line, name) in enumerate(zip(found.lines, names, strict=False))
    ]
