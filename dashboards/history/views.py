"""``/history``: one metric over time, of a province, a facility, a site, a ward or a device.

Everything that is chosen stands in the address. The page is drawn at once; what it shows comes from ``/history/data``
with the same question, as numbers for the chart and as HTML for what stands around it; tables to take along likewise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, render_template, request
from flask.ctx import AppContext
from flask_babel import force_locale
from flask_babel import gettext as _

from dashboards import format as fmt
from dashboards.alerts.words import words_of
from dashboards.api.answers import as_json
from dashboards.definitions.texts import Group, class_title, definition_of, groups
from dashboards.errors import ProblemError
from dashboards.figures.limits import limits_of
from dashboards.history import asked as asking
from dashboards.history import choice as choices
from dashboards.history import panels
from dashboards.history.analysis import Analysis, Frame, analyse
from dashboards.history.asked import Asked, Place
from dashboards.history.choice import Choice, Offered
from dashboards.history.figure import Told, figure_of, unit_of
from dashboards.history.happened import happened
from dashboards.history.study import Study, Wanted, study
from dashboards.history.table import Table, Words
from dashboards.history.windows import ADDED
from dashboards.render import address, language, named, now_ns, say
from dashboards.security import use_csp
from dashboards.services import services
from ioc.catalogue import LANGUAGES, Metric
from ioc.domain import SECOND, rfc3339
from ioc.timeseries import Store

bp = Blueprint("history", __name__)
KINDS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@dataclass(frozen=True, slots=True)
class Named:
    """One of a list to choose from."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A question that has an answer."""

    asked: Asked
    metric: Metric
    place: Place
    options: Offered
    choice: Choice
    wanted: Wanted
    zone: str

    @property
    def kept(self) -> dict[str, str]:
        """What every other question keeps of this one."""
        own = {"metric": self.metric.code, **self.place.tags, "how": self.choice.how}
        return own | ({"incident": self.asked.incident.id} if self.asked.incident else {})

    @property
    def fixed(self) -> dict[str, str]:
        """This question with its times written out, for data, tables and people to whom it is sent."""
        start_ns, stop_ns = (ns - ns % SECOND for ns in (self.choice.start_ns, self.choice.stop_ns))
        times = {"from": rfc3339(start_ns), "to": rfc3339(stop_ns)}
        return self.kept | times | {"every": self.choice.every} | ({"vs": self.choice.vs} if self.choice.vs else {})

    @property
    def between(self) -> str:
        """The range in dates."""
        return choices.between(self.choice.start_ns, self.choice.stop_ns, language(), self.zone)

    @property
    def compared(self) -> str:
        """What it is compared with, in words."""
        return choices.vs_title(self.choice.vs, self.choice, self.zone)

    @property
    def frame(self) -> Frame:
        """What is known of the metric beforehand."""
        device = self.place.known_device
        return Frame.of(self.metric, now_ns(), device.interval_ns if device else 0)


@bp.get("/history")
def index() -> str:
    """The choices, the definition, and room for what is fetched."""
    asked = asking.read(request.args.to_dict())
    chosen = _chosen(asked)
    site = asked.place.site if asked.place else ""
    facility = asked.place.facility.code if asked.place and asked.place.facility else ""
    titles = services().registry.provinces
    page: dict[str, object] = {"facilities": asked.facilities, "metrics": _groups(),
                               "facility": facility, "site": site,
                               "provinces": [Named(code, say(titles[code])) for code in asked.provinces]}  # fmt: skip
    if chosen is None:
        return render_template("history.html", metric=None, c=None, sites=[], wards=[], devices=[], **page)
    use_csp("history")
    return render_template("history.html", c=chosen, **page, **_page(chosen))


