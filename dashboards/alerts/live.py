"""The alert centre and the page of one incident as the hub sees them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import ClassVar

from flask import Flask, get_template_attribute, has_request_context
from flask_babel import force_locale
from flask_babel import gettext as _

from alerts import Detail, Incident
from dashboards.access import current_principal
from dashboards.alerts.bands import LOOK_NS, Band, bands_of, unjudged
from dashboards.alerts.nav import NAV, Badge, badge_of
from dashboards.alerts.rows import FREE, OWNED, UNOWNED, AlertRow, row_of
from dashboards.alerts.sheet import Sheet, sheet_of
from dashboards.alerts.told import nobody_of
from dashboards.alerts.words import Words, words_of
from dashboards.errors import not_found
from dashboards.hospital.live import known_facility
from dashboards.services import Services
from ioc.catalogue import LANGUAGES
from ioc.domain import SECOND, Series
from ioc.latest import Book

COUNTS, BANDS, OPEN, DONE = "alert-counts", "alert-bands", "alert-open", "alert-done"
HEAD, STEPS, LINES, TOLD, FACTS = "incident-head", "incident-steps", "incident-lines", "incident-told", "incident-facts"
SHEET = (HEAD, STEPS, LINES, TOLD, FACTS)
CANS = ("", "acknowledge", "close")
DETAILED = 60  # incidents of which the list says who was told; more at once nobody reads


@dataclass(frozen=True, slots=True)
class Counts:
    """How many."""

    open: int
    unowned: int
    done: int


@dataclass(frozen=True)
class AlertsView:
    """The open incidents of everything, of a facility or of a site. ``can`` says which buttons are drawn."""

    action: ClassVar[str] = "alerts"

    services: Services
    facility: str
    site: str
    language: str
    can: str = ""
    _told: dict[str, tuple[int, int, Detail]] = field(default_factory=dict, repr=False, compare=False)
    _watched: dict[int, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("alerts", self.facility, self.site, self.language, self.can)

    def parts(self) -> Sequence[str]:
        """Counts, bands, what is open, what is done; and the badge in the page's head."""
        return (NAV, COUNTS, BANDS, OPEN, DONE)

    def touched(self, series: Series) -> Iterable[str]:
        """The list, where an open incident shows the value of this series."""
        incidents = self.services.incidents
        if incidents.change not in self._watched:
            self._watched.clear()
            self._watched[incidents.change] = frozenset(
                incident.series for incident in incidents.open(self.facility, self.site)
            )
        return (OPEN,) if series.key in self._watched[incidents.change] else ()

    def alerted(self, incident: Incident) -> Iterable[str]:
        """Everything but the bands."""
        if self.facility not in ("", incident.facility) or self.site not in ("", incident.site):
            return ()
        return (NAV, COUNTS, OPEN, *(() if incident.open else (DONE,)))

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One part, and when to look again."""
        with force_locale(self.language):
            macro = get_template_attribute("alert-parts.html", part.replace("-", "_"))
            words = words_of(self.services, self.language, now_ns)
            if part == NAV:
                return macro(self.badge()), None
            if part == COUNTS:
                return macro(self.counts(words)), _midnight(words)
            if part == BANDS:
                return macro(self.bands(words)), now_ns + LOOK_NS
            if part == DONE:
                return macro(self.done(book, words), self.median(words)), _midnight(words)
            return macro(self.open(book, words), self.can, self.judged(words), self.back), now_ns + LOOK_NS

    @property
    def back(self) -> str:
        """What a form says of the list to which whoever presses its button wants to return."""
        return "site" if self.site else "facility" if self.facility else "list"

    def badge(self) -> Badge:
        """How many are open, in the page's head."""
        return badge_of(self.services, self.facility, self.site)

    def counts(self, words: Words) -> Counts:
        """How many are open, unowned, and done today."""
        open_ = self.services.incidents.open(self.facility, self.site)
        return Counts(len(open_), sum(one.unowned for one in open_), len(self._done(words)))

    def bands(self, words: Words) -> list[Band]:
        """What keeps alerts from being judged."""
        return bands_of(self.services.incident_reader, words)

    def open(self, book: Book, words: Words) -> dict[str, list[AlertRow]]:
        """The open ones under their three headings, each sorted by level, then age."""
        groups: dict[str, list[AlertRow]] = {UNOWNED: [], OWNED: [], FREE: []}
        open_ = self.services.incidents.open(self.facility, self.site)
        for gone in self._told.keys() - {incident.id for incident in open_}:
            del self._told[gone]
        for place, incident in enumerate(open_):
            detail = self._detail(incident, words.now_ns) if place < DETAILED else None
            told = (detail.deliveries, nobody_of(detail, words)) if detail else ((), ())
            row = row_of(incident, book, words, *told)
            groups[row.group].append(row)
        return groups

    def done(self, book: Book, words: Words) -> list[AlertRow]:
        """What was over today, the last first."""
        return [row_of(incident, book, words) for incident in self._done(words)]

    def median(self, words: Words) -> str:
        """After what time half of what is done today was taken; empty where nothing was."""
        waits = [one.first_acked_at_ns - one.opened_at_ns for one in self._done(words) if one.first_acked_at_ns]
        return words.span(round(median(waits))) if waits else ""

    def judged(self, words: Words) -> str:
        """For an empty list: how many rules are judged, so that nothing open means that nothing is wrong."""
        reader = self.services.incident_reader
        if self.services.incidents.open(self.facility, self.site) or unjudged(reader, words):
            return ""
        rules = reader.rules()
        if rules is None:
            return ""
        return str(_("%(n)s rules are judged, last at %(time)s", n=len(rules.document), time=words.clock(words.now_ns)))

    def _done(self, words: Words) -> list[Incident]:
        since_ns = words.midnight_ns()
        return [
            incident
            for incident in self.services.incidents.done(self.facility, self.site)
            if (incident.resolved_at_ns or 0) >= since_ns
        ]

    def _detail(self, incident: Incident, now_ns: int) -> Detail | None:
        """Who was told of it, looked up again while somebody is still to be told."""
        change, looked_ns, detail = self._told.get(incident.id, (0, 0, None))
        settled = detail is not None and all(d.done_ns for d in detail.deliveries)
        if detail is None or change != incident.change or (not settled and now_ns - looked_ns >= LOOK_NS):
            detail = self.services.incident_reader.find(incident.id)
            if detail is None:
                return None
            self._told[incident.id] = (incident.change, now_ns, detail)
        return detail


