"""The outward forms of an alert, its timeline and its deliveries, as ``schemas.py`` describes them."""

from collections.abc import Mapping
from typing import Any

from alerts import Attempt, Delivery, Detail, Entry, Incident, Untold
from dashboards.alerts.words import words_of
from dashboards.i18n import current_language
from dashboards.incidents import crossed, history_address
from dashboards.services import services
from ioc.catalogue import LANGUAGES
from ioc.domain import SECOND, rfc3339

Json = dict[str, Any]
Missed = Mapping[str, list[Json]]  # by incident: who was not reached


def detail_form(found: Detail, untold: Missed) -> Json:
    """All that is known of one."""
    about, language = found.incident, current_language()
    return alert_form(about, untold) | {
        "titles": {code: _title(about, code) for code in LANGUAGES},
        "runbook": {
            "path": about.runbook,
            "steps": list(_spoken(about.steps, language) or ()),
            "source": _spoken(about.source, language) or "",
        },
        "ack": {"longest_s": about.ack_expires_ns / SECOND, "reason": about.ack_needs_reason},
        "timeline": [_entry(each) for each in found.timeline],
        "deliveries": [_delivery(each) for each in found.deliveries],
    }


def missed_form(untold: Untold) -> Json:
    """Whom one could not reach."""
    return {"whom": untold.whom, "channel": untold.channel, "why": untold.why, "error": untold.error}


def alert_form(incident: Incident, untold: Missed) -> Json:
    """One of a list."""
    own, limit = services(), crossed(incident)
    until_ns = incident.resolved_ns or own.clock.now_ns()
    return {
        "id": incident.id,
        "rule": incident.rule,
        "title": _title(incident, current_language()),
        "labels": dict(incident.labels),
        "facility": incident.facility,
        "site": incident.site,
        "metric": incident.metric,
        "series": incident.series,
        "level": incident.level.word,
        "status": incident.status,
        "value": incident.value,
        "unit": incident.unit,
        "quality": incident.quality.value,
        "limit": limit[2] if limit else None,
        "limits": [{"level": level, "op": op, "limit": number} for level, op, number in incident.limits],
        "silent": incident.silent,
        "opened_at": rfc3339(incident.opened_ns),
        "noticed_at": rfc3339(incident.opened_at_ns),
        "event_time": rfc3339(incident.event_ns),
        "age_s": round(max(0, until_ns - incident.opened_ns) / SECOND, 3),
        "missing_since": time_form(incident.missing_since_ns or None),
        "resolved_at": time_form(incident.resolved_ns),
        "why": incident.why,
        **_owned(incident),
        "not_reached": untold.get(incident.id, []),
        "url": f"{own.settings.web.url}/alerts/{incident.id}",
        "history_url": history_address(incident),
    }


def _title(incident: Incident, language: str) -> str:
    return words_of(services(), language, services().clock.now_ns()).title(incident, incident.value)


def _owned(incident: Incident) -> Json:
    return {
        "needs_owner": incident.needs_owner,
        "unowned": incident.unowned,
        "acked_by": incident.acked_by or None,
        "acked_at": time_form(incident.acked_at_ns),
        "ack_until": time_form(incident.ack_until_ns),
        "ack_reason": incident.ack_reason,
        "owner": incident.owner,
        "notify": incident.notify,
    }


def _entry(entry: Entry) -> Json:
    return {
        "seq": entry.seq,
        "kind": entry.kind.value,
        "level": entry.level.word,
        "value": entry.value,
        "limit": entry.limit,
        "quality": entry.quality.value,
        "event_time": rfc3339(entry.event_ns),
        "at": rfc3339(entry.at_ns),
        "who": entry.who,
        "text": entry.text,
    }


def _delivery(delivery: Delivery) -> Json:
    return {
        "dedup_key": delivery.dedup_key,
        "status": delivery.status,
        "level": delivery.level.word,
        "person": delivery.person_name,
        "channel": delivery.channel,
        "state": delivery.state,
        "created_at": rfc3339(delivery.created_ns),
        "due_at": time_form(delivery.due_ns if delivery.state == "due" else None),
        "done_at": time_form(delivery.done_ns),
        "error": delivery.error,
        "attempts": [_attempt(each) for each in delivery.attempts],
    }


def _attempt(attempt: Attempt) -> Json:
    return {
        "number": attempt.number,
        "began_at": rfc3339(attempt.began_ns),
        "ended_at": rfc3339(attempt.ended_ns),
        "outcome": attempt.outcome,
        "detail": attempt.detail,
    }


def _spoken(texts: Mapping[str, Any], language: str) -> Any:
    """In this language, else in English or Vietnamese."""
    return next((texts[code] for code in (language, "en", "vi") if texts.get(code)), None)


def time_form(ns: int | None) -> str | None:
    """A time, or null."""
    return None if ns is None else rfc3339(ns)
