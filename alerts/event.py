"""What the engine says has happened, and what it has to remember. Times in nanoseconds, UTC."""

from dataclasses import dataclass, field
from enum import StrEnum

from alerts.level import Level
from alerts.rules import Rule
from ioc.domain import Quality

Labels = tuple[tuple[str, str], ...]  # sorted by name


class Happened(StrEnum):
    """The kinds of events in an incident's timeline. The first five are the engine's, the others a person's."""

    FIRING = "firing"
    LEVEL = "level"
    MISSING = "missing"  # the series fell silent: a level that it had is kept
    BACK = "back"  # it speaks again
    RESOLVED = "resolved"
    ACKED = "acked"
    ACK_ENDED = "ack_ended"  # expired, or the level has risen
    NOTE = "note"
    CLOSED = "closed"
    UNTOLD = "untold"  # nobody could be told: why


class Why(StrEnum):
    """Why an incident was resolved."""

    VALUE = "value"
    BACK = "back"  # it was about silence only, and the series speaks again
    CLOSED = "closed"  # by a person
    RULE_CHANGED = "rule-changed"
    RULE_REMOVED = "rule-removed"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of one incident's life. ``event_ns`` is when it was so, by the source's time."""

    kind: Happened
    rule: Rule
    labels: Labels
    incident: str
    level: Level  # after it; of a resolve the level before it
    event_ns: int
    value: float | None = None
    limit: float | None = None  # the one that was crossed
    quality: Quality = Quality.GOOD
    why: Why | None = None
    series: str = ""  # the key of the series whose value it is, or that is silent; empty where there are several
    silent: int = 0  # of a group: how many members are silent
    limits: tuple[tuple[str, str, float], ...] = ()  # (level, op, limit) of the track: what a chart draws


@dataclass(slots=True)
class TrackState:
    """One rule on one set of labels, as it is kept between two runs of the program.

    ``pending`` and ``leaving`` hold, by level, since when its condition has held without a gap.
    """

    rule: str
    labels: Labels
    read: str  # what the rule reads, so that a changed rule is seen: ``repr(rule.read)``
    level: Level = Level.NONE
    incident: str = ""  # the open one
    pending: dict[Level, int] = field(default_factory=dict)
    leaving: dict[Level, int] = field(default_factory=dict)
    value: float | None = None
    event_ns: int = 0  # of the last value that was judged
    quality: Quality = Quality.GOOD
    missing_since_ns: int = 0  # 0 while it speaks
