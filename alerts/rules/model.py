"""What a rule is once it is loaded. Durations are in nanoseconds, limits in the metric's unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alerts.level import Level
from ioc.catalogue import Text
from ioc.errors import Fault

DEVICE_TABLE = "device"  # ``@device.high``, ``@device.low``: the range that the registry gives the device


class Kind(StrEnum):
    """What is asked: is the value beyond a limit, or does the series not speak at all."""

    THRESHOLD = "threshold"
    ABSENCE = "absence"


class Take(StrEnum):
    """How several values become the one that is judged: those of a group, or with ``over`` those of the window."""

    LAST = "last"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    SUM = "sum"
    COUNT = "count"


class Op(StrEnum):
    """A comparison with a limit."""

    GE = ">="
    GT = ">"
    LE = "<="
    LT = "<"
    EQ = "=="
    NE = "!="


@dataclass(frozen=True, slots=True)
class Column:
    """A limit that stands in a table: ``@icu_limits.warn``."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Condition:
    """``value op limit``; the limit is ``number``, or what ``column`` gives for the labels plus ``number``."""

    op: Op
    number: float
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Limits by labels: ``key`` names them, ``rows`` has a row for each combination that differs from ``default``."""

    name: str
    key: tuple[str, ...]
    default: Mapping[str, float]
    rows: Mapping[tuple[str, ...], Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LevelRule:
    """When a level begins and ends. Without ``leave`` it ends where ``enter`` does not hold."""

    level: Level
    enter: Condition
    leave: Condition | None = None
    for_ns: int = 0
    hold_ns: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """When a series counts as silent, and the level that is raised then (``NONE``: nothing is raised)."""

    after_ns: int
    raise_level: Level


@dataclass(frozen=True, slots=True)
class Read:
    """Which values are judged.

    ``where`` are tags of the series, or ``use``, which the registry says of the device; each with the values that
    will do. ``by`` are the tags (``source`` among them) that become the labels of an incident. ``over_ns`` is 0 for
    a rule on the present value, else the length of the window.
    """

    metric: str
    by: tuple[str, ...]
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    over_ns: int = 0
    take: Take = Take.LAST


@dataclass(frozen=True, slots=True)
class Ack:
    """From which level on somebody has to say "mine", for how long that holds at most, and whether with a reason."""

    required_from: Level
    expires_ns: int
    reason: bool


@dataclass(frozen=True, slots=True)
class Notify:
    """The group of people that is told, from this level on."""

    group: str
    min_level: Level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Runbook:
    """What to do: the first steps, and where the limits come from. Both by language; ``path`` is below configs/."""

    path: str
    steps: Mapping[str, tuple[str, ...]]
    source: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One human question. ``title`` may hold ``{value}``, ``{value:.1f}`` and the names of labels in braces."""

    id: str
    title: Text
    kind: Kind
    read: Read
    levels: tuple[LevelRule, ...]  # the mildest first
    missing: Missing | None
    notify: Notify
    ack: Ack
    owner: str
    runbook: Runbook
    review_by: str  # a date, YYYY-MM-DD
    where: str  # file:line
    tables: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules by their id, as they were loaded together.

    ``digest`` is that of the files (``alerts.rules.digest``); ``warnings`` are what is allowed and yet looks wrong.
    """

    rules: Mapping[str, Rule]
    digest: str = ""
    warnings: tuple[Fault, ...] = ()
