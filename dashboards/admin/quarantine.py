"""``/quarantine``: inputs that could not be understood; look at one, send it again, or discard it."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from dashboards.access import authorise, narrowed
from dashboards.errors import bad_request, not_found
from dashboards.render import address
from dashboards.services import Services, services
from ioc.access import Principal, record
from ioc.database import writing
from ioc.errors import Reason
from ioc.intake import HIDDEN, Item, readable

bp = Blueprint("quarantine", __name__)
PAGE = 50
SHOWN_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Choice:
    """What the list is narrowed to."""

    reason: str
    state: str


@bp.get("/quarantine")
def index() -> str:
    """The list, the newest first."""
    asked = request.args
    _principal, facility, _site = narrowed("quarantine", asked.get("facility", ""))
    authorise("quarantine", facility)  # an item does not know its site: who sees one site only sees none
    chosen = Choice(asked.get("reason", ""), asked.get("state", "open") or "open")
    if chosen.reason and chosen.reason not in list(Reason):
        raise bad_request("reason", f"there is no reason {chosen.reason!r}")
    before = asked.get("before", "")
    quarantine = services().quarantine
    items = quarantine.list(
        state=chosen.state,
        source=asked.get("source", ""),
        facility=facility,
        reason=chosen.reason,
        before_id=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None,
        limit=PAGE,
    )
    counts = quarantine.counts(facility)
    kept = {"reason": chosen.reason, "state": chosen.state, "source": asked.get("source", "")}
    return render_template(
        "quarantine.html",
        items=[_Row(item) for item in items],
        reasons=[(reason.value, reason_title(reason), counts.get(reason, 0)) for reason in Reason if reason in counts],
        states=[(state, state_title(state)) for state in ("open", "resent", "discarded")],
        chosen=chosen,
        older=address("quarantine.index", {**kept, "before": items[-1].id}) if len(items) == PAGE else "",
    )


@bp.get("/quarantine/<int:number>")
def raw(number: int) -> str:
    """Its bytes, which may name a patient: who looked is written to the audit log."""
    principal = authorise("quarantine")
    _visible(principal, number)
    own = services()
    item = own.offload(_opened, own, principal, number)
    text = None if item is None or item.raw is None else readable(item.raw[:SHOWN_BYTES])
    if item is None:
        raise _gone(number)
    cut = item.truncated or (item.raw is not None and len(item.raw) > SHOWN_BYTES)
    return render_template("raw.html", item=_Row(item), text=text, cut=cut, hidden=text and HIDDEN in text)


@bp.post("/quarantine/<int:number>/resend")
def resend(number: int) -> Response:
    """Send it through its door again; the worker does it within seconds."""
    principal = authorise("quarantine")
    if _still_open(principal, number):
        services().offload(_do, services(), principal, number, "resend")
        flash(_("Item %(n)s is being sent again.", n=number))
    return redirect(url_for("quarantine.index"))


@bp.post("/quarantine/<int:number>/discard")
def discard(number: int) -> Response:
    """Close it for good."""
    principal = authorise("quarantine")
    if _still_open(principal, number):
        services().offload(_do, services(), principal, number, "discard")
        flash(_("Item %(n)s is discarded.", n=number))
    return redirect(url_for("quarantine.index"))


def _visible(principal: Principal, number: int) -> Item:
    item = services().quarantine.get(number)
    if item is None or not principal.scope.covers(item.facility):
        raise _gone(number)
    return item


def _still_open(principal: Principal, number: int) -> bool:
    """Whether it waits; whoever was slower than a colleague is told so."""
    waits = _visible(principal, number).state == "open"
    if not waits:
        flash(_("Item %(n)s has been dealt with already.", n=number))
    return waits


def _gone(number: int) -> Exception:
    return not_found(f"there is no item {number} in the quarantine")


def _opened(own: Services, principal: Principal, number: int) -> Item | None:
    item = own.quarantine.get(number, raw=True)
    _note(own, principal, "quarantine.view", number)
    return item


def _do(own: Services, principal: Principal, number: int, action: str) -> None:
    if action == "resend":
        own.quarantine.resend(number)
    else:
        own.quarantine.discard(number, principal.name)
    _note(own, principal, f"quarantine.{action}", number)


def _note(own: Services, principal: Principal, action: str, number: int) -> None:
    with writing(own.engine) as connection:
        record(connection, own.clock.now_ns(), principal.name, action, f"quarantine:{number}")


class _Row:
    """An item with its words."""

    def __init__(self, item: Item) -> None:
        self._item = item
        self.reason_title = reason_title(item.reason)
        self.state_title = state_title(item.state)

    def __getattr__(self, name: str) -> object:
        return getattr(self._item, name)


def state_title(state: str) -> str:
    """A state of an item in words."""
    titles: dict[str, str] = {"open": _("open"), "resent": _("sent again"), "discarded": _("discarded")}
    return titles.get(state, state)


def reason_title(reason: Reason) -> str:
    """Why it lies here, in words."""
    titles: dict[Reason, str] = {
        Reason.TOPIC: _("Topic not understood"),
        Reason.EMPTY: _("Empty message"),
        Reason.TOO_LARGE: _("Too large"),
        Reason.JSON: _("Broken JSON"),
        Reason.SHAPE: _("Not the expected shape"),
        Reason.NO_TIME: _("No time"),
        Reason.BAD_TIME: _("Time not understood"),
        Reason.FUTURE: _("Time in the future"),
        Reason.TOO_OLD: _("Too old"),
        Reason.UNKNOWN_FACILITY: _("Unknown facility"),
        Reason.UNKNOWN_METRIC: _("Unknown metric"),
        Reason.UNIT: _("Unit does not fit"),
        Reason.NOT_A_NUMBER: _("Not a number"),
        Reason.STATE_RANGE: _("State out of range"),
        Reason.STORE: _("Refused by the store"),
        Reason.INTERNAL: _("Our fault"),
    }
    return titles[reason]
