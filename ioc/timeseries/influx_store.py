"""Time series in InfluxDB 2: a bucket a tier, questions through parameters only, lines as the journal holds them."""

import threading
from collections.abc import Iterable, Iterator, Sequence

from ioc.domain import MINUTE, SECOND, Clock, Quality, Reading, Series, SystemClock
from ioc.timeseries import influx_lines
from ioc.timeseries.contract import How, Rejected, Retention, Where, Window
from ioc.timeseries.grid import Grid
from ioc.timeseries.influx import Access, Server
from ioc.timeseries.influx_http import ANSWER_S
from ioc.timeseries.influx_newest import Newest
from ioc.timeseries.influx_notes import Known, Marks, Notes, late
from ioc.timeseries.influx_roll import COMPLETE_AFTER, Roller
from ioc.timeseries.influx_windows import (
    AGGREGATES,
    FLAGS,
    LAST,
    LAST_AT,
    VOID,
    Asked,
    Windows,
    merge,
    pieces_of,
    tier_line,
)
from ioc.timeseries.lines import Names, decode
from ioc.timeseries.memory import Bucket
from ioc.timeseries.question import Found, Group, Question, bucket_of, line_of, matches

MARKS_KEPT_NS = MINUTE  # another process may have moved them; what is accepted meanwhile is too old by no more
CLOCKS_DIFFER = 30 * SECOND  # at most so much between the machine that writes and the one that rolls up


