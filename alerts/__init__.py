"""Alerts: rules, engine, outbox and notifiers. What stands here is what pages and the API use."""

from alerts.acts import TEXT_LIMIT, Acts, RefusedError
from alerts.book import IncidentBook
from alerts.channels import Channel, channels
from alerts.event import Happened, Why
from alerts.incidents import (
    Attempt,
    Delivery,
    Detail,
    Entry,
    Incident,
    IncidentReader,
    Page,
    RulesInForce,
    Untold,
)
from alerts.level import Level
from alerts.title import render_title, state_name

__all__ = [
    "TEXT_LIMIT",
    "Acts",
    "Attempt",
    "Channel",
    "Delivery",
    "Detail",
    "Entry",
    "Happened",
    "Incident",
    "IncidentBook",
    "IncidentReader",
    "Level",
    "Page",
    "RefusedError",
    "RulesInForce",
    "Untold",
    "Why",
    "channels",
    "render_title",
    "state_name",
]