@bp.get("/history/data")
def data() -> Response:
    """What was found: the chart's numbers, and what stands around it as HTML."""
    chosen = _must()
    found, analysis = services().offload(_work, services().store, chosen.wanted, chosen.frame)
    metric, choice = chosen.metric, chosen.choice
    names, earlier = _names([line.tags for line in analysis.lines], chosen), chosen.compared
    events, more = happened(chosen.place, metric, choice)
    told = Told(names, earlier, limits_of(metric, chosen.place.known_device, chosen.asked.incident), events)
    writer = panels.Writer(metric, choice.how, chosen.zone)
    together = dict(choices.hows_for(metric)).get(found.hours_how, _("mean"))
    html = render_template(
        "history-parts.html",
        rows=panels.summary(analysis, choice, writer, earlier),
        sides=_sides(analysis, metric),
        days=panels.heat_of_days(analysis, choice, writer),
        week=panels.heat_of_week(analysis, writer),
        put_together=together,
        of_weeks=_("mean") if found.hours_how in ADDED else together,
        columns=panels.spread(analysis, writer),
        shares=panels.shares(analysis, writer),
        places=panels.places(analysis, names, writer),
        extremes=panels.extremes(choice),
        silent=_silent(analysis, chosen),
        left_out=found.more,
        events=events,
        more=more,
        compared=earlier if analysis.before else "",
        quality=str(analysis.quality),
        unit=unit_of(metric, choice.how),
        error=panels.percent(analysis.error) if analysis.error else "",
    )
    draw = partial(figure_of, analysis, metric, choice, told, ZoneInfo(chosen.zone))
    return services().offload(_answer, current_app.app_context(), language(), draw, html)


