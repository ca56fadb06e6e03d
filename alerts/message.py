"""What is sent to a person, whatever the channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What a message says (DESIGN 15)."""

    FIRING = "firing"
    LEVEL = "level"
    MISSING = "missing"
    RESOLVED = "resolved"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one person. The title is in the person's language; times are in nanoseconds.

    ``dedup_key`` is the same for every attempt and every channel of one event, and of no other event.
    """

    incident: str
    dedup_key: str
    rule: str
    labels: Mapping[str, str]
    level: str
    status: Status
    value: float | None
    unit: str
    quality: str
    event_ns: int
    sent_ns: int
    url: str
    title: str
    language: str = "vi"
    steps: tuple[str, ...] = ()
    again: bool = False  # told once more, since an acknowledgement has expired
