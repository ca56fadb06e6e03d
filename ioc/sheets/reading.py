"""The cells of a table: CSV, also as Excel saves it, or a workbook."""

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import NamedTuple

DELIMITERS = ",;\t"
PACKED = b"PK\x03\x04"  # how a workbook begins
OLD = b"\xd0\xcf\x11\xe0"  # how one of Excel 97 does
# A small file may hold a table that keeps the process busy for minutes: what a list needs, and no more, is read.
LARGEST = 20_000_000  # bytes of a workbook unpacked
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 200_000, 40, 500_000
MOST_TAGS = 4 * MOST_CELLS  # of XML, as a cell has two and its value two; counted before any of them is parsed


class Row(NamedTuple):
    """The cells of a line that holds anything, as text without spaces around it; ``line`` as people count."""

    line: int
    cells: list[str]


class SheetError(Exception):
    """The file is no table: ``what`` is wrong in ``line``, and what helps."""

    def __init__(self, line: int, what: str, hint: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.hint = hint


def read_rows(data: bytes) -> list[Row]:
    """The lines of a CSV file (comma, semicolon or tab; UTF-8) or of the first sheet of an Excel workbook (.xlsx).

    A day in a cell of Excel comes as ``2026-01-31``, a whole number without a point, true and false as 1 and 0.
    Raises SheetError where it is neither.
    """
    if data.startswith(OLD):
        raise SheetError(1, "is a workbook of Excel 97.", "In Excel: Save as, Excel workbook (.xlsx).")
    return list(_of_workbook(data) if data.startswith(PACKED) else _of_text(_text(data)))


def _text(data: bytes) -> str:
    try:
        return unicodedata.normalize("NFC", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SheetError(line, "is not UTF-8 text.", "In Excel: Save as, CSV UTF-8 (comma delimited).") from None


def _of_text(text: str) -> Iterator[Row]:
    first = text.split("\n", 1)[0].strip()
    skip = first.lower().startswith("sep=") and len(first) == 5  # Excel's own way to name the delimiter
    delimiter = first[4] if skip else max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1  # where the next one begins: it may run over several lines
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise SheetError(line, f"is not CSV: {error}.", "Look at the quotes of this line.") from None
        if row is None:
            return
        cells = [cell.strip() for cell in row]
        if any(cells) and not (skip and line == 1):
            yield Row(line, cells)


def _of_workbook(data: bytes) -> Iterator[Row]:
    from openpyxl import load_workbook  # noqa: PLC0415  # slow and large, and few processes ever read a workbook

    try:
        _check_size(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # some programs write wrong ones
        yield from _of_sheet(sheet.iter_rows(values_only=True))
    except SheetError:
        raise
    except Exception as error:  # a file that anybody may send: openpyxl raises whatever its damage leads to
        raise SheetError(1, f"is no workbook that can be read: {type(error).__name__}.", "Save it anew.") from error


def _check_size(data: bytes) -> None:
    """A small file may unpack to more than the memory holds, or to more than can be parsed while others wait."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        size = sum(part.file_size for part in packed.infolist())
        if size > LARGEST:
            raise SheetError(1, f"holds {size // 1_000_000} MB.", "Save only the list itself.")
        tags = sum(packed.read(part).count(b"<") for part in packed.infolist())
    if tags > MOST_TAGS:
        raise SheetError(1, f"holds {tags} XML tags.", "Save only the list itself.")


def _of_sheet(rows: Iterator[Sequence[object]]) -> Iterator[Row]:
    read = 0
    for line, row in enumerate(rows, 1):
        if line > MOST_ROWS:
            raise SheetError(line, f"has more than {MOST_ROWS} lines.", "Divide it into several files.")
        read += len(row)
        if read > MOST_CELLS:
            raise SheetError(line, f"has more than {MOST_CELLS} cells before its end.", "Save only the list itself.")
        if any(value not in (None, "") for value in row[MOST_COLUMNS:]):
            raise SheetError(line, f"has more than {MOST_COLUMNS} columns.", "Save only the list itself.")
        cells = [_cell(value) for value in row[:MOST_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield Row(line, cells)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value)).strip()
