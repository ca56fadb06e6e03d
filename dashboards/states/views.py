"""``/states``."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from dashboards.access import authorise
from dashboards.render import language, now_ns
from dashboards.services import services
from dashboards.states.samples import CONDITIONS, Maker, Words

bp = Blueprint("states", __name__)
ALERTS = ("warning", "critical", "silent", "sim")
FEEDS = ("fresh", "late", "stale", "missing", "sim")


@bp.get("/states")
def index() -> str:
    """Every kind in every state, dark or light."""
    authorise("board")
    maker = Maker(_words(), language(), services().settings.timezone, now_ns())
    titles = _titles()
    kinds = [
        (_("A number"), [(titles[c], maker.number(c)) for c in CONDITIONS], "grid5"),
        (_("So many of so many"), [(titles[c], maker.count(c)) for c in CONDITIONS], "grid5"),
        (_("The large tile"), [(titles[c], maker.lead(c)) for c in CONDITIONS], "grid2"),
    ]
    theme = "light" if request.args.get("theme") == "light" else "dark"
    feeds = [maker.feed(c) for c in FEEDS]
    alerts = [maker.alert(c) for c in ALERTS]
    return render_template("states.html", kinds=kinds, feeds=feeds, alerts=alerts, theme=theme)


def _titles() -> dict[str, str]:
    return {
        "fresh": _("Fresh"),
        "late": _("Late"),
        "stale": _("Old"),
        "missing": _("No data"),
        "sim": _("Simulated"),
        "test": _("Test"),
        "bad": _("Bad value"),
        "warning": _("Warning"),
        "critical": _("Critical"),
        "empty": _("Empty (a true 0)"),
        "loading": _("Loading"),
        "error": _("Error of the system"),
    }


def _words() -> Words:
    return Words(
        number=_("Vaccine store"),
        number_unit=_("fridge 3"),
        facts=(_("Warmest"), _("Doors open"), _("Battery")),
        count=_("Ventilators"),
        count_unit=_("free"),
        lead=_("Cold chain"),
        terms=(_("within range"), _("warmest"), _("coldest"), _("doors open")),
        feed=_("Mains"),
        nothing=_("None is at fault."),
        covers=_("reporting"),
        alert=_("Fridge 3 at 8.9 °C"),
    )
