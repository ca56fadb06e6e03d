"""Days as long as the clocks make them."""

from datetime import date
from zoneinfo import ZoneInfo

from ioc.domain import SECOND, parse_rfc3339
from ioc.reports import days_until, whole_day

VIETNAM, PARIS = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Europe/Paris")
HOUR = 3600 * SECOND
LATER = parse_rfc3339("2030-01-01T00:00:00Z")


def test_a_day_lasts_from_its_midnight_to_the_next():
    span = whole_day(date(2026, 11, 23), VIETNAM, LATER)
    assert span == (parse_rfc3339("2026-11-23T00:00:00+07:00"), parse_rfc3339("2026-11-24T00:00:00+07:00"))


def test_today_ends_now():
    now_ns = parse_rfc3339("2026-11-23T14:32:00+07:00")
    assert whole_day(date(2026, 11, 23), VIETNAM, now_ns).to_ns == now_ns


def test_a_day_may_have_23_or_25_hours():
    lengths = [whole_day(day, PARIS, LATER).length_ns / HOUR for day in (date(2026, 3, 29), date(2026, 10, 25))]
    assert lengths == [23, 25]


def test_days_follow_each_other_without_a_gap():
    days = days_until(date(2026, 10, 27), 14, PARIS, LATER)
    assert len(days) == 14
    assert [day.to_ns for day in days[:-1]] == [day.from_ns for day in days[1:]]
