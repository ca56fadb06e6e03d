"""The lengths of time that reports are about. What happens at their beginning belongs to the one before."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ioc.domain import SECOND


class Span(NamedTuple):
    """From (excluded) to (included), ns."""

    from_ns: int
    to_ns: int

    @property
    def length_ns(self) -> int:
        """How long it is."""
        return self.to_ns - self.from_ns


def whole_day(day: date, zone: ZoneInfo, now_ns: int) -> Span:
    """A day from its midnight to the next, as long as the clocks make it; today so far only."""
    return Span(_midnight(day, zone), min(_midnight(day + timedelta(days=1), zone), now_ns))


def days_until(last: date, count: int, zone: ZoneInfo, now_ns: int) -> list[Span]:
    """So many days, the oldest first, of which ``last`` is the last."""
    return [whole_day(last - timedelta(days=back), zone, now_ns) for back in reversed(range(count))]


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * SECOND