class InfluxStore:
    """The store of several machines. Any number of processes write, read and one at a time rolls up.

    Beside the contract: a device's line has one quality for all its fields, so that of two lines of one device and
    nanosecond the later one's holds for the fields of both.
    """

    def __init__(
        self,
        access: Access,
        *,
        clock: Clock | None = None,
        retention: Retention | None = None,
        answer_s: float = ANSWER_S,
        keep_alive: bool = True,
    ) -> None:
        self._clock = clock or SystemClock()
        self._retention = retention or Retention()
        self._server = Server(access, answer_s=answer_s, keep_alive=keep_alive)
        self._notes = Notes(self._server)
        self._windows = Windows(self._server)
        self._newest = Newest(self._server, self._notes)
        self._roller = Roller(self._server, self._notes, self._windows)
        self._lock = threading.Lock()
        self._names = Names(self._number_of)
        self._new: list[Series] = []
        self._marks = Marks()
        self._marks_until = 0

    def write_lines(self, lines: Sequence[str]) -> None:
        """See the contract. Where it fails some lines may be stored: the same call again stores them again."""
        with self._lock:
            marks = self._recent_marks()
            decoded = decode(lines, self._names, marks.raw_from)
            rejected = list(decoded.rejected)
            try:
                if self._new:
                    self._notes.know(self._new)
                rejected += self._write(lines, {index for index, _ in rejected}, decoded.oldest)
            except BaseException:
                self._names.forget()
                raise
            finally:
                self._new.clear()
            self._names.keep()
        if rejected:
            raise Rejected(sorted(rejected))

    def write(self, readings: Iterable[Reading]) -> None:
        """See the contract."""
        self.write_lines([line_of(reading) for reading in readings])

    def series(self, metric: str, where: Where | None = None) -> list[Series]:
        """See the contract."""
        return _of(self._notes.read([metric], ()), metric, where)

    def latest(self, metric: str, where: Where | None, within_ns: int) -> list[Reading]:
        """See the contract."""
        return self._newest.latest(metric, where, self._clock.now_ns() - within_ns)

    def latest_all(self) -> Iterator[Reading]:
        """See the contract."""
        return self._newest.latest_all()

    def raw(
        self, metric: str, where: Where | None, start: int, stop: int, limit: int | None = None
    ) -> list[tuple[Series, list[tuple[int, float, Quality]]]]:
        """See the contract."""
        return self._newest.raw(metric, where, start, stop, limit)

    def window(
        self,
        metric: str,
        where: Where | None,
        start: int,
        stop: int,
        *,
        every: int,
        how: How | str,
        by: Sequence[str] | None = None,
        zone: str = "UTC",
        denominator: str | None = None,
    ) -> list[Window]:
        """See the contract."""
        question = Question.of(Grid.of(start, stop, every, zone), how, by, denominator)
        metrics = {metric, question.denominator} - {""}
        known = self._notes.read(metrics, {name.partition(".")[0] for name in metrics})
        found = self._found(question, known, metric, where)
        below = self._found(question, known, question.denominator, where) if question.denominator else {}
        return question.answer(_of(known, metric, where), found, below)

    def roll_up(self, now_ns: int) -> None:
        """See the contract."""
        self._took(self._roller.roll_up(now_ns))

    def retain(self, now_ns: int) -> None:
        """See the contract."""
        self._took(self._roller.retain(now_ns, self._retention))

    def raw_from(self) -> int:
        """See ``copying.Tiered``."""
        return self._notes.read((), ()).marks.raw_from

    def five_minutes(self, start: int, stop: int) -> Iterator[tuple[Series, int, Bucket]]:
        """See ``copying.Tiered``."""
        return self._windows.five_minutes(start, stop)

    def put_five_minutes(self, rows: Iterable[tuple[Series, int, Bucket]]) -> None:
        """See ``copying.Tiered``."""
        kept = list(rows)
        self._notes.know({series for series, _, _ in kept})
        self._roller.put([tier_line(series, time_ns, bucket, (*FLAGS, VOID)) for series, time_ns, bucket in kept])

    def close(self) -> None:
        """See the contract."""
        self._server.close()

    def _write(self, lines: Sequence[str], bad: set[int], oldest: int) -> list[tuple[int, str]]:
        """Store the good lines and remember what is late of them; gives those that the server refuses.

        What is late is said only when it is stored: else it could be rolled up again before it is there. After an
        end in between the journal gives the same lines once more.
        """
        good = [index for index in range(len(lines)) if index not in bad]
        kept = [_with_quality(lines[index]) for index in good]
        refused = influx_lines.write(self._server, self._server.access.bucket, kept)
        rolled_to = max(self._marks.rolled_to, bucket_of(self._clock.now_ns() + CLOCKS_DIFFER - COMPLETE_AFTER))
        if oldest < rolled_to:
            self._notes.touch(sorted(late(kept, rolled_to)))
        return [(good[number], reason) for number, reason in refused]

    def _recent_marks(self) -> Marks:
        if self._clock.now_ns() >= self._marks_until:
            self._took(self._notes.read((), ()).marks)
        return self._marks

    def _took(self, marks: Marks) -> None:
        self._marks, self._marks_until = marks, self._clock.now_ns() + MARKS_KEPT_NS

    def _number_of(self, series: Series) -> int:
        self._new.append(series)
        return 0

    def _found(self, question: Question, known: Known, metric: str, where: Where | None) -> Found:
        """The groups' points. Series come by key, so that of equal times the last key's is the last."""
        members = _of(known, metric, where)
        if not members:
            return {}
        measurement, _, _ = metric.partition(".")
        dirty = {time_ns for (of, _), times in known.dirty.items() if of == measurement for time_ns in times}
        pieces = pieces_of(question.grid, known.marks, dirty)
        aggregates = AGGREGATES[question.how]
        if question.how is How.LAST and question.by is not None:
            aggregates = (LAST, LAST_AT)  # of several series the one that was last
        parts = self._windows.cells(pieces, Asked(metric, where or {}), aggregates)
        groups: dict[Group, dict[int, Bucket]] = {}
        for series in members:
            windows = groups.setdefault(question.group(series), {})
            for cells in parts:
                for window, bucket in cells.get(series, {}).items():
                    if window in windows:
                        merge(windows[window], bucket)
                    else:
                        windows[window] = bucket
        how = question.how
        return {
            group: {window: (bucket.result(how), bucket.quality) for window, bucket in windows.items()}
            for group, windows in groups.items()
        }


def _of(known: Known, metric: str, where: Where | None) -> list[Series]:
    return [series for series in known.series if series.metric == metric and matches(series, where)]


def _with_quality(line: str) -> str:
    """A line that says nothing of its quality is good, and says so: else the quality that was there would stay."""
    if ',quality="' in line:
        return line
    prefix, body, stamp = line.split(" ")
    return f'{prefix} {body},quality="{Quality.GOOD}" {stamp}'
