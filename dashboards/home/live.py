"""The list of facilities as the hub sees it: a row for each, and the notice of what is simulated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Flask, get_template_attribute, url_for
from flask_babel import force_locale

from alerts import Incident
from dashboards.alerts.nav import NAV, Badge, badge_of
from dashboards.hospital.live import known_facility
from dashboards.province.lines import AVAILABLE, OCCUPANCY
from dashboards.reckon import Lens, Shown, reckon
from dashboards.reporting import Reporting
from dashboards.services import Services
from ioc.catalogue import LANGUAGES, Text
from ioc.domain import Series
from ioc.latest import Book
from ioc.registry import Facility

SIM = "sim"


@dataclass(frozen=True, slots=True)
class SiteLink:
    """A site and its wall."""

    title: Text
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """One facility, or the one site of it that may be seen."""

    id: str
    title: Text
    scope: str
    href: str
    beds: str
    devices: str
    demo: bool
    report: Reporting
    alerts: Badge
    sites: tuple[SiteLink, ...]
    available: Shown
    occupancy: Shown


@dataclass(frozen=True)
class HomeView:
    """Every facility, or the one of ``facility`` (and ``site``)."""

    action: ClassVar[str] = "board"

    services: Services
    facility: str
    site: str
    language: str

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("home", self.facility, self.site, self.language)

    @property
    def facilities(self) -> list[Facility]:
        """What is seen, in the registry's order: places are fixed. Those for tests come last."""
        known = self.services.registry.facilities.values()
        return [facility for facility in known if self.facility in ("", facility.code)]

    def parts(self) -> Sequence[str]:
        """The notice, the badge, and a row for each facility."""
        return [SIM, NAV, *(f"facility-{facility.code}" for facility in self.facilities)]

    def touched(self, series: Series) -> Iterable[str]:
        """The row of the facility."""
        code = series.tag("facility")
        if self.facility not in ("", code) or code not in self.services.registry.facilities:
            return ()
        return (SIM, f"facility-{code}")

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The badge, and the row of the facility."""
        if self.facility not in ("", incident.facility) or self.site not in ("", incident.site):
            return ()
        known = self.services.registry.facilities
        return (NAV, *((f"facility-{incident.facility}",) if incident.facility in known else ()))

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One row or the notice, and when the clock alone changes it."""
        with force_locale(self.language):
            if part == SIM:
                return get_template_attribute("page-parts.html", "sim_notice")(self.sim(book, now_ns)), None
            if part == NAV:
                badge = badge_of(self.services, self.facility, self.site)
                return get_template_attribute("alert-parts.html", "nav_alerts")(badge), None
            code = part.removeprefix("facility-")
            lens = self._lens(code, book, now_ns)
            return get_template_attribute("page-parts.html", "facility_row")(self._row(code, lens)), lens.turns_ns

    def sim(self, book: Book, now_ns: int) -> str:
        """Whether all, some or none of what is seen is simulated."""
        reports = [self._lens(facility.code, book, now_ns).report for facility in self.facilities]
        sims = {report.sim for report in reports if report.newest_ns is not None}
        return "" if not sims - {""} else "all" if sims == {"all"} else "some"

    def row(self, code: str, book: Book, now_ns: int) -> Row:
        """The row of one facility."""
        return self._row(code, self._lens(code, book, now_ns))

    def _row(self, code: str, lens: Lens) -> Row:
        facility = self.services.registry.facilities[code]
        codes = list(facility.sites) if len(facility.sites) > 1 and not self.site else []
        return Row(
            id=f"facility-{code}",
            title=facility.title,
            scope=lens.scope,
            href=url_for("hospital.wall", facility=code, site=self.site or None),
            beds=url_for("beds.index", facility=code, site=self.site or None),
            devices=url_for("devices.index", facility=code, site=self.site or None),
            demo=facility.demo,
            report=lens.report,
            alerts=badge_of(self.services, code, self.site),
            sites=tuple(
                SiteLink(facility.sites[site].title, url_for("hospital.wall", facility=code, site=site))
                for site in codes
            ),
            available=reckon(AVAILABLE, lens),
            occupancy=reckon(OCCUPANCY, lens),
        )

    def _lens(self, code: str, book: Book, now_ns: int) -> Lens:
        return self.services.lens(book, code, self.site, self.language, now_ns)


def home_view(app: Flask, arguments: Mapping[str, str]) -> HomeView:
    """The view that a stream asks for with ``facility``, ``site`` (both may be empty) and ``lang``."""
    own: Services = app.extensions["ioc"]
    code, site = arguments.get("facility", ""), arguments.get("site", "")
    if code:
        known_facility(own, code, site)
    language = arguments.get("lang", "")
    return HomeView(own, code, site if code else "", language if language in LANGUAGES else own.settings.language)
