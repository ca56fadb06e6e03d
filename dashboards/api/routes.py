"""The table of the API: what there is, what it takes and who may; the routes and openapi.json are made from it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response

from dashboards.access import authorise
from dashboards.api import intake, latest, series
from dashboards.api.answers import as_json
from dashboards.api.openapi import document


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. ``takes`` names its parameters, described in ``openapi.py``; ``action`` the right."""

    method: str
    path: str
    view: Callable[..., Response]
    summary: str
    action: str
    answer: str
    takes: tuple[str, ...] = ()


def openapi() -> Response:
    """This API, described for programs."""
    authorise("board")
    return as_json(document(OPERATIONS))


OPERATIONS = (
    Operation(
        "GET", "/latest", latest.latest, "Values of the present", "board", "Values",
        ("metric", "facility", "site", "device", "source", "state", "limit", "cursor"),
    ),
    Operation(
        "GET", "/series", series.series, "Values over time", "history", "SeriesList", series.NAMES,
    ),
    Operation(
        "GET", "/stream", latest.stream, "Server-sent events: snapshot, delta, heartbeat, reload", "board", "Events",
        ("metric", "facility", "site", "device", "source", "view", "Last-Event-ID"),
    ),
    Operation(
        "GET", "/quarantine", intake.quarantine, "Inputs that could not be understood", "quarantine", "Quarantine",
        ("facility", "source", "reason", "quarantine_state", "limit", "cursor"),
    ),
    Operation(
        "POST", "/quarantine/<int:number>/resend", intake.resend, "Send an input through again", "quarantine", "Resent",
        ("number",),
    ),
    Operation(
        "DELETE", "/quarantine/<int:number>", intake.discard, "Discard an input", "quarantine", "Nothing", ("number",),
    ),
    Operation("GET", "/sources", intake.sources, "Sources and their counts", "sources", "Sources", ("name",)),
    Operation("GET", "/openapi.json", openapi, "This description", "board", "Description"),
)  # fmt: skip

bp = Blueprint("api", __name__, url_prefix="/api/v1")
for _operation in OPERATIONS:
    bp.add_url_rule(
        _operation.path,
        endpoint=_operation.view.__name__,
        view_func=_operation.view,
        methods=[_operation.method],
    )
