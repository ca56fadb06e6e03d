"""Incidents from what the engine says, and the messages that people get of them, each in the person's language."""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

import orjson

from alerts.event import Event, Happened
from alerts.incidents import FIRING, MISSING, Incident
from alerts.message import Message, Status, encode_message
from alerts.title import render_title, state_name
from ioc.catalogue import Catalogue, Text
from ioc.config import Settings
from ioc.domain import Series
from ioc.registry import Registry

SIMULATED = Text("[Mô phỏng]", "[Simulated]", "[Simulation]")
ALIVE = Text("Hệ thống cảnh báo đang hoạt động", "The alerts are working", "Les alertes fonctionnent")


class Composer:
    """What is known of names, units and addresses. Nothing in it tells who a patient or a user is."""

    def __init__(self, settings: Settings, catalogue: Catalogue, registry: Registry) -> None:
        self._catalogue = catalogue
        self._registry = registry
        self._url = (settings.web.url or f"http://{settings.web.bind}").rstrip("/")

    def opened(self, event: Event, now_ns: int) -> Incident:
        """The incident that this event opens, before its first line is written."""
        rule, labels = event.rule, dict(event.labels)
        metric = self._catalogue.get(rule.read.metric)
        return Incident(
            id=event.incident,
            rule=rule.id,
            labels=labels,
            facility=labels.get("facility", ""),
            site=self._site(event),
            series=event.series,
            metric=rule.read.metric,
            unit=metric.unit if metric else "",
            title=rule.title,
            limits=event.limits,
            status=MISSING if event.kind is Happened.MISSING else FIRING,
            level=event.level,
            quality=event.quality,
            value=event.value,
            silent=event.silent,
            opened_ns=event.event_ns,
            opened_at_ns=now_ns,
            event_ns=event.event_ns,
            notify=rule.notify.group,
            owner=rule.owner,
            runbook=rule.runbook.path,
            steps=rule.runbook.steps,
            source=rule.runbook.source,
            ack_expires_ns=rule.ack.expires_ns,
            ack_needs_reason=rule.ack.reason,
        )

    def message(self, incident: Incident, status: Status, seq: int, language: str, *, again: bool = False) -> str:
        """What is sent of this event, as the outbox keeps it."""
        facility = self._registry.facility(incident.facility)
        return encode_message(
            Message(
                incident=incident.id,
                dedup_key=f"{incident.id}-{seq}",
                rule=incident.rule,
                labels=incident.labels,
                level=incident.level.word,
                status=status,
                value=incident.value,
                unit=incident.unit,
                quality=incident.quality,
                event_ns=incident.event_ns,
                sent_ns=0,
                url=f"{self._url}/alerts/{incident.id}",
                title=self._title(incident, language),
                language=language,
                steps=incident.steps.get(language) or incident.steps.get("en") or incident.steps.get("vi") or (),
                again=again,
                place=facility.title.in_(language) if facility else "",
                since_ns=incident.opened_ns,
            )
        )

    def _title(self, incident: Incident, language: str) -> str:
        metric = self._catalogue.get(incident.metric)
        value = state_name(metric, incident.value, language) if metric else incident.value
        decimals = metric.decimals if metric else 0
        names = self._names(incident, language)
        title = render_title(incident.title, incident.labels, value, decimals, language, names)
        return f"{SIMULATED.in_(language)} {title}" if incident.simulated else title

    def _site(self, event: Event) -> str:
        labels = dict(event.labels)
        if "site" in labels:
            return labels["site"]
        if event.series:
            return Series.parse(event.series).tag("site")
        device = self._registry.device(labels.get("facility", ""), labels.get("device", ""))
        return self._registry.site_of(device) if device else ""

    def _names(self, incident: Incident, language: str) -> Callable[[str, str], str]:
        """What people call the thing that a label's code names, where the registry knows it."""
        facility = self._registry.facility(incident.facility)

        def name(label: str, code: str) -> str:
            found: Any = None
            if label == "device":
                found = self._registry.device(incident.facility, code)
            elif label == "facility":
                found = self._registry.facility(code)
            elif facility:
                found = facility.sites.get(code) if label == "site" else facility.places.get(code)
            return found.title.in_(language) if found else code

        return name


def row_of(incident: Incident) -> dict[str, Any]:
    """The row of ``alerts.tables.incidents`` that holds it."""
    row: dict[str, Any] = {field.name: getattr(incident, field.name) for field in fields(incident)}
    del row["steps"], row["source"]
    return row | {
        "labels": json_of(incident.labels),
        "title": json_of(asdict(incident.title)),
        "limits": json_of(incident.limits),
        "level": incident.level.word,
        "needs_owner": int(incident.needs_owner),
        "ack_needs_reason": int(incident.ack_needs_reason),
        "runbook": json_of({"path": incident.runbook, "steps": incident.steps, "source": incident.source}),
    }


def json_of(data: Any) -> str:
    """JSON with sorted keys."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS, default=dict).decode()
