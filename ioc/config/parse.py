"""Values as people write them: ``10min``, ``4GiB``, ``true``."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from zoneinfo import ZoneInfo

from ioc.domain import MINUTE, SECOND

Networks = tuple[IPv4Network | IPv6Network, ...]

_DURATIONS = {"ms": SECOND // 1000, "s": SECOND, "min": MINUTE, "h": 60 * MINUTE, "d": 24 * 60 * MINUTE}
_SIZES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_NUMBER_AND_UNIT = re.compile(r"(\d{1,18}) ?([A-Za-z]*)", flags=re.ASCII)


def parse_duration(text: object) -> int:
    """Nanoseconds of ``30s``, ``10min``, ``2h``; more than 0. Raises ValueError with a sentence."""
    value = _number_with_unit(text, _DURATIONS, "a duration such as 30s, 10min or 2h")
    if value == 0:
        raise ValueError("a duration must be more than 0")
    return value


def parse_size(text: object) -> int:
    """Bytes of ``262144``, ``256KiB`` or ``4GiB``. Raises ValueError with a sentence."""
    return _number_with_unit(text, _SIZES, "a size such as 256KiB or 4GiB")


def parse_bool(text: str) -> bool:
    """``true`` or ``false``, also ``1``, ``0``, ``yes``, ``no``, ``on``, ``off``."""
    word = text.lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def parse_count(text: str) -> int:
    """A whole number of at least 1."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise ValueError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def parse_timezone(text: str) -> str:
    """A time zone by its name."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{text!r} is no time zone that this machine knows (Debian: apt install tzdata)") from None
    return text


def parse_networks(text: str) -> Networks:
    """Addresses and networks, separated by commas; none of an empty text."""
    try:
        return tuple(ip_network(word.strip()) for word in text.split(",") if word.strip())
    except ValueError as error:
        raise ValueError(f"{error}: addresses and networks are needed, such as 10.1.2.3, 172.30.7.0/24") from None


def parse_up_to_a_minute(text: str) -> int:
    """Seconds, at most 60."""
    if (seconds := parse_count(text)) > 60:
        raise ValueError(f"{text!r} is more than 60: what is older than a minute is late")
    return seconds


def _number_with_unit(text: object, units: dict[str, int], expected: str) -> int:
    match = _NUMBER_AND_UNIT.fullmatch(str(text).strip())
    if match is None or match[2] not in units:
        raise ValueError(f"{text!r} is not {expected}")
    return int(match[1]) * units[match[2]]
