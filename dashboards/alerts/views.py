"""``/alerts``: the alert centre, one incident, the rules in force; and what a person does, as plain forms."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from alerts import Detail, Incident, RefusedError
from dashboards.access import authorise, narrowed
from dashboards.alerts.bands import bands_of
from dashboards.alerts.live import alerts_view, incident_view
from dashboards.alerts.nav import badge_of
from dashboards.alerts.rules import rules_of
from dashboards.alerts.words import words_of
from dashboards.errors import not_found
from dashboards.hospital.live import known_facility
from dashboards.render import address, language, now_ns, say
from dashboards.services import Services, services
from ioc.access import Principal
from ioc.domain import MINUTE

bp = Blueprint("alerts", __name__)


@bp.record_once
def _install(state: BlueprintSetupState) -> None:
    own: Services = state.app.extensions["ioc"]
    state.app.jinja_env.globals.update(alert_badge=partial(badge_of, own))


@bp.get("/alerts")
def index() -> str:
    """What is wrong now, kept up to date by the stream."""
    asked = request.args
    principal, facility, site = narrowed("alerts", asked.get("facility", ""), asked.get("site", ""))
    own = services()
    name = say(known_facility(own, facility, site).short) if facility else ""
    scope = {"facility": facility, "site": site, "lang": language(), "can": _can(principal)}
    view = alerts_view(current_app, scope)
    book, words = own.present(), words_of(own, language(), now_ns())
    return render_template(
        "alerts.html",
        name=name,
        facility=facility,
        site=site,
        counts=view.counts(words),
        bands=view.bands(words),
        groups=view.open(book, words),
        judged=view.judged(words),
        done=view.done(book, words),
        median=view.median(words),
        can=view.can,
        back=view.back,
        wide=not principal.scope.facility,
        stream=address("api.stream", {"view": "alerts", **scope}),
    )


@bp.get("/alerts/rules")
def rules() -> str:
    """The rules in force, and why newer ones are not."""
    _, facility, site = narrowed("alerts")
    own = services()
    words = words_of(own, language(), now_ns())
    found = own.incident_reader.rules()
    scope = {"facility": facility, "site": site, "lang": language()}
    return render_template(
        "rules.html",
        groups=rules_of(found, words),
        loaded_ns=found.loaded_at_ns if found else None,
        bands=bands_of(own.incident_reader, words),
        stream=address("api.stream", {"view": "alerts", **scope}),
    )


@bp.get("/alerts/<incident>")
def incident(incident: str) -> str:
    """One incident: who has it, what to do, what happened, who was told."""
    principal = authorise("alerts")
    _visible(incident, principal)
    own = services()
    scope = {"incident": incident, "lang": language(), "can": _can(principal)}
    view = incident_view(current_app, scope)
    words = words_of(own, language(), now_ns())
    return render_template(
        "incident.html",
        facility=view.head[0],
        site=view.head[1],
        bands=bands_of(own.incident_reader, words),
        s=view.sheet(own.present(), words),
        can=view.can,
        stream=address("api.stream", {"view": "incident", "facility": view.facility, "site": view.site, **scope}),
    )


@bp.post("/alerts/<incident>/take")
def take(incident: str) -> Response:
    """ "Mine": with a reason where the rule wants one, for as long as it allows or for less."""
    minutes = request.form.get("minutes", "")
    for_ns = int(minutes) * MINUTE if minutes.isascii() and minutes.isdigit() and len(minutes) < 6 else 0
    acts = services().acts
    return _act(incident, "acknowledge", acts.acknowledge, request.form.get("reason", ""), for_ns)


@bp.post("/alerts/<incident>/note")
def note(incident: str) -> Response:
    """Write down what was done."""
    return _act(incident, "acknowledge", services().acts.note, request.form.get("text", ""))


@bp.post("/alerts/<incident>/close")
def close(incident: str) -> Response:
    """End one that will never speak again."""
    return _act(incident, "close", services().acts.close, request.form.get("reason", ""))


def _act(code: str, action: str, act: Callable[..., Incident], *more: object) -> Response:
    """Do it where it may be done, and go back to where the button stood."""
    principal = authorise(action)
    found = _visible(code, principal).incident
    own = services()
    try:
        own.offload(act, code, principal.name, *more)
    except RefusedError as error:
        flash(_refusal(error.code))
    own.hub.catch_up()  # the page that is drawn next shows it
    back = request.form.get("back")
    if back in ("list", "facility", "site"):
        place = {} if back == "list" else {"facility": found.facility, "site": found.site if back == "site" else ""}
        return redirect(f"{address('alerts.index', place)}#alert-{code}", 303)
    return redirect(address("alerts.incident", {"incident": code}), 303)


def _visible(code: str, principal: Principal) -> Detail:
    """The incident; one that lies outside the scope is as unknown as one that is not there."""
    detail = services().offload(services().incident_reader.find, code)
    if detail is None or not principal.scope.covers(detail.incident.facility, detail.incident.site):
        raise not_found(f"there is no incident {code[:40]!r}", "The alert centre lists them.")
    return detail


def _can(principal: Principal) -> str:
    return next((action for action in ("close", "acknowledge") if principal.may(action)), "")


def _refusal(code: str) -> str:
    texts: dict[str, str] = {
        "unknown": _("There is no such incident any more."),
        "closed": _("It is over already: nothing was changed."),
        "reason_needed": _("Nothing was written: say what is being done."),
        "too_long": _("Nothing was written: the text is too long."),
        "not_silent": _("It speaks again: it ends by itself when its values are well."),
    }
    return texts.get(code, code)
