"""Times: RFC 3339 outside, nanoseconds inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain import MILLISECOND, SECOND, VirtualClock, parse_rfc3339, rfc3339


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.5Z", SECOND // 2),
        ("1970-01-01T07:00:00+07:00", 0),
        ("1970-01-01t00:00:01z", SECOND),
        ("1970-01-01 00:00:01Z", SECOND),
        ("2026-11-21T14:32:00.123456789+07:00", 1_795_246_320_123_456_789),
        ("1970-01-01T00:00:00.1234567891234Z", 123_456_789),
    ],
)
def test_a_time_with_a_zone_is_read_to_the_nanosecond(text: str, ns: int) -> None:
    assert parse_rfc3339(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-21",
        "2026-11-21T14:32:00",
        "2026-13-21T14:32:00Z",
        "2026-11-21T25:00:00Z",
        "1763859600",
        "2026-11-21T14:32:00.Z",
        "٢٠٢٦-11-21T14:32:00Z",
        "2026-11-21T14:32:00+99:99",
        "2026-11-21T14:32:00Z\n",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


@given(st.integers(min_value=0, max_value=4_000_000_000 * SECOND))
def test_what_is_written_is_read_back_exactly(ns: int) -> None:
    assert parse_rfc3339(rfc3339(ns)) == ns


def test_milliseconds_are_written_where_they_suffice() -> None:
    assert rfc3339(1_500 * MILLISECOND) == "1970-01-01T00:00:01.500Z"
    assert rfc3339(1_500 * MILLISECOND + 42) == "1970-01-01T00:00:01.500000042Z"


def test_the_virtual_clock_moves_only_when_told() -> None:
    clock = VirtualClock(5)
    assert (clock.now_ns(), clock.now_ns()) == (5, 5)
    clock.advance(SECOND)
    assert clock.now_ns() == SECOND + 5
