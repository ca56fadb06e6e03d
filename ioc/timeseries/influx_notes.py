"""What the InfluxDB store must remember of itself, in a bucket of its own that keeps everything.

``series``: one point a series, told apart by its time, which is a hash of the key; so all series of a metric lie in
one series of InfluxDB and are read at once. ``mark``: how far the tiers reach. ``dirty``: a point for each five
minutes of a measurement and facility that late values have touched, with a number that is new each time (``mark``);
who has rolled these minutes up again writes the number that it had found there beside it (``done``). They are dirty
while the two differ, so that no lock and no delete is needed, and a value that comes meanwhile is not lost. Whether
anything is dirty is told by the sums of both, which the server adds up by itself.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from ioc.domain import Series, rfc3339
from ioc.timeseries.contract import ABSENT, DAY, FIVE_MINUTES, Where
from ioc.timeseries.influx import Server
from ioc.timeseries.influx_csv import Rows, Table
from ioc.timeseries.influx_flux import CONDITIONS, Script
from ioc.timeseries.lines import END_OF_TIME
from ioc.timeseries.question import bucket_of

SERIES, MARK, DIRTY = "series", "mark", "dirty"
_WEEK = 7 * DAY  # one shard; two of 10,000 series of one metric have the same place once in ten million times
_LINES_AT_ONCE = 5_000
MARK_BITS = 40  # so that a million of them can be added up

Scope = tuple[str, str]  # measurement and facility, empty for what has none


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the tiers reach; all 0 before the first roll-up."""

    rolled_to: int = 0  # five minutes
    raw_from: int = 0
    five_minutes_from: int = 0
    hours_to: int = 0
    one_hour_from: int = 0


@dataclass(slots=True)
class Known:
    """What a question needs to know first."""

    marks: Marks = field(default_factory=Marks)
    series: list[Series] = field(default_factory=list)
    dirty: dict[Scope, dict[int, int]] = field(default_factory=dict)  # beginning of five minutes: mark

    def dirty_of(self, metric: str, where: Where | None) -> set[int]:
        """The five minutes that are dirty of a metric, in the facilities that are asked for."""
        measurement = metric.partition(".")[0]
        asked = (where or {}).get("facility") or ()
        names = {asked} if isinstance(asked, str) else set(asked)
        return {
            time_ns
            for (of, facility), times in self.dirty.items()
            if of == measurement and (not names or (facility or ABSENT) in names)
            for time_ns in times
        }


