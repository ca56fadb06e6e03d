"""Times of HL7: as exact as their sender made them, in the zone of the source where they name none."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ioc.domain import SECOND

# YYYYMMDD[HHMM[SS[.S…]]][±ZZZZ]; also as some write it, with the separators of ISO 8601 or a fraction without its point
_TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]?(\d{1,9})\d*)?)?)? ?(Z|[+-]\d\d:?\d\d)?",
    flags=re.ASCII,
)
FIRST_YEAR, LAST_YEAR = 1900, 2200  # beyond them nothing has happened; some write 9999 for "not yet"


class Moment(NamedTuple):
    """Nanoseconds, and whether the time of day was said, to the minute at least."""

    ns: int
    exact: bool


LONGEST = 40  # letters


def moment(text: str, zone: ZoneInfo) -> Moment | None:
    """When that is, None where it cannot be read."""
    return _moment(text, zone) if 0 < len(text) <= LONGEST else None


@lru_cache(maxsize=8192)  # many messages of one second; what a hostile sender invents is short
def _moment(text: str, zone: ZoneInfo) -> Moment | None:
    match = _TIME.fullmatch(text)
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.group(1, 2, 3, 4, 5, 6))
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=_offset(match[8]) or zone)
        seconds = int(local.timestamp())
    except (ValueError, OverflowError):
        return None
    return Moment(seconds * SECOND + int((match[7] or "").ljust(9, "0")), match[4] is not None)


def stamp(ns: int) -> bytes:
    """The time as HL7 writes it, in UTC, to the second."""
    return _stamp(ns // SECOND)


@lru_cache(maxsize=4)
def _stamp(seconds: int) -> bytes:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y%m%d%H%M%S}+0000".encode()


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
