"""Windows out of InfluxDB: the server puts rows together, and what it cannot know of is put together here.

The server knows nothing of a quality that stands beside a value. So it counts the qualities of each window and line
(``bad``, ``sim``, ``test`` and all): where they are all of one kind its own sums stand, where they are mixed the rows
of that window are read and reckoned here. It is the same with five-minute rows that were taken back (``void``).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from ioc.domain import Quality, Series
from ioc.timeseries.contract import FIVE_MINUTES, How, Where
from ioc.timeseries.grid import Grid, Run
from ioc.timeseries.influx import Server
from ioc.timeseries.influx_csv import Rows, Table
from ioc.timeseries.influx_flux import Script
from ioc.timeseries.influx_notes import Marks, Scope, runs_of
from ioc.timeseries.memory import Bucket

QUALITY = "quality"
SUM, COUNT, MIN, MAX, LAST, LAST_AT, ROWS = "sum", "count", "min", "max", "last", "last_at", "rows"
_OF_TIER = {SUM: SUM, COUNT: SUM, MIN: MIN, MAX: MAX, LAST: LAST, LAST_AT: MAX}  # how several rows become one
AGGREGATES: dict[How, tuple[str, ...]] = {
    How.SUM: (SUM,),
    How.RATIO: (SUM,),
    How.COUNT: (COUNT,),
    How.MEAN: (SUM, COUNT),
    How.MIN: (MIN,),
    How.MAX: (MAX,),
    How.LAST: (LAST,),
}
VOID = "void"
FLAGS = {Quality.SIM.value: Quality.SIM, Quality.TEST.value: Quality.TEST}
_COUNTED = (Quality.BAD.value, *FLAGS)
_ALL = "all"
_PARTS = 16  # of one range that are read apart; above that, everything between them is read raw

Cells = dict[Series, dict[int, Bucket]]  # by number of the window
_Counts = dict[Series, dict[int, dict[str, int]]]  # by prefix and window: how many of each quality


@dataclass(frozen=True, slots=True)
class Piece:
    """Windows, or parts of windows, that are read from one place: five-minute rows, or raw values."""

    run: Run
    start: int
    stop: int
    tier: bool

    def window(self, time_ns: int) -> int:
        """The number of the window in which a moment lies."""
        return self.run.first + (time_ns - self.run.start) // self.run.step

    def part(self, windows: Collection[int]) -> tuple[int, int]:
        """The part of it that holds these windows."""
        first = self.run.start + (min(windows) - self.run.first) * self.run.step
        last = self.run.start + (max(windows) - self.run.first + 1) * self.run.step
        return max(first, self.start), min(last, self.stop)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which values: of a metric, or of everything in a scope, or of everything."""

    metric: str = ""
    where: Where = field(default_factory=dict)
    scope: Scope | None = None

    def raw(self, script: Script, *fields: str) -> tuple[str, ...]:
        """The conditions on raw rows; ``fields`` empty: all values."""
        measurement, _, name = self.metric.partition(".")
        if self.scope:
            measurement = self.scope[0]
        return (
            script.is_("_measurement", measurement) if measurement else "",
            script.one_of("_field", fields or (name,)) if fields or name else f'r["_field"] != "{QUALITY}"',
            script.where(self.where),
        )

    def tier(self, script: Script, *fields: str) -> tuple[str, ...]:
        """The conditions on the five-minute rows of a metric."""
        return script.is_("_measurement", self.metric), script.one_of("_field", fields), script.where(self.where)


def pieces_of(grid: Grid, marks: Marks, dirty: Collection[int]) -> list[Piece]:
    """Where the windows of a grid are read; what is dirty, and what is not rolled up yet, from the raw values."""
    if not grid.whole_buckets:
        parts = [(run, max(run.start, marks.raw_from), run.stop, False) for run in grid.runs()]
    else:
        runs = runs_of(time_ns for time_ns in dirty if marks.raw_from <= time_ns < marks.rolled_to)
        if len(runs) > _PARTS:
            runs = [(runs[0][0], runs[-1][1])]
        parts = list(chain.from_iterable(_parts(run, marks, runs) for run in grid.runs()))
    return [Piece(*part) for part in parts if part[1] < part[2]]


