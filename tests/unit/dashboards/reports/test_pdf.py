"""Papers as PDF: whatever a page may hold, in three languages, on A4."""

import re
import zlib
from dataclasses import replace

import pytest

from dashboards.assets import FONTS
from dashboards.reports import pdf
from dashboards.reports.paper import Cell, Fact, Foot, Paper, Row, Section, Table
from dashboards.reports.pdf import pdf_of
from ioc.errors import MisconfiguredError
from tests.unit.dashboards.reports.pdftext import pages_of, texts_of

PAPER = Paper(
    title="Giao ban",
    place="Bệnh viện Đa khoa tỉnh Sông Mây",
    when="22/11/2026",
    language="vi",
    scope="facility:bv01",
    state="fresh",
    quality="good",
    said=("Số liệu lúc 14:32.",),
    sections=(),
    foot=Foot("Chỉ để nắm tình hình.", "in 14:33", "Trang {page}/{pages}"),
    file="giao-ban",
)


def table(count: int, **more: object) -> Section:
    rows = tuple(Row(f"Khoa {n}", (Cell(str(n), strong=True), Cell("–")), **more) for n in range(count))  # type: ignore[arg-type]
    return Section("Người bệnh", "Cũ + vào − ra", table=Table("balance", ("Khoa", "Cũ", "Vào"), rows))


def with_(*sections: Section, **more: object) -> bytes:
    return pdf_of(replace(PAPER, sections=sections, **more))  # type: ignore[arg-type]


def greys_of(data: bytes) -> dict[str, str]:
    """By text, the grey in which it is written."""
    found = {}
    shown = iter(texts_of(data))
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            content = zlib.decompress(packed)
        except zlib.error:
            continue
        grey = ""
        for mark in re.finditer(rb"([\d.]+) g\b|\) Tj", content):
            if mark[1]:
                grey = mark[1].decode()
            else:
                found[next(shown)] = grey
    return found


def test_every_letter_of_the_three_languages_is_written():
    text = "Nguyễn Đỗ Ưu ăâđêôơư ẰẲẴẶ · œuvre Œil ç « été » − – … ≥ ≤ → ₂ °C"
    assert text in texts_of(with_(Section("", notes=(text,))))


def test_heads_are_repeated_and_pages_counted():
    data = with_(table(150))
    pages = pages_of(data)
    assert pages > 2
    texts = texts_of(data)
    assert texts.count("Cũ") == pages
    assert "".join(texts).count("Giao ban · Bệnh viện Đa khoa tỉnh Sông Mây · 22/11/2026") == pages
    assert all(f"Trang {n}/{pages}" in "".join(texts) for n in range(1, pages + 1))


def test_a_section_does_not_begin_at_the_very_end_of_a_page():
    texts = texts_of(with_(table(42), Section("Giường", table=table(3).table)))
    first = texts.index("Trang 1/") if "Trang 1/" in texts else next(i for i, t in enumerate(texts) if "Trang 1" in t)
    assert texts.index("Giường") > first


def test_large_figures_stand_above_their_names():
    facts = (Fact("Nội trú", "513", "pt.inpatient"), Fact("Thực kê", "505"))
    texts = texts_of(with_(Section("", facts=facts)))
    at = texts.index("513")
    assert texts[at : at + 4] == ["513", "Nội trú", "505", "Thực kê"]


def test_old_rows_are_grey_and_so_is_all_of_an_old_paper():
    data = with_(table(1, state="stale"), Section("", table=Table("b", ("x", "y"), (Row("Mới", (Cell("77"),)),))))
    greys = greys_of(data)
    assert greys["Khoa 0"] != greys["Mới"]
    old = greys_of(with_(Section("", table=Table("b", ("x", "y"), (Row("Mới", (Cell("77"),)),))), state="stale"))
    assert old["Mới"] == greys["Khoa 0"]


def test_a_warning_and_a_mark_of_simulation_stand_at_its_head():
    texts = texts_of(with_(warning="SỐ CŨ: từ 10:00", sim="MÔ PHỎNG"))
    assert texts.index("MÔ PHỎNG") < texts.index("SỐ CŨ: từ 10:00") < texts.index("Số liệu lúc 14:32.")
    assert any(text.startswith("Chỉ để nắm tình hình. MÔ PHỎNG") for text in texts)


def test_a_name_says_what_else_there_is_of_it():
    section = table(1, more="HIS chưa nối", mark="Mô phỏng")
    assert "Khoa 0 · HIS chưa nối · Mô phỏng" in " ".join(texts_of(with_(section)))


def test_a_long_name_is_broken_and_nothing_lost():
    name = "Khoa Hồi sức tích cực chống độc và thận nhân tạo khu điều trị theo yêu cầu số hai"
    section = Section("", table=Table("b", ("x", "y"), (Row(name, (Cell("7"),)),), (30.0, 100.0)))
    assert name in " ".join(texts_of(with_(section)))


def test_it_says_its_language_and_its_title():
    data = with_()
    assert b"/Lang (vi)" in data
    title = re.search(rb"/Title <([0-9a-f]+)>", data)
    assert title is not None
    assert bytes.fromhex(title[1].decode()).decode("utf-16").startswith("Giao ban")


def test_without_its_fonts_it_says_what_to_run(monkeypatch, tmp_path):
    assert FONTS.is_dir()
    monkeypatch.setattr(pdf, "FONTS", tmp_path)
    with pytest.raises(MisconfiguredError) as error:
        with_()
    assert "dashboards.assets" in error.value.hint
