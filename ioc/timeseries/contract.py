"""What a store of time series can do, whatever it stands on. One contract suite runs over every store."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ioc.domain import MINUTE, Quality, Reading, Series
from ioc.errors import Reason, RejectError

FIVE_MINUTES = 5 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * 60 * MINUTE
MAX_POINTS = 200_000  # of one series in one answer
SKETCH_ERROR = 0.01  # relative error of a median or p90 that comes from sketches
ROLL_FOR_S = 20.0  # one call of ``roll_up`` lasts about so long at most

Where = Mapping[str, str | Collection[str]]
ABSENT = "-"  # asks for series without the tag; no tag can have it as its value


class How(StrEnum):
    """How the values of a window become one. Ratios are a sum over a sum, never a mean of ratios.

    Median and p90 are values that occurred, by the nearest rank: of n values in their order number ceil(n / 2), or
    ceil(0.9 n), counted from 1.
    """

    SUM = "sum"
    COUNT = "count"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    MEAN = "mean"
    RATIO = "ratio"
    MEDIAN = "median"
    P90 = "p90"


QUANTILES = {How.MEDIAN: 0.5, How.P90: 0.9}


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each tier is kept."""

    raw_ns: int = 30 * DAY
    five_minutes_ns: int = 730 * DAY
    one_hour_ns: int = 3650 * DAY

    @property
    def tiers(self) -> tuple[int, int, int]:
        """How long raw values, five-minute rows and hourly rows are kept: none shorter than the one before."""
        five_minutes = max(self.raw_ns, self.five_minutes_ns)
        return self.raw_ns, five_minutes, max(five_minutes, self.one_hour_ns)


@dataclass(frozen=True, slots=True)
class Window:
    """One line of a chart: the tags it stands for, and a point for every window of the range, oldest first.

    A point is (start of the window, value, quality). The value is None where nothing was counted: a gap, never
    0. The quality is ``sim`` where anything simulated is in it, else ``test``, else ``good``. ``error`` is 0 where
    every value is exact, else ``SKETCH_ERROR``: as a share of itself, how far a value may be off.
    """

    tags: dict[str, str]
    points: list[tuple[int, float | None, Quality]]
    error: float = 0.0


class Rejected(RejectError):  # noqa: N818 - named as the caller reads it: what was rejected
    """Lines that can never be stored. ``lines`` holds (index, reason); all the other lines are stored."""

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        index, reason = lines[0]
        super().__init__(Reason.STORE, f"{len(lines)} of the lines cannot be stored; number {index + 1}: {reason}")
        self.lines = lines


class Store(Protocol):
    """Values of series over time: raw, and in the rows of two tiers, five minutes and one hour.

    Times are nanoseconds since the epoch, ranges are ``start`` included to ``stop`` excluded, values are in the
    catalogue's unit. ``where`` maps a tag to the value, or the collection of values, that it must have, ``ABSENT``
    among them for series that do not have the tag; an empty string or collection asks for nothing. A value that
    repeats series and time replaces the one before. ``bad`` values are kept and given back by ``latest`` and ``raw``,
    and never counted by ``window``.

    Every method raises RetryError while the store cannot (locked, disk full), and MisconfiguredError when a
    person has to mend it first (damaged, not writable). Wrong questions raise ValueError.
    """

    def write_lines(self, lines: Sequence[str]) -> None:
        """Store lines as ``ioc.domain.Frame.line`` writes them; they are durable when this returns.

        Raises Rejected for lines that cannot be read, are not finite or are older than the raw values kept; all
        the others are stored then. With any other error nothing is stored, and the same call may be repeated.
        """
        ...

    def write(self, readings: Iterable[Reading]) -> None:
        """Store readings; the same as writing their lines."""
        ...

    def series(self, metric: str, where: Where | None = None) -> list[Series]:
        """The series of a metric, by key."""
        ...

    def latest(self, metric: str, where: Where | None, within_ns: int) -> list[Reading]:
        """The newest value of each series that has one not older than ``within_ns``, by key."""
        ...

    def latest_all(self) -> Iterator[Reading]:
        """The newest value of every series; where its raw values are gone, the last one of its newest row."""
        ...

    def raw(
        self,
        metric: str,
        where: Where | None,
        start: int,
        stop: int,
        limit: int | None = None,
    ) -> list[tuple[Series, list[tuple[int, float, Quality]]]]:
        """The values themselves as (time, value, quality), oldest first, of each series that has any, by key.

        ``limit`` bounds all points of the answer together; the series at its end are cut or left out.
        """
        ...

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
        """Values put together in windows of ``every`` nanoseconds, by key or by the values of ``by``.

        ``start`` and ``stop`` are rounded outwards to whole windows. Windows of whole days begin at local
        midnight of ``zone`` (weeks on Mondays) and last as long as those days do; shorter ones divide the epoch.
        ``by`` names the tags to group by; None keeps each series by itself. ``ratio`` divides the sum of
        ``metric`` by the sum of ``denominator`` of the same group. The answer is the same whether raw values
        or a tier gives it. Windows that are not made of whole hours end where the five-minute rows do, those that
        are not made of whole five minutes where the raw values do.

        ``median`` and ``p90`` are exact for windows that raw values cover. Older windows of whole hours come from the
        sketches of the hours (DDSketch), within ``SKETCH_ERROR``; the answer says so (``Window.error``). Other older
        windows, and those with an hour of which there is no sketch, have none.
        """
        ...

    def roll_up(self, now_ns: int) -> bool:
        """Put what is complete into the tiers, and again what late values have changed. Idempotent.

        A long way is gone in parts: one call works for about ``ROLL_FOR_S``, gives False where something is left, and
        the next call goes on there.
        """
        ...

    def retain(self, now_ns: int) -> None:
        """Roll up, then drop what is older than its tier is kept; such values are refused from then on."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
