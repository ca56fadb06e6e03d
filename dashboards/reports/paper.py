"""A report, ready to be written: the page and the PDF are drawn from the same texts, so that no number can differ."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure. ``metric`` is what the walls call it, empty where they have no such figure; ``more`` stands below."""

    text: str
    metric: str = ""
    strong: bool = False
    wide: bool = False  # a text and no number: it stands on the left


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what it is about, how old that is, and its cells. ``mark`` is a word beside the name."""

    name: str
    cells: tuple[Cell, ...]
    more: str = ""
    mark: str = ""
    scope: str = ""
    code: str = ""
    state: str = "fresh"
    quality: str = "good"
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Heads, and rows with as many cells as there are heads beyond the first. ``widths`` are their shares on paper."""

    id: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    widths: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A large figure with what it is."""

    label: str
    text: str
    metric: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report, with a sentence before its table and sentences after it."""

    title: str
    intro: str = ""
    facts: tuple[Fact, ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Foot:
    """What stands below: a sentence, when it was made, and which page of how many (``{page}``, ``{pages}``)."""

    text: str
    made: str
    pages: str


@dataclass(frozen=True, slots=True)
class Paper:
    """The whole. ``said`` are the sentences on where the numbers come from: as of when, of how much of the time."""

    title: str
    place: str
    when: str
    language: str
    scope: str
    state: str
    quality: str
    said: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: Foot
    file: str  # the name under which it is saved
    warning: str = ""  # that the numbers are old, or that there are none
    sim: str = ""  # that they are simulated
    ages: tuple[int, int] | None = None  # from when on a page that stays open is late, and stale
