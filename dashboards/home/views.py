"""``/``: facilities by province, how many of their devices report, and the worst state. A calm list, never sorted."""

from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, render_template, url_for
from flask.blueprints import BlueprintSetupState

from dashboards.access import authorise
from dashboards.figures.views import plotly_address
from dashboards.home.live import Row, home_view
from dashboards.render import address, install, language, now_ns
from dashboards.services import services
from ioc.catalogue import Text

bp = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class Province:
    """One province with what is seen of it; its board is for those who see all of it."""

    title: Text
    href: str
    facilities: list[Row]


@bp.record_once
def _install(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    install(state.app)
    state.app.jinja_env.globals.update(plotly_address=plotly_address)


@bp.get("/")
def index() -> str:
    """The list, kept up to date by the stream."""
    scope = authorise("board").scope
    asked = {"facility": scope.facility, "site": scope.site, "lang": language()}
    if scope.facility and services().registry.facility(scope.facility) is None:
        return render_template("home.html", provinces=[], tests=[], sim="", stream="")
    view = home_view(current_app, asked)
    book = services().present()
    provinces = []
    for code, title in services().registry.provinces.items():
        rows = [view.row(f.code, book, now_ns()) for f in view.facilities if f.province == code and not f.test]
        if rows:
            href = "" if scope.facility else url_for("province.wall", province=code)
            provinces.append(Province(title, href, rows))
    return render_template(
        "home.html",
        provinces=provinces,
        tests=[view.row(f.code, book, now_ns()) for f in view.facilities if f.test],
        sim=view.sim(book, now_ns()),
        stream=address("api.stream", {"view": "home", **asked}),
    )
