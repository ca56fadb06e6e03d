"""What is sent to a person, whatever the channel."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

import orjson


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
    place: str = ""  # what people call the facility; its code stands among the labels
    since_ns: int = 0  # when the incident opened, by the source's time; 0 where that is ``event_ns``


def encode_message(message: Message) -> str:
    """As ``alert_delivery.message`` keeps it: JSON without the time of sending, which each attempt has anew."""
    kept = asdict(message)
    del kept["sent_ns"]
    return orjson.dumps(kept).decode()


def decode_message(text: str, sent_ns: int) -> Message:
    """The message of a delivery, about to be sent. What a later version had added to it is left out."""
    known = {field.name for field in fields(Message)}
    kept = {name: value for name, value in orjson.loads(text).items() if name in known}
    kept |= {"status": Status(kept["status"]), "steps": tuple(kept.get("steps", ())), "sent_ns": sent_ns}
    return Message(**kept)
