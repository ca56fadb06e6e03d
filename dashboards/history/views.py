"""``/history``: one metric over time, of a facility, a site or a device. A form that is read from the address."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request

from alerts import Incident
from dashboards.access import authorise, narrowed
from dashboards.alerts.words import words_of
from dashboards.definitions.texts import Group, class_title, definition_of, groups
from dashboards.errors import not_found
from dashboards.figures.chart import chart_of
from dashboards.history import choice as choices
from dashboards.hospital.live import known_facility
from dashboards.incidents import place_of, shows
from dashboards.render import language, named, now_ns, say
from dashboards.security import use_csp
from dashboards.services import services
from ioc.access import Principal
from ioc.catalogue import Metric
from ioc.domain import SECOND
from ioc.registry import SELF, Device, Facility

bp = Blueprint("history", __name__)
FIRST = "fridge.temp"  # what is shown where nothing was chosen


@dataclass(frozen=True, slots=True)
class DeviceOption:
    """A device of the list."""

    code: str
    title: str


@bp.get("/history")
def index() -> str:
    """The chart with its choices, its definition and its summary."""
    asked = request.args.to_dict()
    incident = _incident(asked.get("incident", ""))
    if incident is not None and "metric" not in asked:
        asked |= {"metric": incident.metric, **place_of(incident)}
    principal, facility, site = narrowed("history", asked.get("facility", ""), asked.get("site", ""))
    own = services()
    known = (*own.registry.facilities.values(), SELF)
    facilities = [f for f in known if principal.scope.covers(f.code, principal.scope.site)]
    if not facility and facilities:
        facility = facilities[0].code
    metric = _metric(asked.get("metric") or FIRST)
    found = known_facility(own, facility, site) if facility else None
    page: dict[str, object] = {"facilities": facilities, "metrics": _groups(), "facility": facility, "site": site}
    if metric is None or found is None:
        return render_template("history.html", metric=None, c=None, sites=[], devices=[], **page)
    use_csp("history")
    return render_template("history.html", **page, **_page(metric, found, site, asked, principal, incident))


def _metric(code: str) -> Metric | None:
    catalogue = services().catalogue
    metric = catalogue.get(code)
    if metric is None and code != FIRST:
        close = catalogue.nearest(code)
        raise not_found(f"there is no metric {code!r}", f"Did you mean {close}?" if close else "")
    return metric


def _incident(code: str) -> Incident | None:
    """The one around which the history is wanted; one that lies outside the scope is as unknown as none."""
    if not code:
        return None
    principal = authorise("alerts")
    found = services().offload(services().incident_reader.find, code)
    if found is None or not principal.scope.covers(found.incident.facility, found.incident.site):
        raise not_found("there is no such incident", "The alert centre lists them.")
    return found.incident


def _groups() -> list[Group]:
    return groups(services().catalogue)


def _page(
    metric: Metric,
    facility: Facility,
    site: str,
    asked: dict[str, str],
    principal: Principal,
    incident: Incident | None,
) -> dict[str, object]:
    zone = services().settings.timezone
    device = services().registry.device(facility.code, asked.get("device", ""))
    code = asked.get("device", "")
    where = {"facility": facility.code, "site": site, "device": code}
    if incident is not None and not shows(incident, metric, where):
        incident = None  # somebody has chosen to see something else
    choice = choices.read(asked, metric, now_ns(), zone, _around(incident))
    times = (choice.start_ns, choice.stop_ns, choice.every)
    chart = chart_of(metric, where, *times, how=choice.how, device=device, incident=incident)
    base = {"metric": metric.code, **{name: value for name, value in where.items() if value}, "how": choice.how}
    sites = [s for s in facility.sites.values() if not principal.scope.site or s.code == principal.scope.site]
    return {
        "metric": definition_of(metric, class_title(metric.measurement)),
        "name": say(facility.short),
        "scope_name": _scope_name(facility, site, device, code),
        "sites": sites,
        "devices": _devices(facility, site, metric),
        "device": code,
        "hows": choices.hows_for(metric),
        "how": choice.how,
        "range": choice.range or "24h",
        "every": choice.every,
        "range_name": choices.between(choice, language(), zone),
        "every_name": choices.every_title(choice.every),
        "from_": _field(choice.start_ns, zone),
        "to": _field(choice.stop_ns, zone),
        "c": chart,
        "csv": f"{chart.source}&format=csv",
        **_ways_on(choice, base | ({"incident": incident.id} if incident else {}), asked),
        **_alert(incident),
    }


def _ways_on(choice: choices.Choice, base: dict[str, str], asked: dict[str, str]) -> dict[str, object]:
    """Links to other ranges and resolutions, and what a form carries along."""
    time = {"range": choice.range} if choice.range else {name: asked[name] for name in ("from", "to") if name in asked}
    return {
        "ranges": choices.ranges(choice, base),
        "everies": choices.everies(choice, base | time),
        "kept": list((base | {"every": choice.every}).items()),
    }


def _alert(incident: Incident | None) -> dict[str, object]:
    """The alert from which somebody came, and its title."""
    if incident is None:
        return {"alert": None, "alert_title": ""}
    return {
        "alert": incident,
        "alert_title": words_of(services(), language(), now_ns()).title(incident, incident.value),
    }


def _around(incident: Incident | None) -> tuple[int, int] | None:
    """From when to when it lasted, up to now."""
    if incident is None:
        return None
    ended_ns = incident.resolved_ns or now_ns()
    return min(incident.opened_ns, ended_ns), ended_ns


def _scope_name(facility: Facility, site: str, device: Device | None, code: str) -> str:
    if code:
        return named(device) if device else code
    return say(facility.sites[site].title) if site else say(facility.title)


def _devices(facility: Facility, site: str, metric: Metric) -> list[DeviceOption]:
    """Those that give this metric."""
    return [
        DeviceOption(device.code, named(device))
        for device in services().registry.devices_of(facility.code, site)
        if device.device_class == metric.measurement and metric.field in (*device.keys, *device.derived)
    ]


def _field(ns: int, zone: str) -> str:
    """A time as a browser's field takes it."""
    return f"{datetime.fromtimestamp(ns // SECOND, ZoneInfo(zone)):%Y-%m-%dT%H:%M}"
