"""Rules: one human question each, as data of a closed grammar."""

from alerts.rules.model import (
    Ack,
    Column,
    Condition,
    Kind,
    LevelRule,
    Missing,
    Notify,
    Op,
    Read,
    Rule,
    Runbook,
    Table,
    Take,
)

__all__ = [
    "Ack",
    "Column",
    "Condition",
    "Kind",
    "LevelRule",
    "Missing",
    "Notify",
    "Op",
    "Read",
    "Rule",
    "Runbook",
    "Table",
    "Take",
]
