"""``/api/v1/quarantine`` and ``/api/v1/sources``: what came in, and what could not be understood."""

from typing import Any

from flask import Response

from dashboards.access import authorise, narrowed
from dashboards.api import params
from dashboards.api.answers import as_json, as_list
from dashboards.api.schemas import QUARANTINE_STATES
from dashboards.errors import not_found
from dashboards.services import Services, services
from ioc.access import Principal, allowed, record
from ioc.database import writing
from ioc.domain import SECOND, rfc3339
from ioc.errors import Reason
from ioc.intake import Item, SourceStatus, SourceStatuses

PAGE = 1_000
ALIVE_NS = 10 * SECOND  # the worker writes each source's row about every second


def quarantine() -> Response:
    """What lies in quarantine, the newest first, without the raw bytes."""
    params.only("facility", "source", "reason", "state", "limit", "cursor")
    _, facility, _ = narrowed("quarantine", params.text("facility"))
    authorise("quarantine", facility)  # an item does not know its site: who sees one site only sees none
    limit = params.number("limit", 100, PAGE)
    items = services().quarantine.list(
        state=params.one_of("state", QUARANTINE_STATES, "open"),
        source=params.text("source"),
        facility=facility,
        reason=params.one_of("reason", list(Reason)),
        before_id=params.cursor(),
        limit=limit,
    )
    return as_list([_item(item) for item in items], str(items[-1].id) if len(items) == limit else None)


def resend(number: int) -> Response:
    """Send an item through its door again; the worker does it within seconds."""
    principal = authorise("quarantine")
    item = _open_item(principal, number)
    if item.truncated:
        hint = "Have the device send it again, and discard this."
        raise params.conflict(f"item {number} was cut when the quarantine was full", hint)
    services().offload(_resend, services(), principal, number)
    return as_json({"id": number, "state": "resend_requested"}, 202)


def discard(number: int) -> Response:
    """Close an item for good: its bytes are forgotten."""
    principal = authorise("quarantine")
    _open_item(principal, number)
    services().offload(_discard, services(), principal, number)
    return Response(status=204)


def sources() -> Response:
    """Every source with its counts, as the worker last wrote them."""
    params.only("name")
    authorise("sources")
    name, now_ns = params.text("name"), services().clock.now_ns()
    found = SourceStatuses(services().engine).all()
    return as_list([_source(status, now_ns) for status in found if not name or status.name == name])


def _open_item(principal: Principal, number: int) -> Item:
    item = services().quarantine.get(number)
    hidden = item is not None and not (
        principal.scope.covers(item.facility) and allowed(principal, "quarantine", item.facility)
    )
    if item is None or hidden:
        raise not_found(f"there is no item {number} in the quarantine")
    if item.state != "open":
        raise params.conflict(f"item {number} is {item.state} already")
    return item


def _resend(parts: Services, principal: Principal, number: int) -> None:
    parts.quarantine.resend(number)
    _note(parts, principal, "quarantine.resend", number)


def _discard(parts: Services, principal: Principal, number: int) -> None:
    parts.quarantine.discard(number, principal.name)
    _note(parts, principal, "quarantine.discard", number)


def _note(parts: Services, principal: Principal, action: str, number: int) -> None:
    with writing(parts.engine) as connection:
        record(connection, parts.clock.now_ns(), principal.name, action, f"quarantine:{number}")


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "state": item.state,
        "source": item.source,
        "topic": item.topic,
        "facility": item.facility,
        "reason": item.reason.value,
        "detail": item.detail,
        "received_at": rfc3339(item.received_ns),
        "last_at": rfc3339(item.last_ns),
        "count": item.count,
        "size": item.size,
        "truncated": item.truncated,
        "resend_requested_at": _time(item.resend_requested_ns),
        "closed_at": _time(item.closed_ns),
        "closed_by": item.closed_by,
    }


def _source(status: SourceStatus, now_ns: int) -> dict[str, Any]:
    alive = now_ns - status.updated_ns <= ALIVE_NS
    return {
        "name": status.name,
        "kind": status.kind,
        "connected": status.connected and alive,
        "alive": alive,
        "last_message_at": _time(status.last_message_ns),
        "received": status.received,
        "accepted": status.accepted,
        "quarantined": dict(status.quarantined),
        "ignored": status.ignored,
        "gaps": status.gaps,
        "backlog": status.backlog,
        "error": status.error,
        "updated_at": rfc3339(status.updated_ns),
    }


def _time(ns: int | None) -> str | None:
    return None if ns is None else rfc3339(ns)
