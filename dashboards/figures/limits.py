"""The limits that a chart draws, with their words."""

from alerts import Incident
from dashboards import format as fmt
from dashboards.render import language, say
from ioc.catalogue import Kind, Metric, Text
from ioc.registry import Device

Limit = dict[str, float | str | bool]  # value, text; of a rule also its level, and whether it is not at it (aside)


def limits_of(metric: Metric, device: Device | None = None, incident: Incident | None = None) -> list[Limit]:
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


def _ruled(metric: Metric, incident: Incident) -> list[Limit]:
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


_OPS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}
_WORDS = {
    "warning": Text("chú ý", "warning", "attention"),
    "critical": Text("khẩn", "critical", "urgent"),
    "range": Text("giới hạn", "limit", "limite"),
}
