"""Median and p90 out of InfluxDB: from the values themselves, and from the sketches of hours where these are gone."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ioc.domain import Quality, Series
from ioc.timeseries.contract import DAY, FIVE_MINUTES, HOUR, Where
from ioc.timeseries.influx_newest import Newest
from ioc.timeseries.influx_notes import Known, Marks
from ioc.timeseries.influx_pieces import RAW, Asked, Piece
from ioc.timeseries.influx_rows import MAX, MIN, SKETCH
from ioc.timeseries.influx_windows import Windows
from ioc.timeseries.question import Found, Group, Point, Question, matches, worst
from ioc.timeseries.sketch import Spread

ROWS_AT_ONCE = 50_000  # hours of all series that are held in memory


@dataclass(slots=True)
class _Spreads:
    """The windows of groups: their values and qualities."""

    question: Question
    spreads: dict[Group, dict[int, tuple[Spread, set[Quality]]]] = field(default_factory=dict)

    def of(self, series: Series, window: int) -> tuple[Spread, set[Quality]]:
        """The window of the group that a series belongs to."""
        windows = self.spreads.setdefault(self.question.group(series), {})
        if window not in windows:
            windows[window] = Spread(), set()
        return windows[window]

    def found(self) -> tuple[dict[Group, dict[int, Point]], Found, set[Group]]:
        """What ``Question.answer`` is given."""
        points: dict[Group, dict[int, Point]] = {}
        sketched = set()
        for group, windows in self.spreads.items():
            for window, (spread, qualities) in windows.items():
                result = spread.result(self.question.how)
                if result is not None:
                    points.setdefault(group, {})[window] = result, worst(qualities)
                    if not spread.exact:
                        sketched.add(group)
        return points, {}, sketched


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Reads what a median needs: every value, or every sketch. A day, or some thousand hours, at a time."""

    newest: Newest
    windows: Windows

    def found(
        self, question: Question, known: Known, metric: str, where: Where | None
    ) -> tuple[dict[Group, dict[int, Point]], Found, set[Group]]:
        """The points of the groups, and the groups of which some point comes from sketches."""
        spreads = _Spreads(question)
        members = max(1, sum(series.metric == metric and matches(series, where) for series in known.series))
        for piece in _pieces(question, known.marks, members):
            if piece.tier:
                self._sketches(piece, metric, where, spreads)
            else:
                self._values(piece, metric, where, spreads)
        return spreads.found()

    def _values(self, piece: Piece, metric: str, where: Where | None, spreads: _Spreads) -> None:
        for series, points in self.newest.raw(metric, where, piece.start, piece.stop, None):
            values: dict[int, list[float]] = defaultdict(list)
            qualities: dict[int, set[Quality]] = defaultdict(set)
            for time_ns, value, quality in points:
                if quality is not Quality.BAD:
                    window = piece.window(time_ns)
                    values[window].append(value)
                    qualities[window].add(quality)
            for window, found in values.items():
                spread, named = spreads.of(series, window)
                spread.add(found)
                named |= qualities[window]

    def _sketches(self, piece: Piece, metric: str, where: Where | None, spreads: _Spreads) -> None:
        """Five-minute rows are read where their hours are not made yet: there is no sketch of them."""
        span, asked = (piece.start, piece.stop), Asked(metric, where or {})
        for series, rows in self.windows.rows(piece.tier, span, asked, fields=(SKETCH, MIN, MAX)).items():
            if matches(series, where):
                for time_ns, bucket in rows.items():
                    spread, named = spreads.of(series, piece.window(time_ns))
                    spread.add_hour(bucket.sketch, bucket.min, bucket.max)
                    named |= bucket.qualities


def _pieces(question: Question, marks: Marks, members: int) -> Iterator[Piece]:
    for run in question.grid.runs():
        for start, stop, tier in _spans(question, marks):
            step = DAY if tier == RAW else max(HOUR, ROWS_AT_ONCE // members * tier)
            first, last = max(start, run.start), min(stop, run.stop)
            for at in range(first, last, step):
                yield Piece(run, at, min(at + step, last), tier)


def _spans(question: Question, marks: Marks) -> Sequence[tuple[int, int, int]]:
    """From when to when what is read where."""
    grid, end = question.grid, question.grid.edges[-1]
    if not grid.whole_hours:
        return [(grid.first_from(marks.raw_from), end, RAW)]
    values_from = marks.raw_from + -marks.raw_from % HOUR
    hours_to = min(max(marks.hours_to, marks.five_minutes_from), values_from)
    return [
        (marks.one_hour_from, hours_to, HOUR),
        (hours_to, values_from, FIVE_MINUTES),
        (values_from, end, RAW),
    ]
