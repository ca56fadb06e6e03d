"""The strip of a wall: what is so, and who has it. The most urgent alerts first, and how many there are in all."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from alerts import Incident, IncidentReader
from dashboards.alerts.bands import unjudged
from dashboards.alerts.rows import AlertRow, row_of
from dashboards.alerts.words import Words
from dashboards.render import address
from ioc.latest import Book

SHOWN = 2
LONG, VERY_LONG = 24, 44  # letters of a title that need a smaller size, and two lines
LONG_BESIDE = 16  # of the second one


@dataclass(frozen=True, slots=True)
class Item:
    """One alert. ``size`` is the class of its title: as large as it fits."""

    row: AlertRow
    size: str


@dataclass(frozen=True, slots=True)
class Strip:
    """What the strip says of alerts; all empty while nothing is wrong."""

    items: tuple[Item, ...]
    total: int
    href: str
    unjudged: str
    open: tuple[str, ...] = ()  # all of them, each with level and quality


def strip_of(
    incidents: list[Incident], book: Book, words: Words, reader: IncidentReader, *, places: bool = False
) -> Strip:
    """The strip of these open incidents: real ones first, unowned ones, then level and age.

    They are of one facility or site; with ``places`` of several, which stand before the titles then.
    """
    first = by_urgency(incidents)
    items = tuple(
        _item(incident, book, words, LONG_BESIDE if number else LONG, places=places)
        for number, incident in enumerate(first[:SHOWN])
    )
    named = tuple(f"{one.id}:{one.level.word}:{one.quality.value}" for one in first)
    place = {"facility": incidents[0].facility} if incidents and not places else {}
    return Strip(items, len(incidents), address("alerts.index", place), unjudged(reader, words), named)


def by_urgency(incidents: Iterable[Incident]) -> list[Incident]:
    """As a wall lists them."""
    return sorted(incidents, key=lambda one: (one.simulated, not one.unowned, -one.level, one.opened_at_ns))


def _item(incident: Incident, book: Book, words: Words, long: int, *, places: bool) -> Item:
    row = row_of(incident, book, words)
    if places:
        row = replace(row, title=f"{words.name('facility', incident.facility, '')}{words.colon} {row.title}")
    return Item(row, size_of(row.title, long))


def size_of(title: str, long: int = LONG) -> str:
    """The class of a title: as large as it fits."""
    return "" if len(title) <= long else "long" if len(title) <= VERY_LONG else "very-long"
