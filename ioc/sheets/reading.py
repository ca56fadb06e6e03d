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
LARGEST = 200_000_000  # bytes of a workbook unpacked
MOST_ROWS, MOST_CELLS = 200_000, 200


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
        yield from _of_sheet(sheet.iter_rows(max_col=MOST_CELLS, values_only=True))
    except SheetError:
        raise
    except Exception as error:  # a file that anybody may send: openpyxl raises whatever its damage leads to
        raise SheetError(1, f"is no workbook that can be read: {type(error).__name__}.", "Save it anew.") from error


def _check_size(data: bytes) -> None:
    """A small file may unpack to more than the memory holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        size = sum(part.file_size for part in packed.infolist())
    if size > LARGEST:
        raise SheetError(1, f"holds {size // 1_000_000} MB.", "Save only the list itself.")


def _of_sheet(rows: Iterator[Sequence[object]]) -> Iterator[Row]:
    for line, row in enumerate(rows, 1):
        if line > MOST_ROWS:
            raise SheetError(line, f"has more than {MOST_ROWS} lines.", "Divide it into several files.")
        cells = [_cell(value) for value in row]
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
