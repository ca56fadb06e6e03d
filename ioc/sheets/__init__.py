"""Tables as people write and read them: CSV and Excel workbooks. The one part that knows openpyxl."""

from ioc.sheets.reading import Row, SheetError, read_rows
from ioc.sheets.writing import Cell, write_xlsx

__all__ = ["Cell", "Row", "SheetError", "read_rows", "write_xlsx"]
