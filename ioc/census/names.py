"""Words and bounds that the parts of the census share."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ioc.catalogue import Catalogue
from ioc.domain import MINUTE, SECOND

HOUR = 60 * MINUTE
DAY = 24 * HOUR
LANE = "census"  # of all who write its tables
_MAX_AGE = 5 * MINUTE  # where the catalogue has no such metric


def max_age_ns(catalogue: Catalogue) -> int:
    """The age past which a census is late: the catalogue's for ``bed.occupied``."""
    metric = catalogue.get("bed.occupied")
    return metric.max_age_ns if metric else _MAX_AGE


def day_before(at_ns: int, zone: ZoneInfo) -> int:
    """The midnight at which the day of this moment began. What happens at midnight belongs to the day that ends."""
    local = datetime.fromtimestamp((at_ns - 1) // SECOND, zone)
    midnight = datetime(local.year, local.month, local.day, tzinfo=zone)
    return int(midnight.timestamp()) * SECOND


def next_day(day_from_ns: int, zone: ZoneInfo) -> int:
    """The midnight after this one."""
    local = datetime.fromtimestamp(day_from_ns // SECOND, zone) + timedelta(days=1)
    return int(datetime(local.year, local.month, local.day, tzinfo=zone).timestamp()) * SECOND
