"""The chart as the browser gets it: numbers, names and words. It adds nothing but its looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from dashboards import format as fmt
from dashboards.figures.limits import Limit
from dashboards.history.analysis import DAY_MS, Analysis, Drawn
from dashboards.history.choice import Choice
from dashboards.history.findings import axis, wall_ms
from dashboards.history.happened import Happening
from dashboards.render import language, say
from ioc.catalogue import Kind, Metric
from ioc.domain import SECOND, Quality

FEW = 12  # lines that can be told apart; of more, all but the first are drawn thin and without a legend
NEAR = 0.5  # a rule's other limits are drawn so far beyond the values, as a share of their range
WIDE = 1 / 80  # of the chart: a narrower gap has no room for words
HOUR_MS = 3_600_000
SHORT = {
    "vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "fr": ("lun", "mar", "mer", "jeu", "ven", "sam", "dim"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What stands in a chart beside numbers: names of the lines and of what is compared with, limits, alerts."""

    names: Sequence[str]
    before: str
    limits: list[Limit]
    events: list[Happening]


def figure_of(found: Analysis, metric: Metric, choice: Choice, told: Told, zone: ZoneInfo) -> dict[str, Any]:
    """Everything that is drawn. Times are milliseconds of the clock on the wall."""
    start, stop = wall_ms(choice.start_ns, zone), wall_ms(choice.stop_ns, zone)
    lines = found.lines
    both = [*lines, *([found.before] if found.before else [])]
    values = [y for line in both for _, y in line.points if y is not None]
    shown = _near(told.limits, values) if choice.how != "count" else []
    stated = metric.kind is Kind.STATE and choice.how != "count"
    states = [say(state.title) for state in metric.states] if stated else []
    return {
        "start": start,
        "stop": stop,
        "unit": unit_of(metric, choice.how),
        "decimals": decimals_of(metric, choice.how),
        "states": states,
        "lines": [_line(line, told.names[place], _role(place, len(lines))) for place, line in enumerate(lines)],
        "before": _line(found.before, told.before, "before") if found.before else None,
        "areas": [{"level": level, "x": [x for x, _ in own], "y": [y for _, y in own]} for level, own in found.areas],
        "gaps": _gaps(lines[0], (stop - start) * WIDE, told.events, zone) if len(lines) == 1 else [],
        "weekends": _weekends(start, stop),
        "limits": shown,
        "axis": _axis(values, shown, len(states)),
        "ticks": ticks(start, stop),
        "happened": [_bar(event, zone, start, stop) for event in told.events if event.drawn],
        "simulated": found.quality is Quality.SIM,
    }


def unit_of(metric: Metric, how: str) -> str:
    """The unit of what is drawn: a number of values has none."""
    return "" if how == "count" else fmt.unit(metric.unit, language())


def decimals_of(metric: Metric, how: str) -> int:
    """The catalogue's, and one more for what was put together."""
    return 0 if how == "count" else min(3, metric.decimals + (how in ("mean", "ratio")))


def _role(place: int, lines: int) -> str:
    return "own" if place == 0 else "thin" if lines > FEW else "beside"


def _line(line: Drawn, name: str, role: str) -> dict[str, Any]:
    simulated = line.quality in (Quality.SIM, Quality.TEST)
    x, y = [at for at, _ in line.points], [value for _, value in line.points]
    return {"name": name, "role": role, "simulated": simulated, "x": x, "y": y}


def _near(limits: list[Limit], values: Sequence[float]) -> list[Limit]:
    """The metric's own and the one that was crossed always, a rule's others where they lie near the values."""
    if not values:
        return limits
    sure = [float(limit["value"]) for limit in limits if not limit.get("aside")]
    low, high = min([*values, *sure]), max([*values, *sure])
    room = (high - low) * NEAR
    return [limit for limit in limits if not limit.get("aside") or low - room <= float(limit["value"]) <= high + room]


