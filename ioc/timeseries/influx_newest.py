"""Values out of InfluxDB as they were written: the newest of each series, and all of a range."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ioc.domain import Quality, Reading, Series
from ioc.timeseries.contract import FIVE_MINUTES, HOUR, Where
from ioc.timeseries.influx import Server
from ioc.timeseries.influx_csv import Rows, Table
from ioc.timeseries.influx_flux import CONDITIONS, Script
from ioc.timeseries.influx_notes import Notes
from ioc.timeseries.influx_pieces import QUALITY, Asked
from ioc.timeseries.influx_rows import COUNT, tier_buckets
from ioc.timeseries.influx_windows import Windows
from ioc.timeseries.lines import END_OF_TIME
from ioc.timeseries.memory import Bucket
from ioc.timeseries.question import matches

AT_ONCE = 40  # points that are asked for one by one in a question

_T = TypeVar("_T")
_Points = dict[Series, list[tuple[int, float]]]
_Moment = tuple[Series, int]  # a prefix, and when


@dataclass(frozen=True, slots=True)
class Newest:
    """Reads values and the qualities beside them."""

    server: Server
    notes: Notes
    windows: Windows

    def latest(self, metric: str, where: Where | None, oldest: int) -> list[Reading]:
        """See the contract."""
        script = Script()
        asked = Asked(metric, where or {})
        for name, fields in (("value", ()), (QUALITY, (QUALITY,))):
            rows = script.rows(self.server.access.bucket, max(oldest, 0), END_OF_TIME, *asked.raw(script, *fields))
            script.ask(name, f"{rows} |> last()")
        self.notes.ask_marks(script)
        marks, tables = self.notes.split(self.server.ask(script))
        readings = self._readings(tables)
        found = (one for one in readings if one.time_ns >= marks.raw_from and matches(one.series, where))
        return sorted(found, key=lambda reading: reading.series.key)

    def latest_all(self) -> Iterator[Reading]:
        """See the contract."""
        marks = self.notes.read((), ()).marks
        script = Script()
        script.ask("all", f"{script.rows(self.server.access.bucket, marks.raw_from, END_OF_TIME)} |> last()")
        seen = set()
        for reading in self._readings(self.server.ask(script)):
            seen.add(reading.series)
            yield reading
        for tier, start in ((FIVE_MINUTES, marks.five_minutes_from), (HOUR, marks.one_hour_from)):
            if tier == FIVE_MINUTES or marks.hours_to:
                found = list(self._rolled_up(tier, start, seen))
                seen |= {reading.series for reading in found}
                yield from found

    def raw(
        self, metric: str, where: Where | None, start: int, stop: int, limit: int | None
    ) -> list[tuple[Series, list[tuple[int, float, Quality]]]]:
        """See the contract. The qualities are asked for afterwards, as far as the values go."""
        if limit is not None:
            start = max(start, self.notes.read((), ()).marks.raw_from)
        asked = Asked(metric, where or {})
        values = self._values(asked, max(start, 0), stop, limit) if start < stop and limit != 0 else {}
        kept: list[tuple[Series, list[tuple[int, float]]]] = []
        left = END_OF_TIME if limit is None else limit
        for series in sorted((series for series in values if matches(series, where)), key=lambda series: series.key):
            points = values[series][:left]
            if points:
                kept.append((series, points))
            left -= len(points)
        named = self._named(asked, kept)
        return [
            (series, [(time_ns, value, named.get((series.tags, time_ns), Quality.GOOD)) for time_ns, value in points])
            for series, points in kept
        ]

    def _values(self, asked: Asked, start: int, stop: int, limit: int | None) -> _Points:
        """The values of a range, of each series the first ``limit``; without a limit, none that are too old."""
        script = Script()
        rows = script.rows(self.server.access.bucket, start, stop, *asked.raw(script))
        script.ask("values", rows if limit is None else f"{rows} |> limit(n: {script.given(limit)})")
        self.notes.ask_marks(script)
        marks, tables = self.notes.split(self.server.ask(script))
        return {
            table.series: [(time_ns, float(value)) for time_ns, value in points if time_ns >= marks.raw_from]
            for table, points in tables
        }

    def _named(
        self, asked: Asked, kept: Sequence[tuple[Series, Sequence[tuple[int, float]]]]
    ) -> dict[tuple[tuple[tuple[str, str], ...], int], Quality]:
        """By tags and time the qualities that are not good, over the whole range of some values."""
        if not kept:
            return {}
        start = min(points[0][0] for _, points in kept)
        stop = max(points[-1][0] for _, points in kept) + 1
        script = Script()
        conditions = asked.raw(script, QUALITY)
        good = script.given(Quality.GOOD.value)
        rows = script.rows(self.server.access.bucket, start, stop, *conditions, f'r["_value"] != {good}')
        script.ask(QUALITY, rows)
        return {
            (table.tags, time_ns): Quality(value)
            for table, points in self.server.ask(script)
            for time_ns, value in points
        }

    def _readings(self, tables: Iterable[tuple[Table, Rows]]) -> list[Reading]:
        """The values of an answer with the qualities that stand beside them, in the answer or where they were."""
        values: list[tuple[Series, Series, int, float]] = []
        qualities: dict[Series, tuple[int, str]] = {}
        for table, ((newest, text),) in tables:
            if table.field == QUALITY:
                qualities[table.prefix] = (newest, text)
            else:
                values.append((table.series, table.prefix, newest, float(text)))
        elsewhere = self._moments({
            (prefix, time_ns) for _, prefix, time_ns, _ in values if qualities.get(prefix, (time_ns, ""))[0] != time_ns
        })  # fmt: skip
        readings = []
        for series, prefix, time_ns, value in values:
            at, named = qualities.get(prefix, (time_ns, Quality.GOOD.value))
            quality = Quality(named) if at == time_ns else elsewhere.get((prefix, time_ns), Quality.GOOD)
            readings.append(Reading(series, time_ns, value, quality))
        return readings

    def _moments(self, moments: Iterable[_Moment]) -> dict[_Moment, Quality]:
        """The qualities at some moments, each asked for by itself: a device may send its values by turns."""
        found: dict[_Moment, Quality] = {}
        for some in _by(list(moments), AT_ONCE):
            script = Script()
            for number, (prefix, time_ns) in enumerate(some):
                of = script.prefixes([prefix])
                rows = script.rows(self.server.access.bucket, time_ns, time_ns + 1, of, script.is_("_field", QUALITY))
                script.ask(str(number), rows)
            for table, points in self.server.ask(script):
                found.update({(table.prefix, time_ns): Quality(value) for time_ns, value in points})
        return found

    def _rolled_up(self, tier: int, start: int, but: set[Series]) -> Iterator[Reading]:
        """The last value of the newest row of the series that have nothing finer."""
        script = Script()
        rows = script.rows(self.server.access.tier(tier), start, END_OF_TIME, script.is_("_field", COUNT))
        script.ask("there", f"{rows} |> last()")
        void = []
        for some in _by([table.prefix for table, _ in self.server.ask(script) if table.prefix not in but], CONDITIONS):
            script = Script()
            rows = script.rows(self.server.access.tier(tier), start, END_OF_TIME, script.prefixes(some))
            script.ask("newest", f"{rows} |> last()")
            for series, by_time in tier_buckets(self.server.ask(script)).items():
                bucket = by_time[max(by_time)]
                if series in some and bucket.count:
                    yield _reading(series, bucket)
                elif series in some:
                    void.append(series)
        for some in _by(void, AT_ONCE):
            for series, by_time in self.windows.rows(tier, (start, END_OF_TIME), Asked(), some).items():
                if by_time and series in some:  # the newest row was taken back
                    yield _reading(series, by_time[max(by_time)])


def _reading(series: Series, bucket: Bucket) -> Reading:
    return Reading(series, bucket.last_at, bucket.last, bucket.quality)


def _by(items: list[_T], size: int) -> list[list[_T]]:
    return [items[first : first + size] for first in range(0, len(items), size)]
