"""What `ioc doctor` has found: fine, worth knowing, or a fault, each with how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """What a finding means: only faults make the exit code 1."""

    FINE = "fine"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``area`` groups what belongs together; ``hint`` says how to mend it."""

    level: Level
    area: str
    what: str
    hint: str = ""


def fine(area: str, what: str) -> Finding:
    """All is well there."""
    return Finding(Level.FINE, area, what)


def note(area: str, what: str, hint: str = "") -> Finding:
    """Worth knowing."""
    return Finding(Level.NOTE, area, what, hint)


def fault(area: str, what: str, hint: str = "") -> Finding:
    """Somebody has to do something about it."""
    return Finding(Level.FAULT, area, what, hint)


def counted(number: int, word: str) -> str:
    """``1 bed``, ``2 beds``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def span(ns: int) -> str:
    """A length of time as a person says it: ``8 s``, ``12 min``, ``3 h``, ``2 days``."""
    seconds = max(0, ns) // 1_000_000_000
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