def _parts(run: Run, marks: Marks, dirty: Iterable[tuple[int, int]]) -> Iterator[tuple[Run, int, int, bool]]:
    at = max(run.start, marks.five_minutes_from)
    rolled = min(run.stop, marks.rolled_to)
    for start, stop in dirty:
        yield run, at, min(start, rolled), True
        yield run, max(at, start), min(stop, rolled), False
        at = max(at, stop)
    yield run, at, rolled, True
    yield run, max(run.start, marks.rolled_to), run.stop, False


def merge(into: Bucket, other: Bucket) -> None:
    """Count the values of one more bucket; of equal times the later counted are the last."""
    into.count += other.count
    into.sum += other.sum
    into.min = min(into.min, other.min)
    into.max = max(into.max, other.max)
    if other.last_at >= into.last_at:
        into.last, into.last_at = other.last, other.last_at
    into.qualities |= other.qualities


@dataclass(frozen=True, slots=True)
class _Part:
    """What was found of a piece."""

    piece: Piece
    cells: Cells = field(default_factory=dict)
    counts: _Counts = field(default_factory=dict)

    def take(self, name: str, table: Table, rows: Rows) -> None:
        """Put the rows of a table where they belong."""
        if name not in _PUT:
            kind = table.field if self.piece.tier else name
            counted = self.counts.setdefault(table.prefix, {})
            for time_ns, value in rows:
                counted.setdefault(self.piece.window(time_ns), {})[kind] = int(float(value))
            return
        cells = self.cells.setdefault(table.prefix if self.piece.tier else table.series, {})
        put, piece = _PUT[name], self.piece
        for time_ns, value in rows:
            window = piece.window(time_ns)
            bucket = cells.get(window)
            if bucket is None:
                bucket = cells[window] = Bucket()
            put(bucket, time_ns, value)


