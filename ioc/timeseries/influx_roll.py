"""The five-minute rows of InfluxDB: made from the values as they are, and made again when late ones have come.

Five questions for sums, counts and so on would cost the server five times what the rows do: it pays for each series
in a question (90 µs), hardly for each value (measured).
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from ioc.domain import MINUTE, Series
from ioc.errors import RetryError
from ioc.timeseries import influx_lines
from ioc.timeseries.contract import ABSENT, DAY, FIVE_MINUTES, Retention
from ioc.timeseries.influx import Server
from ioc.timeseries.influx_flux import CONDITIONS, Script
from ioc.timeseries.influx_notes import Known, Marks, Notes, Scope, runs_of
from ioc.timeseries.influx_windows import (
    COUNT,
    FLAGS,
    ROWS,
    VOID,
    Asked,
    Windows,
    five_minutes,
    tier_line,
    void_line,
)
from ioc.timeseries.lines import END_OF_TIME
from ioc.timeseries.question import bucket_of

log = logging.getLogger(__name__)

COMPLETE_AFTER = MINUTE  # five minutes are rolled up this long after they end, so that few values come late
BUCKETS_AT_ONCE = 50_000  # about as many rows of five minutes are held in memory
AGAIN_AT_ONCE = 36  # times five minutes of one scope
LOOK_AHEAD = 60 * MINUTE  # a longer way is not gone before looking where the next value is
GRACE = DAY  # the raw bucket keeps values this long after they are no longer given, so that they can be rolled up

_Flags = dict[Series, dict[int, set[str]]]  # of rows that are there: what stands in them beside the values


@dataclass(frozen=True, slots=True)
class Roller:
    """Makes the rows."""

    server: Server
    notes: Notes
    windows: Windows

    def roll_up(self, now_ns: int) -> Marks:
        """See the contract. What is done is remembered after each part, so that an end in the middle loses nothing."""
        known = self.notes.read(())
        again = {
            scope: times
            for scope, dirty in known.dirty.items()
            if (times := {time_ns: mark for time_ns, mark in dirty.items() if time_ns < known.marks.rolled_to})
        }
        if again:
            series = self.notes.read(measurements=()).series
            for scope, times in again.items():
                self._again(scope, times, series, known.marks.raw_from - GRACE)
        return self._onward(known, bucket_of(now_ns - COMPLETE_AFTER))

    def retain(self, now_ns: int, retention: Retention) -> Marks:
        """See the contract. The server drops by itself what is older than its buckets keep."""
        marks = self.roll_up(now_ns)
        raw_from = max(min(bucket_of(now_ns - retention.raw_ns), marks.rolled_to), marks.raw_from)
        kept_ns = max(retention.five_minutes_ns, retention.raw_ns)
        five_from = max(bucket_of(now_ns - kept_ns), marks.five_minutes_from)
        if (raw_from, five_from) != (marks.raw_from, marks.five_minutes_from):
            self.notes.set_marks(raw_from=raw_from, five_minutes_from=five_from)
        self.notes.forget_dirty(raw_from - GRACE)
        return replace(marks, raw_from=raw_from, five_minutes_from=five_from)

    def _onward(self, known: Known, complete: int) -> Marks:
        at, span = known.marks.rolled_to, FIVE_MINUTES
        while at < complete:
            start = self._first(at, complete) if complete - at > LOOK_AHEAD else at
            stop = min(start + span, complete)
            made = self._roll(start, stop, Asked(), {}) if start < stop else 0
            for scope, dirty in known.dirty.items():
                if times := {time_ns: mark for time_ns, mark in dirty.items() if at <= time_ns < stop}:
                    self.notes.done(scope, times)
            at = max(at, stop)
            self.notes.set_marks(rolled_to=at)
            span = span * 2 if made * 2 <= BUCKETS_AT_ONCE else max(FIVE_MINUTES, bucket_of(span // 2))
        return replace(known.marks, rolled_to=at)

    def _again(self, scope: Scope, times: dict[int, int], series: Iterable[Series], floor: int) -> None:
        measurement, facility = scope
        ours = [one for one in series if one.metric.startswith(f"{measurement}.") and one.tag("facility") == facility]
        asked = Asked(scope=scope, where={"facility": facility or ABSENT})
        for start, end in runs_of(time_ns for time_ns in times if time_ns >= floor):
            for first in range(start, end, AGAIN_AT_ONCE * FIVE_MINUTES):
                stop = min(first + AGAIN_AT_ONCE * FIVE_MINUTES, end)
                self._roll(first, stop, asked, self._there(first, stop, asked, {one.metric for one in ours}))
        self.notes.done(scope, times)

    def _roll(self, start: int, stop: int, asked: Asked, there: _Flags) -> int:
        """Make the rows of a range; ``there`` are those which may have to be taken back."""
        (cells,) = self.windows.cells([five_minutes(start, stop)], asked, [ROWS])
        lines = []
        for series, windows in cells.items():
            known = there.get(series, {})
            for window, bucket in windows.items():
                time_ns = start + window * FIVE_MINUTES
                lines.append(tier_line(series, time_ns, bucket, known.pop(time_ns, ())))
        lines += [void_line(series, time_ns) for series, left in there.items() for time_ns in left]
        self.put(lines)
        return len(lines)

    def put(self, lines: Sequence[str]) -> None:
        """Write rows."""
        for _, reason in influx_lines.write(self.server, self.server.access.five_minutes, lines):
            raise RetryError(
                f"InfluxDB refuses five-minute values: {reason}.", "Does its bucket keep them long enough?"
            )

    def _there(self, start: int, stop: int, asked: Asked, metrics: Collection[str]) -> _Flags:
        found: _Flags = {}
        names = sorted(metrics)
        for first in range(0, len(names), CONDITIONS):
            script = Script()
            rows = script.rows(
                self.server.access.five_minutes,
                start,
                stop,
                script.one_of("_measurement", names[first : first + CONDITIONS]),
                script.one_of("_field", (COUNT, VOID, *FLAGS)),
                script.where(asked.where),
            )
            script.ask("there", rows)
            for table, there in self.server.ask(script):
                times = found.setdefault(table.prefix, {})
                for time_ns, _ in there:
                    times.setdefault(time_ns, set()).update({table.field} - {COUNT})
        return found

    def _first(self, start: int, otherwise: int) -> int:
        """When the five minutes begin that hold the next value."""
        script = Script()
        rows = script.rows(self.server.access.bucket, start, END_OF_TIME, script.is_("_field", "quality"))
        script.ask("first", f'{rows} |> first() |> keep(columns: ["_time", "_value"])')
        times = (bucket_of(time_ns) for _, found in self.server.ask(script) for time_ns, _ in found)
        return min(times, default=otherwise)
