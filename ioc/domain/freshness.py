"""How old a value may be: the one place that decides fresh, late, stale or missing (DESIGN 1)."""

from enum import StrEnum

STALE_AFTER = 3  # times max_age
INTERVALS_ALLOWED = 3  # a device that reports every n seconds is late after 3 n


class State(StrEnum):
    """What the age of a value makes of it."""

    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"
    MISSING = "missing"


def max_age_from_interval(interval_ns: int) -> int:
    """The age at which a device that should report every ``interval_ns`` is late."""
    return INTERVALS_ALLOWED * interval_ns


def state_at(as_of_ns: int | None, max_age_ns: int, now_ns: int) -> State:
    """Fresh up to ``max_age`` (included), late past it, stale past three times it; missing where never seen."""
    if as_of_ns is None:
        return State.MISSING
    age = now_ns - as_of_ns
    if age > STALE_AFTER * max_age_ns:
        return State.STALE
    return State.LATE if age > max_age_ns else State.FRESH
