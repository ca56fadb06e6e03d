"""What may stand in a rule file. Keys of the format that are not supported yet are refused by their name."""

import copy
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from alerts.rules.model import Kind, Take
from ioc.catalogue import Text
from ioc.config import Document, Duration, Faults, Shape, Where

ID = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ID_MAX = 64
KINDS_TO_COME = ("change", "rate", "ratio", "count", "composite", "calendar", "heartbeat")
KIND_TO_COME = object()  # in the place of a rule whose kind is not supported yet
_FILE_TO_COME = ("defaults", "chains", "inhibit")
_RULE_TO_COME = (*_FILE_TO_COME, "errors", "flap", "needs", "active", "group", "every", "settle", "was")
_NOTIFY_TO_COME = ("chain",)


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _only_true(value: Any) -> Any:
    if value is not True:
        raise ValueError("only true: silence never ends an incident")
    return value


def _only_none(value: Any) -> Any:
    if value != "none":
        raise ValueError("only none: a rule never holds what belongs to a patient")
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
Row = Annotated[dict[str, Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1)]
Word = Literal["warning", "critical"]


class TitleShape(Shape):
    """A title; what has no French falls back to English."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)
    fr: str = ""

    def text(self) -> Text:
        """As the catalogue writes texts."""
        return Text(self.vi, self.en, self.fr)


class ReadShape(Shape):
    """Which values are judged."""

    metric: str
    where: dict[str, Words] = Field(default_factory=dict)
    over: Duration | None = None
    take: Annotated[Take, Field(strict=False)] = Take.LAST
    by: Words | None = None


class LevelShape(Shape):
    """When a level begins and ends."""

    enter: str
    leave: str | None = None
    for_: Duration | None = Field(default=None, alias="for")
    hold: Duration | None = None


class LevelsShape(Shape):
    """The two levels there are."""

    warning: LevelShape | None = None
    critical: LevelShape | None = None


class MissingShape(Shape):
    """When a series counts as silent, and what is raised then."""

    after: Duration
    keep_state: Annotated[bool, BeforeValidator(_only_true)] = True
    raise_: Word | None = Field(default=None, alias="raise")


class NotifyShape(Shape):
    """Who is told."""

    group: str
    min_level: Word = "warning"


class AckShape(Shape):
    """Who has to say "mine", and for how long."""

    required_from: Word
    expires: Duration
    reason: bool


class TableShape(Shape):
    """Limits by labels."""

    key: Words
    default: Row
    rows: dict[str, Row] = Field(default_factory=dict)


class RuleShape(Shape):
    """One rule."""

    id: str = Field(max_length=ID_MAX)
    title: TitleShape
    kind: Annotated[Kind, Field(strict=False)]
    read: ReadShape
    tables: dict[str, TableShape] = Field(default_factory=dict)
    levels: LevelsShape = LevelsShape()
    missing: MissingShape | None = None
    notify: NotifyShape
    ack: AckShape
    owner: str = Field(min_length=1)
    runbook: str
    review_by: str
    phi: Annotated[str, BeforeValidator(_only_none)] = "none"


class FileShape(Shape):
    """A file of rules; each rule is checked by itself."""

    schema_: Literal["ioc.rules/1"] = Field(alias="schema")
    tables: dict[str, TableShape] = Field(default_factory=dict)
    rules: list[Any] = Field(min_length=1)


def without_what_is_to_come(document: Document, faults: Faults) -> Document:
    """The document without the keys and kinds that are not supported yet; each of them is a fault."""
    data = copy.deepcopy(document.data)

    def take_out(part: Any, keys: tuple[str, ...], where: Where) -> None:
        for key in keys:
            if isinstance(part, dict) and key in part:
                del part[key]
                faults.add(10, document.where((*where, key)), f"{key!r} is not supported yet.", "Leave it out.")

    take_out(data, _FILE_TO_COME, ())
    written = data.get("rules") if isinstance(data, dict) else None
    rules = written if isinstance(written, list) else []
    for n, rule in enumerate(rules):
        take_out(rule, _RULE_TO_COME, ("rules", n))
        if not isinstance(rule, dict):
            continue
        take_out(rule.get("notify"), _NOTIFY_TO_COME, ("rules", n, "notify"))
        if rule.get("kind") in KINDS_TO_COME:
            what = f"the kind {rule['kind']!r} is not supported yet."
            faults.add(10, document.where(("rules", n, "kind")), what, "Known: threshold, absence.")
            rules[n] = KIND_TO_COME  # what else it may say is not known either
    return Document(document.path, data, document.lines)
