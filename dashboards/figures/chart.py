"""What a small chart of a page needs: where its points come from, its limits, names and words. The browser draws it."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from dashboards import format as fmt
from dashboards.figures.limits import limits_of
from dashboards.render import address, language, named, say
from dashboards.services import services
from ioc.catalogue import Kind, Metric
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
    device: Device | None = None,
) -> Chart:
    """The chart of a metric over a range, with its limits or those of the device."""
    own = {name: value for name, value in where.items() if value}
    query = {"metric": metric.code, **own, "start": rfc3339(start_ns), "stop": rfc3339(stop_ns), "every": every}
    return Chart(
        title=say(metric.title),
        source=address("api.series", query),
        href=address("history.index", {"metric": metric.code, **own}),
        unit=fmt.unit(metric.unit, language()),
        decimals=metric.decimals,
        start_ns=start_ns,
        stop_ns=stop_ns,
        step_ns=EVERY[every] or (device.interval_ns if device else MINUTE),
        limits=_json(limits_of(metric, device)),
        states=_json([say(state.title) for state in metric.states] if metric.kind is Kind.STATE else []),
        names=_json(_names(own.get("facility", ""))),
    )


def _names(facility: str) -> dict[str, str]:
    """How the devices are called, and their facility."""
    registry = services().registry
    names = {device.code: named(device) for device in registry.devices_of(facility)}
    found = registry.facility(facility)
    return names | ({facility: say(found.short)} if found else {})


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
