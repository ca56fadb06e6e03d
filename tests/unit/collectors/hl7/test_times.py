"""Times as HL7 writes them, and as people do."""

from zoneinfo import ZoneInfo

import pytest

from collectors.hl7.times import moment, stamp
from ioc.domain import parse_rfc3339

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261119231000+0700", "2026-11-19T23:10:00+07:00"),
        ("20261119231000", "2026-11-19T23:10:00+07:00"),
        ("202611192310", "2026-11-19T23:10:00+07:00"),
        ("202611192310+0000", "2026-11-19T23:10:00Z"),
        ("20261119231000.1234-0330", "2026-11-19T23:10:00.1234-03:30"),
        ("20261119231000.123+0700", "2026-11-19T23:10:00.123+07:00"),
        ("20261119231000123", "2026-11-19T23:10:00.123+07:00"),
        ("2026111923100012", "2026-11-19T23:10:00.12+07:00"),
        ("2026-11-19T23:10:00+07:00", "2026-11-19T23:10:00+07:00"),
        ("2026-11-19 23:10", "2026-11-19T23:10:00+07:00"),
        ("20261119161000Z", "2026-11-19T16:10:00Z"),
    ],
)
def test_a_time_is_read_to_the_digit(text: str, expected: str) -> None:
    assert moment(text, HANOI) == (parse_rfc3339(expected), True)


def test_a_day_alone_is_read_and_not_exact() -> None:
    assert moment("20261119", HANOI) == (parse_rfc3339("2026-11-19T00:00:00+07:00"), False)


def test_the_zone_of_the_source_holds_where_none_is_named() -> None:
    london = moment("20200708130000", ZoneInfo("Europe/London"))
    assert london == (parse_rfc3339("2020-07-08T12:00:00Z"), True)


@pytest.mark.parametrize(
    "text",
    ["", "2026", "202611", "2026111", "20261319", "20260230", "202611192410", "20261119231061", "99991231235959",
     "00010101000000", "yesterday", "20261119231000+9900", "٢٠٢٦١١١٩", "2" * 1_000_000],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert moment(text, HANOI) is None


def test_ours_are_written_in_utc() -> None:
    assert stamp(parse_rfc3339("2026-11-19T23:10:05.9+07:00")) == b"20261119161005+0000"
