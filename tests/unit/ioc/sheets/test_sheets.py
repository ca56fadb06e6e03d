"""Tables as people write them: CSV of many programs, workbooks of Excel, and files that are neither."""

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from ioc.sheets import Row, SheetError, read_rows, write_xlsx
from ioc.sheets import reading as module


def workbook(*rows) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "code,name\na1,Máy 1\n",
        "code;name\r\na1;Máy 1\r\n",
        "code\tname\na1\tMáy 1",
        "sep=;\ncode;name\na1;Máy 1\n",
        '\ufeff"code","name"\n\n a1 ,"Máy 1"\n,\n',
        "code,name\na1,Ma\u0301y 1\n",
    ],
)
def test_csv_of_every_program_gives_the_same_cells(text):
    assert [row.cells for row in read_rows(text.encode())] == [["code", "name"], ["a1", "Máy 1"]]


def test_a_line_is_numbered_where_it_begins():
    rows = read_rows(b'code,name\n\n"a\n1",x\nb,y\n')
    assert [row.line for row in rows] == [1, 3, 5]


def test_a_workbook_gives_text_as_a_csv_would():
    data = workbook(
        ["code", "day", "moment", "number", "share", "flag", None],
        [],
        ["a1", datetime(2027, 1, 31), datetime(2027, 1, 31, 8, 30), 12.0, 1.5, True, None],  # noqa: DTZ001 (Excel has no zone)
    )
    assert read_rows(data) == [
        Row(1, ["code", "day", "moment", "number", "share", "flag"]),
        Row(3, ["a1", "2027-01-31", "2027-01-31T08:30:00", "12", "1.5", "1"]),
    ]


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"code\na\xff", 2, "is not UTF-8 text."),
        (b'code\n"a\n', 2, "is not CSV"),
        (b"\xd0\xcf\x11\xe0rest", 1, "is a workbook of Excel 97."),
        (b"PK\x03\x04rest", 1, "is no workbook that can be read: BadZipFile."),
        (workbook(["a"])[:-200], 1, "is no workbook that can be read: BadZipFile."),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(data, line, what):
    with pytest.raises(SheetError) as caught:
        read_rows(data)
    assert caught.value.line == line
    assert caught.value.what.startswith(what)
    assert caught.value.hint


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 10_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", " " * 1_000_000)
    assert len(file.getvalue()) < 10_000
    with pytest.raises(SheetError, match="holds 1 MB"):
        read_rows(file.getvalue())


def test_a_workbook_with_too_many_lines_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    with pytest.raises(SheetError, match="more than 2 lines"):
        read_rows(workbook(["a"], ["b"], ["c"]))


def test_a_workbook_of_too_many_columns_is_refused_and_blank_ones_are_not():
    assert len(read_rows(workbook(["a"] * 40 + [None, ""]))[0].cells) == 40
    with pytest.raises(SheetError, match="more than 40 columns") as caught:
        read_rows(workbook(["a"], ["a"] * 41))
    assert caught.value.line == 2


def test_a_workbook_of_too_many_cells_is_read_no_further(monkeypatch):
    monkeypatch.setattr(module, "MOST_CELLS", 6)
    assert len(read_rows(workbook(["a", "b"], ["c", "d"], ["e", "f"]))) == 3
    with pytest.raises(SheetError, match="more than 6 cells") as caught:
        read_rows(workbook(["a", "b"], ["c", "d"], ["e", "f"], ["g"]))
    assert caught.value.line == 4


def test_a_workbook_of_too_much_xml_is_not_parsed(monkeypatch):
    data = workbook(["a", "b"])
    monkeypatch.setattr(module, "MOST_TAGS", 50)
    with pytest.raises(SheetError, match="XML tags"):
        read_rows(data)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(b"PK\x03\x04".__add__))
def test_no_bytes_raise_anything_else(data):
    with suppress(SheetError):
        read_rows(data)


def test_what_is_written_can_be_read_again():
    rows = [["code", "number", "share", "day"], ["a1", 12, 1.5, date(2027, 1, 31)], ["", None, 0, None]]
    data = write_xlsx({"Tài sản": rows})
    assert [row.cells for row in read_rows(data)] == [
        ["code", "number", "share", "day"],
        ["a1", "12", "1.5", "2027-01-31"],
        ["", "", "0"],
    ]


def test_text_that_looks_like_a_formula_stays_text():
    cell = load_workbook(io.BytesIO(write_xlsx({"a": [["x"], ["=1+1"]]}))).active["A2"]
    assert (cell.data_type, cell.value) == ("s", "=1+1")


def test_a_workbook_has_a_sheet_for_each_title_with_a_header_that_stays():
    book = load_workbook(io.BytesIO(write_xlsx({"a/b" * 20: [["x"]], "c": [["y"], [datetime(2027, 1, 31, 8, 30)]]})))  # noqa: DTZ001
    first, second = book.worksheets
    assert first.title == ("a b" * 20)[:31]
    assert first["A1"].font.bold
    assert first.freeze_panes == "A2"
    assert second["A2"].number_format == "yyyy-mm-dd hh:mm"
