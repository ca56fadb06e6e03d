"""``/devices/<facility>`` and ``/device/<facility>/<device>``."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from dashboards import format as fmt
from dashboards.access import authorise
from dashboards.alarms import alarms_at
from dashboards.definitions.texts import class_title
from dashboards.devices.rows import DeviceRow, place_of, rows, shown, written
from dashboards.errors import not_found
from dashboards.figures.chart import Chart, chart_of
from dashboards.hospital.live import known_facility
from dashboards.render import address, language, lens, now_ns, say
from dashboards.reporting import simulated
from dashboards.security import use_csp
from dashboards.services import services
from ioc.catalogue import Kind
from ioc.domain import State
from ioc.registry import Device

bp = Blueprint("devices", __name__)
STATES = {
    "fresh": {State.FRESH},
    "late": {State.LATE},
    "stale": {State.STALE},
    "missing": {State.MISSING},
    "silent": {State.STALE, State.MISSING},
}


@dataclass(frozen=True, slots=True)
class Group:
    """The devices of one class."""

    title: str
    rows: list[DeviceRow]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the list is narrowed to."""

    class_: str
    site: str
    state: str


@bp.get("/devices/<facility>")
def index(facility: str) -> str:
    """The list, kept up to date by the stream; a row that leaves the chosen state is hidden by the style sheet."""
    asked = request.args
    chosen = Choice(asked.get("class", ""), asked.get("site", ""), asked.get("state", ""))
    authorise("board", facility=facility, site=chosen.site)
    found = known_facility(services(), facility, chosen.site)
    seen = lens(facility, chosen.site)
    every = rows(seen, alarms_at(services(), facility, chosen.site))
    fitting = [row for row in every if not chosen.class_ or row.device_class == chosen.class_]
    groups: dict[str, list[DeviceRow]] = {}
    for row in fitting:
        groups.setdefault(row.device_class, []).append(row)
    scope = {"facility": facility, "site": chosen.site, "class": chosen.class_, "lang": language()}
    return render_template(
        "devices.html",
        facility=facility,
        site=chosen.site,
        name=say(found.short),
        r=seen.report,
        sim=simulated(seen.present.all_values),
        groups=[Group(class_title(code), own) for code, own in groups.items()],
        classes=sorted({(row.device_class, class_title(row.device_class)) for row in every}, key=lambda c: c[1]),
        sites=list(found.sites.values()),
        chosen=chosen if chosen.state in STATES else Choice(chosen.class_, chosen.site, ""),
        stream=address("api.stream", {"view": "devices", **scope}),
    )


@bp.get("/device/<facility>/<device>")
def device(facility: str, device: str) -> str:
    """One device: what it says now, and its last day."""
    own = services()
    found = own.registry.device(facility, device)
    site = own.registry.site_of(found) if found else request.args.get("site", "")
    principal = authorise("board", facility=facility, site=site)
    name = known_facility(own, facility, site)
    seen = lens(facility, site)
    values = own.book.values(facility=facility, site=site, device=device, now_ns=now_ns())
    if not values:
        raise not_found(f"{facility} has no device {device!r}", "The list of devices names them.")
    alarms = alarms_at(own, facility, site)
    charts = _charts(found, device, facility, site) if principal.may("history") else []
    if charts:
        use_csp("history")
    scope = {"facility": facility, "site": site, "device": device, "lang": language()}
    measurement = values[0].metric.partition(".")[0]
    return render_template(
        "device.html",
        facility=facility,
        site=site,
        name=say(name.short),
        title=say(found.title) if found else device,
        code=device,
        kind=class_title(found.device_class if found else measurement),
        place=place_of(found, seen) if found else site,
        range=_range(found),
        unconfirmed=found is None,
        values=[alarms.on_device(shown(value, seen), device) for value in values],
        sim=simulated(values),
        charts=charts,
        stream=address("api.stream", {"view": "device", **scope}),
    )


def _range(found: Device | None) -> str:
    """The device's own allowed range of its main value."""
    if found is None or (found.low is None and found.high is None):
        return ""
    metric = services().catalogue.get(f"{found.device_class}.{found.keys[0]}")
    low, high = (None if x is None else written(x, metric, language())[2] for x in (found.low, found.high))
    if low and high:
        return f"{low} … {high}"
    return f"≥ {low}" if low else f"≤ {high}"


def _charts(found: Device | None, code: str, facility: str, site: str) -> list[Chart]:
    """A small chart for each gauge of the device."""
    if found is None:
        return []
    charts = []
    for key in (*found.keys, *found.derived):
        metric = services().catalogue.get(f"{found.device_class}.{key}")
        if metric is not None and metric.kind in (Kind.GAUGE, Kind.DURATION):
            where = {"facility": facility, "site": site, "device": code}
            charts.append(chart_of(metric, where, now_ns() - fmt.DAY, now_ns(), "5m", device=found))
    return charts