def _axis(values: Sequence[float], limits: list[Limit], states: int) -> dict[str, Any]:
    if states:
        return {"low": -0.2, "high": states - 0.8, "zero": True}
    from_limits = [float(limit["value"]) for limit in limits]
    low, high, zero = axis([*values, *from_limits]) if values else (0.0, 1.0, True)
    return {"low": low, "high": high, "zero": zero}


def _gaps(line: Drawn, wide_ms: float, events: list[Happening], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Where there is nothing, and what is known of why."""
    found = []
    for from_ns, to_ns in line.gaps:
        start, stop = wall_ms(from_ns, zone), wall_ms(to_ns, zone)
        over = (event for event in events if event.start_ns < to_ns and (event.stop_ns or to_ns) > from_ns)
        why = next((event.title for event in over if event.of_source), "")
        first, last = (datetime.fromtimestamp(ns // SECOND, zone) for ns in (from_ns, to_ns))
        when = f"{first:%H:%M}–{last:%H:%M}" if first.date() == last.date() else f"{first:%d/%m}–{last:%d/%m}"
        text = _("no values") if stop - start > wide_ms else ""
        found.append({"start": start, "stop": stop, "why": why, "text": text, "when": when})
    return found


def _weekends(start: int, stop: int) -> list[tuple[int, int]]:
    """Saturdays and Sundays, where they can be told apart."""
    if not 2 * DAY_MS < stop - start <= 100 * DAY_MS:
        return []
    first = start // DAY_MS  # day 0 was a Thursday
    return [(day * DAY_MS, (day + 1) * DAY_MS) for day in range(first, stop // DAY_MS + 1) if (day + 3) % 7 >= 5]


def ticks(start: int, stop: int) -> list[tuple[int, str]]:
    """Where the time axis is written on, and what: hours, days of the week, dates or months."""
    days = (stop - start) / DAY_MS
    if days <= 2:
        step = next(h for h in (1, 2, 3, 6) if days * 24 / h <= 9 or h == 6) * HOUR_MS
        marks = range(-(-start // step) * step, stop, step)
        return [(at, f"{_at(at):%H:%M}<br>{_at(at):%d/%m}") for at in marks]
    if days <= 32:
        every = 1 if days <= 15 else 2
        marks = range(start // DAY_MS * DAY_MS, stop, every * DAY_MS)
        short = SHORT.get(language(), SHORT["en"])
        found = [(at + DAY_MS // 2, f"{short[_at(at).weekday()]}<br>{_at(at):%d/%m}") for at in marks]
        return [(at, text) for at, text in found if start <= at <= stop]
    if days <= 120:
        monday = start // DAY_MS * DAY_MS - ((start // DAY_MS + 3) % 7) * DAY_MS
        return [(at, f"{_at(at):%d/%m}") for at in range(monday, stop, 7 * DAY_MS) if at >= start]
    return _months(start, stop)


def _months(start: int, stop: int) -> list[tuple[int, str]]:
    found = []
    day = _at(start).date().replace(day=1)
    while (at := (day - date(1970, 1, 1)).days * DAY_MS) < stop:
        if at >= start:
            found.append((at, f"{day:%m/%Y}"))
        day = (day + timedelta(days=31)).replace(day=1)
    return found[:: max(1, -(-len(found) // 13))]


def _at(wall: int) -> datetime:
    return datetime.fromtimestamp(wall // 1000, UTC)


def _bar(event: Happening, zone: ZoneInfo, start: int, stop: int) -> dict[str, Any]:
    """An alert along the top of the chart, cut off where the chart ends."""
    first = wall_ms(event.start_ns, zone)
    last = wall_ms(event.stop_ns, zone) if event.stop_ns else stop
    return {"start": max(first, start), "stop": min(last, stop), "begins": first >= start, "ends": last < stop,
            "level": event.level, "hollow": event.hollow, "number": event.number}  # fmt: skip
