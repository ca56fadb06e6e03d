"""What the page of a history was asked for, and the links to everything else that it could be asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
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
FIRST_POINTS = 800  # where nobody says how fine
STEPS = {"raw": 0, "5m": 5 * 60 * SECOND, "1h": HOUR, "1d": DAY}
RAW_KEPT = 2 * DAY  # the points themselves are offered for short ranges only
RAW_FIRST = 6 * HOUR  # around an alert nothing is smoothed, where the points are few enough
MARGIN = HOUR  # shown before and after an alert, or a quarter of its length
PLACES = "places"  # compare with the other facilities


@dataclass(frozen=True, slots=True)
class Option:
    """One link of a row of choices."""

    title: str
    href: str
    on: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A checked question: of which range, how fine, put together how, beside what.

    ``vs`` is ``day``, ``week``, ``before`` or ``year`` (the same hours ``back_days`` earlier), ``PLACES``, or empty.
    """

    range: str  # empty where from and to say it
    every: str
    how: str
    start_ns: int
    stop_ns: int
    vs: str = ""
    back_days: int = 0

    @property
    def step_ns(self) -> int:
        """How long a window is; 0 for the values as they came."""
        return STEPS[self.every]

    def earlier(self, zone: str) -> tuple[int, int]:
        """The range that it is compared with, as the clocks on the wall had it."""
        return _back(self.start_ns, self.back_days, zone), _back(self.stop_ns, self.back_days, zone)


@dataclass(frozen=True, slots=True)
class Offered:
    """What a metric may be asked for where it is seen: the ways to put its values together, whether as they came."""

    hows: tuple[str, ...]
    raw: bool = True
    range: str = "24h"
    many: int = 1  # lines at most, where facilities are compared
    beside: tuple[str, ...] = ()  # the ways for comparing facilities; none where they cannot be, or there is only one

    def steps(self, length_ns: int, vs: str) -> list[str]:
        """The resolutions for a range of this length."""
        places = vs == PLACES
        return steps_for(length_ns, raw=self.raw and not places, lines=self.many if places else 1)

    def ways(self, vs: str) -> tuple[str, ...]:
        """The ways to put values together beside that."""
        return self.beside if vs == PLACES else self.hows


