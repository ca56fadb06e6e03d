"""Papers as PDF, A4: the one module that knows fpdf2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.assets import FONTS
from dashboards.reports.paper import Paper, Section, Table
from ioc.errors import MisconfiguredError

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "plex"
MARGIN, BOTTOM = 10.0, 16.0  # mm
SMALL, NORMAL, LARGE = 7.2, 9.0, 16.0  # points
GREY, INK, HAIR = 110, 20, 190


def pdf_of(paper: Paper) -> bytes:
    """The paper as a file; may block for some tenths of a second. MisconfiguredError where no fonts were cut."""
    sheets = _sheets(paper)
    sheets.add_page()
    _head(sheets, paper)
    for section in paper.sections:
        _section(sheets, section, old=paper.state == "stale")
    return bytes(sheets.output())


def _sheets(paper: Paper) -> FPDF:
    from fpdf import FPDF  # noqa: PLC0415  # takes a second to import, and most processes never print

    class Sheets(FPDF):
        """Pages that say at their foot what they are, when they were made and how many there are."""

        def footer(self) -> None:
            """What stands below each page."""
            self.set_y(-12)
            self.set_font(FAMILY, size=SMALL)
            self.set_text_color(GREY)
            number = paper.foot.pages.replace("{page}", str(self.page_no())).replace("{pages}", "{nb}")
            self.cell(0, 4, f"{paper.title} · {paper.place} · {paper.when}", new_x="LMARGIN", new_y="NEXT")
            self.cell(0, 4, f"{paper.foot.text} {paper.sim}".strip())
            self.set_x(MARGIN)
            self.cell(0, 4, f"{paper.foot.made} · {number}", align="R")

    sheets = Sheets(format="A4")
    for style, name in (("", "plex-print"), ("B", "plex-print-bold")):
        font = FONTS / f"{name}.ttf"
        if not font.is_file():
            raise MisconfiguredError("The fonts of printed reports are missing.", "Run: python -m dashboards.assets")
        sheets.add_font(FAMILY, style, font)
    sheets.set_margins(MARGIN, MARGIN, MARGIN)
    sheets.set_auto_page_break(auto=True, margin=BOTTOM)
    sheets.set_title(f"{paper.title} · {paper.place} · {paper.when}")
    sheets.set_lang(paper.language)
    return sheets


def _head(sheets: FPDF, paper: Paper) -> None:
    sheets.set_text_color(INK)
    _line(sheets, paper.place, NORMAL, bold=True)
    _line(sheets, f"{paper.title} · {paper.when}", LARGE, bold=True)
    for text in (paper.sim, paper.warning):
        if text:
            sheets.set_font(FAMILY, "B", NORMAL)
            sheets.multi_cell(0, 6, text, border=1, new_x="LMARGIN", new_y="NEXT")
            sheets.ln(1)
    for text in paper.said:
        _line(sheets, text, NORMAL)


def _section(sheets: FPDF, section: Section, *, old: bool) -> None:
    sheets.set_text_color(INK)
    if section.title:
        sheets.ln(3)
        if sheets.will_page_break(24):
            sheets.add_page()
        _line(sheets, section.title, 11, bold=True)
    if section.intro:
        sheets.set_text_color(GREY)
        _line(sheets, section.intro, SMALL)
        sheets.set_text_color(INK)
    if section.facts:
        _facts(sheets, section)
    if section.table:
        _table(sheets, section.table, old=old)
    for note in section.notes:
        _line(sheets, note, NORMAL)


def _facts(sheets: FPDF, section: Section) -> None:
    """Large figures side by side, their names below."""
    sheets.ln(2)
    width, left, top = sheets.epw / len(section.facts), sheets.l_margin, sheets.get_y()
    for number, fact in enumerate(section.facts):
        sheets.set_xy(left + number * width, top)
        sheets.set_font(FAMILY, "B", LARGE)
        sheets.cell(width, 8, fact.text)
        sheets.set_xy(left + number * width, top + 8)
        sheets.set_font(FAMILY, size=SMALL)
        sheets.multi_cell(width - 1, 3.5, fact.label, align="L")
    sheets.set_xy(left, top + 16)


def _table(sheets: FPDF, table: Table, *, old: bool) -> None:
    from fpdf.fonts import FontFace  # noqa: PLC0415  # as above

    sheets.set_font(FAMILY, size=8)
    sheets.set_draw_color(HAIR)
    left = [row.cells and all(cell.wide for cell in row.cells) for row in table.rows]
    aligns = ("LEFT", *["LEFT" if any(left) else "RIGHT"] * (len(table.heads) - 1))
    bold, grey = FontFace(emphasis="BOLD"), FontFace(color=GREY)
    with sheets.table(
        col_widths=table.widths or None,
        text_align=aligns,
        borders_layout="HORIZONTAL_LINES",
        line_height=4,
        padding=0.6,
        headings_style=FontFace(size_pt=SMALL, color=GREY),
    ) as drawn:
        drawn.row(table.heads)
        for row in table.rows:
            line = drawn.row(style=bold if row.total else grey if old or row.state == "stale" else None)
            name = " · ".join(text for text in (row.name, row.more, row.mark) if text)
            line.cell(name)
            for cell in row.cells:
                line.cell(cell.text, style=bold if cell.strong and not row.total else None)
    sheets.set_draw_color(0)


def _line(sheets: FPDF, text: str, size: float, *, bold: bool = False) -> None:
    sheets.set_font(FAMILY, "B" if bold else "", size)
    sheets.multi_cell(0, size * 0.52, text, align="L", new_x="LMARGIN", new_y="NEXT")
