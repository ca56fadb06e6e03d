"""What a collector hands to the intake, and what the intake writes into its journal."""

from dataclasses import dataclass, field
from enum import StrEnum

from ioc.domain import Fact, Frame
from ioc.errors import Reason


@dataclass(frozen=True, slots=True)
class Reject:
    """One input that could not be understood, whole. ``raw`` may name a patient: it is never logged."""

    reason: Reason
    detail: str
    topic: str
    raw: bytes
    received_ns: int
    facility: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device or place (``kind``) that a known facility used and the registry does not know.

    ``example`` is where it was seen: a topic, the name of a field. Never a payload.
    """

    kind: str
    facility: str
    code: str
    example: str


@dataclass(slots=True)
class Counts:
    """What a collector counts by itself; frames and rejects are counted by the intake."""

    received: int = 0
    ignored: int = 0
    gaps: int = 0


@dataclass(slots=True)
class Batch:
    """What one source received, decoded: committed to the journal in one step, or not at all."""

    source: str
    frames: list[Frame] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    seen: list[Sighting] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)


class Kind(StrEnum):
    """What the body of a journal entry is."""

    FRAMES = "frames"  # lines of line protocol
    HISTORY = "history"  # the same, of what happened earlier: it never enters the present
    FACTS = "facts"  # sealed facts of the census
    QUARANTINE = "quarantine"  # sealed rejects


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the journal: what one batch gave of one kind; ``count`` is the number of its lines,
    facts or rejects.

    ``id`` is given by the journal; it rises and is never used again.
    """

    kind: Kind
    source: str
    body: bytes
    count: int
    received_ns: int
    id: int = 0
