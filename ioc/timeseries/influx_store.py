"""Time series in InfluxDB 2: a bucket a tier, questions through parameters only, lines as the journal holds them."""

import threading
from collections.abc import Iterable, Iterator, Sequence

from ioc.domain import MINUTE, SECOND, Clock, Quality, Reading, Series, SystemClock
from ioc.timeseries import influx_lines
from ioc.timeseries.contract import How, Rejected, Retention, Where, Window
from ioc.timeseries.grid import Grid
from ioc.timeseries.influx import Access, Server
from ioc.timeseries.influx_flux import Script, is_tag
from ioc.timeseries.influx_http import ANSWER_S
from ioc.timeseries.influx_newest import Newest
from ioc.timeseries.influx_notes import Known, Marks, Notes, late
from ioc.timeseries.influx_pieces import Asked, pieces_of
from ioc.timeseries.influx_quantiles import Quantiles
from ioc.timeseries.influx_roll import COMPLETE_AFTER, Roller
from ioc.timeseries.influx_rows import FLAGS, LAST, LAST_AT, VOID, merge, tier_line
from ioc.timeseries.influx_windows import AGGREGATES, Windows
from ioc.timeseries.lines import Names, decode
from ioc.timeseries.memory import Bucket
from ioc.timeseries.question import Group, Point, Question, bucket_of, line_of, matches

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
        self._newest = Newest(self._server, self._notes, self._windows)
        self._quantiles = Quantiles(self._newest, self._windows)
        self._roller = Roller(self._server, self._notes, self._windows)
        self._lock = threading.Lock()
        self._rolling = threading.Lock()
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
        metrics = [name for name in (metric, question.denominator) if name]
        known = self._notes.read(metrics, {name.partition(".")[0] for name in metrics})
        members = _of(known, metric, where)
        if question.quantile:
            return question.answer(members, *self._quantiles.found(question, known, metric, where))
        found, *below = self._found(question, known, metrics, where)
        return question.answer(members, found, *below)

    def roll_up(self, now_ns: int) -> bool:
        """See the contract."""
        with self._rolling:
            rolled = self._roller.roll_up(now_ns)
        self._took(rolled.marks)
        return rolled.all

    def retain(self, now_ns: int) -> None:
        """See the contract."""
        with self._rolling:
            marks = self._roller.retain(now_ns, self._retention)
        self._took(marks)

    def raw_from(self) -> int:
        """See ``copying.Tiered``."""
        return self._notes.read((), ()).marks.raw_from

    def begins(self) -> int:
        """See ``copying.Tiered``."""
        return self._roller.begins()

    def rows(self, tier: int, start: int, stop: int) -> Iterator[tuple[Series, int, Bucket]]:
        """See ``copying.Tiered``."""
        for series, by_time in self._windows.rows(tier, (start, stop), Asked()).items():
            yield from ((series, time_ns, bucket) for time_ns, bucket in by_time.items())

    def put_rows(self, tier: int, rows: Iterable[tuple[Series, int, Bucket]]) -> None:
        """See ``copying.Tiered``."""
        kept = list(rows)
        self._notes.know({series for series, _, _ in kept})
        self._roller.put(tier, [tier_line(series, time_ns, bucket, (*FLAGS, VOID)) for series, time_ns, bucket in kept])

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

    def _found(
        self, question: Question, known: Known, metrics: Sequence[str], where: Where | None
    ) -> list[dict[Group, dict[int, Point]]]:
        """The groups' points of each metric."""
        members = {metric: _of(known, metric, where) for metric in metrics}
        by = question.by if _groupable(question, where, members[metrics[0]]) else None
        asked = [
            (piece, Asked(metric, where or {}, by=by))
            for metric in metrics
            for piece in pieces_of(question.grid, known.marks, known.dirty_of(metric, where))
        ]
        aggregates = AGGREGATES[question.how]
        if question.how is How.LAST and question.by is not None:
            aggregates = (LAST, LAST_AT)  # of several series the one that was last
        found: dict[str, dict[Group, dict[int, Bucket]]] = {metric: {} for metric in metrics}
        for (piece, of), cells in zip(asked, self._windows.cells(asked, aggregates), strict=True):
            for series in members[of.metric] if by is None or not piece.tier else cells:
                windows = found[of.metric].setdefault(question.group(series), {})
                for window, bucket in cells.get(series, {}).items():
                    if window in windows:
                        merge(windows[window], bucket)
                    else:
                        windows[window] = bucket
        return [
            {
                group: {window: (bucket.result(question.how), bucket.quality) for window, bucket in windows.items()}
                for group, windows in found[metric].items()
            }
            for metric in metrics
        ]


def _groupable(question: Question, where: Where | None, members: Sequence[Series]) -> bool:
    """Whether the server can put the rows of several series together as the question asks, and it is worth it."""
    return (
        question.by is not None
        and len({question.group(series) for series in members}) * 2 <= len(members)
        and question.how is not How.LAST
        and all(is_tag(name) for name in question.by)
        and Script.may_ask(where)
    )


def _of(known: Known, metric: str, where: Where | None) -> list[Series]:
    return [series for series in known.series if series.metric == metric and matches(series, where)]


def _with_quality(line: str) -> str:
    """A line that says nothing of its quality is good, and says so: else the quality that was there would stay."""
    if ',quality="' in line:
        return line
    prefix, body, stamp = line.split(" ")
    return f'{prefix} {body},quality="{Quality.GOOD}" {stamp}'
