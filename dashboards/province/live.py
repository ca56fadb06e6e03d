"""The board of a province as the hub sees it: its figures, a line for each facility, what is open, who is heard."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask, get_template_attribute, url_for
from flask_babel import force_locale

from alerts import Incident
from dashboards.alarms import Alarms, alarms_at
from dashboards.alerts.bands import LOOK_NS
from dashboards.alerts.rows import AlertRow, row_of
from dashboards.alerts.strip import by_urgency, strip_of
from dashboards.alerts.words import words_of
from dashboards.boards import Board
from dashboards.errors import not_found
from dashboards.hospital.live import COUNT, STRIP, part_id, safe_tile
from dashboards.province.lines import TERMS, Line, ProvinceLens, line_id, line_of
from dashboards.reckon import Lens, Shown, reckon
from dashboards.reporting import simulated
from dashboards.services import Services
from dashboards.snapshot import CENSUS
from ioc.catalogue import LANGUAGES
from ioc.domain import SECOND, Series, State
from ioc.latest import Book
from ioc.registry import Facility

OPEN, HEARD = "open", "heard"
OPEN_SHOWN = 4
HEARD_NS = 5 * SECOND  # every device counts there: it is looked at now and then, not at each of their messages
PAGE = "province.html"


@dataclass(frozen=True, slots=True)
class Task:
    """One open alert of the list: where, and what."""

    place: str
    row: AlertRow


@dataclass(frozen=True, slots=True)
class Heard:
    """How the feeds of a province are: HIS by state, and devices."""

    his: Counter[State]
    devices: int
    of_devices: int


@dataclass(frozen=True)
class ProvinceView:
    """One province in one language."""

    action: ClassVar[str] = "board"
    facility: ClassVar[str] = ""
    site: ClassVar[str] = ""

    services: Services
    board: Board
    province: str
    language: str

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("province", self.board.name, self.province, self.language)

    @property
    def hospitals(self) -> list[Facility]:
        """Its facilities, in the order of the registry, without those for tests."""
        return [found for found in self.services.registry.hospitals.values() if found.province == self.province]

    @property
    def places(self) -> list[list[tuple[Facility, str]]]:
        """What has a line: each facility, followed by its sites where it has several."""
        return [
            [(found, ""), *((found, site) for site in (found.sites if len(found.sites) > 1 else ()))]
            for found in self.hospitals
        ]

    def parts(self) -> Sequence[str]:
        """The count, the strip, the tiles, the lines and the lists beside them."""
        lines = [line_id(found.code, site) for group in self.places for found, site in group]
        return [COUNT, STRIP, *(part_id(tile) for tile in self.board.spec.tiles), *lines, OPEN, HEARD]

    def touched(self, series: Series) -> Iterable[str]:
        """The tiles that take this metric, and the line of its facility; of devices nothing."""
        tags = dict(series.tags)
        if tags.get("source") != CENSUS:
            return ()
        code, site = tags.get("facility", ""), tags.get("site", "")
        parts = self._by_metric(series.metric)
        found = self.services.registry.hospitals.get(code)
        if found is None or found.province != self.province:
            return ()
        return (COUNT, STRIP, *parts, line_id(code), *((line_id(code, site),) if len(found.sites) > 1 else ()))

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The strip and the list, what shows the metric that alarms, and the line of the facility."""
        found = self.services.registry.hospitals.get(incident.facility)
        if found is None or found.province != self.province:
            return ()
        sites = [line_id(found.code, site) for site in found.sites] if len(found.sites) > 1 else []
        return (STRIP, OPEN, *self._by_metric(incident.metric), line_id(found.code), *sites)

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One part, and when the clock alone changes it."""
        with force_locale(self.language):
            lens = self.lens(book, now_ns)
            if part == COUNT:
                occupancy = self.occupancy(lens)
                return _drawn(COUNT, occupancy), occupancy.turns_ns
            if part == STRIP:
                return get_template_attribute("province-parts.html", STRIP)(**self.strip(lens, book)), now_ns + LOOK_NS
            if part == OPEN:
                return _drawn(OPEN, *self.open(book, now_ns)), now_ns + LOOK_NS
            if part == HEARD:
                return _drawn(HEARD, self.heard(lens)), now_ns + HEARD_NS
            for spec in self.board.spec.tiles:
                if part_id(spec) == part:
                    tile = safe_tile(spec, lens, self.alarms())
                    return get_template_attribute("tile.html", "tile")(tile), tile.next_change_ns
            place = next(place for group in self.places for place in group if line_id(place[0].code, place[1]) == part)
            line = self.line(*place, book, now_ns)
            return _drawn("line", line), line.turns_ns

    def lens(self, book: Book, now_ns: int) -> ProvinceLens:
        """What this view is seen through at this moment."""
        own, language = self.services, self.language
        present = own.snapshots.at(book, "", "", now_ns)
        lenses = tuple(own.lens(book, found.code, "", language, now_ns) for found in self.hospitals)
        return ProvinceLens(present, own.catalogue, language, own.settings.timezone, self.province, lenses)

    def occupancy(self, lens: Lens) -> Shown:
        """Who reports: the facilities whose beds are in date."""
        return reckon(TERMS[0], lens)

    def line(self, found: Facility, site: str, book: Book, now_ns: int) -> Line:
        """The line of one facility or site."""
        title = (found.sites[site].title if site else found.short).in_(self.language)
        href = url_for("hospital.wall", facility=found.code, site=site or None)
        lens = self.services.lens(book, found.code, site, self.language, now_ns)
        return line_of(lens, alarms_at(self.services, found.code, site), title, href)

    def incidents(self) -> list[Incident]:
        """What is open in any of its facilities, the most urgent first."""
        own = {found.code for found in self.hospitals}
        return by_urgency(each for each in self.services.incidents.open() if each.facility in own)

    def alarms(self) -> Alarms:
        """The same, as it is laid over the tiles."""
        return Alarms(self.incidents(), self.services.registry, self.services.catalogue)

    def strip(self, lens: ProvinceLens, book: Book) -> dict[str, Any]:
        """What the strip needs: alerts before all else, then who does not report."""
        own, occupancy = self.services, self.occupancy(lens)
        words = words_of(own, self.language, lens.now_ns)
        alerts = strip_of(self.incidents(), book, words, own.incident_reader, places=True)
        return {"a": alerts, "sim": simulated(lens.values("pt.inpatient")), "n": occupancy.n, "m": occupancy.m}

    def open(self, book: Book, now_ns: int) -> tuple[list[Task], int]:
        """The most urgent alerts, and how many there are in all."""
        words, found = words_of(self.services, self.language, now_ns), self.incidents()
        tasks = [Task(words.name("facility", each.facility, ""), row_of(each, book, words)) for each in found]
        return tasks[:OPEN_SHOWN], len(found)

    def heard(self, lens: ProvinceLens) -> Heard:
        """How its feeds are."""
        his = Counter(reckon(TERMS[0], own).state for own in lens.lenses)
        reports = [own.report for own in lens.lenses]
        return Heard(his, sum(report.n for report in reports), sum(report.m for report in reports))

    def _by_metric(self, metric: str) -> list[str]:
        return [part_id(tile) for tile in self.board.spec.tiles if metric in self.board.metrics(tile)]


def _drawn(macro: str, *args: object) -> str:
    return str(get_template_attribute("province-parts.html", macro)(*args))


def province_view(app: Flask, arguments: Mapping[str, str]) -> ProvinceView:
    """The view that a stream asks for with ``province`` and ``lang``."""
    own: Services = app.extensions["ioc"]
    code, language = arguments.get("province", ""), arguments.get("lang", "")
    if code not in own.registry.provinces:
        raise not_found(f"there is no province {code!r}", "The first page lists them.")
    boards: Mapping[str, Board] = app.extensions["ioc-boards"]
    return ProvinceView(own, boards["province"], code, language if language in LANGUAGES else own.settings.language)
