"""Reading the query of a request: every fault says where it is, what is wrong and how to mend it."""

import re
from collections.abc import Iterable

from flask import request

from dashboards.errors import ProblemError, bad_request
from dashboards.services import services
from ioc.catalogue import Metric, nearest
from ioc.config import parse_duration
from ioc.domain import parse_rfc3339, rfc3339

ALWAYS = ("lang",)
_ZONE_LOST = re.compile(r"(.*\d) (\d\d:\d\d)", flags=re.ASCII)  # a + that was not written as %2B
_BACK = re.compile(r"-(\S+)|now", flags=re.ASCII)
_MINUTES = re.compile(r"(\d+)m", flags=re.ASCII)
_TEXT_MAX = 200
_LATEST_NS = parse_rfc3339("2200-01-01T00:00:00Z")  # what nanoseconds can hold ends in 2262


def only(*names: str) -> None:
    """Refuse parameters that this address does not know: a filter that is mistyped must not let everything through."""
    for name in request.args:
        if name not in names and name not in ALWAYS:
            raise bad_request(name, "there is no such parameter here", meant(name, names) or _listed(names))
        if len(request.args.getlist(name)) > 1:
            raise bad_request(name, "is given more than once", "Give it once.")


def text(name: str) -> str:
    """A parameter, empty where it is not given."""
    value = request.args.get(name, "").strip()
    if len(value) > _TEXT_MAX:
        raise bad_request(name, f"is longer than {_TEXT_MAX} characters")
    return value


def one_of(name: str, words: Iterable[str], default: str = "") -> str:
    """A parameter that must be one of these words."""
    value, words = text(name), list(words)
    if value and value not in words:
        raise bad_request(name, f"{value!r} is none of {', '.join(words)}", meant(value, words))
    return value or default


def number(name: str, default: int, most: int) -> int:
    """A whole number from 1 to ``most``."""
    value = text(name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= most):
        raise bad_request(name, f"{value!r} is not a whole number from 1 to {most}")
    return int(value)


def cursor() -> int | None:
    """Where the last page ended, as its ``next`` said."""
    value = text("cursor")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 18):
        raise bad_request("cursor", f"{value!r} is not a cursor", "Take `next` of the page before, as it is.")
    return int(value)


def metric(*, required: bool) -> Metric | None:
    """The metric of the catalogue that is asked for."""
    code = text("metric")
    if not code:
        if required:
            raise bad_request("metric", "is missing", "Give a code of the catalogue, such as metric=fridge.temp.")
        return None
    found = services().catalogue.get(code)
    if found is None:
        close = services().catalogue.nearest(code)
        raise bad_request("metric", f"there is no metric {code!r}", f"Did you mean {close}?" if close else "")
    return found


def time_ns(name: str, default_ns: int) -> int:
    """A time: RFC 3339, ``now``, or back from now such as ``-24h``."""
    value = text(name)
    if not value:
        return default_ns
    now_ns = services().clock.now_ns()
    try:
        found = _time_ns(value, now_ns)
    except ValueError as error:
        example = f"Write {rfc3339(now_ns)}, a time with +07:00, or -24h."
        raise bad_request(name, str(error), example) from None
    return sane(name, found)


def _time_ns(value: str, now_ns: int) -> int:
    if back := _BACK.fullmatch(value):
        return now_ns - duration(back[1]) if back[1] else now_ns
    lost = _ZONE_LOST.fullmatch(value)
    return parse_rfc3339(f"{lost[1]}+{lost[2]}" if lost else value)


def sane(name: str, time_ns: int) -> int:
    """A time of this age; the store and the calendars behind it know no other."""
    if not 0 <= time_ns < _LATEST_NS:
        raise bad_request(name, "is not between 1970 and 2200")
    return time_ns


def duration(written: str) -> int:
    """Nanoseconds of ``30s``, ``5m`` or ``5min``, ``1h``, ``1d``; ValueError otherwise."""
    minutes = _MINUTES.fullmatch(written)
    return parse_duration(f"{minutes[1]}min" if minutes else written)


def known_facility(code: str, site: str = "") -> None:
    """Refuse a facility or site that the registry does not have; for an answer that would be empty."""
    registry = services().registry
    facility = registry.facility(code)
    if code and facility is None and not code.startswith("_"):
        hint = meant(code, registry.facilities) or _listed(list(registry.facilities)[:20])
        raise bad_request("facility", f"there is no facility {code!r}", hint)
    if site and facility is not None and site not in facility.sites:
        hint = meant(site, facility.sites) or _listed(facility.sites)
        raise bad_request("site", f"{code} has no site {site!r}", hint)


def meant(word: str, words: Iterable[str]) -> str:
    """A hint with the nearest word, or nothing."""
    close = nearest(word, list(words))
    return f"Did you mean {close}?" if close else ""


def conflict(what: str, hint: str = "") -> ProblemError:
    """It is there, and this cannot be done to it."""
    return ProblemError(409, "conflict", what, hint)


def _listed(words: Iterable[str]) -> str:
    return f"There are {', '.join(words)}."
