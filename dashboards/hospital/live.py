"""The board as the hub sees it: its parts, what touches them, and how each is drawn."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from flask import Flask, get_template_attribute
from flask_babel import force_locale

from alerts import Incident
from dashboards.alarms import Alarms, alarms_at
from dashboards.alerts.bands import LOOK_NS
from dashboards.alerts.strip import strip_of
from dashboards.alerts.words import words_of
from dashboards.api.params import meant
from dashboards.boards import Board, FeedSpec, TileSpec
from dashboards.errors import bad_request, not_found
from dashboards.reckon import Lens, Shown
from dashboards.services import Services
from dashboards.tiles import Tile, build_feed, build_tile
from ioc.catalogue import LANGUAGES
from ioc.domain import Quality, Series, State
from ioc.latest import Book
from ioc.registry import Facility

STRIP, COUNT = "strip", "count"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HospitalView:
    """One board, of one facility or site, in one language."""

    action: ClassVar[str] = "board"

    services: Services
    board: Board
    facility: str
    site: str
    language: str
    _by_metric: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _sources: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_metric: dict[str, tuple[str, ...]] = {}
        for part in self.board.parts:
            for metric in self.board.metrics(part):
                by_metric[metric] = (*by_metric.get(metric, ()), part_id(part))
        object.__setattr__(self, "_by_metric", by_metric)
        object.__setattr__(self, "_sources", {f.source: f.id for f in self.board.spec.feeds if f.source})

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("hospital", self.board.name, self.facility, self.site, self.language)

    def parts(self) -> Sequence[str]:
        """Tiles, feeds, the strip and the count of who reports."""
        return [COUNT, STRIP, *(part_id(part) for part in self.board.parts)]

    def touched(self, series: Series) -> Iterable[str]:
        """The tiles that take this metric, the feed of its source, and the counts."""
        tags = dict(series.tags)
        if tags.get("facility") != self.facility or (self.site and tags.get("site") != self.site):
            return ()
        feed = self._sources.get(tags.get("source", ""))
        return (COUNT, STRIP, *self._by_metric.get(series.metric, ()), *((feed,) if feed else ()))

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The strip, and whatever shows the metric that alarms, or does no more."""
        if incident.facility != self.facility or self.site not in ("", incident.site):
            return ()
        return (STRIP, *self._by_metric.get(incident.metric, ()))

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One part, and when the clock alone changes it."""
        with force_locale(self.language):
            lens = self.lens(book, now_ns)
            if part == COUNT:
                return get_template_attribute("wall-parts.html", COUNT)(lens.report), lens.turns_ns
            if part == STRIP:
                return get_template_attribute("wall-parts.html", STRIP)(**self.strip(lens, book)), now_ns + LOOK_NS
            alarms = alarms_at(self.services, self.facility, self.site)
            spec = next(s for s in self.board.parts if part_id(s) == part)
            if isinstance(spec, TileSpec):
                tile = safe_tile(spec, lens, alarms)
                return get_template_attribute("tile.html", "tile")(tile), tile.next_change_ns
            feed = build_feed(spec, lens, alarms)
            return get_template_attribute("tile.html", "feed")(feed), feed.next_change_ns

    def lens(self, book: Book, now_ns: int) -> Lens:
        """What this view is seen through at this moment."""
        return self.services.lens(book, self.facility, self.site, self.language, now_ns)

    def strip(self, lens: Lens, book: Book) -> dict[str, object]:
        """What the strip needs: alerts before all else, then who reports and how to connect."""
        own = self.services
        address, topic = how_to_connect(own, self.facility)
        alerts = strip_of(
            own.incidents.open(self.facility, self.site),
            book,
            words_of(own, self.language, lens.now_ns),
            own.incident_reader,
        )
        return {"a": alerts, "r": lens.report, "address": address, "topic": topic, "facility": self.facility}


def how_to_connect(services: Services, facility: str) -> tuple[str, str]:
    """The broker's address and the topic that a device of this facility publishes to."""
    settings = services.settings
    address = settings.mqtt.url or f"mqtt://{settings.mqtt.bind}"
    return address.rpartition("@")[2] if "@" in address else address, f"ioc/v1/{facility}/AREA/CLASS/DEVICE/tele"


def part_id(spec: TileSpec | FeedSpec) -> str:
    """The id of the element that shows it."""
    return f"tile-{spec.id}" if isinstance(spec, TileSpec) else spec.id


def safe_tile(spec: TileSpec, lens: Lens, alarms: Alarms) -> Tile:
    """The tile; where it cannot be computed, a tile that says so: the others go on."""
    try:
        return build_tile(spec, lens, alarms)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        _log.exception("the tile %s of %s cannot be computed", spec.id, lens.scope)
        nothing = Shown(spec.figure.metric[0], lens.scope, State.MISSING, Quality.GOOD.value, None, "×")
        title = spec.title.in_(lens.language)
        return Tile(part_id(spec), spec.size, title, "", "", "", nothing, condition="error", code="IOC-T001")


def hospital_view(app: Flask, arguments: Mapping[str, str]) -> HospitalView:
    """The view that a stream asks for with ``facility``, ``site`` and ``lang``."""
    own: Services = app.extensions["ioc"]
    site = arguments.get("site", "")
    facility = known_facility(own, arguments.get("facility", ""), site)
    boards: Mapping[str, Board] = app.extensions["ioc-boards"]
    language = arguments.get("lang", "")
    language = language if language in LANGUAGES else own.settings.language
    return HospitalView(own, boards["hospital"], facility.code, site, language)


def known_facility(services: Services, code: str, site: str = "") -> Facility:
    """The facility of this code, a 404 otherwise; with this site of it, which is a parameter: a 400 otherwise."""
    facility = services.registry.facility(code)
    if facility is None:
        raise not_found(f"there is no facility {code!r}", "The first page lists them.")
    if site and site not in facility.sites:
        hint = meant(site, facility.sites) or f"It has {', '.join(facility.sites)}."
        raise bad_request("site", f"{code} has no site {site!r}", hint)
    return facility
