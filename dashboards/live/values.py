"""The plain stream of the API: the values that a filter lets through, one part a series."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from ioc.domain import Series
from ioc.latest import Book, Value


@dataclass(frozen=True, slots=True)
class Filter:
    """Which values: an empty field lets all through."""

    metric: str = ""
    facility: str = ""
    site: str = ""
    device: str = ""
    source: str = ""
    ward: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """All of it, to tell one from another."""
        return astuple(self)

    def lets(self, series: Series) -> bool:
        """Whether a series passes."""
        if self.metric and series.metric != self.metric:
            return False
        tags = dict(series.tags)
        wanted = {"facility": self.facility, "site": self.site, "ward": self.ward, "device": self.device}
        return all(not want or tags.get(name) == want for name, want in {**wanted, "source": self.source}.items())

    def values(self, book: Book, now_ns: int) -> list[Value]:
        """The values of the book that pass."""
        found = book.values(
            metric=self.metric,
            facility=self.facility,
            site=self.site,
            device=self.device,
            source=self.source,
            now_ns=now_ns,
        )
        return [value for value in found if value.tags.get("ward") == self.ward] if self.ward else found


class ValuesView:
    """A view whose parts are series, each without its source: several sources of one are several values."""

    def __init__(self, wanted: Filter, book: Book, now_ns: int) -> None:
        self._filter = wanted
        self._first = sorted({_part(value) for value in wanted.values(book, now_ns)})
        self.action = "board"
        self.key = ("values", *wanted.fields)
        self.facility = wanted.facility
        self.site = wanted.site

    def parts(self) -> Sequence[str]:
        """Every series that there is or should be."""
        return self._first

    def touched(self, series: Series) -> Iterable[str]:
        """The series itself, where it passes."""
        return (_without_source(series),) if self._filter.lets(series) else ()

    def render(self, part: str, book: Book, now_ns: int) -> tuple[list[dict[str, Any]], int | None]:
        """Its values as the API gives them."""
        series = Series.parse(part)
        tags = dict(series.tags)
        found = book.values(
            metric=series.metric,
            facility=tags.get("facility", ""),
            site=tags.get("site", ""),
            device=tags.get("device", ""),
            source=self._filter.source,
            now_ns=now_ns,
        )
        values = [value for value in found if _part(value) == part]
        ends = [value.next_change_ns for value in values if value.next_change_ns is not None]
        return [value.as_json(now_ns) | {"age_s": None} for value in values], min(ends, default=None)


def _part(value: Value) -> str:
    return ",".join([value.metric, *(f"{name}={text}" for name, text in sorted(value.tags.items()))])


def _without_source(series: Series) -> str:
    return ",".join([series.metric, *(f"{name}={text}" for name, text in series.tags if name != "source")])
