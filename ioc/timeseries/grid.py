"""Windows of a range of time: where each begins, days as long as the calendar of a zone makes them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from ioc.domain import SECOND
from ioc.timeseries.contract import DAY, FIVE_MINUTES, HOUR, MAX_POINTS


@dataclass(frozen=True, slots=True)
class Run:
    """Windows of equal length that follow each other; ``first`` is the number of the first of them."""

    first: int
    start: int
    stop: int
    step: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The edges of all windows of a range, the end of the last included."""

    edges: tuple[int, ...]

    @classmethod
    def of(cls, start: int, stop: int, every: int, zone: str = "UTC") -> "Grid":
        """The windows of ``every`` nanoseconds that cover ``start`` to ``stop``."""
        if not 0 <= start <= stop:
            raise ValueError("a range begins after 1970 and not after it ends")
        if every <= 0 or (every > DAY and every % DAY):
            raise ValueError("windows last more than nothing, and above one day whole days")
        if (stop - start) // every >= MAX_POINTS:
            raise ValueError(f"more than {MAX_POINTS} windows: ask for longer windows or a shorter range")
        if every >= DAY:
            return cls(_days(start, stop, every // DAY, zone))
        first = start - start % every
        return cls(tuple(range(first, stop + every, every)) if stop % every else tuple(range(first, stop + 1, every)))

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each window begins."""
        return self.edges[:-1]

    @property
    def whole_buckets(self) -> bool:
        """Whether every window is made of whole buckets of five minutes."""
        return all(edge % FIVE_MINUTES == 0 for edge in self.edges)

    @property
    def whole_hours(self) -> bool:
        """Whether every window is made of whole hours."""
        return all(edge % HOUR == 0 for edge in self.edges)

    def first_from(self, time_ns: int) -> int:
        """When the first window begins that does not begin before a moment; the end where none is left."""
        return next((edge for edge in self.edges if edge >= time_ns), self.edges[-1])

    def runs(self) -> list[Run]:
        """The same windows as few runs of equal length: one, but for days in a zone that shifts its clocks."""
        runs: list[Run] = []
        first = 0
        for step, windows in groupby(stop - start for start, stop in pairwise(self.edges)):
            last = first + len(list(windows))
            runs.append(Run(first, self.edges[first], self.edges[last], step))
            first = last
        return runs


def local_midnight(day: date, zone: ZoneInfo) -> int:
    """When a day begins; where its midnight is skipped, the moment of the skip."""
    return int(datetime.combine(day, time(), zone).timestamp()) * SECOND


def local_day(time_ns: int, zone: ZoneInfo) -> date:
    """The day of a moment."""
    return datetime.fromtimestamp(time_ns // SECOND, UTC).astimezone(zone).date()


def _days(start: int, stop: int, days: int, zone_name: str) -> tuple[int, ...]:
    zone = _zone(zone_name)
    ordinal = local_day(start, zone).toordinal()
    ordinal -= (ordinal - 1) % days  # day 1 of the calendar was a Monday: so weeks begin on Mondays
    edges = [local_midnight(date.fromordinal(ordinal), zone)]
    while edges[-1] < stop:
        ordinal += days
        edge = local_midnight(date.fromordinal(ordinal), zone)
        if edge > edges[-1]:  # a zone that crosses the date line leaves a day out
            edges.append(edge)
    return tuple(edges)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone of this machine") from None
