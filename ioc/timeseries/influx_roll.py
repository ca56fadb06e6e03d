"""The rows of InfluxDB's tiers: made from the values as they are, and made again when late ones have come.

Five questions for sums, counts and so on would cost the server five times what the values do: it pays for each series
in a question (90 µs), hardly for each value (measured). So hours are read once more, when they are over.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ioc.domain import MINUTE, Series
from ioc.errors import RetryError
from ioc.timeseries import influx_lines
from ioc.timeseries.contract import ABSENT, DAY, FIVE_MINUTES, HOUR, ROLL_FOR_S, Retention
from ioc.timeseries.influx import Server
from ioc.timeseries.influx_flux import CONDITIONS, Script
from ioc.timeseries.influx_notes import Known, Marks, Notes, Scope, runs_of
from ioc.timeseries.influx_pieces import QUALITY, RAW, Asked, Piece, hours_around, in_five_minutes, in_hours
from ioc.timeseries.influx_rows import COUNT, FLAGS, OF_TIER, ROWS, VOID, tier_line, void_line
from ioc.timeseries.influx_windows import Windows
from ioc.timeseries.lines import END_OF_TIME
from ioc.timeseries.question import bucket_of, hour_of

log = logging.getLogger(__name__)

COMPLETE_AFTER = MINUTE  # five minutes are rolled up this long after they end, so that few values come late
ROWS_AT_ONCE = 50_000  # about as many rows of five minutes are held in memory
HOURS_AT_ONCE = 4_000  # about as many rows of hours: each was made of up to thousands of values
AGAIN_AT_ONCE = 3 * HOUR  # of one scope
LOOK_AHEAD = 60 * MINUTE  # a longer way is not gone before looking where the next value is
GRACE = DAY  # the raw bucket keeps values this long after they are no longer given, so that they can be rolled up

_Flags = dict[Series, dict[int, set[str]]]  # of rows that are there: what stands in them beside the values


@dataclass(frozen=True, slots=True)
class Rolled:
    """How far it came, and whether nothing that is complete is left."""

    marks: Marks
    all: bool


@dataclass(frozen=True, slots=True)
class Roller:
    """Makes the rows."""

    server: Server
    notes: Notes
    windows: Windows
    for_s: float = ROLL_FOR_S
    monotonic: Callable[[], float] = time.monotonic

    def roll_up(self, now_ns: int) -> Rolled:
        """See the contract. What is done is remembered after each part, so that an end in the middle loses nothing.

        The present comes first, then what was late, then the hours: whatever waits is read from what there is.
        """
        until = self.monotonic() + self.for_s
        known = self.notes.read(())
        marks = self._five_minutes(known, bucket_of(now_ns - COMPLETE_AFTER), until)
        left = marks.rolled_to < bucket_of(now_ns - COMPLETE_AFTER)
        again = {
            scope: times
            for scope, dirty in known.dirty.items()
            if (times := {time_ns: mark for time_ns, mark in dirty.items() if time_ns < known.marks.rolled_to})
        }
        left |= not self._again(again, marks, until)
        complete = hour_of(min(now_ns - COMPLETE_AFTER, marks.rolled_to))
        marks = self._hours(marks, complete, until)
        return Rolled(marks, all=not left and marks.hours_to >= complete)

    def retain(self, now_ns: int, retention: Retention) -> Marks:
        """See the contract. The server drops by itself what is older than its buckets keep.

        While something is left to roll up nothing is said to be gone.
        """
        rolled = self.roll_up(now_ns)
        if not rolled.all:
            return rolled.marks
        marks = rolled.marks
        raw, five_minutes, one_hour = (hour_of(now_ns - kept) for kept in retention.tiers)
        marks = replace(
            marks,
            raw_from=max(min(raw, marks.hours_to), marks.raw_from),
            five_minutes_from=max(min(five_minutes, marks.hours_to), marks.five_minutes_from),
            one_hour_from=max(one_hour, marks.one_hour_from),
        )
        if marks != rolled.marks:
            self.notes.set_marks(
                raw_from=marks.raw_from, five_minutes_from=marks.five_minutes_from, one_hour_from=marks.one_hour_from
            )
        self.notes.forget_dirty(marks.raw_from - GRACE)
        return marks

    def begins(self) -> int:
        """When the oldest value or row begins; 0 where there is none."""
        access = self.server.access
        firsts = [
            self._first(bucket, name, 0, 0)
            for bucket, name in ((access.bucket, QUALITY), (access.five_minutes, COUNT), (access.one_hour, COUNT))
        ]
        return min((first for first in firsts if first), default=0)

    def put(self, tier: int, lines: Sequence[str]) -> None:
        """Write rows."""
        for _, reason in influx_lines.write(self.server, self.server.access.tier(tier), lines):
            raise RetryError(
                f"InfluxDB refuses the values of a tier: {reason}.", "Does its bucket keep them long enough?"
            )

    def _five_minutes(self, known: Known, complete: int, until: float) -> Marks:
        at, span = known.marks.rolled_to, FIVE_MINUTES
        while at < complete and self._time_is_left(at, known.marks.rolled_to, until):
            start = at
            if complete - at > LOOK_AHEAD:
                start = bucket_of(self._first(self.server.access.bucket, QUALITY, at, complete))
            stop = min(start + span, complete)
            made = self._roll(in_five_minutes(start, stop), Asked(), {}) if start < stop else 0
            for scope, dirty in known.dirty.items():
                if times := {time_ns: mark for time_ns, mark in dirty.items() if at <= time_ns < stop}:
                    self.notes.done(scope, times)
            at = max(at, stop)
            self.notes.set_marks(rolled_to=at)
            span = span * 2 if made * 2 <= ROWS_AT_ONCE else max(FIVE_MINUTES, bucket_of(span // 2))
        return replace(known.marks, rolled_to=at)

    def _hours(self, marks: Marks, complete: int, until: float) -> Marks:
        """Hours of which the raw values are gone are made from five-minute rows, and have no sketch."""
        at, span = max(marks.hours_to, hour_of(marks.five_minutes_from)), HOUR
        if at >= complete:
            return marks
        values_from = hour_of(max(marks.raw_from - GRACE, 0) + HOUR - 1)
        begun = at
        while at < complete and self._time_is_left(at, begun, until):
            tier = FIVE_MINUTES if at < values_from else RAW
            end = min(complete, values_from) if tier else complete
            start = at
            if end - at > LOOK_AHEAD:
                source = (self.server.access.five_minutes, COUNT) if tier else (self.server.access.bucket, QUALITY)
                start = hour_of(self._first(*source, at, end))
            stop = min(start + span, end)
            made = self._roll(in_hours(start, stop, tier), Asked(), {}) if start < stop else 0
            at = max(at, stop)
            self.notes.set_marks(hours_to=at)
            span = span * 2 if made * 2 <= HOURS_AT_ONCE else max(HOUR, hour_of(span // 2))
        return replace(marks, hours_to=at)

    def _time_is_left(self, at: int, begun: int, until: float) -> bool:
        """Whether to go on: each call makes at least one step, however late it is."""
        return at == begun or self.monotonic() < until

    def _again(self, dirty: dict[Scope, dict[int, int]], marks: Marks, until: float) -> bool:
        """Make the rows of some scopes again; whether there was time for all of them."""
        series = self.notes.read(measurements=()).series if dirty else []
        for number, (scope, times) in enumerate(_portions(dirty)):
            if number and self.monotonic() > until:
                return False
            measurement, facility = scope
            metrics = {
                one.metric
                for one in series
                if one.metric.startswith(f"{measurement}.") and one.tag("facility") == facility
            }
            asked = Asked(scope=scope, where={"facility": facility or ABSENT})
            for piece in _again_pieces([t for t in times if t >= marks.raw_from - GRACE], marks.hours_to):
                self._roll(piece, asked, self._there(piece, asked, metrics))
            self.notes.done(scope, times)
        return True

    def _roll(self, piece: Piece, asked: Asked, there: _Flags) -> int:
        """Make the rows of a range; ``there`` are those which may have to be taken back.

        Rows of hours that were put, as a copy does, stay: what they were made of may be gone.
        """
        step = piece.run.step
        (cells,) = self.windows.cells([(piece, asked)], tuple(OF_TIER) if piece.tier else [ROWS])
        put = self.windows.rows(HOUR, (piece.start, piece.stop), asked, fields=(COUNT,)) if piece.tier else {}
        lines = []
        for series, windows in cells.items():
            known, stay = there.get(series, {}), put.get(series, {})
            for window, bucket in windows.items():
                time_ns = piece.start + window * step
                if time_ns not in stay:
                    lines.append(tier_line(series, time_ns, bucket, known.pop(time_ns, ())))
        lines += [void_line(series, time_ns) for series, left in there.items() for time_ns in left]
        self.put(step, lines)
        return len(lines)

    def _there(self, piece: Piece, asked: Asked, metrics: Collection[str]) -> _Flags:
        found: _Flags = {}
        names = sorted(metrics)
        for first in range(0, len(names), CONDITIONS):
            script = Script()
            rows = script.rows(
                self.server.access.tier(piece.run.step),
                piece.start,
                piece.stop,
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

    def _first(self, bucket: str, field: str, start: int, otherwise: int) -> int:
        """When the next thing is that a bucket holds."""
        script = Script()
        rows = script.rows(bucket, start, END_OF_TIME, script.is_("_field", field))
        script.ask("first", f'{rows} |> first() |> keep(columns: ["_time", "_value"])')
        times = (time_ns for _, found in self.server.ask(script) for time_ns, _ in found)
        return min(times, default=otherwise)


def _portions(dirty: dict[Scope, dict[int, int]]) -> Iterator[tuple[Scope, dict[int, int]]]:
    """What is dirty of a scope, a few hours at a time."""
    for scope, times in dirty.items():
        for first in sorted({time_ns - time_ns % AGAIN_AT_ONCE for time_ns in times}):
            yield scope, {time_ns: mark for time_ns, mark in times.items() if 0 <= time_ns - first < AGAIN_AT_ONCE}


def _again_pieces(times: Collection[int], hours_to: int) -> Iterator[Piece]:
    for start, stop in runs_of(times):
        yield in_five_minutes(start, stop)
    for start, stop in hours_around(time_ns for time_ns in times if time_ns < hours_to):
        yield in_hours(start, stop, RAW)
