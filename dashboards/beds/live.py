"""The wards of a hospital and the map of one ward as the hub sees them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from flask import Flask, get_template_attribute
from flask_babel import force_locale

from alerts import Incident
from dashboards.alerts.nav import NAV, badge_of
from dashboards.beds.scene import WardScene, WardsScene, chosen_ward, ward_scene, wards_scene
from dashboards.census import SOURCE, of_site
from dashboards.hospital.live import known_facility
from dashboards.reckon import Lens
from dashboards.services import Services
from ioc.catalogue import LANGUAGES
from ioc.census import WardNow, ward_tag
from ioc.domain import SECOND, Series
from ioc.latest import Book
from ioc.registry import Facility

SUM, ROOMS = "ward-sum", "ward-rooms"
HEAD, LIST, SIM = "beds-head", "beds-list", "sim"
LOOK_NS = 5 * SECOND  # beds turn clean by the clock, and the register of beds tells no hub that it changed
PARTS = {"bed", "pt"}


@dataclass(frozen=True)
class _Scoped:
    action: ClassVar[str] = "board"
    services: Services
    place: Facility
    site: str
    language: str

    @property
    def facility(self) -> str:
        """The facility shown."""
        return self.place.code

    def lens(self, book: Book, now_ns: int) -> Lens:
        """What it is seen through."""
        return self.services.lens(book, self.facility, self.site, self.language, now_ns)

    def _is_own(self, series: Series) -> bool:
        """Whether the census of this facility or site says it."""
        if series.metric.partition(".")[0] not in PARTS or series.tag("source") != SOURCE:
            return False
        return series.tag("facility") == self.facility and self.site in ("", series.tag("site"))


@dataclass(frozen=True)
class WardView(_Scoped):
    """The map of one ward: its left column and its rooms."""

    ward: str = ""
    _drawn: dict[str, tuple[WardNow, str, str, str]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("ward", self.facility, self.site, self.language, self.ward)

    def parts(self) -> Sequence[str]:
        """The column, and the rooms: of these the browser replaces those that differ."""
        return (SUM, ROOMS)

    def touched(self, series: Series) -> Iterable[str]:
        """Both, by a number of this ward; the column, by the free beds of another."""
        if not self._is_own(series):
            return ()
        if series.tag("ward") == self.ward:
            return (SUM, ROOMS)
        return (SUM,) if series.metric == "bed.avail" else ()

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One of them, and when to look again."""
        with force_locale(self.language):
            scene = self.scene(book, now_ns)
            draw = self._rooms if part == ROOMS else get_template_attribute("beds-parts.html", "ward_sum")
            return draw(scene), min(now_ns + LOOK_NS, scene.tile.next_change_ns or now_ns + LOOK_NS)

    def _rooms(self, scene: WardScene) -> str:
        """The rooms; where only the age of the source has changed they are as they were, and cost nothing."""
        ward, state, quality = scene.sheet.ward, scene.state.value, scene.quality
        kept = self._drawn.get(ROOMS)
        if kept is None or kept[0] is not ward or kept[1:3] != (state, quality):
            html: str = get_template_attribute("beds-parts.html", "ward_rooms")(scene)
            kept = self._drawn[ROOMS] = (ward, state, quality, html)
        return kept[3]

    def scene(self, book: Book, now_ns: int) -> WardScene:
        """What both are drawn from."""
        census = of_site(self.services.census.now(self.facility, now_ns), self.site)
        ward = chosen_ward(census, self.ward)
        return ward_scene(self.services, self.place, ward, census, self.lens(book, now_ns))


@dataclass(frozen=True)
class BedsView(_Scoped):
    """The wards of a facility or site."""

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("beds", self.facility, self.site, self.language)

    def parts(self) -> Sequence[str]:
        """The notice, the badge, the sum and its age, and the wards."""
        return (SIM, NAV, HEAD, LIST)

    def touched(self, series: Series) -> Iterable[str]:
        """Everything but the badge."""
        return (SIM, HEAD, LIST) if self._is_own(series) else ()

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The badge."""
        own = incident.facility == self.facility and self.site in ("", incident.site)
        return (NAV,) if own else ()

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One of them, and when to look again."""
        with force_locale(self.language):
            if part == NAV:
                badge = badge_of(self.services, self.facility, self.site)
                return get_template_attribute("alert-parts.html", "nav_alerts")(badge), None
            scene = self.scene(book, now_ns)
            due = min(now_ns + LOOK_NS, scene.figure.turns_ns or now_ns + LOOK_NS)
            if part == SIM:
                return get_template_attribute("page-parts.html", "sim_notice")(scene.sim), due
            html: str = get_template_attribute("beds-parts.html", part.replace("-", "_"))(scene)
            return html, due

    def scene(self, book: Book, now_ns: int) -> WardsScene:
        """What they are drawn from."""
        census = of_site(self.services.census.now(self.facility, now_ns), self.site)
        return wards_scene(self.services, self.place, census, self.lens(book, now_ns))


def ward_view(app: Flask, arguments: Mapping[str, str]) -> WardView:
    """The view that a stream asks for with ``facility``, ``ward`` and ``lang``; its site is the ward's own."""
    services, facility, _site, language = _scope(app, arguments)
    census = services.census.now(facility.code, services.clock.now_ns())
    ward = chosen_ward(census, arguments.get("ward", ""))
    return WardView(services, facility, ward.site, language, ward=ward_tag(ward.code))


def beds_view(app: Flask, arguments: Mapping[str, str]) -> BedsView:
    """The view that a stream asks for with ``facility``, ``site`` and ``lang``."""
    return BedsView(*_scope(app, arguments))


def _scope(app: Flask, arguments: Mapping[str, str]) -> tuple[Services, Facility, str, str]:
    own: Services = app.extensions["ioc"]
    site = arguments.get("site", "")
    facility = known_facility(own, arguments.get("facility", ""), site)
    language = arguments.get("lang", "")
    return own, facility, site, language if language in LANGUAGES else own.settings.language
