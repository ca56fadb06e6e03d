"""HL7 v2 messages in a file: finding them, and moving their times, with every other byte left as it is."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from ioc.domain import SECOND

FRAME = re.compile(rb"\x0b(.*?)\x1c", flags=re.DOTALL)
ENVELOPE = re.compile(rb"(?:^|(?<=[\r\n]))(?:FHS|BHS|BTS|FTS)[^\r\n]*[\r\n]*")
START = re.compile(rb"(?:^|(?<=[\r\n]))(?=MSH)")
BREAK = re.compile(rb"\r\n|\r|\n")
TIME = re.compile(rb"(\d{4}(?:\d\d){0,5})((?:\.\d+)?)([+-]\d{4})?")
FORMATS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
SENT = 7  # MSH-7
TIMES = {b"MSH": (SENT,), b"EVN": (2, 6), b"PV1": (44, 45)}  # the fields that say when it happened

ZoneOf = Callable[[bytes, bytes], ZoneInfo]


@dataclass(frozen=True, slots=True)
class Header:
    """What the first segment says; empty where it cannot be read."""

    application: bytes = b""
    facility: bytes = b""
    sent: bytes = b""
    control: bytes = b""


def messages_of(data: bytes) -> list[bytes]:
    """The messages of a file, in its order: in MLLP frames, or each beginning with MSH at the start of a line.

    What stands in a frame is taken byte for byte. Otherwise empty lines and batch envelopes (FHS, BHS, BTS, FTS)
    are left out, and a message ends as its own segments do.
    """
    if b"\x0b" in data:
        return FRAME.findall(data)
    text = ENVELOPE.sub(b"", data.removeprefix(b"\xef\xbb\xbf"))
    found = []
    for part in START.split(text):
        if part.startswith(b"MSH"):
            first = BREAK.search(part)
            found.append(part.rstrip(b"\r\n") + (first.group() if first else b"\r"))
    return found


def header(message: bytes) -> Header:
    """The fields by which a message is known."""
    separator = message[3:4]
    known = message.startswith(b"MSH") and separator
    fields = BREAK.split(message, maxsplit=1)[0].split(separator) if known else []
    fields += [b""] * (10 - len(fields))
    component = message[4:5] or b"^"
    return Header(fields[2].split(component)[0], fields[3].split(component)[0], fields[6], fields[9])


def shift_to(now_ns: int, messages: Iterable[bytes], zone_of: ZoneOf) -> int:
    """By how many whole seconds to move all times so that the newest MSH-7 is now.

    ``zone_of`` gives the zone of a sender (MSH-3, MSH-4) whose times name none.
    """
    newest: int | None = None
    for message in messages:
        head = header(message)
        if (sent := _moment(head.sent, zone_of(head.application, head.facility))) is not None:
            newest = sent if newest is None else max(newest, sent)
    return 0 if newest is None else (now_ns - newest) // SECOND


def shifted(message: bytes, seconds: int) -> bytes:
    """The message with MSH-7, EVN-2, EVN-6, PV1-44 and PV1-45 moved; each keeps its precision and its zone."""
    separator = message[3:4]
    if not message.startswith(b"MSH") or not separator:
        return message
    parts = re.split(rb"(\r\n|\r|\n)", message)
    for index in range(0, len(parts), 2):
        if numbers := TIMES.get(parts[index][:3]):
            fields = parts[index].split(separator)
            first = 1 if fields[0] == b"MSH" else 0  # the separator itself is MSH-1
            for number in numbers:
                if number - first < len(fields):
                    fields[number - first] = _moved(fields[number - first], seconds)
            parts[index] = separator.join(fields)
    return b"".join(parts)


def _read(digits: bytes) -> datetime | None:
    if len(digits) not in FORMATS:
        return None
    try:
        return datetime.strptime(digits.decode(), FORMATS[len(digits)])  # noqa: DTZ007 (its zone stands beside it)
    except ValueError:
        return None


def _moved(text: bytes, seconds: int) -> bytes:
    """The time at the beginning of a field, moved; a field that begins with none stays."""
    match = TIME.match(text)
    local = _read(match[1]) if match else None
    if match is None or local is None:
        return text
    try:
        moved = local + timedelta(seconds=seconds)
    except OverflowError:
        return text
    year = f"{moved.year:04d}".encode()  # strftime writes small years with fewer digits on some systems
    return year + moved.strftime(FORMATS[len(match[1])][2:]).encode() + text[match.end(1) :]


def _moment(text: bytes, zone: ZoneInfo) -> int | None:
    match = TIME.match(text)
    local = _read(match[1]) if match else None
    if match is None or local is None:
        return None
    offset = match[3]
    if offset:
        minutes = int(offset[1:3]) * 60 + int(offset[3:5])
        if minutes >= 24 * 60:
            return None
        sign = -1 if offset.startswith(b"-") else 1
        aware = local.replace(tzinfo=timezone(sign * timedelta(minutes=minutes)))
    else:
        aware = local.replace(tzinfo=zone)
    fraction = match[2][1:10].ljust(9, b"0") if match[2] else b"0"
    try:
        return int(aware.timestamp()) * SECOND + int(fraction)
    except (OverflowError, ValueError):
        return None
