"""The rules in force as a page lists them. Pure: made of the document that the scheduler wrote when it loaded them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _

from alerts import Level, RulesInForce
from dashboards.alerts.words import Words, level_word, op_sign
from dashboards.definitions.texts import class_title
from ioc.domain import SECOND

Json = Mapping[str, Any]
_PLACE = re.compile(r"\{(\w+)[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Limit:
    """When a level begins and ends, each with how long that has to last."""

    level: str
    enter: str
    lasts: str
    leave: str
    holds: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in words."""

    id: str
    title: str
    metric: str
    over: str
    where: str
    limits: tuple[Limit, ...]
    missing: str
    group: str
    group_from: str
    ack: str
    owner: str
    review_by: str
    overdue: bool
    source: str
    steps: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True)
class Group:
    """The rules on one class of devices."""

    title: str
    rules: list[RuleRow]


def rules_of(found: RulesInForce | None, words: Words) -> list[Group]:
    """All rules by the class of their metric, in the order of the files."""
    groups: dict[str, list[RuleRow]] = {}
    for rule in found.document if found else []:
        groups.setdefault(str(rule["metric"]).partition(".")[0], []).append(_row(rule, words))
    return [Group(class_title(code), rows) for code, rows in groups.items()]


def review_of(rule: Json, words: Words) -> tuple[str, bool]:
    """Until when somebody has to look at the rule again, and whether that is past."""
    day = date.fromisoformat(rule["review_by"])
    return words.day(day), day < words.today()


def _row(rule: Json, words: Words) -> RuleRow:
    ack, notify, runbook = rule["ack"], rule["notify"], rule["runbook"]
    over_ns = _ns(rule["over_s"])
    review_by, overdue = review_of(rule, words)
    return RuleRow(
        id=rule["id"],
        title=_PLACE.sub(_blank, _spoken(rule["title"], words.language)),
        metric=rule["metric"],
        over=str(_("over %(span)s", span=words.span(over_ns))) if over_ns else "",
        where=" · ".join(", ".join(names) for names in rule["where"].values()),
        limits=tuple(_limit(level, rule, words) for level in rule["levels"]),
        missing=_missing(rule["missing"], words),
        group=_called(notify["group"], notify.get("group_title", {}), words),
        group_from=level_word(Level.of(notify["min_level"])),
        ack=_ack(ack, words),
        owner=_called(rule["owner"], rule.get("owner_title", {}), words),
        review_by=review_by,
        overdue=overdue,
        source=_spoken(runbook["source"], words.language),
        steps=tuple(_spoken(runbook["steps"], words.language) or ()),
        file=rule["file"],
    )


def _called(code: str, title: Mapping[str, str], words: Words) -> str:
    return str(_spoken(title, words.language)) or code


def _blank(place: re.Match[str]) -> str:
    """What stands in a title where an incident has a value or a name."""
    return "x" if place[1] == "value" else "…"


def _limit(level: Json, rule: Json, words: Words) -> Limit:
    return Limit(
        level["level"],
        _condition(level["enter"], rule, words),
        _lasting(level["for_s"], words),
        _condition(level["leave"], rule, words) if level["leave"] else "",
        _lasting(level["hold_s"], words),
    )


def _lasting(seconds: float, words: Words) -> str:
    return str(_("for %(span)s", span=words.span(_ns(seconds)))) if seconds else ""


def _condition(condition: Json, rule: Json, words: Words) -> str:
    column = condition["table"], condition["column"]
    if column in (("device", "high"), ("device", "low")):
        edge = _("the device's upper limit") if column[1] == "high" else _("the device's lower limit")
        return f"{op_sign(condition['op'])} {edge}{words.offset(condition['number'])}"
    if condition["table"] or rule["take"] == "count":
        return str(condition["text"])
    return words.limit(rule["metric"], condition["op"], condition["number"])


def _missing(missing: Json | None, words: Words) -> str:
    if not missing:
        return ""
    after = words.span(_ns(missing["after_s"]))
    level = Level.of(missing["raise"])
    if not level:
        return str(_("silent after %(span)s: kept, nothing raised", span=after))
    return str(_("silent after %(span)s: %(level)s", span=after, level=level_word(level)))


def _ack(ack: Json, words: Words) -> str:
    holds = words.span(_ns(ack["expires_s"]))
    level = Level.of(ack["required_from"])
    if not level:
        return str(_("nobody has to take it; holds %(span)s", span=holds))
    return str(_("to be taken from %(level)s on; holds %(span)s", level=level_word(level), span=holds))


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)


def _spoken(texts: Mapping[str, Any], language: str) -> Any:
    return texts.get(language) or texts.get("en") or texts.get("vi") or ""
