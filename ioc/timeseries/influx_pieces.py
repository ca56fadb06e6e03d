"""Where the answer to a question lies: windows cut into pieces that are each read from one place."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from ioc.domain import Series
from ioc.timeseries.contract import FIVE_MINUTES, HOUR, Where
from ioc.timeseries.grid import Grid, Run
from ioc.timeseries.influx_flux import Script
from ioc.timeseries.influx_notes import Marks, Scope, runs_of
from ioc.timeseries.lines import END_OF_TIME
from ioc.timeseries.question import hour_of

RAW = 0  # in the place of a tier
QUALITY = "quality"
_PARTS = 8  # of one range that are read apart; above that, what lies near each other is read in one

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """Windows, or parts of windows, that are read from one place: the rows of ``tier``, or raw values; of these
    ``sketch`` makes sketches."""

    run: Run
    start: int
    stop: int
    tier: int
    sketch: bool = False

    def window(self, time_ns: int) -> int:
        """The number of the window in which a moment lies."""
        return self.run.first + (time_ns - self.run.start) // self.run.step

    def part(self, windows: Collection[int]) -> Span:
        """The part of it that holds these windows."""
        first = self.run.start + (min(windows) - self.run.first) * self.run.step
        last = self.run.start + (max(windows) - self.run.first + 1) * self.run.step
        return max(first, self.start), min(last, self.stop)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which values: of a metric, or of everything in a scope, or of everything.

    With ``by`` the server puts the rows of a tier together by these tags; it can do so only where it can look for all
    that ``where`` asks.
    """

    metric: str = ""
    where: Where = field(default_factory=dict)
    scope: Scope | None = None
    by: tuple[str, ...] | None = None

    def raw(self, script: Script, *fields: str) -> tuple[str, ...]:
        """The conditions on raw values; ``fields`` empty: all values."""
        measurement, _, name = self.metric.partition(".")
        if self.scope:
            measurement = self.scope[0]
        return (
            script.is_("_measurement", measurement) if measurement else "",
            script.one_of("_field", fields or (name,)) if fields or name else f'r["_field"] != "{QUALITY}"',
            script.where(self.where),
        )

    def tier(self, script: Script, *fields: str) -> tuple[str, ...]:
        """The conditions on the rows of a tier; ``fields`` empty: all of them."""
        return (
            script.is_("_measurement", self.metric) if self.metric else "",
            script.one_of("_field", fields) if fields else "",
            script.where(self.where),
        )

    def group(self, series: Series) -> Series:
        """What the rows of a series are put together with: by the tags of ``by`` that it has."""
        if self.by is None:
            return series
        return Series(series.metric, tuple(sorted((name, series.tag(name)) for name in self.by if series.tag(name))))


def pieces_of(grid: Grid, marks: Marks, dirty: Collection[int]) -> list[Piece]:
    """Where the windows of a grid are read: from the coarsest tier that holds them whole.

    What is dirty, and what is not rolled up yet, comes from the finer one.
    """
    pieces = []
    for run in grid.runs():
        for start, stop, tier in _spans(grid, marks, dirty):
            piece = Piece(run, max(start, run.start), min(stop, run.stop), tier)
            if piece.start < piece.stop:
                pieces.append(piece)
    return pieces


def in_hours(start: int, stop: int, tier: int) -> Piece:
    """The values of a range in hours, with their sketches where raw values give them; their window's number counts
    from its beginning."""
    return Piece(Run(0, start, stop, HOUR), start, stop, tier, sketch=tier == RAW)


def in_five_minutes(start: int, stop: int) -> Piece:
    """The raw values of a range in five minutes; their window's number counts from its beginning."""
    return Piece(Run(0, start, stop, FIVE_MINUTES), start, stop, RAW)


def hours_around(times: Iterable[int]) -> list[Span]:
    """The whole hours in which these five minutes lie, as ranges."""
    return runs_of({hour_of(time_ns) for time_ns in times}, HOUR)


def _spans(grid: Grid, marks: Marks, dirty: Collection[int]) -> Iterator[tuple[int, int, int]]:
    """From when to when what is read where, for all times."""
    if not grid.whole_buckets:
        yield marks.raw_from, END_OF_TIME, RAW
        return
    holes = _few(runs_of(time_ns for time_ns in dirty if marks.raw_from <= time_ns < marks.rolled_to))
    finer = [(marks.five_minutes_from, marks.rolled_to)]
    if grid.whole_hours:
        touched = hours_around(time_ns for start, stop in holes for time_ns in range(start, stop, FIVE_MINUTES))
        whole, finer = _split(marks.one_hour_from, marks.hours_to, touched)
        yield from ((start, stop, HOUR) for start, stop in whole)
        finer.append((max(marks.hours_to, marks.five_minutes_from), marks.rolled_to))
    for start, stop in finer:
        whole, raw = _split(start, stop, holes)
        yield from ((first, last, FIVE_MINUTES) for first, last in whole)
        yield from ((first, last, RAW) for first, last in raw)
    yield marks.rolled_to, END_OF_TIME, RAW


def _few(spans: list[Span]) -> list[Span]:
    """Not too many of them: those with the shortest ways between them become one."""
    near = FIVE_MINUTES
    while len(spans) > _PARTS:
        near *= 2
        joined = spans[:1]
        for start, stop in spans[1:]:
            if start - joined[-1][1] <= near:
                joined[-1] = (joined[-1][0], stop)
            else:
                joined.append((start, stop))
        spans = joined
    return spans


def _split(start: int, stop: int, holes: Iterable[Span]) -> tuple[list[Span], list[Span]]:
    """A range without its holes, and the holes that lie in it."""
    whole, inside = [], []
    at = start
    for first, last in ((max(first, start), min(last, stop)) for first, last in holes):
        if first < last:
            whole.append((at, first))
            inside.append((first, last))
            at = last
    whole.append((at, stop))
    return [span for span in whole if span[0] < span[1]], inside
