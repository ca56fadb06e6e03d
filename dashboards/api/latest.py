"""``/api/v1/latest`` and ``/api/v1/stream``: what is true now, and what changes."""

import secrets

from flask import Response, request

from dashboards.access import authorise, narrowed
from dashboards.access.principal import watch
from dashboards.api import params
from dashboards.api.answers import as_list
from dashboards.errors import ProblemError, bad_request
from dashboards.i18n import current_language
from dashboards.incidents import alarming
from dashboards.live.hub import TooManyStreamsError
from dashboards.live.ratios import Ratios, RatioView
from dashboards.live.stream import HEADERS, events, tune
from dashboards.live.values import Filter, ValuesView
from dashboards.live.view import View
from dashboards.live.views import VIEWS
from dashboards.services import services
from ioc.access import Principal, allowed
from ioc.catalogue import Kind
from ioc.domain import State

FILTERS = ("metric", "facility", "site", "ward", "device", "source")
PAGE = 10_000


def latest() -> Response:
    """The values of the present, restricted to what the asker may see."""
    params.only(*FILTERS, "state", "limit", "cursor")
    _, wanted = _filter()
    state = params.one_of("state", list(State))
    limit, start = params.number("limit", PAGE, PAGE), params.cursor() or 0
    now_ns = services().clock.now_ns()
    ratios = _ratios(wanted)
    values = (ratios or wanted).values(services().present(), now_ns)
    if not values or ratios:
        params.known_facility(wanted.facility, wanted.site)
    values = [value for value in values if not state or value.state == state]
    page = values[start : start + limit]
    more = start + limit < len(values)
    level_of = alarming(services().incidents.open(wanted.facility, wanted.site))
    items = [value.as_json(now_ns) | ({"level": level.word} if (level := level_of(value)) else {}) for value in page]
    return as_list(items, str(start + limit) if more else None)


def stream() -> Response:
    """The stream of a page (``view=``), or of the values that a filter lets through."""
    principal, view = _view()
    last_id = request.headers.get("Last-Event-ID", "")[:64]
    hub = services().hub
    if "gunicorn.socket" in request.environ:
        hub.start()
        tune(request.environ["gunicorn.socket"])
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    try:
        client = hub.subscribe(view, principal.id, last_id)
    except TooManyStreamsError as error:
        raise ProblemError(429, "too_many_streams", str(error), "Close some of them.") from None
    look = watch()

    def may_go_on() -> bool:
        still = look()
        return still == principal and allowed(principal, view.action, view.facility, view.site)

    body = events(
        hub=hub,
        view=view,
        client=client,
        clock=services().clock,
        may_go_on=may_go_on,
        retry_ms=2_000 + secrets.randbelow(3_000),
    )
    response = Response(body, headers=HEADERS)
    response.call_on_close(lambda: hub.unsubscribe(view, client))
    return response


def _view() -> tuple[Principal, View]:
    name = params.text("view")
    if not name:
        params.only(*FILTERS)
        principal, wanted = _filter()
        ratios = _ratios(wanted)
        view: View = (
            RatioView(ratios) if ratios else ValuesView(wanted, services().present(), services().clock.now_ns())
        )
        if ratios or not view.parts():
            params.known_facility(wanted.facility, wanted.site)
        return principal, view
    args = {key: value[:200] for key, value in request.args.items() if key != "view"}
    args["lang"] = current_language()
    principal = authorise("board", args.get("facility", ""), args.get("site", ""))
    if name not in VIEWS:
        raise bad_request("view", f"there is no view {name!r}", params.meant(name, VIEWS))
    page = VIEWS[name](services().app, args)
    if not allowed(principal, page.action) or not principal.scope.covers(page.facility, page.site):
        raise ProblemError(403, "forbidden", "this view is not within your role and scope")
    return principal, page


def _filter() -> tuple[Principal, Filter]:
    principal, facility, site = narrowed("board", params.text("facility"), params.text("site"))
    metric = params.metric(required=False)
    code = metric.code if metric else ""
    return principal, Filter(code, facility, site, params.text("device"), params.text("source"), params.text("ward"))


def _ratios(wanted: Filter) -> Ratios | None:
    """What computes the metric where it is a ratio, which no series holds."""
    metric = services().catalogue.get(wanted.metric)
    if metric is None or metric.kind is not Kind.RATIO:
        return None
    return Ratios(metric, wanted, services().registry)
