"""When a disk will be full, from how its free space has fallen: a pure function over points."""

from itertools import combinations
from statistics import median

from ioc.derive.devices import HOUR, Derived, Points, worst
from ioc.domain import Quality

DAY_NS = 24 * HOUR
DISK_LOOKS_BACK = 7 * DAY_NS
DISK_AT_LEAST = 6 * HOUR  # of history, or one large file would decide
A_YEAR = 365.0  # days; what is further away, or never, is as good as this


def days_until_full(free: Points) -> Derived | None:
    """Days until nothing is free any more, at most a year; None where the history is too short.

    The slope is the median of those between any two points (Theil and Sen): what was written or deleted once
    changes few of them, and only what goes on tells of the days to come. A disk that does not fill has a year,
    not silence: whoever was alarmed must hear that it is over.
    """
    usable = [point for point in free if point[2] is not Quality.BAD]
    if not usable or usable[-1][0] - usable[0][0] < DISK_AT_LEAST:
        return None
    a_day = median((after - before) / (t - s) * DAY_NS for (s, before, _), (t, after, _) in combinations(usable, 2))
    at, left, _ = usable[-1]
    days = min(A_YEAR, left / -a_day) if a_day < 0 else A_YEAR
    return Derived(days, at, worst({quality for _, _, quality in usable}))
