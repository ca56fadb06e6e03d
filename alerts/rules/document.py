"""Rules as pages and the API show them: plain data, ready for JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

from alerts.people import Group
from alerts.rules.conditions import written
from alerts.rules.model import Condition, LevelRule, Rule, Table
from ioc.catalogue import LANGUAGES, Catalogue, Metric, Text
from ioc.domain import SECOND


def document_of(
    rules: Iterable[Rule], catalogue: Catalogue, groups: Mapping[str, Group] | None = None
) -> list[dict[str, Any]]:
    """Every rule, in the order of the files; ``groups`` give their titles to whom it tells and who cares for it."""
    return [document_of_rule(rule, catalogue.get(rule.read.metric), groups) for rule in rules]


def document_of_rule(rule: Rule, metric: Metric | None, groups: Mapping[str, Group] | None = None) -> dict[str, Any]:
    """One rule; durations in seconds, limits in ``unit``. Conditions stand as the rule file writes them too."""
    states = [state.code for state in metric.states] if metric and rule.read.take != "count" else []
    return {
        "id": rule.id,
        "title": _text(rule.title),
        "kind": rule.kind.value,
        "metric": rule.read.metric,
        "metric_title": _text(metric.title) if metric else {},
        "unit": metric.unit if metric else "1",
        "where": {name: list(words) for name, words in rule.read.where},
        "by": list(rule.read.by),
        "over_s": rule.read.over_ns / SECOND,
        "take": rule.read.take.value,
        "levels": [_level(level, states) for level in rule.levels],
        "missing": rule.missing and {"after_s": rule.missing.after_ns / SECOND, "raise": rule.missing.raise_level.word},
        "notify": {
            "group": rule.notify.group,
            "group_title": _named(rule.notify.group, groups),
            "min_level": rule.notify.min_level.word,
        },
        "ack": {
            "required_from": rule.ack.required_from.word,
            "expires_s": rule.ack.expires_ns / SECOND,
            "reason": rule.ack.reason,
        },
        "owner": rule.owner,
        "owner_title": _named(rule.owner, groups),
        "runbook": {
            "path": rule.runbook.path,
            "steps": {language: list(steps) for language, steps in rule.runbook.steps.items()},
            "source": dict(rule.runbook.source),
        },
        "review_by": rule.review_by,
        "file": rule.where,
        "tables": {table.name: _table(table) for table in rule.tables.values()},
    }


def _table(table: Table) -> dict[str, Any]:
    rows = {"/".join(key): dict(row) for key, row in table.rows.items()}
    return {"key": list(table.key), "default": dict(table.default), "rows": rows}


def _level(level: LevelRule, states: list[str]) -> dict[str, Any]:
    return {
        "level": level.level.word,
        "enter": _condition(level.enter, states),
        "leave": level.leave and _condition(level.leave, states),
        "for_s": level.for_ns / SECOND,
        "hold_s": level.hold_ns / SECOND,
    }


def _condition(condition: Condition, states: list[str]) -> dict[str, Any]:
    column = condition.column
    return {
        "text": written(condition, states),
        "op": condition.op.value,
        "number": condition.number,
        "table": column.table if column else "",
        "column": column.column if column else "",
    }


def _named(code: str, groups: Mapping[str, Group] | None) -> dict[str, str]:
    """The title of a group; empty of what is none."""
    group = (groups or {}).get(code)
    return _text(group.title) if group else {}


def _text(text: Text) -> dict[str, str]:
    return {language: text.in_(language) for language in LANGUAGES}
