"""``/reports``: the morning handover and the summary of some days, as pages and, with ``format=pdf``, as files."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from dashboards.access import authorise
from dashboards.errors import bad_request, not_found
from dashboards.hospital.live import known_facility
from dashboards.render import address, language, now_ns
from dashboards.reports import choice, handover, summary
from dashboards.reports import province as provinces
from dashboards.reports.paper import Paper
from dashboards.reports.pdf import pdf_of
from dashboards.reports.words import Place, writer_of
from dashboards.services import services
from ioc.registry import Facility
from ioc.reports import Handover, Span, handover_of

bp = Blueprint("reports", __name__)


@bp.get("/reports")
def index() -> str:
    """What can be printed, by facility."""
    scope = authorise("history").scope
    known = services().registry
    hospitals = [one for one in known.facilities.values() if scope.covers(one.code, scope.site) and not one.test]
    provinces = [] if scope.facility else [(code, title) for code, title in known.provinces.items() if _hospitals(code)]
    return render_template("reports.html", hospitals=hospitals, provinces=provinces, site_only=scope.site)


@bp.get("/reports/handover/<facility>")
def handover_page(facility: str) -> str | Response:
    """Today so far, the day that ``date`` names, or the 24 hours up to ``at`` of it."""
    place, chosen = _place(facility), _chosen()
    own = services()
    period = own.offload(own.census_reader.periods, facility, [chosen.span], now_ns())[0]
    alerts = own.offload(own.incident_reader.between, *chosen.span, facility, place.site)
    return _answer(handover.paper(place, chosen, handover_of(period, place.site), alerts), place)


@bp.get("/reports/handover/province/<province>")
def handover_province(province: str) -> str | Response:
    """The same with a line a facility; for those who may see every facility."""
    whole, chosen = _province(province), _chosen()
    own, now = services(), now_ns()

    def find() -> list[Handover]:
        asked = [place.facility.code for place in whole.places]
        return [handover_of(own.census_reader.periods(code, [chosen.span], now)[0]) for code in asked]

    alerts = own.offload(own.incident_reader.between, *chosen.span)
    codes = {place.facility.code for place in whole.places}
    here = [(one, level) for one, level in alerts if one.facility in codes]
    return _answer(provinces.handover_paper(whole, chosen, own.offload(find), here))


@bp.get("/reports/summary/<facility>")
def summary_page(facility: str) -> str | Response:
    """Fourteen days up to yesterday, or ``days`` days up to ``until``."""
    place, days = _place(facility), _days()
    own = services()
    found = own.offload(summary.find, own, facility, place.site, days, now_ns())
    return _answer(summary.paper(place, found), place)


@bp.get("/reports/summary/province/<province>")
def summary_province(province: str) -> str | Response:
    """The same with a line a facility."""
    whole, days = _province(province), _days()
    own, now = services(), now_ns()

    def find() -> list[summary.Found]:
        return [summary.find(own, place.facility.code, "", days, now) for place in whole.places]

    return _answer(provinces.summary_paper(whole, own.offload(find)))


def _chosen() -> choice.Chosen:
    return choice.handover_of(request.args.to_dict(), now_ns(), ZoneInfo(services().settings.timezone))


def _days() -> list[Span]:
    return choice.days_of(request.args.to_dict(), now_ns(), ZoneInfo(services().settings.timezone))


def _place(facility: str) -> Place:
    site = request.args.get("site", "")
    authorise("history", facility=facility, site=site)
    own = services()
    return Place(own, known_facility(own, facility, site), site, writer_of(own, language(), now_ns()))


def _province(code: str) -> provinces.Province:
    authorise("history", everywhere=True)
    own, hospitals = services(), _hospitals(code)
    if not hospitals:
        raise not_found(f"there is no province {code!r} with a hospital", "The first page lists them.")
    write = writer_of(own, language(), now_ns())
    places = tuple(Place(own, one, "", write) for one in hospitals)
    return provinces.Province(code, own.registry.provinces[code], places, write)


def _hospitals(province: str) -> list[Facility]:
    return [one for one in services().registry.hospitals.values() if one.province == province]


def _answer(paper: Paper, place: Place | None = None) -> str | Response:
    """The page, or the file."""
    own, zone = services(), ZoneInfo(services().settings.timezone)
    given = {name: value for name, value in request.args.items() if not name.startswith("_") and name != "endpoint"}
    asked = given | (request.view_args or {})
    wanted = asked.pop("format", "")
    if wanted not in ("", "pdf"):
        raise bad_request("format", f"{wanted[:10]!r} is not pdf")
    if wanted:
        file = Response(own.offload(pdf_of, paper), mimetype="application/pdf")
        file.headers["Content-Disposition"] = f'inline; filename="{paper.file}.pdf"'
        return file
    here, today = request.endpoint or "", choice.today(now_ns(), zone)
    return render_template(
        "report.html",
        p=paper,
        facility=place.facility.code if place else "",
        site=place.site if place else "",
        sites=list(place.facility.sites.values()) if place else [],
        asked=request.args,
        this_day=today,
        last_day=today - timedelta(days=1),
        pdf=address(here, asked | {"format": "pdf", "lang": language()}),
        ways=_ways(here, asked, today),
    )


def _ways(endpoint: str, asked: dict[str, str], today: date) -> list[tuple[str, str]]:
    """The hours that are asked for most."""
    base = {name: value for name, value in asked.items() if name in ("facility", "province", "site")}
    if "summary" in endpoint:
        return [
            (_("7 days"), address(endpoint, base | {"days": "7"})),
            (_("14 days"), address(endpoint, base)),
            (_("14 days with today"), address(endpoint, base | {"until": str(today)})),
        ]
    yesterday = str(today - timedelta(days=1))
    return [
        (_("Today so far"), address(endpoint, base)),
        (_("24 hours to 07:00"), address(endpoint, base | {"date": str(today), "at": "07:00"})),
        (_("Yesterday"), address(endpoint, base | {"date": yesterday})),
    ]
