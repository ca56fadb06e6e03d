"""All that the page of one incident says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from alerts import Detail, RulesInForce
from dashboards.alerts.rows import AlertRow, limits_of, row_of
from dashboards.alerts.rules import review_of
from dashboards.alerts.timeline import Line, lines_of
from dashboards.alerts.told import DeliveryRow, deliveries_of, nobody_of
from dashboards.alerts.words import Words
from dashboards.incidents import history_address
from dashboards.render import address
from ioc.latest import Book

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The incident as a row, and what only its page has room for."""

    row: AlertRow
    steps: tuple[str, ...]
    source: str
    runbook: str
    lines: list[Line]
    deliveries: list[DeliveryRow]
    nobody: tuple[str, ...]
    owner: str
    notify: str
    limits: tuple[tuple[str, str], ...]
    expires: str
    review_by: str
    overdue: bool
    history: str
    device: str


def sheet_of(detail: Detail, rules: RulesInForce | None, book: Book, words: Words) -> Sheet:
    """The page as of ``words.now_ns``."""
    incident = detail.incident
    rule = next((one for one in (rules.document if rules else []) if one["id"] == incident.rule), None)
    review = review_of(rule, words) if rule else ("", False)
    nobody = nobody_of(detail, words)
    known = words.registry.facility(incident.facility) and words.catalogue.get(incident.metric)
    device = words.registry.device(incident.facility, incident.labels.get("device", ""))
    return Sheet(
        row=row_of(incident, book, words, detail.deliveries, nobody),
        steps=_in(incident.steps, words.language) or (),
        source=_in(incident.source, words.language) or "",
        runbook=incident.runbook,
        lines=lines_of(detail, words),
        deliveries=deliveries_of(detail, words),
        nobody=nobody,
        owner=words.group(incident.owner),
        notify=words.group(incident.notify),
        limits=limits_of(incident, words),
        expires=words.span(incident.ack_expires_ns),
        review_by=review[0],
        overdue=review[1],
        history=history_address(incident) if known else "",
        device=address("devices.device", {"facility": device.facility, "device": device.code}) if device else "",
    )


def _in(texts: Mapping[str, T], language: str) -> T | None:
    return texts.get(language) or texts.get("en") or texts.get("vi")
