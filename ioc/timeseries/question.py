"""What a window query asks, and the answer put together: the same for every store."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Self

from ioc.domain import Quality, Reading, Series
from ioc.timeseries.contract import ABSENT, FIVE_MINUTES, HOUR, QUANTILES, SKETCH_ERROR, How, Where, Window
from ioc.timeseries.grid import Grid

Group = tuple[tuple[str, str], ...]  # tags and their values
Point = tuple[float, Quality]
Found = Mapping[Group, Mapping[int, Point]]  # by group and number of the window

_EMPTY: Mapping[int, Point] = {}
_NOTHING: Found = {}


@dataclass(frozen=True, slots=True)
class Question:
    """A window query, checked."""

    grid: Grid
    how: How
    by: tuple[str, ...] | None
    denominator: str

    @classmethod
    def of(cls, grid: Grid, how: How | str, by: Sequence[str] | None, denominator: str | None) -> Self:
        """Raises ValueError for a question that has no answer."""
        how = How(how)
        if isinstance(by, str):
            raise ValueError("by is a list of tags")  # noqa: TRY004 - as all wrong questions
        if (how is How.RATIO) != bool(denominator):
            raise ValueError("a ratio has a denominator, and nothing else has one")
        return cls(grid, how, None if by is None else tuple(by), denominator or "")

    def group(self, series: Series) -> Group:
        """The group that a series belongs to."""
        return series.tags if self.by is None else tuple([(name, series.tag(name)) for name in self.by])

    @property
    def quantile(self) -> bool:
        """Whether values have to be put in their order."""
        return self.how in QUANTILES

    def answer(
        self, members: Iterable[Series], found: Found, below: Found = _NOTHING, sketched: Collection[Group] = ()
    ) -> list[Window]:
        """The windows of the groups of ``members``; ``below`` holds a ratio's denominators.

        ``sketched`` are the groups of which some point comes from sketches.
        """
        return [
            Window(
                dict(group),
                self._points(found.get(group, _EMPTY), below.get(group, _EMPTY)),
                SKETCH_ERROR if group in sketched else 0.0,
            )
            for group in sorted({self.group(series) for series in members})
        ]

    def _points(
        self, found: Mapping[int, Point], below: Mapping[int, Point]
    ) -> list[tuple[int, float | None, Quality]]:
        if self.how is How.RATIO:
            found = _ratios(found, below)
        points: list[tuple[int, float | None, Quality]] = []
        for number, start in enumerate(self.grid.starts):
            point = found.get(number)
            if point is None or not isfinite(point[0]):
                points.append((start, None, Quality.GOOD))
            else:
                points.append((start, *point))
        return points


def worst(qualities: Collection[Quality]) -> Quality:
    """What a number is that was made of values of these qualities."""
    return next((quality for quality in (Quality.SIM, Quality.TEST) if quality in qualities), Quality.GOOD)


def matches(series: Series, where: Where | None) -> bool:
    """Whether a series has the tags that are asked for."""
    tags = dict(series.tags)
    for name, asked in (where or {}).items():
        found = tags.get(name, ABSENT)
        if asked and (found != asked if isinstance(asked, str) else found not in asked):
            return False
    return True


def bucket_of(time_ns: int) -> int:
    """When the bucket of five minutes begins in which a moment lies."""
    return time_ns - time_ns % FIVE_MINUTES


def hour_of(time_ns: int) -> int:
    """When the hour begins in which a moment lies."""
    return time_ns - time_ns % HOUR


def line_of(reading: Reading) -> str:
    """The line of one reading."""
    measurement, _, field = reading.series.metric.partition(".")
    prefix = ",".join([measurement, *(f"{name}={value}" for name, value in reading.series.tags)])
    return f'{prefix} {field}={reading.value!r},quality="{reading.quality}" {reading.time_ns}'


def _ratios(above: Mapping[int, Point], below: Mapping[int, Point]) -> dict[int, Point]:
    ratios: dict[int, Point] = {}
    for number, (value, quality) in above.items():
        divisor, other = below.get(number, (0.0, quality))
        if divisor != 0.0:
            ratios[number] = (value / divisor, quality if quality is other else worst((quality, other)))
    return ratios
