"""Windows out of InfluxDB: the server puts rows together, and what it cannot know of is put together here.

The server knows nothing of a quality that stands beside a value. So it counts the qualities of each window and line
(``bad``, ``sim``, ``test`` and all): where they are all of one kind its own sums stand, where they are mixed the rows
of that window are read and reckoned here. It is the same with rows of a tier that were taken back (``void``).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from ioc.domain import Quality, Series
from ioc.timeseries.contract import How
from ioc.timeseries.influx import Server
from ioc.timeseries.influx_csv import Rows, Table
from ioc.timeseries.influx_flux import Script
from ioc.timeseries.influx_pieces import QUALITY, Asked, Piece, Span
from ioc.timeseries.influx_rows import (
    COUNT,
    FLAGS,
    LAST,
    LAST_AT,
    MAX,
    MIN,
    OF_TIER,
    PUT,
    ROWS,
    SUM,
    VOID,
    merge,
    tier_buckets,
)
from ioc.timeseries.memory import Bucket
from ioc.timeseries.sketch import Sketch

AGGREGATES: dict[How, tuple[str, ...]] = {
    How.SUM: (SUM,),
    How.RATIO: (SUM,),
    How.COUNT: (COUNT,),
    How.MEAN: (SUM, COUNT),
    How.MIN: (MIN,),
    How.MAX: (MAX,),
    How.LAST: (LAST,),
}
_COUNTED = (Quality.BAD.value, *FLAGS)
_ALL = "all"
_SET = 'r["_value"] != 0.0'  # rows that were put, or made again, say of each flag that it is not

Cells = dict[Series, dict[int, Bucket]]  # by number of the window
_Counts = dict[Series, dict[int, dict[str, int]]]  # by prefix and window: how many of each quality
_Again = dict[Series, set[int]]  # windows that are reckoned from their rows


@dataclass(frozen=True, slots=True)
class _Part:
    """What was found of a piece."""

    piece: Piece
    asked: Asked
    cells: Cells = field(default_factory=dict)
    counts: _Counts = field(default_factory=dict)

    def take(self, name: str, table: Table, rows: Rows) -> None:
        """Put the rows of a table where they belong; of groups, ``min`` and ``max`` come with all tags of a series."""
        prefix = self.asked.group(table.prefix) if self.piece.tier else table.prefix
        if name not in PUT:
            kind = table.field if self.piece.tier else name
            counted = self.counts.setdefault(prefix, {})
            for time_ns, value in rows:
                counted.setdefault(self.piece.window(time_ns), {})[kind] = int(float(value))
            return
        cells = self.cells.setdefault(prefix if self.piece.tier else table.series, {})
        put, piece, run = PUT[name], self.piece, self.piece.run
        for time_ns, value in rows:
            window = run.first + (time_ns - run.start) // run.step  # ``piece.window``, of half a million rows
            bucket = cells.get(window)
            if bucket is None:
                bucket = cells[window] = Bucket()
            put(bucket, time_ns, value)
        if name == ROWS and piece.sketch:
            _sketch(cells, piece, [(time_ns, float(value)) for time_ns, value in rows])


class Windows:
    """Puts values together in windows: each series by itself, or the groups that are asked for."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def cells(self, asked: Sequence[tuple[Piece, Asked]], aggregates: Sequence[str]) -> list[Cells]:
        """What each piece has; windows without a value that counts are left out.

        Pieces with ``sketch`` are read as ``ROWS``.
        """
        if not asked:
            return []
        script = Script()
        parts = [_Part(*one) for one in asked]
        for number, part in enumerate(parts):
            (self._ask_tier if part.piece.tier else self._ask_raw)(script, number, part, aggregates)
        for table, rows in self._server.ask(script):
            place, _, name = table.name.partition(".")
            parts[int(place)].take(name, table, rows)
        for part in parts:
            again = (_settle_tier if part.piece.tier else _settle_raw)(part.cells, part.counts)
            if again:
                reckon = self._tier_rows if part.piece.tier else self._raw_rows
                for series, window, bucket in reckon(part.piece, part.asked, again):
                    part.cells.setdefault(series, {})[window] = bucket
        return [part.cells for part in parts]

    def rows(
        self, tier: int, span: Span, asked: Asked, among: Collection[Series] = (), fields: Sequence[str] = ()
    ) -> dict[Series, dict[int, Bucket]]:
        """The rows of a tier as they are, by when they begin, without those that were taken back.

        ``among`` are series, or groups of them, that are enough; ``fields`` are all that is read beside the count and
        the qualities, empty for everything.
        """
        script = Script()
        of = script.prefixes(among) if among else ""
        names = (*fields, COUNT, VOID, *FLAGS) if fields else ()
        script.ask("rows", script.rows(self._server.access.tier(tier), *span, *asked.tier(script, *names), of))
        found = tier_buckets(self._server.ask(script))
        for by_time in found.values():
            for time_ns in [time_ns for time_ns, bucket in by_time.items() if not bucket.count]:
                del by_time[time_ns]
            for bucket in by_time.values():
                bucket.qualities = bucket.qualities or {Quality.GOOD}
        return found

    def _ask_raw(self, script: Script, number: int, part: _Part, aggregates: Sequence[str]) -> None:
        """The server does not say when the last value of a window was: where that is needed, the rows are."""
        bucket, piece, asked = self._server.access.bucket, part.piece, part.asked
        for name in (ROWS,) if {ROWS, LAST_AT} & set(aggregates) else aggregates:
            rows = script.rows(bucket, piece.start, piece.stop, *asked.raw(script))
            script.ask(f"{number}.{name}", rows if name == ROWS else f"{rows} {script.windows(piece.run, name)}")
        for name in (*_COUNTED, _ALL):
            of = script.is_("_value", name) if name in _COUNTED else ""
            rows = script.rows(bucket, piece.start, piece.stop, *asked.raw(script, QUALITY), of)
            script.ask(f"{number}.{name}", f"{rows} {script.windows(piece.run, COUNT)}")

    def _ask_tier(self, script: Script, number: int, part: _Part, aggregates: Sequence[str]) -> None:
        piece, asked = part.piece, part.asked

        def ask(name: str, how: str, fields: Sequence[str], condition: str = "") -> None:
            rows = script.rows(
                self._server.access.tier(piece.tier),
                piece.start,
                piece.stop,
                *asked.tier(script, *fields),
                condition,
            )
            windows = script.windows(piece.run, how)
            if asked.by is not None:
                windows = f"{windows} {script.together(asked.by, piece.run, how)}"
            script.ask(f"{number}.{name}", f"{rows} {windows}")

        for name in aggregates:
            ask(name, OF_TIER[name], (name,))
        ask("flags", SUM, (VOID, *FLAGS), _SET)

    def _raw_rows(self, piece: Piece, asked: Asked, again: _Again) -> Iterator[tuple[Series, int, Bucket]]:
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
            counted = [point for point in points if named.get(point[0]) != Quality.BAD]
            windows: dict[int, Bucket] = {}
            for time_ns, number in counted:
                quality = Quality(named.get(time_ns, Quality.GOOD))
                windows.setdefault(piece.window(time_ns), Bucket()).add(time_ns, number, quality)
            if piece.sketch:
                _sketch(windows, piece, counted)
            yield from ((series, window, bucket) for window, bucket in windows.items())

    def _tier_rows(self, piece: Piece, asked: Asked, again: _Again) -> Iterator[tuple[Series, int, Bucket]]:
        span = piece.part(set().union(*again.values()))
        found: Cells = {}
        for series, by_time in self.rows(piece.tier, span, asked, again).items():
            group = asked.group(series)
            for time_ns, bucket in by_time.items():
                if piece.window(time_ns) in again.get(group, ()):
                    merge(found.setdefault(group, {}).setdefault(piece.window(time_ns), Bucket()), bucket)
        for group, windows in found.items():
            yield from ((group, window, bucket) for window, bucket in windows.items())


def _sketch(windows: dict[int, Bucket], piece: Piece, points: Sequence[tuple[int, float]]) -> None:
    values: dict[int, list[float]] = defaultdict(list)
    for time_ns, value in points:
        values[piece.window(time_ns)].append(value)
    for window, found in values.items():
        windows[window].sketch = Sketch.of(found).encode()


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
