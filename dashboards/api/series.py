"""``/api/v1/series``: values over time, put together in windows or as they came."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response

from dashboards.access import authorise, narrowed
from dashboards.api import params
from dashboards.api.answers import as_csv, as_list
from dashboards.api.members import ADDABLE, Members, members_of
from dashboards.errors import ProblemError, bad_request
from dashboards.services import services
from ioc.catalogue import Adds, Kind, Metric
from ioc.domain import MINUTE, Quality, rfc3339
from ioc.timeseries import DAY, How, Store

PLACES = ("facility", "site", "ward", "device", "source", "province")
NAMES = ("metric", *PLACES, "start", "stop", "every", "how", "by", "format")
MOST_POINTS = 100_000
DEFAULT_RANGE = DAY
LONGEST_EVERY = 366 * DAY
_DEFAULT_HOW = {
    Adds.SUM: How.SUM,
    Adds.MIN: How.MIN,
    Adds.MAX: How.MAX,
    Adds.MEAN: How.MEAN,
    Adds.RATIO_OF_SUMS: How.RATIO,
}
# (range up to, window): about 300 to 600 points a series where nobody says otherwise
_STEPS = (
    (6 * 60 * MINUTE, MINUTE),
    (2 * DAY, 5 * MINUTE),
    (14 * DAY, 60 * MINUTE),
    (90 * DAY, 6 * 60 * MINUTE),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A checked question. ``every`` 0 asks for the values as they came."""

    metric: Metric
    members: Members
    start: int
    stop: int
    every: int
    how: How
    zone: str


@dataclass(frozen=True, slots=True)
class Line:
    """One series of the answer; ``error``: as a share of itself, how far a value may be off."""

    tags: dict[str, str]
    points: list[tuple[int, float | None, Quality]]
    error: float = 0.0


def series() -> Response:
    """What was, as JSON or CSV."""
    params.only(*NAMES)
    question = _question()
    kind = params.one_of("format", ("json", "csv"), "json")
    lines = services().offload(_ask, services().store, question)
    if not lines:
        params.known_facility(params.text("facility"), params.text("site"))
    if kind == "csv":
        return services().offload(_csv, question, lines)
    return as_list(services().offload(_items, question, lines))


def _question() -> Question:
    where = _where()
    metric = params.metric(required=True)
    assert metric is not None
    now_ns = services().clock.now_ns()
    stop = params.time_ns("stop", now_ns)
    start = params.time_ns("start", stop - DEFAULT_RANGE)
    if start >= stop:
        raise bad_request("start", "is not before stop", f"stop is {rfc3339(stop)}.")
    every, how = _every(stop - start), _how(metric)
    members = members_of(metric, where, _by(metric))
    if members.add_up and every and how not in ADDABLE:
        hint = f"Write how={How.LAST}, or ask for each ward with by=ward."
        raise bad_request("how", f"of a site {metric.code} is a sum over its wards, and has no {how}", hint)
    return Question(metric, members, start, stop, every, how, services().settings.timezone)


def _where() -> dict[str, str]:
    """The tags that are asked for, within the scope of who asks."""
    province = params.text("province")
    _, facility, site = narrowed("history", params.text("facility"), params.text("site"))
    where = {name: params.text(name) for name in PLACES} | {"facility": facility, "site": site}
    if not province:
        return where
    authorise("history", everywhere=True)
    if province not in services().registry.provinces:
        raise bad_request("province", f"there is no province {province!r}")
    if facility:
        raise bad_request("province", "goes without a facility", "Ask for one of the two.")
    return where


def _every(range_ns: int) -> int:
    written = params.text("every")
    if written == "raw":
        return 0
    if not written:
        return next((every for most, every in _STEPS if range_ns <= most), DAY)
    try:
        every = params.duration(written)
    except ValueError as error:
        raise bad_request("every", str(error), "Write raw, 5m, 1h or 1d.") from None
    if every < MINUTE:
        raise bad_request("every", "is shorter than a minute", "Write raw for the values as they came.")
    if every > LONGEST_EVERY:
        raise bad_request("every", "is longer than a year", "Write every=1d and put the days together.")
    return every