@dataclass(frozen=True)
class IncidentView:
    """One incident: head, what to do, timeline, who was told, and its rule."""

    action: ClassVar[str] = "alerts"

    services: Services
    facility: str
    site: str
    language: str
    incident: str
    can: str = ""
    within: str = ""  # the only site that the reader sees
    _kept: dict[int, Sheet] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("incident", self.incident, self.language, self.can, self.within)

    @property
    def head(self) -> tuple[str, str]:
        """The facility and site of which the head of the page speaks."""
        known = self.facility in self.services.registry.facilities
        return (self.facility if known else "", self.within)

    def parts(self) -> Sequence[str]:
        """The sections of the page, its bands, and the badge in its head."""
        return (NAV, BANDS, *SHEET)

    def touched(self, series: Series) -> Iterable[str]:
        """The head, where it shows the value of this series."""
        known = self.services.incidents.get(self.incident)
        return (HEAD,) if known is not None and known.series == series.key else ()

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The badge; of its own incident everything else as well."""
        facility, site = self.head
        if facility not in ("", incident.facility) or site not in ("", incident.site):
            return ()
        return (NAV, *(SHEET if incident.id == self.incident else ()))

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One section. Who was told is looked up as time goes by: a delivery changes no incident."""
        with force_locale(self.language):
            words = words_of(self.services, self.language, now_ns)
            if part == NAV:
                badge = badge_of(self.services, *self.head)
                return get_template_attribute("alert-parts.html", "nav_alerts")(badge), None
            if part == BANDS:
                macro = get_template_attribute("alert-parts.html", "alert_bands")
                return macro(bands_of(self.services.incident_reader, words)), now_ns + LOOK_NS
            macro = get_template_attribute("incident-parts.html", part.replace("-", "_"))
            again_ns = now_ns + LOOK_NS if part in (TOLD, LINES) else None
            return macro(self.sheet(book, words), self.can), again_ns

    def sheet(self, book: Book, words: Words) -> Sheet:
        """All that the page says, read once for all its sections."""
        if words.now_ns not in self._kept:
            detail = self.services.incident_reader.find(self.incident)
            if detail is None:
                raise not_found(f"there is no incident {self.incident!r}", "The alert centre lists them.")
            self._kept.clear()
            self._kept[words.now_ns] = sheet_of(detail, self.services.incident_reader.rules(), book, words)
        return self._kept[words.now_ns]


def _midnight(words: Words) -> int:
    """When "today" is another day."""
    return words.midnight_ns() + 24 * 3600 * SECOND


def alerts_view(app: Flask, arguments: Mapping[str, str]) -> AlertsView:
    """The view that a stream asks for with ``facility``, ``site``, ``lang`` and ``can``."""
    own: Services = app.extensions["ioc"]
    code, site = arguments.get("facility", ""), arguments.get("site", "")
    if code:
        known_facility(own, code, site)
    return AlertsView(own, code, site if code else "", _language(own, arguments), can_of(arguments))


def incident_view(app: Flask, arguments: Mapping[str, str]) -> IncidentView:
    """The view of a stream with ``incident``, ``lang`` and ``can``; where the incident is says who may see it.

    To who may not, it is as unknown as one that there is not.
    """
    own: Services = app.extensions["ioc"]
    code = arguments.get("incident", "")
    detail = own.incident_reader.find(code)
    principal = current_principal() if has_request_context() else None
    seen = detail and (principal is None or principal.scope.covers(detail.incident.facility, detail.incident.site))
    if detail is None or not seen:
        raise not_found(f"there is no incident {code!r}", "The alert centre lists them.")
    found, within = detail.incident, principal.scope.site if principal else ""
    return IncidentView(own, found.facility, found.site, _language(own, arguments), found.id, can_of(arguments), within)


def can_of(arguments: Mapping[str, str]) -> str:
    """Which buttons are drawn: none, those of who may acknowledge, or those of who may close as well.

    Never more than whoever asks may press, whatever the address says.
    """
    asked = arguments.get("can", "")
    place = CANS.index(asked) if asked in CANS else 0
    principal = current_principal() if has_request_context() else None
    if principal is not None:
        place = min(place, sum(principal.may(action) for action in CANS[1:]))
    return CANS[place]


def _language(own: Services, arguments: Mapping[str, str]) -> str:
    asked = arguments.get("lang", "")
    return asked if asked in LANGUAGES else own.settings.language
