"""What a page of history shows as a table to take along: CSV and Excel, with a sheet that says what it is."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboards.api.answers import FORMULA
from dashboards.history.study import Study
from dashboards.history.windows import Cell as Measured
from dashboards.history.windows import Line
from ioc.catalogue import Metric
from ioc.domain import SECOND, Quality
from ioc.sheets import Cell, write_xlsx
from ioc.timeseries import How

LONGEST = 1_000_000  # rows that a sheet of Excel can hold, and some to spare


@dataclass(frozen=True, slots=True)
class Words:
    """What the columns are called, the names of the lines, and what the table is: (what, text) each."""

    time: str
    above: str
    below: str
    quality: str
    before_time: str
    before: str
    names: Sequence[str]
    about: Sequence[tuple[str, str]]
    sheets: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a study: one a window, a column a line; of a ratio also what was divided by what."""

    found: Study
    metric: Metric
    how: str
    words: Words
    zone: str

    def rows(self) -> Iterator[list[Cell]]:
        """The header, then every window that any line has a value in, or could have; empty is no value, never 0."""
        lines, words = self.found.lines, self.words
        sides = self.how == How.RATIO and len(lines) == 1
        before = self.found.before if len(lines) == 1 and lines[0].starts else None  # values as they came have no pairs
        header: list[Cell] = [words.time, *words.names[: len(lines)]]
        header += [words.above, words.below] if sides else []
        header += [words.before_time, words.before] if before else []
        yield [*header, words.quality]
        times = sorted({at for line in lines for at in (line.starts or [cell.at for cell in line.cells])})[:LONGEST]
        known = [{cell.at: cell for cell in line.cells} for line in lines]
        earlier = list(_aligned(before, len(times))) if before else []
        for place, at in enumerate(times):
            cells = [own.get(at) for own in known]
            row: list[Cell] = [
                self._local(at),
                *(None if c is None else self._scale * c.above / c.below for c in cells),
            ]
            if sides:
                row += [cells[0].above, cells[0].below] if cells[0] else [None, None]
            if before:
                then, old = earlier[place] if place < len(earlier) else (None, None)
                row += [None if then is None else self._local(then)]
                row += [self._scale * old.above / old.below if old else None]
                cells.append(old)
            worst = {cell.quality for cell in cells if cell}
            yield [*row, next((str(q) for q in (Quality.SIM, Quality.TEST) if q in worst), "good" if worst else None)]

    @property
    def _scale(self) -> float:
        return self.metric.scale if self.how == How.RATIO else 1.0

    def _local(self, ns: int) -> datetime:
        return datetime.fromtimestamp(ns / SECOND, ZoneInfo(self.zone)).replace(tzinfo=None)

    def csv(self) -> bytes:
        """For any program; begins with the mark by which Excel knows UTF-8."""
        text = io.StringIO()
        csv.writer(text).writerows([_plain(cell) for cell in row] for row in self.rows())
        return text.getvalue().encode("utf-8-sig")

    def xlsx(self) -> bytes:
        """A workbook: the values, and what they are."""
        data, about = self.words.sheets
        return write_xlsx({data: self.rows(), about: [list(row) for row in self.words.about]})


def _aligned(before: Line, rows: int) -> Iterator[tuple[int, Measured | None]]:
    """The earlier windows in their order: the first beside the first."""
    known = {cell.at: cell for cell in before.cells}
    for at in before.starts[:rows]:
        yield at, known.get(at)


def _plain(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula is written as text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
