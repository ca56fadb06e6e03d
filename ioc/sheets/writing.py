"""Tables as an Excel workbook."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO

Cell = str | int | float | date | datetime | None  # datetimes carry no zone: Excel knows none
LONGEST_TITLE = 31
NOT_IN_TITLES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
MOMENT = "yyyy-mm-dd hh:mm"


def write_xlsx(sheets: Mapping[str, Iterable[Sequence[Cell]]]) -> bytes:
    """A workbook with a sheet for each title; the first of its rows is the header and stays in sight.

    Text that begins like a formula stays text. Rows are packed as they come, so that memory holds no more than that.
    """
    from openpyxl import Workbook  # noqa: PLC0415  # slow and large, and few processes ever write a workbook
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415

    book = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title.translate(NOT_IN_TITLES)[:LONGEST_TITLE])
        sheet.freeze_panes = "A2"
        for number, row in enumerate(rows):
            cells = [WriteOnlyCell(sheet, value) for value in row]
            for cell, value in zip(cells, row, strict=True):
                if isinstance(value, str):
                    cell.data_type = "s"
                elif isinstance(value, datetime):
                    cell.number_format = MOMENT
                if number == 0:
                    cell.font = Font(bold=True)
            sheet.append(cells)
    file = BytesIO()
    book.save(file)
    return file.getvalue()
