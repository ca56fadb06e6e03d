"""plotly.js, as the installed package brings it, under an address that changes with its version."""

import gzip
from functools import cache

import plotly
from flask import Blueprint, Response, request, url_for

from dashboards.errors import not_found
from dashboards.security import PLOTLY
from dashboards.services import services

bp = Blueprint("figures", __name__)
YEAR_S = 365 * 24 * 3600


@cache
def _packed() -> bytes:
    """4.8 MB become 1.5: once for each process."""
    return gzip.compress(PLOTLY.read_bytes(), compresslevel=6, mtime=0)


@bp.get("/figures/plotly-<version>.min.js")
def plotly_file(version: str) -> Response:
    """The script; anybody may have it, as the other static files."""
    if version != plotly.__version__:
        raise not_found("there is no such version of plotly.js here")
    if request.accept_encodings["gzip"]:
        response = Response(services().offload(_packed), mimetype="text/javascript")
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(services().offload(PLOTLY.read_bytes), mimetype="text/javascript")
    response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def plotly_address() -> str:
    """Where the pages load it from."""
    return url_for("figures.plotly_file", version=plotly.__version__)
