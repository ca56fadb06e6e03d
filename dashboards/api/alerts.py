"""``/api/v1/alerts`` and ``/api/v1/rules``: what is wrong, who cares for it, who was told; and what a person does."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Response, request

from alerts import Incident, Level, RefusedError
from dashboards.access import authorise, narrowed
from dashboards.api import params
from dashboards.api.alert_forms import alert_form, detail_form, missed_form, time_form
from dashboards.api.answers import as_json, as_list
from dashboards.api.schemas import ALERT_STATES, LEVELS
from dashboards.errors import ProblemError, bad_request, not_found
from dashboards.services import services
from ioc.access import Principal
from ioc.domain import MINUTE, parse_rfc3339

Json = dict[str, Any]

PAGE = 1_000
_CURSOR = re.compile(r"\d{3}-\d{20}-\w+", flags=re.ASCII)  # what _place gives
_STATUS = {"unknown": 404, "closed": 409, "not_silent": 409, "reason_needed": 422, "too_long": 422}


def alerts() -> Response:
    """Open ones with the most urgent first, or those of the past with the newest first."""
    params.only("facility", "site", "status", "level", "unowned", "limit", "cursor")
    _, facility, site = narrowed("alerts", params.text("facility"), params.text("site"))
    status = params.one_of("status", ALERT_STATES, "open")
    unowned = params.one_of("unowned", ("true", "false", "1", "0")) in ("true", "1")
    if unowned and status == "resolved":
        raise bad_request("unowned", "one that is over needs nobody", "Leave status away.")
    level, limit = Level.of(params.one_of("level", LEVELS)), params.number("limit", 100, PAGE)
    read = _open if unowned or status == "open" else _past
    items, next_ = read(facility, site, level, limit)
    items = [each for each in items if each.unowned or not unowned]
    if not items:
        params.known_facility(facility, site)
    untold = _untold(facility, site) if any(each.open for each in items) else {}
    return as_list([alert_form(each, untold) for each in items], next_ or None)


def alert(incident: str) -> Response:
    """One with its timeline, and every attempt to tell somebody."""
    params.only()
    return as_json(_detail(incident, authorise("alerts")))


def acknowledge(incident: str) -> Response:
    """Say "mine": for as long as the rule allows, or for less."""
    principal = authorise("acknowledge")
    asked = _body("reason", "minutes", "expires")
    for_ns = _length_ns(asked)
    return _act(incident, principal, services().acts.acknowledge, _words(asked, "reason"), for_ns)


def note(incident: str) -> Response:
    """Write into the timeline what was found or done."""
    principal = authorise("acknowledge")
    return _act(incident, principal, services().acts.note, _words(_body("text"), "text"))


def close(incident: str) -> Response:
    """End one that has fallen silent and will never speak again."""
    principal = authorise("close")
    return _act(incident, principal, services().acts.close, _words(_body("reason"), "reason"))


def rules() -> Response:
    """The rules that are judged now, and why newer ones are not."""
    params.only()
    authorise("alerts")
    found = services().offload(services().incident_reader.rules)
    return as_json(
        {
            "items": found.document if found else [],
            "next": None,
            "digest": found.digest if found else "",
            "loaded_at": time_form(found.loaded_at_ns if found else None),
            "refused_at": time_form(found.refused_at_ns if found else None),
            "faults": found.faults if found else [],
        }
    )


def _open(facility: str, site: str, level: Level, limit: int) -> tuple[list[Incident], str]:
    cursor = params.text("cursor")
    if cursor and not _CURSOR.fullmatch(cursor):
        raise _no_cursor()
    found = services().alerts().open(facility, site)
    fitting = [each for each in found if each.level >= level and _place(each) > cursor]
    return fitting[:limit], _place(fitting[limit - 1]) if len(fitting) > limit else ""


def _place(incident: Incident) -> str:
    """Its place among the open ones: these texts sort as ``urgency`` does."""
    cared, acked, level, at_ns, code = incident.urgency
    return f"{cared:d}{acked:d}{9 + level}-{at_ns:020}-{code}"


def _past(facility: str, site: str, level: Level, limit: int) -> tuple[list[Incident], str]:
    status = params.text("status")
    ask, cursor = services().incident_reader.list, params.text("cursor")
    try:
        page = services().offload(
            ask, "" if status == "all" else status, facility, site, level=level, before=cursor, limit=limit
        )
    except ValueError:
        raise _no_cursor() from None
    return page.items, page.next


def _no_cursor() -> ProblemError:
    return bad_request("cursor", "this is not a cursor", "Take `next` of the page before, as it is.")


def _act(code: str, principal: Principal, act: Callable[..., Incident], *more: object) -> Response:
    """Do it where the principal may see the incident; the answer is the alert as it is then."""
    _visible(code, principal)
    try:
        services().offload(act, code, principal.name, *more)
    except RefusedError as error:
        raise ProblemError(_STATUS[error.code], error.code, str(error), error.hint) from None
    services().hub.catch_up()  # whoever asks next sees it
    return as_json(_detail(code, principal))


def _visible(code: str, principal: Principal) -> Incident:
    """The incident; one that lies outside the scope is as unknown as one that is not there."""
    found = services().alerts().get(code)
    if found is None:
        detail = services().offload(services().incident_reader.find, code)
        found = detail.incident if detail else None
    if found is None or not principal.scope.covers(found.facility, found.site):
        raise _unknown(code)
    return found


def _unknown(code: str) -> ProblemError:
    return not_found(f"there is no alert {code[:40]!r}", "GET /api/v1/alerts?status=all lists them.")


def _body(*known: str) -> Json:
    """The JSON object that was sent; nothing is the same as an empty one."""
    raw = request.get_data(cache=False)
    try:
        asked = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as error:
        raise bad_request("body", f"is not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise bad_request("body", "is not a JSON object", f"It has {', '.join(known)}.")
    for name in asked:
        if name not in known:
            raise bad_request(name, "there is no such field here", params.meant(name, known))
    return asked


def _words(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str):
        raise bad_request(name, "is not a text")
    return value


def _length_ns(asked: Mapping[str, Any]) -> int:
    """For how long an acknowledgement is asked to hold; 0 where nothing is said."""
    minutes, expires = asked.get("minutes"), _words(asked, "expires")
    if minutes is not None and expires:
        raise bad_request("minutes", "stands beside expires", "Give one of them.")
    if minutes is not None:
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 0 < minutes <= 7 * 24 * 60:
            raise bad_request("minutes", "is not a whole number from 1 to 10080")
        return minutes * MINUTE
    if not expires:
        return 0
    try:
        left_ns = parse_rfc3339(expires) - services().clock.now_ns()
    except ValueError as error:
        raise bad_request("expires", str(error), "Write a time such as 2026-11-21T14:30:00+07:00.") from None
    if left_ns <= 0:
        raise bad_request("expires", "lies in the past")
    return left_ns


def _detail(code: str, principal: Principal) -> Json:
    found = services().offload(services().incident_reader.find, code)
    if found is None or not principal.scope.covers(found.incident.facility, found.incident.site):
        raise _unknown(code)
    about = found.incident
    return detail_form(found, _untold(about.facility, about.site) if about.open else {})


def _untold(facility: str, site: str) -> dict[str, list[Json]]:
    """Who was not reached, by incident."""
    found: dict[str, list[Json]] = {}
    for each in services().offload(services().incident_reader.untold, facility, site):
        found.setdefault(each.incident.id, []).append(missed_form(each))
    return found