@bp.get("/history/table.<kind>")
def table(kind: str) -> Response:
    """The same as a table to take along."""
    chosen = _must()
    if kind not in KINDS:
        raise ProblemError(404, "not_found", f"there is no table of kind {kind!r}", f"Known: {', '.join(KINDS)}.")
    found = services().offload(study, services().store, chosen.wanted)
    made = Table(found, chosen.metric, chosen.choice.how, _table_words(found, chosen), chosen.zone)
    content = services().offload(made.csv if kind == "csv" else made.xlsx)
    place = "-".join(chosen.place.tags.values())
    day = datetime.fromtimestamp(chosen.choice.stop_ns // SECOND, ZoneInfo(chosen.zone))
    name = f"{chosen.metric.code.replace('.', '-')}-{place}-{day:%Y%m%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type=KINDS[kind], headers=headers)


def _chosen(asked: Asked) -> Chosen | None:
    if asked.metric is None or asked.place is None:
        return None
    options = asking.offered(asked, asked.metric, asked.place)
    choice = asking.choice_of(asked, options)
    wanted = asking.wanted(asked.metric, asked.place, choice)
    return Chosen(asked, asked.metric, asked.place, options, choice, wanted, services().settings.timezone)


def _must() -> Chosen:
    chosen = _chosen(asking.read(request.args.to_dict()))
    if chosen is None:
        raise ProblemError(400, "bad_parameter", "metric: is missing", "Choose a metric and a facility.")
    return chosen


def _work(store: Store, wanted: Wanted, frame: Frame) -> tuple[Study, Analysis]:
    found = study(store, wanted)
    return found, analyse(found, wanted, frame)


def _answer(context: AppContext, spoken: str, draw: Callable[[], dict[str, object]], html: str) -> Response:
    """The chart as numbers and the HTML, written down: of many lines that takes its time."""
    with context, force_locale(spoken):
        return as_json({"figure": draw(), "html": html})


def _groups() -> list[Group]:
    return groups(services().catalogue)


def _page(chosen: Chosen) -> dict[str, object]:
    asked, metric, place, choice = chosen.asked, chosen.metric, chosen.place, chosen.choice
    times = {"range": choice.range} if choice.range else {n: asked.words[n] for n in ("from", "to") if n in asked.words}
    facility = place.facility
    sites = facility.sites.values() if facility else ()
    return {
        "metric": definition_of(metric, class_title(metric.measurement)),
        "sides": [_title(code) for code in metric.parts] if metric.numerator else [],
        "name": say(facility.short) if facility else place.title,
        "place": place,
        "sites": [site for site in sites if asked.principal.scope.site in ("", site.code)],
        "wards": [Named(ward.code, say(ward.title)) for ward in facility.wards if place.site in ("", ward.site)]
        if facility and "ward" in metric.tags else [],
        "devices": _devices(place, metric),
        "hows": [(how, title) for how, title in choices.hows_for(metric) if how in chosen.options.ways(choice.vs)],
        "between": chosen.between,
        "every_name": choices.every_title(choice.every),
        "from_": _field(choice.start_ns, chosen.zone),
        "to": _field(choice.stop_ns, chosen.zone),
        "time": times,
        "unit": unit_of(metric, choice.how),
        "source": address("history.data", chosen.fixed),
        "csv": address("history.table", chosen.fixed | {"kind": "csv"}),
        "xlsx": address("history.table", chosen.fixed | {"kind": "xlsx"}),
        "fixed": address("history.index", chosen.fixed),
        **choices.rows(choice, chosen.options, chosen.kept, times, chosen.zone),
        **_alert(asked),
    }  # fmt: skip


def _alert(asked: Asked) -> dict[str, object]:
    """The alert from which somebody came, and its title."""
    incident = asked.incident
    if incident is None:
        return {"alert": None, "alert_title": ""}
    return {
        "alert": incident,
        "alert_title": words_of(services(), language(), now_ns()).title(incident, incident.value),
    }


def _devices(place: Place, metric: Metric) -> list[Named]:
    """Those that give this metric."""
    if place.facility is None or "device" not in metric.tags:
        return []
    return [
        Named(device.code, named(device))
        for device in services().registry.devices_of(place.facility.code, place.site)
        if device.device_class == metric.measurement and metric.field in (*device.keys, *device.derived)
    ]


def _field(ns: int, zone: str) -> str:
    """A time as a browser's field takes it."""
    return f"{datetime.fromtimestamp(ns // SECOND, ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


def _title(code: str) -> str:
    metric = services().catalogue.get(code)
    return say(metric.title) if metric else code


def _names(lines: Sequence[Mapping[str, str]], chosen: Chosen) -> list[str]:
    """What each line is called; those that would be called the same also by the tags in which they differ."""
    names = [_line_name(tags, chosen) for tags in lines]
    if len(set(names)) == len(names):
        return names
    tags = dict.fromkeys(tag for line in lines for tag in line)
    differ = [tag for tag in tags if tag != "facility" and len({line.get(tag, "") for line in lines}) > 1]
    tails = [", ".join(dict.fromkeys(line[tag] for tag in differ if tag in line)) for line in lines]
    if chosen.wanted.every_place is None and "device" not in tags:
        return [tail or name for name, tail in zip(names, tails, strict=True)]  # the place of all stands above
    return [f"{name} {tail}".rstrip() for name, tail in zip(names, tails, strict=True)]


def _line_name(tags: Mapping[str, str], chosen: Chosen) -> str:
    """A line among others is called by what tells it from them; alone, by its place."""
    registry, facility = services().registry, tags.get("facility", "")
    if chosen.wanted.every_place is not None:
        found = registry.facility(facility)
        return say(found.short) if found else facility
    code = tags.get("device", "")
    if code and not chosen.place.device:
        device = registry.device(facility, code)
        return named(device) if device else code
    return chosen.place.title


def _sides(analysis: Analysis, metric: Metric) -> list[tuple[str, str]]:
    """Numerator and denominator with their means."""
    if analysis.sides is None:
        return []
    return [
        (_title(code), fmt.number(value, 1, language()))
        for code, value in zip(metric.parts, analysis.sides, strict=True)
    ]


def _silent(analysis: Analysis, chosen: Chosen) -> list[str]:
    """Facilities that were asked and have nothing."""
    seen = {line.tags.get("facility", "") for line in analysis.lines}
    registry = services().registry
    return [say(registry.hospitals[code].short) for code in chosen.wanted.among if code not in seen]


def _table_words(found: Study, chosen: Chosen) -> Words:
    metric, choice = chosen.metric, chosen.choice
    unit, how = unit_of(metric, choice.how), dict(choices.hows_for(metric))[choice.how]
    sides = [_title(code) for code in metric.parts]
    titles = [metric.title.in_(code) for code in LANGUAGES]
    about = [
        (_("Metric"), f"{titles[LANGUAGES.index(language())]} ({metric.code})"),
        (_("Definition"), say(metric.definition)),
        (_("Place"), chosen.place.title),
        (_("Range"), chosen.between),
        (_("Time zone"), chosen.zone),
        (_("Resolution"), choices.every_title(choice.every)),
        (_("How"), how),
        (_("unit"), unit),
        *([(_("Compared with"), chosen.compared)] if found.before else []),
        *([(_("At most off by"), panels.percent(found.error))] if found.error else []),
        (_("Written"), fmt.moment(now_ns(), language(), chosen.zone)),
        (_("Note"), _("An empty cell is no value, which is not 0.")),
    ]
    unit_tail = f" ({unit})" if unit else ""
    return Words(
        time=_("Time"),
        above=sides[0] if len(sides) > 1 else "",
        below=sides[-1],
        quality=_("Quality"),
        before_time=_("Time compared with"),
        before=f"{chosen.compared}{unit_tail}",
        names=[f"{name}{unit_tail}" for name in _names([line.tags for line in found.lines], chosen)],
        about=[(_("What"), _("Text")), *about],
        sheets=(_("Values"), _("About")),
    )
