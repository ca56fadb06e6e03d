"""What a store of time series can do, whatever it stands on. One contract suite runs over every store."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ioc.domain import MINUTE, Quality, Reading, Series
from ioc.errors import Reason, RejectError

FIVE_MINUTES = 5 * MINUTE
DAY = 24 * 60 * MINUTE
MAX_POINTS = 200_000  # of one series in one answer

Where = Mapping[str, str | Collection[str]]
ABSENT = "-"  # asks for series without the tag; no tag can have it as its value


class How(StrEnum):
    """How the values of a window become one. Ratios are a sum over a sum, never a mean of ratios."""

    SUM = "sum"
    COUNT = "count"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    MEAN = "mean"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each tier is kept."""

    raw_ns: int = 30 * DAY
    five_minutes_ns: int = 730 * DAY


@dataclass(frozen=True, slots=True)
class Window:
    """One line of a chart: the tags it stands for, and a point for every window of the range, oldest first.

    A point is (start of the window, value, quality). The value is None where nothing was counted: a gap, never
    0. The quality is ``sim`` where anything simulated is in it, else ``test``, else ``good``.
    """

    tags: dict[str, str]
    points: list[tuple[int, float | None, Quality]]


class Rejected(RejectError):  # noqa: N818 - named as the caller reads it: what was rejected
    """Lines that can never be stored. ``lines`` holds (index, reason); all the other lines are stored."""

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        index, reason = lines[0]
        super().__init__(Reason.STORE, f"{len(lines)} of the lines cannot be stored; number {index + 1}: {reason}")
        self.lines = lines


class Store(Protocol):
    """Values of series over time, raw and in buckets of five minutes.

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
        """The newest value of every series; where its raw values are gone, the last one of its newest bucket."""
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
        or buckets give it; windows that are not made of whole five minutes end where the raw values do.
        """
        ...

    def roll_up(self, now_ns: int) -> None:
        """Put what is complete into buckets, and again those that late values have changed. Idempotent."""
        ...

    def retain(self, now_ns: int) -> None:
        """Roll up, then drop what is older than its tier is kept; such values are refused from then on."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
