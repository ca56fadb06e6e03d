"""Which hours an address asks for."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from dashboards.errors import ProblemError
from dashboards.reports import choice
from ioc.domain import parse_rfc3339
from ioc.reports import Span

NAME = "Asia/Ho_Chi_Minh"
ZONE = ZoneInfo(NAME)
NOW_NS = parse_rfc3339("2026-11-23T08:00:00+07:00")


def span(begins: str, ends: str) -> Span:
    return Span(parse_rfc3339(f"{begins}:00+07:00"), parse_rfc3339(f"{ends}:00+07:00"))


def asked(**given: str) -> choice.Chosen:
    return choice.handover_of(given, NOW_NS, ZONE)


def test_without_a_wish_it_is_today_so_far_as_on_the_walls():
    chosen = asked()
    assert (chosen.span, chosen.live) == (span("2026-11-23T00:00", "2026-11-23T08:00"), True)
    assert asked(date="2026-11-23") == chosen


def test_another_day_is_the_whole_of_it():
    chosen = asked(date="2026-11-22")
    assert (chosen.span, chosen.live) == (span("2026-11-22T00:00", "2026-11-23T00:00"), False)


def test_a_morning_is_the_24_hours_before_it():
    assert asked(at="07:00").span == span("2026-11-22T07:00", "2026-11-23T07:00")
    assert asked(date="2026-11-21", at="07:30").span == span("2026-11-20T07:30", "2026-11-21T07:30")


@pytest.mark.parametrize(
    "given",
    [
        {"date": "2026-11-24"},
        {"date": "23/11/2026"},
        {"date": "1999-12-31"},
        {"date": "2026-02-30"},
        {"at": "25:00"},
        {"at": "7:00"},
        {"at": "09:00"},  # has not come yet
        {"at": "０７:00"},
    ],
)
def test_hours_that_cannot_be_are_refused_by_name(given):
    with pytest.raises(ProblemError) as error:
        asked(**given)
    assert error.value.status == 400
    assert error.value.message.split(":")[0] in given


def test_a_summary_is_fourteen_days_up_to_yesterday():
    days = choice.days_of({}, NOW_NS, ZONE)
    assert (len(days), days[-1]) == (14, span("2026-11-22T00:00", "2026-11-23T00:00"))


def test_a_summary_may_end_today_and_have_other_lengths():
    days = choice.days_of({"until": "2026-11-23", "days": "3"}, NOW_NS, ZONE)
    assert (len(days), days[-1]) == (3, span("2026-11-23T00:00", "2026-11-23T08:00"))


@pytest.mark.parametrize("days", ["0", "32", "x", "-1", "1.5", "1" * 40, "²", "0000149999", "007", "1\n"])
def test_days_that_cannot_be_are_refused(days):
    with pytest.raises(ProblemError):
        choice.days_of({"days": days}, NOW_NS, ZONE)


@pytest.mark.parametrize(
    ("begins", "ends", "text"),
    [
        ("2026-11-22T00:00", "2026-11-23T00:00", "22/11/2026"),
        ("2026-11-23T00:00", "2026-11-23T08:00", "00:00–08:00 23/11/2026"),
        ("2026-11-22T07:00", "2026-11-23T07:00", "07:00 22/11/2026 – 07:00 23/11/2026"),
        ("2026-11-09T00:00", "2026-11-23T00:00", "09/11/2026 – 22/11/2026"),
        ("2026-11-10T00:00", "2026-11-23T08:00", "00:00 10/11/2026 – 08:00 23/11/2026"),
    ],
)
def test_the_hours_are_written_as_people_say_them(begins, ends, text):
    assert choice.written(span(begins, ends), "vi", NAME) == text


def test_a_file_is_named_after_its_day():
    assert choice.iso_day(NOW_NS, NAME) == "2026-11-23"
    assert choice.today(NOW_NS, ZONE) == date(2026, 11, 23)