def _how(metric: Metric) -> How:
    ratio = metric.kind is Kind.RATIO and bool(metric.numerator and metric.denominator)
    default = How.RATIO if ratio else _DEFAULT_HOW.get(metric.over_time, How.LAST)
    default = How.LAST if default is How.RATIO and not ratio else default
    how = How(params.one_of("how", list(How), default))
    if (how is How.RATIO) != ratio:
        what = f"{metric.code} is no ratio of two metrics" if how is How.RATIO else f"{metric.code} is a ratio"
        raise bad_request("how", what, f"Write how={default}.")
    return how


def _by(metric: Metric) -> tuple[str, ...] | None:
    written = params.text("by")
    if not written:
        return None
    names = tuple(name.strip() for name in written.split(","))
    known = [*metric.tags, "source"]
    for name in names:
        if name not in known:
            hint = params.meant(name, known) or f"Its tags are {', '.join(known)}."
            raise bad_request("by", f"{metric.code} has no tag {name!r}", hint)
    return names


def _ask(store: Store, question: Question) -> list[Line]:
    """Runs beside the loop: it may take its time."""
    return _raw(store, question) if question.every == 0 else _windows(store, question)


def _raw(store: Store, question: Question) -> list[Line]:
    if question.how is How.RATIO:
        raise bad_request("every", f"{question.metric.code} is a ratio and is not stored", "Write every=5m or longer.")
    found = store.raw(question.metric.code, question.members.where, question.start, question.stop, MOST_POINTS + 1)
    if sum(len(points) for _, points in found) > MOST_POINTS:
        raise _too_many("more than that came in this range")
    named = question.members.named
    return [Line(dict(series.tags), [*points]) for series, points in found if not named or series.tag(named)]


def _windows(store: Store, question: Question) -> list[Line]:
    metric, members, ratio = question.metric, question.members, question.how is How.RATIO
    code = metric.parts[0]
    found = store.series(code, members.where)
    groups = {tuple(series.tag(name) for name in members.by) if members.by else series.key for series in found}
    count = len(groups) * -(-(question.stop - question.start) // question.every)
    if count > MOST_POINTS:
        raise _too_many(f"this would be about {count}, of {len(groups)} series")
    windows = store.window(
        code,
        members.where,
        question.start,
        question.stop,
        every=question.every,
        how=question.how,
        by=members.by,
        zone=question.zone,
        denominator=metric.denominator if ratio else None,
    )
    lines = [Line(window.tags, window.points, window.error) for window in members.of(windows)]
    return [_scaled(line, metric.scale) for line in lines] if ratio else lines


def _scaled(line: Line, scale: float) -> Line:
    points = [(time, None if value is None else value * scale, quality) for time, value, quality in line.points]
    return Line(line.tags, points, line.error)


def _too_many(what: str) -> ProblemError:
    hint = "Ask for a shorter range, a longer every, or fewer series (facility=, device=, by=)."
    return ProblemError(400, "too_many_points", f"an answer has at most {MOST_POINTS} points; {what}", hint)


def _items(question: Question, lines: list[Line]) -> list[dict[str, Any]]:
    head = {"metric": question.metric.code, "unit": question.metric.unit, "how": question.how.value}
    return [
        head
        | {
            "tags": line.tags,
            "quality": _worst(line),
            "points": [[rfc3339(time), value] for time, value, _ in line.points],
        }
        | ({"error": line.error} if line.error else {})
        for line in lines
    ]


def _worst(line: Line) -> str:
    seen = {quality for _, _, quality in line.points}
    return next((str(quality) for quality in (Quality.BAD, Quality.SIM, Quality.TEST) if quality in seen), "good")


def _csv(question: Question, lines: list[Line]) -> Response:
    names = sorted({name for line in lines for name in line.tags})

    def rows() -> Iterator[list[object]]:
        yield ["metric", *names, "time", "value", "unit", "quality"]
        for line in lines:
            tags = [line.tags.get(name, "") for name in names]
            for time, value, quality in line.points:
                shown = "" if value is None else value
                yield [question.metric.code, *tags, rfc3339(time), shown, question.metric.unit, str(quality)]

    return as_csv(rows(), question.metric.code.replace(".", "-"))
