"""What a chart on a page needs: where its points come from, its limits, names and words. The browser draws it."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from dashboards import format as fmt
from dashboards.render import address, language, named, say
from dashboards.services import services
from ioc.catalogue import Kind, Metric, Text
from ioc.domain import MINUTE, rfc3339
from ioc.registry import Device

EVERY = {"raw": 0, "1m": MINUTE, "5m": 5 * MINUTE, "1h": 60 * MINUTE, "1d": 24 * 60 * MINUTE}


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. ``limits``, ``states`` and ``names`` are JSON for the browser."""

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


def chart_of(
    metric: Metric,
    where: Mapping[str, str],
    start_ns: int,
    stop_ns: int,
    every: str,
    *,
    how: str = "",
    device: Device | None = None,
) -> Chart:
    """The chart of a metric over a range."""
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
        limits=_json(_limits(metric, device)),
        states=_json([say(state.title) for state in metric.states] if metric.kind is Kind.STATE else []),
        names=_json(_names(own.get("facility", ""))),
    )


def _limits(metric: Metric, device: Device | None) -> list[dict[str, float | str]]:
    """The thresholds, else the device's own range if this is its main value."""
    t = metric.thresholds
    words = ((t.crit_low, "critical"), (t.warn_low, "warning"), (t.warn_high, "warning"), (t.crit_high, "critical"))
    limits = [(value, kind) for value, kind in words if value is not None]
    if not limits and device is not None and device.keys[:1] == (metric.field,):
        limits = [(value, "range") for value in (device.low, device.high) if value is not None]
    return [
        {"value": value, "text": f"{fmt.number(value, metric.decimals, language())} {_WORDS[kind].in_(language())}"}
        for value, kind in limits
    ]


_WORDS = {
    "warning": Text("chú ý", "warning", "attention"),
    "critical": Text("khẩn", "critical", "urgent"),
    "range": Text("giới hạn", "limit", "limite"),
}


def _names(facility: str) -> dict[str, str]:
    """How the devices and facilities are called."""
    registry = services().registry
    names = {device.code: named(device) for device in registry.devices_of(facility)} if facility else {}
    return names | {found.code: say(found.short) for found in registry.facilities.values()}


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