class Notes:
    """Reads and writes the notes."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._bucket = server.access.notes

    def read(self, metrics: Collection[str] | None = None, measurements: Collection[str] | None = None) -> Known:
        """The marks, the series of some metrics, and what is dirty of some measurements. None is all of them."""
        script = Script()
        self.ask_marks(script)
        if metrics is None or metrics:
            of = script.one_of("metric", sorted(metrics)) if metrics else ""
            rows = script.rows(self._bucket, 0, _WEEK, script.is_("_measurement", SERIES), of)
            script.ask(SERIES, f'{rows} |> keep(columns: ["_value"])')
        if measurements is None or measurements:
            of = script.one_of("of", sorted(measurements)) if measurements else ""
            rows = script.rows(self._bucket, 0, END_OF_TIME, script.is_("_measurement", DIRTY), of)
            script.ask(DIRTY, f"{rows} |> sum()")
        known = Known()
        sums: dict[Scope, set[str]] = {}
        known.marks, tables = self.split(self._server.ask(script))
        for table, found in tables:
            if table.name == SERIES:
                known.series += [Series.parse(key) for _, key in found]
            else:
                sums.setdefault(_scope(table), set()).symmetric_difference_update({found[0][1]})
        known.series.sort(key=lambda series: series.key)
        known.dirty = self._dirty([scope for scope, uneven in sums.items() if uneven])
        return known

    def ask_marks(self, script: Script) -> None:
        """Ask for the marks beside what a script asks for."""
        script.ask(MARK, script.rows(self._bucket, 0, 1, script.is_("_measurement", MARK)))

    @staticmethod
    def split(tables: Iterable[tuple[Table, Rows]]) -> tuple[Marks, list[tuple[Table, Rows]]]:
        """The marks of an answer, and all the rest of it."""
        marks: dict[str, int] = {}
        others = []
        for table, rows in tables:
            if table.name == MARK:
                marks[table.field] = int(rows[-1][1])
            else:
                others.append((table, rows))
        return Marks(**marks), others

    def _dirty(self, scopes: Sequence[Scope]) -> dict[Scope, dict[int, int]]:
        """What is dirty of some scopes: those of which the sum of all marks is not the sum of what was done."""
        found = {}
        for first in range(0, len(scopes), CONDITIONS // 2):
            script = Script()
            chain = " or ".join(
                f"({script.is_('of', of)} and {script.is_('facility', facility or ABSENT)})"
                for of, facility in scopes[first : first + CONDITIONS // 2]
            )
            rows = script.rows(self._bucket, 0, END_OF_TIME, script.is_("_measurement", DIRTY), f"({chain})")
            script.ask(DIRTY, f"{rows} {_UNDONE}")
            for table, times in self._server.ask(script):
                found[_scope(table)] = {time_ns: int(mark) for time_ns, mark in times}
        return found

    def set_marks(self, **marks: int) -> None:
        """Remember how far the tiers reach; what is not named stays."""
        self._server.write(self._bucket, f"{MARK} {','.join(f'{name}={value}i' for name, value in marks.items())} 0")

    def know(self, series: Iterable[Series]) -> None:
        """Remember series."""
        self._write([
            f'{SERIES},metric={one.metric} key="{one.key}" {_place(one)}' for one in series
        ])  # fmt: skip

    def touch(self, touched: Iterable[tuple[Scope, int]]) -> None:
        """These five minutes have to be rolled up again."""
        self._write([f"{_dirty(scope)} mark={secrets.randbits(MARK_BITS)}i {time_ns}" for scope, time_ns in touched])

    def done(self, scope: Scope, times: dict[int, int]) -> None:
        """These were rolled up again, as they were when they had these marks."""
        self._write([f"{_dirty(scope)} done={mark}i {time_ns}" for time_ns, mark in times.items()])

    def forget_dirty(self, before: int) -> None:
        """Drop what was said of five minutes whose values are gone."""
        if before > 0:
            self._server.delete(self._bucket, DIRTY, rfc3339(0), rfc3339(before))

    def _write(self, lines: list[str]) -> None:
        for first in range(0, len(lines), _LINES_AT_ONCE):
            self._server.write(self._bucket, "\n".join(lines[first : first + _LINES_AT_ONCE]))


_UNDONE = """|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
|> filter(fn: (r) => not exists r.done or r.mark != r.done) |> rename(columns: {mark: "_value"})"""


def _scope(table: Table) -> Scope:
    tags = dict(table.tags)
    return tags["of"], tags.get("facility", "")


def scope_of(prefix: str) -> Scope:
    """The scope of the measurement and tags of a line."""
    measurement, *pairs = prefix.split(",")
    return measurement, next((pair[9:] for pair in pairs if pair.startswith("facility=")), "")


def late(lines: Iterable[str], before: int) -> set[tuple[Scope, int]]:
    """What lines older than ``before`` touch."""
    touched = set()
    for line in lines:
        prefix, _, stamp = line.split(" ")
        time_ns = int(stamp)
        if time_ns < before:
            touched.add((scope_of(prefix), bucket_of(time_ns)))
    return touched


def runs_of(times: Iterable[int], step: int = FIVE_MINUTES) -> list[tuple[int, int]]:
    """Windows that follow each other, given by when they begin, as ranges."""
    runs: list[tuple[int, int]] = []
    for time_ns in sorted(times):
        if runs and runs[-1][1] == time_ns:
            runs[-1] = (runs[-1][0], time_ns + step)
        else:
            runs.append((time_ns, time_ns + step))
    return runs


def _dirty(scope: Scope) -> str:
    measurement, facility = scope
    return f"{DIRTY},of={measurement}" + (f",facility={facility}" if facility else "")


def _place(series: Series) -> int:
    return int.from_bytes(blake2b(series.key.encode(), digest_size=8).digest(), "big") % _WEEK
