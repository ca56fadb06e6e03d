"""Numbers, units, ages and dates as each language writes them (FACE, "Writing").

The browser ticks ages by the same patterns: it is handed ``age_patterns`` and has no wording of its own.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal, format_scientific

from ioc.domain import MINUTE, SECOND

NBSP = "\u00a0"
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NO_VALUE = "–"
HUGE = 1e12  # no device means such a number: it is written short, or it would cover the others
UPTO = 90  # seconds and minutes are counted to here, then the next larger unit takes over

# UCUM code -> how it is written in facts, and beside the figure where that differs
_UNITS: Mapping[str, Mapping[str, str]] = {
    "1": {"": ""},
    "Cel": {"": "°C"},
    "m3": {"": "m³"},
    "m3/h": {"": "m³/h", "vi": "m³/giờ"},
    "L/min": {"": "L/min", "vi": "L/ph"},
    "min": {"": "min", "vi": "ph"},
    "h": {"": "h", "vi": "giờ"},
    "d": {"": "d", "vi": "ngày", "fr": "j"},
    "By": {"": "B", "fr": "o"},
    "By/s": {"": "B/s", "fr": "o/s"},
}
_LONG_UNITS: Mapping[str, Mapping[str, str]] = {
    "min": {"": "min", "vi": "phút"},
    "h": {"": "hours", "vi": "giờ", "fr": "heures"},
    "s": {"": "s", "vi": "giây"},
    "d": {"": "days", "vi": "ngày", "fr": "jours"},
}

# {n} whole seconds or minutes; {h} hours with {m} minutes of two digits
_AGES: Mapping[str, Mapping[str, str]] = {
    "vi": {"s": "{n} s", "m": "{n} ph", "h": "{h} g {m}"},
    "en": {"s": "{n} s", "m": "{n} min", "h": "{h} h {m}"},
    "fr": {"s": "{n} s", "m": "{n} min", "h": "{h} h {m} min"},
}
_AGES_AGO: Mapping[str, Mapping[str, str]] = {
    "vi": {"s": "{n} giây trước", "m": "{n} phút trước", "h": "{h} giờ {m} trước", "d": "từ {date}"},
    "en": {"s": "{n} s ago", "m": "{n} min ago", "h": "{h} h {m} ago", "d": "since {date}"},
    "fr": {"s": "il y a {n} s", "m": "il y a {n} min", "h": "il y a {h} h {m} min", "d": "depuis le {date}"},
}
# how long something has lasted, where there is hardly room to say it: begun minutes, whole hours, whole days
_BRIEF: Mapping[str, Mapping[str, str]] = {
    "vi": {"m": "{n} ph", "h": "{n} g", "d": "{n} ngày"},
    "en": {"m": "{n} min", "h": "{n} h", "d": "{n} d"},
    "fr": {"m": "{n} min", "h": "{n} h", "d": "{n} j"},
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}


def number(value: float, decimals: int, language: str) -> str:
    """``1.234,5`` in Vietnamese, ``1,234.5`` in English, ``1 234,5`` in French; minus is a true minus."""
    rounded = round(value, decimals)
    text = _decimal(rounded + 0.0, decimals, language)  # + 0.0: never "−0"
    return text.replace("-", "−")


@lru_cache(maxsize=4096)
def _decimal(value: float, decimals: int, language: str) -> str:
    if abs(value) >= HUGE:
        return str(format_scientific(value, format="0.0E0", locale=language))
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(value, format=pattern, locale=language))


def unit(code: str, language: str, *, long: bool = False) -> str:
    """The unit of a UCUM code for people; ``long`` is the form that stands beside a large figure."""
    table = _LONG_UNITS.get(code) if long else None
    table = table or _UNITS.get(code, {"": code})
    return table.get(language, table[""])


def quantity(value: float, code: str, decimals: int, language: str) -> str:
    """A number with its unit as facts write it: ``83 %``, ``4,2 °C``, ``2 g 05``."""
    if code in _SPANS:
        return span(round(value * _SPANS[code]), language)
    text, word = number(value, decimals, language), unit(code, language)
    if not word:
        return text
    gap = "" if (word == "%" and language == "en") else NBSP
    return f"{text}{gap}{word}"


_SPANS = {"s": SECOND, "min": MINUTE}


def _parts(ns: int) -> tuple[str, int, int, int]:
    """Which pattern a length of time takes, with its count, hours and minutes."""
    seconds = max(0, ns) // SECOND
    if seconds <= UPTO:
        return "s", seconds, 0, 0
    minutes = -(-seconds // 60)  # begun minutes count: 91 s must not look younger than 90 s did
    if minutes <= UPTO:
        return "m", minutes, 0, 0
    return "h", 0, minutes // 60, minutes % 60


def span(ns: int, language: str) -> str:
    """A length of time, short: ``40 s``, ``6 ph``, ``2 g 05``."""
    key, count, hours, minutes = _parts(ns)
    return _AGES[language][key].format(n=count, h=hours, m=f"{minutes:02d}").replace(" ", NBSP)


def age(as_of_ns: int, now_ns: int, language: str, zone: str) -> str:
    """How old, short: ``40 s``; from 24 h on the date."""
    if now_ns - as_of_ns >= DAY:
        return date(as_of_ns, language, zone)
    return span(now_ns - as_of_ns, language)


def ago(as_of_ns: int, now_ns: int, language: str, zone: str) -> str:
    """How long ago, spelt out: ``40 giây trước``; from 24 h on the date."""
    if now_ns - as_of_ns >= DAY:
        return _AGES_AGO[language]["d"].format(date=f"{clock(as_of_ns, zone)} {date(as_of_ns, language, zone)}")
    key, count, hours, minutes = _parts(now_ns - as_of_ns)
    return _AGES_AGO[language][key].format(n=count, h=hours, m=f"{minutes:02d}")


def brief(ns: int, language: str) -> str:
    """A length of time, as short as it gets: ``25 ph``, ``2 g``, ``3 ngày``."""
    minutes, hours = max(1, -(-ns // MINUTE)), ns // HOUR
    key, count = ("m", minutes) if minutes <= UPTO else ("h", hours) if hours < 48 else ("d", ns // DAY)
    return _BRIEF[language][key].format(n=count).replace(" ", NBSP)


def age_patterns(language: str) -> dict[str, Mapping[str, str]]:
    """What the browser needs to tick ages in words like ours."""
    return {"short": _AGES[language], "ago": _AGES_AGO[language], "brief": _BRIEF[language]}


def _local(ns: int, zone: str) -> datetime:
    return datetime.fromtimestamp(ns / SECOND, ZoneInfo(zone))


def clock(ns: int, zone: str) -> str:
    """``14:32``."""
    return f"{_local(ns, zone):%H:%M}"


def date(ns: int, language: str, zone: str) -> str:
    """``21/11/2026``, in English ``21 Nov 2026``."""
    local = _local(ns, zone)
    if language == "en":
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{local:%d/%m/%Y}"


def weekday_date(ns: int, language: str, zone: str) -> str:
    """``Thứ Bảy 21/11/2026``."""
    return f"{_WEEKDAYS[language][_local(ns, zone).weekday()]} {date(ns, language, zone)}"


def moment(ns: int, language: str, zone: str) -> str:
    """``14:32 21/11/2026``."""
    return f"{clock(ns, zone)} {date(ns, language, zone)}"


def exact(ns: int, language: str, zone: str) -> str:
    """``14:32:05 21/11/2026``: for what is compared with another system's record."""
    return f"{_local(ns, zone):%H:%M:%S} {date(ns, language, zone)}"


def decimals_of(number: float) -> int:
    """How many a limit needs, to be written as exactly as it was given."""
    return len(f"{number:.6f}".rstrip("0").partition(".")[2])
