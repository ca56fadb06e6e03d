"""What the page of a history was asked for, and the links to everything else that it could be asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from dashboards.api.params import sane
from dashboards.errors import ProblemError, bad_request
from dashboards.format import DAY, HOUR, moment
from dashboards.format import date as local_date
from dashboards.render import address
from ioc.catalogue import Adds, Kind, Metric
from ioc.domain import SECOND

RANGES = {"6h": 6 * HOUR, "24h": DAY, "7d": 7 * DAY, "14d": 14 * DAY, "90d": 90 * DAY, "365d": 365 * DAY}
# a resolution is offered where it gives at most this many points a series
MOST_POINTS = 3_000
STEPS = {"raw": 0, "5m": 5 * 60 * SECOND, "1h": HOUR, "1d": DAY}
RAW_KEPT = 2 * DAY  # the points themselves are offered for short ranges only
RAW_FIRST = 6 * HOUR  # around an alert nothing is smoothed, where the points are few enough
MARGIN = HOUR  # shown before and after an alert, or a quarter of its length


@dataclass(frozen=True, slots=True)
class Option:
    """One link of a row of choices."""

    title: str
    href: str
    on: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A checked question: of which range, how fine, put together how."""

    range: str  # empty where from and to say it
    every: str
    how: str
    start_ns: int
    stop_ns: int


def read(
    asked: Mapping[str, str], metric: Metric, now_ns: int, zone: str, around: tuple[int, int] | None = None
) -> Choice:
    """What the address asks for; what it does not say is chosen, so that the time ``around`` an alert is seen."""
    range_, start_ns, stop_ns = _range(asked, now_ns, zone, around)
    offered = steps_for(stop_ns - start_ns)
    every = asked.get("every", "")
    if every not in offered:
        fine = around is not None and stop_ns - start_ns <= RAW_FIRST
        every = "raw" if fine else next((step for step in offered if step != "raw"), "1d")
    hows = [how for how, _title in hows_for(metric)]
    how = asked.get("how", "")
    return Choice(range_, every, how if how in hows else hows[0], start_ns, stop_ns)


def _range(asked: Mapping[str, str], now_ns: int, zone: str, around: tuple[int, int] | None) -> tuple[str, int, int]:
    if asked.get("from") or asked.get("to"):
        start_ns, stop_ns = local_ns("from", asked, zone), local_ns("to", asked, zone)
        if start_ns >= stop_ns:
            raise ProblemError(400, "bad_parameter", _("The beginning has to lie before the end."))
        return "", start_ns, stop_ns
    if around is not None and not asked.get("range"):
        began_ns, ended_ns = around
        margin_ns = max(MARGIN, (ended_ns - began_ns) // 4)
        return "", began_ns - margin_ns, min(now_ns, ended_ns + margin_ns)
    range_ = asked.get("range") or "24h"
    if range_ not in RANGES:
        raise bad_request("range", f"there is no range {range_!r}", f"Known: {', '.join(RANGES)}.")
    return range_, now_ns - RANGES[range_], now_ns


def local_ns(name: str, asked: Mapping[str, str], zone: str) -> int:
    """A local time as a browser's field writes it."""
    try:
        local = datetime.fromisoformat(asked.get(name, ""))
    except ValueError:
        raise bad_request(name, "is not a time", "Write 2026-11-21T14:30.") from None
    return sane(name, int((local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).timestamp()) * SECOND)


def steps_for(length_ns: int) -> list[str]:
    """The resolutions that serve a range of this length."""
    fitting = [name for name, step in STEPS.items() if step and step < length_ns and length_ns // step <= MOST_POINTS]
    return (["raw"] if length_ns <= RAW_KEPT else []) + (fitting or ["1d"])


def hows_for(metric: Metric) -> list[tuple[str, str]]:
    """How the values of a window may become one, the metric's own way first."""
    titles = {
        "mean": _("mean"),
        "min": _("lowest"),
        "max": _("highest"),
        "last": _("last"),
        "sum": _("sum"),
        "count": _("number of values"),
        "ratio": _("ratio"),
    }
    if metric.kind is Kind.RATIO:
        return [("ratio", titles["ratio"])]
    if metric.kind is Kind.STATE:  # a mean of states is the name of none of them
        return [(how, titles[how]) for how in ("last", "max", "min", "count")]
    own = {Adds.SUM: "sum", Adds.MIN: "min", Adds.MAX: "max", Adds.MEAN: "mean"}.get(metric.over_time, "last")
    rest = ["mean", "min", "max", "last", "count"] if metric.kind is not Kind.COUNTER else ["max", "last", "count"]
    return [(how, titles[how]) for how in dict.fromkeys([own, *rest])]


def every_title(every: str) -> str:
    """A resolution in words."""
    titles: dict[str, str] = {"raw": _("every value"), "5m": _("5 min"), "1h": _("1 hour"), "1d": _("1 day")}
    return titles[every]


def range_title(range_: str) -> str:
    """A range in words."""
    titles: dict[str, str] = {
        "6h": _("6 hours"),
        "24h": _("24 hours"),
        "7d": _("7 days"),
        "14d": _("14 days"),
        "90d": _("3 months"),
        "365d": _("12 months"),
    }
    return titles[range_]


def between(choice: Choice, language: str, zone: str) -> str:
    """The range in dates."""
    if choice.stop_ns - choice.start_ns > 2 * DAY:
        return f"{local_date(choice.start_ns, language, zone)} – {local_date(choice.stop_ns, language, zone)}"
    return f"{moment(choice.start_ns, language, zone)} – {moment(choice.stop_ns, language, zone)}"


def ranges(choice: Choice, kept: Mapping[str, str]) -> list[Option]:
    """Links to the other ranges."""
    return [
        Option(range_title(name), address("history.index", {**kept, "range": name}), name == choice.range)
        for name in RANGES
    ]


def everies(choice: Choice, kept: Mapping[str, str]) -> list[Option]:
    """Links to the other resolutions of this range."""
    return [
        Option(every_title(name), address("history.index", {**kept, "every": name}), name == choice.every)
        for name in steps_for(choice.stop_ns - choice.start_ns)
    ]
