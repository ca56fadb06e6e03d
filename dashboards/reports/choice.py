"""Which hours a report is about, as its address says; and the addresses of the others near it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dashboards import format as fmt
from dashboards.errors import bad_request
from ioc.domain import SECOND
from ioc.reports import Span, days_until, whole_day

DAYS, DAYS_MOST = 14, 31
_CLOCK = re.compile(r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)", flags=re.ASCII)
_COUNT = re.compile(r"[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The hours of a handover. ``live`` where they are today's so far: then its numbers are the walls' own.

    ``clock`` is empty where they are a calendar day, else ``07:00``: then they are the 24 hours before it.
    """

    span: Span
    day: date
    clock: str
    live: bool


def today(now_ns: int, zone: ZoneInfo) -> date:
    """The day it is."""
    return datetime.fromtimestamp(now_ns // SECOND, zone).date()


def day_of(asked: Mapping[str, str], name: str, default: date, latest: date) -> date:
    """The day that a parameter names; answers 400 to one that is none, or that has not begun."""
    written = asked.get(name, "")
    if not written:
        return default
    try:
        found = date.fromisoformat(written)
    except ValueError:
        raise bad_request(name, f"{written[:20]!r} is no day", "Write it as 2026-11-23.") from None
    if not date(2000, 1, 1) <= found <= latest:
        raise bad_request(name, f"{found} is not between 2000-01-01 and {latest}")
    return found


def handover_of(asked: Mapping[str, str], now_ns: int, zone: ZoneInfo) -> Chosen:
    """Today so far, the day that ``date`` names, or the 24 hours up to ``at`` of it."""
    now_day = today(now_ns, zone)
    day = day_of(asked, "date", now_day, now_day)
    clock = asked.get("at", "")
    if not clock:
        return Chosen(whole_day(day, zone, now_ns), day, "", live=day == now_day)
    match = _CLOCK.fullmatch(clock)
    if match is None:
        raise bad_request("at", f"{clock[:10]!r} is no time of day", "Write it as 07:00.")
    at = time(int(match["hour"]), int(match["minute"]))
    span = Span(*(_ns(datetime.combine(day - timedelta(days=back), at, zone)) for back in (1, 0)))
    if span.to_ns > now_ns:
        raise bad_request("at", f"{clock} of {day} has not come yet")
    return Chosen(span, day, clock, live=False)


def days_of(asked: Mapping[str, str], now_ns: int, zone: ZoneInfo) -> list[Span]:
    """The days of a summary: ``days`` of them, 14 where it is not said, up to ``until``, which is yesterday then."""
    now_day = today(now_ns, zone)
    last = day_of(asked, "until", now_day - timedelta(days=1), now_day)
    written = asked.get("days", "") or str(DAYS)
    count = int(written) if _COUNT.fullmatch(written) else 0
    if not 1 <= count <= DAYS_MOST:
        raise bad_request("days", f"{written[:10]!r} is not a number from 1 to {DAYS_MOST}")
    return days_until(last, count, zone, now_ns)


def written(span: Span, language: str, zone: str) -> str:
    """``00:00–14:32 23/11/2026``, ``22/11/2026``, or from when to when."""
    begins, ends = (fmt.clock(ns, zone) for ns in span)
    first, last, last_whole = (fmt.date(ns, language, zone) for ns in (*span, span.to_ns - SECOND))
    if begins == "00:00" and first == last_whole:
        return first if ends == "00:00" else f"{begins}–{ends} {first}"
    if begins == ends == "00:00":
        return f"{first} – {last_whole}"
    return f"{begins} {first} – {ends} {last}"


def iso_day(ns: int, zone: str) -> str:
    """``2026-11-23``."""
    return f"{datetime.fromtimestamp(ns // SECOND, ZoneInfo(zone)):%Y-%m-%d}"


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND
