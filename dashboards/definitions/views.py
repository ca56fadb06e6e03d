"""``/definitions``: the catalogue in the three languages."""

from flask import Blueprint, render_template

from dashboards.access import authorise
from dashboards.definitions.texts import groups
from dashboards.services import services

bp = Blueprint("definitions", __name__)


@bp.get("/definitions")
def index() -> str:
    """Every metric by class."""
    authorise("definitions")
    return render_template("definitions.html", groups=groups(services().catalogue))
