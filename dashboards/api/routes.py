"""The table of the API: what there is, what it takes and who may; the routes and openapi.json are made from it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response

from dashboards.access import authorise
from dashboards.api import alerts, backups, census, intake, latest, series
from dashboards.api.answers import as_json
from dashboards.api.openapi import document


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. ``takes`` names its parameters, described in ``openapi.py``; ``action`` the right;
    ``answer`` and ``body`` name what it gives and is sent, described in ``schemas.py``."""

    method: str
    path: str
    view: Callable[..., Response]
    summary: str
    action: str
    answer: str
    takes: tuple[str, ...] = ()
    body: str = ""


def openapi() -> Response:
    """This API, described for programs."""
    authorise("board")
    return as_json(document(OPERATIONS))


OPERATIONS = (
    Operation(
        "GET", "/latest", latest.latest, "Values of the present", "board", "Values",
        (*latest.FILTERS, "state", "limit", "cursor"),
    ),
    Operation(
        "GET", "/series", series.series, "Values over time", "history", "SeriesList", series.NAMES,
    ),
    Operation(
        "GET", "/census", census.census, "Beds, wards and the balance of the day, now or at any minute of the past",
        "board", "Census", ("facility", "site", "at"),
    ),
    Operation(
        "GET", "/stream", latest.stream, "Server-sent events: snapshot, delta, heartbeat, reload", "board", "Events",
        (*latest.FILTERS, "view", "Last-Event-ID"),
    ),
    Operation(
        "GET", "/alerts", alerts.alerts, "Alerts: the open ones, the most urgent first, or those of the past", "alerts",
        "Alerts", ("facility", "site", "alert_status", "level", "unowned", "limit", "cursor"),
    ),
    Operation(
        "GET", "/alerts/<incident>", alerts.alert, "One alert with its timeline and who was told", "alerts",
        "AlertDetail", ("incident",),
    ),
    Operation(
        "POST", "/alerts/<incident>/ack", alerts.acknowledge, 'Say "mine"', "acknowledge", "AlertDetail",
        ("incident",), "Acknowledgement",
    ),
    Operation(
        "POST", "/alerts/<incident>/note", alerts.note, "Write into its timeline", "acknowledge", "AlertDetail",
        ("incident",), "Note",
    ),
    Operation(
        "POST", "/alerts/<incident>/close", alerts.close, "End one that will never speak again", "close",
        "AlertDetail", ("incident",), "Closing",
    ),
    Operation("GET", "/rules", alerts.rules, "The rules in force, and why newer ones are not", "alerts", "Rules"),
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
    Operation(
        "POST", "/backups/<facility>/<job>", backups.stamp, "Say that a backup was made, or restored for a test",
        "stamp", "BackupStamp", ("place", "job"), "BackupSaid",
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