class Windows:
    """Puts values together in windows, each series by itself."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def cells(self, pieces: Sequence[Piece], asked: Asked, aggregates: Sequence[str]) -> list[Cells]:
        """What each piece has; windows without a value that counts are left out."""
        if not pieces:
            return []
        script = Script()
        parts = [_Part(piece) for piece in pieces]
        for number, piece in enumerate(pieces):
            (self._ask_tier if piece.tier else self._ask_raw)(script, number, piece, asked, aggregates)
        for table, rows in self._server.ask(script):
            place, _, name = table.name.partition(".")
            parts[int(place)].take(name, table, rows)
        for part in parts:
            again = (_settle_tier if part.piece.tier else _settle_raw)(part.cells, part.counts)
            if again:
                reckon = self._tier_rows if part.piece.tier else self._raw_rows
                for series, window, bucket in reckon(part.piece, asked, again):
                    part.cells.setdefault(series, {})[window] = bucket
        return [part.cells for part in parts]

    def five_minutes(self, start: int, stop: int) -> Iterator[tuple[Series, int, Bucket]]:
        """The five-minute rows of all series from ``start`` to before ``stop``, as they are."""
        script = Script()
        script.ask("rows", script.rows(self._server.access.five_minutes, start, stop))
        for series, by_time in tier_buckets(self._server.ask(script)).items():
            for time_ns, bucket in by_time.items():
                if bucket.count:
                    bucket.qualities = bucket.qualities or {Quality.GOOD}
                    yield series, time_ns, bucket

    def _ask_raw(self, script: Script, number: int, piece: Piece, asked: Asked, aggregates: Sequence[str]) -> None:
        """The server does not say when the last value of a window was: where that is needed, the rows are."""
        bucket, start, stop = self._server.access.bucket, piece.start, piece.stop
        for name in (ROWS,) if {ROWS, LAST_AT} & set(aggregates) else aggregates:
            rows = script.rows(bucket, start, stop, *asked.raw(script))
            script.ask(f"{number}.{name}", rows if name == ROWS else f"{rows} {script.windows(piece.run, name)}")
        for name in (*_COUNTED, _ALL):
            of = script.is_("_value", name) if name in _COUNTED else ""
            rows = script.rows(bucket, start, stop, *asked.raw(script, QUALITY), of)
            script.ask(f"{number}.{name}", f"{rows} {script.windows(piece.run, COUNT)}")

    def _ask_tier(self, script: Script, number: int, piece: Piece, asked: Asked, aggregates: Sequence[str]) -> None:
        bucket, start, stop = self._server.access.five_minutes, piece.start, piece.stop
        for name in aggregates:
            rows = script.rows(bucket, start, stop, *asked.tier(script, name))
            script.ask(f"{number}.{name}", f"{rows} {script.windows(piece.run, _OF_TIER[name])}")
        rows = script.rows(bucket, start, stop, *asked.tier(script, VOID, *FLAGS))
        script.ask(f"{number}.flags", f"{rows} {script.windows(piece.run, SUM)}")

    def _raw_rows(
        self, piece: Piece, asked: Asked, again: dict[Series, set[int]]
    ) -> Iterator[tuple[Series, int, Bucket]]:
        start, stop = piece.part(set().union(*again.values()))
        script = Script()
        of = script.prefixes(again)
        _, _, name = asked.metric.partition(".")
        values = asked.raw(script, name, QUALITY) if name else asked.raw(script)[:1] + asked.raw(script)[2:]
        script.ask("rows", script.rows(self._server.access.bucket, start, stop, *values, of))
        qualities: dict[Series, dict[int, str]] = {}
        rows: dict[Series, list[tuple[int, float]]] = {}
        prefixes: dict[Series, Series] = {}
        for table, found in self._server.ask(script):
            wanted = again.get(table.prefix, set())
            if table.field == QUALITY:
                qualities[table.prefix] = dict(found)
            else:
                prefixes[table.series] = table.prefix
                rows[table.series] = [(t, float(value)) for t, value in found if piece.window(t) in wanted]
        for series, points in rows.items():
            named = qualities.get(prefixes[series], {})
            windows: dict[int, Bucket] = {}
            for time_ns, number in points:
                quality = Quality(named.get(time_ns, Quality.GOOD))
                if quality is not Quality.BAD:
                    windows.setdefault(piece.window(time_ns), Bucket()).add(time_ns, number, quality)
            yield from ((series, window, bucket) for window, bucket in windows.items())

    def _tier_rows(
        self, piece: Piece, asked: Asked, again: dict[Series, set[int]]
    ) -> Iterator[tuple[Series, int, Bucket]]:
        start, stop = piece.part(set().union(*again.values()))
        script = Script()
        rows = script.rows(
            self._server.access.five_minutes, start, stop, script.is_("_measurement", asked.metric),
            script.prefixes(again),
        )  # fmt: skip
        script.ask("rows", rows)
        for series, by_time in tier_buckets(self._server.ask(script)).items():
            windows: dict[int, Bucket] = {}
            for time_ns, bucket in by_time.items():
                if bucket.count and piece.window(time_ns) in again.get(series, ()):
                    merge(windows.setdefault(piece.window(time_ns), Bucket()), bucket)
            yield from ((series, window, bucket) for window, bucket in windows.items())


def tier_buckets(tables: Iterable[tuple[Table, Rows]]) -> dict[Series, dict[int, Bucket]]:
    """The five-minute rows of an answer by series and beginning; ``count`` is 0 where a row was taken back."""
    found: dict[Series, dict[int, Bucket]] = {}
    void: list[Bucket] = []
    for table, rows in tables:
        buckets = found.setdefault(table.prefix, {})
        for time_ns, value in rows:
            bucket = buckets.setdefault(time_ns, Bucket())
            if table.field in _PUT:
                _PUT[table.field](bucket, 0, value)
            elif float(value) and table.field == VOID:
                void.append(bucket)
            elif float(value):
                bucket.qualities.add(FLAGS[table.field])
    for bucket in void:
        bucket.count = 0
    return found


def tier_line(series: Series, start: int, bucket: Bucket, flags: Collection[str] = ()) -> str:
    """The line of a five-minute row; ``flags`` are those that a row there has already: they are said either way."""
    pairs = [f"{name}={getattr(bucket, name)!r}" for name in (SUM, MIN, MAX, LAST)]
    pairs += [f"{COUNT}={float(bucket.count)}", f"{LAST_AT}={bucket.last_at}i"]
    for name, quality in FLAGS.items():
        if quality in bucket.qualities or name in flags:
            pairs.append(f"{name}={float(quality in bucket.qualities)}")
    if VOID in flags:
        pairs.append(f"{VOID}=0.0")
    return f"{series.key} {','.join(pairs)} {start}"


def void_line(series: Series, start: int) -> str:
    """The line that takes a five-minute row back."""
    return f"{series.key} {VOID}=1.0,{COUNT}=0.0,{SUM}=0.0 {start}"


def five_minutes(start: int, stop: int) -> Piece:
    """The raw values of a range in buckets of five minutes; their window's number counts from its beginning."""
    return Piece(Run(0, start, stop, FIVE_MINUTES), start, stop, tier=False)


