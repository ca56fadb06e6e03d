"""The list of devices and the page of one as the hub sees them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Flask, get_template_attribute
from flask_babel import force_locale

from alerts import Incident
from dashboards.alarms import alarms_at, device_of
from dashboards.alerts.nav import NAV, badge_of
from dashboards.devices.rows import row_of, shown
from dashboards.errors import not_found
from dashboards.hospital.live import known_facility
from dashboards.reckon import Lens
from dashboards.reporting import simulated
from dashboards.services import Services
from ioc.catalogue import LANGUAGES
from ioc.domain import Series
from ioc.latest import Book

SIM, TOTAL = "sim", "total"


@dataclass(frozen=True)
class _Scoped:
    action: ClassVar[str] = "board"
    services: Services
    facility: str
    site: str
    language: str

    def _lens(self, book: Book, now_ns: int) -> Lens:
        return self.services.lens(book, self.facility, self.site, self.language, now_ns)

    def _alerted(self, incident: Incident) -> bool:
        return incident.facility == self.facility and self.site in ("", incident.site)

    def _head(self, part: str, lens: Lens, device: str = "") -> tuple[str, int | None]:
        if part == NAV:
            badge = badge_of(self.services, self.facility, self.site)
            return get_template_attribute("alert-parts.html", "nav_alerts")(badge), None
        if part == SIM:
            values = lens.present.of_device(device) if device else lens.present.all_values
            return get_template_attribute("page-parts.html", "sim_notice")(simulated(values)), None
        return get_template_attribute("page-parts.html", "total")(lens.report), lens.turns_ns


@dataclass(frozen=True)
class DevicesView(_Scoped):
    """All devices of a facility or site, or those of one class."""

    device_class: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("devices", self.facility, self.site, self.language, self.device_class)

    def parts(self) -> Sequence[str]:
        """The head of the page and a row for each device of the registry."""
        devices = self.services.registry.devices_of(self.facility, self.site)
        fitting = (d.code for d in devices if not self.device_class or d.device_class == self.device_class)
        return [SIM, NAV, TOTAL, *(f"device-{code}" for code in fitting)]

    def touched(self, series: Series) -> Iterable[str]:
        """The row of the device."""
        tags = dict(series.tags)
        if tags.get("facility") != self.facility or (self.site and tags.get("site") != self.site):
            return ()
        if "device" not in tags or (self.device_class and series.metric.partition(".")[0] != self.device_class):
            return (SIM, TOTAL)
        return (SIM, TOTAL, f"device-{tags['device']}")

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The badge, and the row of the device."""
        if not self._alerted(incident):
            return ()
        code = device_of(incident)
        if self.device_class and incident.metric.partition(".")[0] != self.device_class:
            return (NAV,)
        return (NAV, *((f"device-{code}",) if code else ()))

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One row or the head."""
        with force_locale(self.language):
            lens = self._lens(book, now_ns)
            if part in (SIM, NAV, TOTAL):
                return self._head(part, lens)
            code = part.removeprefix("device-")
            row = row_of(code, lens.present.of_device(code), lens, alarms_at(self.services, self.facility, self.site))
            return get_template_attribute("page-parts.html", "device_row")(row), row.turns_ns


@dataclass(frozen=True)
class DeviceView(_Scoped):
    """The current values of one device."""

    device: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("device", self.facility, self.site, self.language, self.device)

    def parts(self) -> Sequence[str]:
        """One for each metric that the registry expects; others come as they appear."""
        device = self.services.registry.device(self.facility, self.device)
        keys = (*device.keys, *device.derived) if device else ()
        return [SIM, NAV, *(f"now-{device.device_class}-{key}" for key in keys if device)]

    def touched(self, series: Series) -> Iterable[str]:
        """The line of this metric."""
        if series.tag("facility") != self.facility or series.tag("device") != self.device:
            return ()
        return (SIM, f"now-{series.metric.replace('.', '-')}")

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The badge, and the line of this metric."""
        if not self._alerted(incident):
            return ()
        own = device_of(incident) == self.device
        return (NAV, *((f"now-{incident.metric.replace('.', '-')}",) if own else ()))

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One line or the head."""
        with force_locale(self.language):
            lens = self._lens(book, now_ns)
            if part in (SIM, NAV):
                return self._head(part, lens, self.device)
            metric = part.removeprefix("now-").replace("-", ".", 1)
            value = book.value(metric, facility=self.facility, site=self.site, device=self.device, now_ns=now_ns)
            line = alarms_at(self.services, self.facility, self.site).on_device(shown(value, lens), self.device)
            return get_template_attribute("page-parts.html", "current")(line), line.turns_ns


def devices_view(app: Flask, arguments: Mapping[str, str]) -> DevicesView:
    """The view of a stream with ``facility``, ``site``, ``class`` and ``lang``."""
    return DevicesView(*_scope(app, arguments), device_class=arguments.get("class", ""))


def device_view(app: Flask, arguments: Mapping[str, str]) -> DeviceView:
    """The view of a stream with ``facility``, ``device`` and ``lang``."""
    services, facility, site, language = _scope(app, arguments)
    code = arguments.get("device", "")
    device = services.registry.device(facility, code)
    if device is not None:
        site = services.registry.site_of(device)
    elif not code:
        raise not_found("no device is named", "Give device=CODE.")
    return DeviceView(services, facility, site, language, device=code)


def _scope(app: Flask, arguments: Mapping[str, str]) -> tuple[Services, str, str, str]:
    own: Services = app.extensions["ioc"]
    site = arguments.get("site", "")
    facility = known_facility(own, arguments.get("facility", ""), site)
    language = arguments.get("lang", "")
    return own, facility.code, site, language if language in LANGUAGES else own.settings.language
