"""What InfluxDB answers, as rows: parsed here, at a third of the cost of the client library's records."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ioc.domain import SECOND, Series

MINUTE_LETTERS = len("2026-11-23T08:02")
_OURS = ("", "result", "table", "_start", "_stop", "_time", "_value", "_field", "_measurement")


Rows = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """What the rows of a table have in common: the question that they answer, and their series."""

    name: str
    measurement: str
    field: str
    tags: tuple[tuple[str, str], ...]

    @property
    def series(self) -> Series:
        """The series of a value."""
        return Series(f"{self.measurement}.{self.field}", self.tags)

    @property
    def prefix(self) -> Series:
        """Measurement and tags: what a value has in common with the quality beside it."""
        return Series(self.measurement, self.tags)


class Times(dict[str, int]):
    """From RFC 3339 as InfluxDB writes it to nanoseconds; each minute is read once."""

    def __missing__(self, minute: str) -> int:
        moment = datetime.fromisoformat(minute).replace(tzinfo=UTC)
        self[minute] = ns = int(moment.timestamp()) * SECOND
        return ns

    def ns(self, text: str) -> int:
        """The moment ``2026-11-23T08:02:30.000000001Z``."""
        whole, _, part = text[MINUTE_LETTERS + 1 : -1].partition(".")
        fraction = int(part.ljust(9, "0")) if part else 0
        return self[text[:MINUTE_LETTERS]] + int(whole) * SECOND + fraction


class _Columns:
    """Where the columns of a block stand."""

    def __init__(self, header: list[str]) -> None:
        place = {name: number for number, name in enumerate(header)}
        self.value = place.get("_value", -1)
        self.time = place.get("_time", -1)
        self._measurement, self._field = place.get("_measurement"), place.get("_field")
        self._tags = sorted((name, number) for name, number in place.items() if name not in _OURS)

    def table(self, row: list[str]) -> Table:
        """What the row's table is; an empty tag is none."""
        tags = tuple((name, row[number]) for name, number in self._tags if row[number])
        measurement = "" if self._measurement is None else row[self._measurement]
        return Table(row[1], measurement, "" if self._field is None else row[self._field], tags)


def parse(lines: Iterable[str]) -> Iterator[tuple[Table, Rows]]:
    """Each table with its rows: (time, value as text); the time is 0 where the question left it out.

    Raises ValueError with the server's words where it broke off: an error in the middle comes as a table.
    """
    ns = Times().ns
    columns: _Columns | None = None
    table: Table | None = None
    rows: Rows = []
    number = name = ""
    reader = csv.reader(lines)
    for row in reader:
        if len(row) < 2:  # an empty line ends a block
            columns = None
        elif columns is None:
            if row[1] == "error":
                raise ValueError(" ".join(next(reader, [])).strip()[:500])
            columns, name = _Columns(row), ""
        else:
            if row[2] != number or row[1] != name:
                if table:
                    yield table, rows
                name, number = row[1], row[2]
                table, rows = columns.table(row), []
            rows.append((ns(row[columns.time]) if columns.time >= 0 else 0, row[columns.value]))
    if table:
        yield table, rows