def _add(bucket: Bucket, time_ns: int, value: str) -> None:
    bucket.add(time_ns, float(value), Quality.GOOD)


def _sum(bucket: Bucket, _: int, value: str) -> None:
    bucket.sum = float(value)


def _count(bucket: Bucket, _: int, value: str) -> None:
    bucket.count = int(float(value))


def _min(bucket: Bucket, _: int, value: str) -> None:
    bucket.min = float(value)


def _max(bucket: Bucket, _: int, value: str) -> None:
    bucket.max = float(value)


def _last(bucket: Bucket, time_ns: int, value: str) -> None:
    bucket.last, bucket.last_at = float(value), max(bucket.last_at, time_ns)


def _last_at(bucket: Bucket, _: int, value: str) -> None:
    bucket.last_at = int(value)


_PUT: dict[str, Callable[[Bucket, int, str], None]] = {
    SUM: _sum,
    COUNT: _count,
    MIN: _min,
    MAX: _max,
    LAST: _last,
    LAST_AT: _last_at,
    ROWS: _add,
}


def _settle_raw(cells: Cells, counts: _Counts) -> dict[Series, set[int]]:
    """Give each window its quality; returns the windows of those whose values are of several kinds, by prefix."""
    again: dict[Series, set[int]] = {}
    for series, windows in cells.items():
        measurement, _, _ = series.metric.partition(".")
        prefix = Series(measurement, series.tags)
        kinds = counts.get(prefix, {})
        for window in list(windows):
            of = kinds.get(window, {})
            there = [name for name in _COUNTED if of.get(name)]
            if not there:
                windows[window].qualities = {Quality.GOOD}
                continue
            if len(there) == 1 and of[there[0]] >= of.get(_ALL, 0) and there[0] != Quality.BAD:
                windows[window].qualities = {Quality(there[0])}
                continue
            del windows[window]
            if len(there) > 1 or of[there[0]] < of.get(_ALL, 0):
                again.setdefault(prefix, set()).add(window)
    return again


def _settle_tier(cells: Cells, counts: _Counts) -> dict[Series, set[int]]:
    """Give each window its quality; returns the windows in which rows were taken back, by series."""
    again: dict[Series, set[int]] = {}
    for series, windows in cells.items():
        kinds = counts.get(series, {})
        for window in list(windows):
            of = kinds.get(window, {})
            if of.get(VOID):
                del windows[window]
                again.setdefault(series, set()).add(window)
            else:
                windows[window].qualities = {quality for name, quality in FLAGS.items() if of.get(name)} or {
                    Quality.GOOD
                }
    return again
