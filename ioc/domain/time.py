"""Times are integers: nanoseconds since 1970-01-01T00:00:00Z. People and other programs see RFC 3339."""

import re
import time
from datetime import UTC, datetime
from typing import Protocol

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", flags=re.ASCII)


class Clock(Protocol):
    """What time it is. Code that judges by time takes one, so that tests can move it."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        return time.time_ns()


class VirtualClock:
    """A clock that stands still until it is moved; for tests and replays."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        return self._now_ns

    def advance(self, ns: int) -> None:
        """Move forward by ``ns`` nanoseconds."""
        self._now_ns += ns


def parse_rfc3339(text: str) -> int:
    """Nanoseconds of an RFC 3339 time.

    Digits past the ninth are dropped. Raises ValueError for anything else, a time without a zone included.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time with a zone: {text[:40]!r}")
    date, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in "Zz" else zone
    seconds = int(datetime.fromisoformat(f"{date}T{clock}{offset}").timestamp())
    return seconds * SECOND + (int(fraction.ljust(9, "0")) if fraction else 0)


def rfc3339(ns: int) -> str:
    """RFC 3339 in UTC, with milliseconds, or with six or nine digits where the time needs them."""
    seconds, fraction = divmod(ns, SECOND)
    digits = f"{fraction:09d}"
    while len(digits) > 3 and digits.endswith("000"):
        digits = digits[:-3]
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{digits}Z"