def read(
    asked: Mapping[str, str],
    offered: Offered,
    now_ns: int,
    zone: str,
    around: tuple[int, int] | None = None,
) -> Choice:
    """What the address asks for; what it does not say is chosen, so that the time ``around`` an alert is seen."""
    range_, start_ns, stop_ns = _range(asked, now_ns, zone, around, offered.range)
    back = comparisons(start_ns, stop_ns, zone)
    vs = asked.get("vs", "")
    vs = vs if vs in back or (vs == PLACES and offered.beside) else ""
    steps = offered.steps(stop_ns - start_ns, vs)
    every = asked.get("every", "")
    if every not in steps:
        fine = around is not None and stop_ns - start_ns <= RAW_FIRST and "raw" in steps
        calm = [step for step in steps if step != "raw" and (stop_ns - start_ns) // STEPS[step] <= FIRST_POINTS]
        every = "raw" if fine else next(iter(calm), "1d")
    how = asked.get("how", "")
    ways = offered.ways(vs)
    how = how if how in ways else ways[0]
    return Choice(range_, every, how, start_ns, stop_ns, vs, back.get(vs, 0))


def _range(
    asked: Mapping[str, str], now_ns: int, zone: str, around: tuple[int, int] | None, default: str
) -> tuple[str, int, int]:
    if asked.get("from") or asked.get("to"):
        start_ns, stop_ns = local_ns("from", asked, zone), local_ns("to", asked, zone)
        if start_ns >= stop_ns:
            raise ProblemError(400, "bad_parameter", _("The beginning has to lie before the end."))
        return "", start_ns, stop_ns
    if around is not None and not asked.get("range"):
        began_ns, ended_ns = around
        margin_ns = max(MARGIN, (ended_ns - began_ns) // 4)
        return "", began_ns - margin_ns, min(now_ns, ended_ns + margin_ns)
    range_ = asked.get("range") or default
    if range_ not in RANGES:
        raise bad_request("range", f"there is no range {range_!r}", f"Known: {', '.join(RANGES)}.")
    days = RANGES[range_] // DAY
    if days <= 1:
        return range_, now_ns - RANGES[range_], now_ns
    first = _local(now_ns, zone).date() - timedelta(days=days - 1)  # whole days, and what there is of today
    return range_, _midnight(first, zone), now_ns


def comparisons(start_ns: int, stop_ns: int, zone: str) -> dict[str, int]:
    """With what a range can be compared, and how many days earlier that was."""
    days = -(-(stop_ns - start_ns) // DAY)
    found = {"day": 1} if days <= 1 else {}
    if days <= 7:
        found["week"] = 7
    elif days < 365:
        found["before"] = days
    first = _local(start_ns, zone).date()
    same = first.replace(year=first.year - 1, day=28) if (first.month, first.day) == (2, 29) else None
    found["year"] = (first - (same or first.replace(year=first.year - 1))).days
    return found


def _local(ns: int, zone: str) -> datetime:
    return datetime.fromtimestamp(ns / SECOND, ZoneInfo(zone))


def _midnight(day: date, zone: str) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp()) * SECOND


def _back(ns: int, days: int, zone: str) -> int:
    earlier = _local(ns - ns % SECOND, zone) - timedelta(days=days)
    return max(0, int(earlier.timestamp()) * SECOND + ns % SECOND)


def local_ns(name: str, asked: Mapping[str, str], zone: str) -> int:
    """A local time as a browser's field writes it."""
    try:
        local = datetime.fromisoformat(asked.get(name, ""))
    except ValueError:
        raise bad_request(name, "is not a time", "Write 2026-11-21T14:30.") from None
    return sane(name, int((local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).timestamp()) * SECOND)


def steps_for(length_ns: int, *, raw: bool = True, lines: int = 1) -> list[str]:
    """The resolutions that serve a range of this length with so many lines."""
    most = MOST_POINTS if lines < 2 else max(400, 8 * MOST_POINTS // lines)
    fitting = [name for name, step in STEPS.items() if step and step < length_ns and length_ns // step <= most]
    return (["raw"] if raw and length_ns <= RAW_KEPT else []) + (fitting or ["1d"])


def hows_for(metric: Metric) -> list[tuple[str, str]]:
    """How the values of a window may become one, the metric's own way first."""
    titles = {
        "mean": _("mean"),
        "median": _("median"),
        "p90": _("90th percentile"),
        "min": _("lowest"),
        "max": _("highest"),
        "last": _("last"),
        "sum": _("sum"),
        "count": _("number of values"),
        "ratio": _("ratio"),
    }
    if metric.kind is Kind.RATIO and metric.numerator:
        return [("ratio", titles["ratio"])]
    if metric.kind is Kind.STATE:  # a mean of states is the name of none of them
        return [(how, titles[how]) for how in ("last", "max", "min", "count")]
    own = {Adds.SUM: "sum", Adds.MIN: "min", Adds.MAX: "max", Adds.MEAN: "mean"}.get(metric.over_time, "last")
    rest = ["max", "last", "count"]
    if metric.kind is not Kind.COUNTER:
        rest = ["mean", "median", "p90", "min", *rest]
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


def vs_title(vs: str, choice: Choice, zone: str) -> str:
    """What a range is compared with, in words."""
    back = comparisons(choice.start_ns, choice.stop_ns, zone)
    titles: dict[str, str] = {
        "": _("nothing"),
        "day": _("the day before"),
        "week": _("the week before"),
        "before": _("the %(n)s days before", n=back.get("before", 0)),
        "year": _("same period %(year)s", year=_local(choice.stop_ns, zone).year - 1),
        PLACES: _("other facilities"),
    }
    return titles[vs]


def between(start_ns: int, stop_ns: int, language: str, zone: str) -> str:
    """A range in dates."""
    if stop_ns - start_ns > 2 * DAY:
        last = stop_ns - 1  # what ends at midnight ends with the day before
        return f"{local_date(start_ns, language, zone)} – {local_date(last, language, zone)}"
    return f"{moment(start_ns, language, zone)} – {moment(stop_ns, language, zone)}"


def rows(
    choice: Choice, offered: Offered, kept: Mapping[str, str], time: Mapping[str, str], zone: str
) -> dict[str, list[Option]]:
    """Links to the other ranges, resolutions and comparisons; ``kept`` and ``time`` are what each keeps of the rest."""
    fine, beside = {"every": choice.every}, {"vs": choice.vs} if choice.vs else {}
    steps = offered.steps(choice.stop_ns - choice.start_ns, choice.vs)
    names = ["", *comparisons(choice.start_ns, choice.stop_ns, zone), *([PLACES] if offered.beside else [])]

    def link(**more: str) -> str:
        return address("history.index", {**kept, **more})

    def beside_it(name: str) -> Option:
        vs = {"vs": name} if name else {}
        return Option(vs_title(name, choice, zone), link(**time, **fine, **vs), name == choice.vs)

    return {
        "ranges": [Option(range_title(name), link(range=name, **beside), name == choice.range) for name in RANGES],
        "everies": [
            Option(every_title(name), link(**time, **beside, every=name), name == choice.every) for name in steps
        ],
        "vss": [beside_it(name) for name in names],
    }
