"""The IT board and the page of one asset as the hub sees them.

Their parts are looked at every few seconds and not at each message: thousands of machines report here, and what
looks the same is not sent. A part that alarms is drawn at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Flask, get_template_attribute
from flask_babel import force_locale

from alerts import Incident
from dashboards.alarms import alarms_at
from dashboards.alerts.bands import LOOK_NS
from dashboards.alerts.nav import NAV, badge_of
from dashboards.alerts.strip import strip_of
from dashboards.alerts.words import words_of
from dashboards.devices.rows import shown
from dashboards.errors import not_found
from dashboards.hospital.live import STRIP, how_to_connect, known_facility
from dashboards.inventory.present import AssetNow, by_asset, present
from dashboards.inventory.scene import Desk
from dashboards.reckon import Lens, Shown
from dashboards.reporting import simulated
from dashboards.services import Services
from ioc.assets import AssetKind
from ioc.catalogue import LANGUAGES
from ioc.domain import SECOND, Series
from ioc.latest import Book, Value
from ioc.registry import Facility

SERVERS, ROOMS, CONTRACTS, BELOW = "it-servers", "it-rooms", "it-contracts", "it-below"
MANY = {f"it-{kind.value}": kind for kind in (AssetKind.WORKSTATION, AssetKind.PRINTER)}
SIM, NOW = "sim", "asset-now"
NAMED_NS, MANY_NS = 2 * SECOND, 10 * SECOND


@dataclass(frozen=True)
class ITView:
    """The board of one facility or site in one language."""

    action: ClassVar[str] = "board"
    services: Services
    place: Facility
    site: str
    language: str

    @property
    def facility(self) -> str:
        """The facility shown."""
        return self.place.code

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("it", self.facility, self.site, self.language)

    def parts(self) -> Sequence[str]:
        """The strip, the named ones, the counted ones and the contracts."""
        return [STRIP, SERVERS, ROOMS, *MANY, CONTRACTS, BELOW]

    def touched(self, series: Series) -> Iterable[str]:  # noqa: ARG002 (the contract's word: see above)
        """Nothing."""
        return ()

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The strip and all that has a level."""
        if incident.facility != self.facility or self.site not in ("", incident.site):
            return ()
        return (STRIP, SERVERS, ROOMS)

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One of them, and when to look again."""
        with force_locale(self.language):
            desk = self.desk(book, now_ns)
            if part == STRIP:
                return get_template_attribute("wall-parts.html", STRIP)(**self.strip(desk, book)), now_ns + LOOK_NS
            if part == SERVERS:
                return _drawn("servers", *desk.servers()), now_ns + NAMED_NS
            if part == ROOMS:
                return _drawn("rooms", desk.rooms()), now_ns + NAMED_NS
            if part == CONTRACTS:
                return _drawn("contracts", desk.contracts()), now_ns + MANY_NS
            if part == BELOW:
                return _drawn("below", desk.below()), now_ns + MANY_NS
            return _drawn("count", desk.count(MANY[part])), now_ns + MANY_NS

    def desk(self, book: Book, now_ns: int) -> Desk:
        """What the parts are drawn from."""
        lens = self.services.lens(book, self.facility, self.site, self.language, now_ns)
        return Desk(self.services, self.place, self.site, lens)

    def strip(self, desk: Desk, book: Book) -> dict[str, object]:
        """What the strip needs: alerts of the facility before all else, then who reports."""
        own = self.services
        address, topic = how_to_connect(own, self.facility)
        alerts = strip_of(
            own.incidents.open(self.facility, self.site),
            book,
            words_of(own, self.language, desk.lens.now_ns),
            own.incident_reader,
        )
        return {"a": alerts, "r": desk.lens.report, "address": address, "topic": topic, "facility": self.facility}


@dataclass(frozen=True)
class AssetView:
    """The present readings of one asset."""

    action: ClassVar[str] = "board"
    services: Services
    facility: str
    site: str
    language: str
    code: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("asset", self.facility, self.site, self.language, self.code)

    def parts(self) -> Sequence[str]:
        """The notice, the badge and the readings."""
        return (SIM, NAV, NOW)

    def touched(self, series: Series) -> Iterable[str]:
        """The readings, by one of them."""
        return (SIM, NOW) if series.tag("facility") == self.facility and series.tag("asset") == self.code else ()

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The badge; and the readings, where it is about the asset."""
        if incident.facility != self.facility or self.site not in ("", incident.site):
            return ()
        return (NAV, NOW) if ("asset", self.code) in by_asset([incident]) else (NAV,)

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One of them, and when to look again."""
        with force_locale(self.language):
            if part == NAV:
                badge = badge_of(self.services, self.facility, self.site)
                return get_template_attribute("alert-parts.html", "nav_alerts")(badge), None
            found = self.now(book, now_ns)
            values = found.values if found else []
            if part == SIM:
                return get_template_attribute("page-parts.html", "sim_notice")(simulated(values)), None
            return _drawn("readings", found, self.lines(values, book, now_ns)), now_ns + NAMED_NS

    def now(self, book: Book, now_ns: int) -> AssetNow | None:
        """The asset as it is; None where it is in the register no more."""
        asset = self.services.assets.assets(self.facility).current(self.code, now_ns)
        if asset is None:
            return None
        incidents = self.services.incidents.open(self.facility, self.site)
        return present(book, [asset], incidents, now_ns)[0]

    def lines(self, values: Sequence[Value], book: Book, now_ns: int) -> list[tuple[Shown, str]]:
        """Each reading with what tells it from others of the same metric (a disk, an interface, a target)."""
        lens: Lens = self.services.lens(book, self.facility, self.site, self.language, now_ns)
        alarms = alarms_at(self.services, self.facility, self.site)
        order = {metric: place for place, metric in enumerate(self.services.catalogue.metrics)}
        ordered = sorted(values, key=lambda v: (order.get(v.metric, len(order)), sorted(v.tags.items()), v.source))
        apart = [name for name in TARGETS if len({tag for v in values if (tag := v.tags.get(name))}) > 1]
        return [(alarms.on_value(shown(v, lens), v), _apart(v, apart)) for v in ordered]


TARGETS = ("host", "device")  # what asks an asset is mostly one and goes without saying
COMMON = frozenset({"facility", "site", "asset", *TARGETS})


def _apart(value: Value, apart: Sequence[str]) -> str:
    tags = [text for name, text in value.tags.items() if name in apart or name not in COMMON]
    return " ".join([*tags, value.source])


def _drawn(macro: str, *args: object) -> str:
    return str(get_template_attribute("inventory-parts.html", macro)(*args))


def it_view(app: Flask, arguments: Mapping[str, str]) -> ITView:
    """The view of a stream with ``facility``, ``site`` and ``lang``."""
    return ITView(*_scope(app, arguments))


def asset_view(app: Flask, arguments: Mapping[str, str]) -> AssetView:
    """The view of a stream with ``facility``, ``asset`` and ``lang``; its site is the asset's own."""
    own, facility, _site, language = _scope(app, arguments)
    code = arguments.get("asset", "")
    asset = own.assets.assets(facility.code).current(code, own.clock.now_ns())
    if asset is None:
        raise not_found(f"{facility.code} has no asset {code!r}", f"/inventory/{facility.code} lists them.")
    return AssetView(own, facility.code, asset.site, language, code)


def _scope(app: Flask, arguments: Mapping[str, str]) -> tuple[Services, Facility, str, str]:
    own: Services = app.extensions["ioc"]
    site = arguments.get("site", "")
    facility = known_facility(own, arguments.get("facility", ""), site)
    language = arguments.get("lang", "")
    return own, facility, site, language if language in LANGUAGES else own.settings.language
