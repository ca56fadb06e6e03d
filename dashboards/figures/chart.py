"""What a chart on a page needs: where its points come from, its limits, names and words. The browser draws it."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from alerts import Incident
from dashboards import format as fmt
from dashboards.render import address, language, named, say
from dashboards.services import services
from ioc.catalogue import Kind, Metric, Text
from ioc.domain import MILLISECOND, MINUTE, rfc3339
from ioc.registry import SELF, Device

EVERY = {"raw": 0, "1m": MINUTE, "5m": 5 * MINUTE, "1h": 60 * MINUTE, "1d": 24 * 60 * MINUTE}


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. ``limits``, ``states``, ``names`` and ``span``, the time of an incident, are JSON for the browser."""

    title: str
    source: str
    href: str
    unit: str
    decimals: int
    start_ns: int
    stop_ns: int
    step_ns: int
    limits: str
    states: str
    names: str
    span: str


def chart_of(
    metric: Metric,
    where: Mapping[str, str],
    start_ns: int,
    stop_ns: int,
    every: str,
    *,
    how: str = "",
    device: Device | None = None,
    incident: Incident | None = None,
) -> Chart:
    """The chart of a metric over a range; with the limits and the time of an incident, where it shows one."""
    own = {name: value for name, value in where.items() if value}
    query = {"metric": metric.code, **own, "start": rfc3339(start_ns), "stop": rfc3339(stop_ns), "every": every}
    if how and every != "raw":
        query["how"] = how
    return Chart(
        title=say(metric.title),
        source=address("api.series", query),
        href=address("history.index", {"metric": metric.code, **own}),
        unit=fmt.unit(metric.unit, language()),
        decimals=metric.decimals,
        start_ns=start_ns,
        stop_ns=stop_ns,
        step_ns=EVERY[every] or (device.interval_ns if device else MINUTE),
        limits=_json(_limits(metric, device, incident)),
        states=_json([say(state.title) for state in metric.states] if metric.kind is Kind.STATE else []),
        names=_json(_names(own.get("facility", ""))),
        span=_json(_span(incident) if incident else None),
    )


def _limits(metric: Metric, device: Device | None, incident: Incident | None) -> list[dict[str, float | str | bool]]:
    """Those of the incident's rule, and the metric's own: its thresholds, else the device's range of its main value."""
    t = metric.thresholds
    words = ((t.crit_low, "critical"), (t.warn_low, "warning"), (t.warn_high, "warning"), (t.crit_high, "critical"))
    own = [(value, kind) for value, kind in words if value is not None]
    if not own and device is not None and device.keys[:1] == (metric.field,):
        own = [(value, "range") for value in (device.low, device.high) if value is not None]
    found = _ruled(metric, incident) if incident else []
    also = {limit["value"] for limit in found}
    for value, kind in own:
        if value not in also:
            found.append({"value": value, "text": f"{_said(metric, value)} {_word(kind)}"})
    return found


def _ruled(metric: Metric, incident: Incident) -> list[dict[str, float | str | bool]]:
    """``aside`` are those of levels that it is not at."""
    return [
        {
            "value": value,
            "text": f"{_OPS.get(op, op)} {_said(metric, value)} {_word(level)}",
            "level": level,
            "aside": level != incident.level.word,
        }
        for level, op, value in incident.limits
    ]


def _said(metric: Metric, value: float) -> str:
    if metric.kind is Kind.STATE and value.is_integer() and 0 <= value < len(metric.states):
        return say(metric.states[int(value)].title)
    return fmt.number(value, fmt.decimals_of(value), language())


def _word(kind: str) -> str:
    return _WORDS[kind].in_(language())


def _span(incident: Incident) -> dict[str, int | str | None]:
    """When it was, in milliseconds; ``stop`` is null while it lasts."""
    return {
        "start": incident.opened_ns // MILLISECOND,
        "stop": incident.resolved_ns // MILLISECOND if incident.resolved_ns else None,
        "level": incident.level.word,
    }


_OPS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}
_WORDS = {
    "warning": Text("chú ý", "warning", "attention"),
    "critical": Text("khẩn", "critical", "urgent"),
    "range": Text("giới hạn", "limit", "limite"),
}


def _names(facility: str) -> dict[str, str]:
    """How the devices and facilities are called."""
    registry = services().registry
    if not facility:
        return {found.code: say(found.short) for found in (*registry.facilities.values(), SELF)}
    names = {device.code: named(device) for device in registry.devices_of(facility)}
    found = registry.facility(facility)
    return names | ({facility: say(found.short)} if found else {})


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
