"""Rules: one human question each, as data of a closed grammar."""

from alerts.rules.conditions import holds, written
from alerts.rules.document import document_of, document_of_rule
from alerts.rules.load import digest, load_rules
from alerts.rules.model import (
    DEVICE_TABLE,
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
    RuleSet,
    Runbook,
    Table,
    Take,
)

__all__ = [
    "DEVICE_TABLE",
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
    "RuleSet",
    "Runbook",
    "Table",
    "Take",
    "digest",
    "document_of",
    "document_of_rule",
    "holds",
    "load_rules",
    "written",
]
