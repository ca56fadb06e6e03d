"""Ratios as values: one for each facility, or for the one site or ward that is asked for, computed when it is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboards.live.values import Filter
from ioc.catalogue import Metric
from ioc.derive import ratio
from ioc.domain import Series, State
from ioc.latest import Book, Value
from ioc.registry import Registry


@dataclass(frozen=True, slots=True)
class Ratios:
    """The ratio ``metric`` of the places that a filter lets through."""

    metric: Metric
    wanted: Filter
    registry: Registry

    @property
    def facilities(self) -> list[str]:
        """Whose: of all where none is named, without those for tests."""
        return [self.wanted.facility] if self.wanted.facility else list(self.registry.hospitals)

    def values(self, book: Book, now_ns: int) -> list[Value]:
        """One for each; of a facility that never gave any it is missing."""
        return [value for code in self.facilities if (value := self.value(code, book, now_ns)[0]) is not None]

    def value(self, facility: str, book: Book, now_ns: int) -> tuple[Value | None, int | None]:
        """That of one facility, and when the clock alone changes it; None where a filter leaves nothing of it."""
        wanted = replace(self.wanted, facility=facility)
        above, below = (replace(wanted, metric=code).values(book, now_ns) for code in self.metric.parts)
        got = ratio(above, below, now_ns, self.metric.scale)
        if got.state is State.MISSING and not self._expected(facility):
            return None, None
        places = (("facility", facility), ("site", wanted.site), ("ward", wanted.ward))
        return Value(
            metric=self.metric.code,
            tags={name: code for name, code in places if code},
            value=got.value,
            unit=self.metric.unit,
            as_of_ns=got.as_of_ns,
            received_ns=max((v.received_ns for v in (*above, *below) if v.received_ns is not None), default=None),
            max_age_ns=self.metric.max_age_ns,
            state=got.state,
            quality=got.quality,
            source=next((value.source for value in above if value.source), ""),
            n=got.n,
            m=got.m,
        ), got.next_change_ns

    def _expected(self, facility: str) -> bool:
        """Whether there should be one, though nothing is known of it."""
        found, wanted = self.registry.facilities.get(facility), self.wanted
        narrower = wanted.ward or wanted.device or wanted.source
        return found is not None and not narrower and wanted.site in ("", *found.sites)


class RatioView:
    """The stream of a ratio: one part a facility."""

    def __init__(self, ratios: Ratios) -> None:
        wanted = ratios.wanted
        self._ratios = ratios
        self.action = "board"
        self.key = ("ratio", *wanted.fields)
        self.facility = wanted.facility
        self.site = wanted.site

    def parts(self) -> Sequence[str]:
        """One a facility."""
        return [_part(self._ratios.metric.code, code) for code in self._ratios.facilities]

    def touched(self, series: Series) -> Iterable[str]:
        """The facility's, where the series is one of its numerators or denominators."""
        ratios, code = self._ratios, series.tag("facility")
        if series.metric not in ratios.metric.parts or code not in ratios.facilities:
            return ()
        return (_part(ratios.metric.code, code),) if replace(ratios.wanted, metric="").lets(series) else ()

    def render(self, part: str, book: Book, now_ns: int) -> tuple[list[dict[str, Any]], int | None]:
        """Its value as the API gives it."""
        value, ends_ns = self._ratios.value(Series.parse(part).tag("facility"), book, now_ns)
        return ([] if value is None else [value.as_json(now_ns) | {"age_s": None}]), ends_ns


def _part(metric: str, facility: str) -> str:
    return f"{metric},facility={facility}"
