"""Numbers, units, ages and dates as each language writes them."""

import pytest

from dashboards import format as fmt
from ioc.catalogue import LANGUAGES
from ioc.domain import MINUTE, SECOND, parse_rfc3339

NOW = parse_rfc3339("2026-11-21T14:32:00+07:00")
ZONE = "Asia/Ho_Chi_Minh"


@pytest.mark.parametrize(("language", "written"), [("vi", "1.234,5"), ("en", "1,234.5"), ("fr", "1\u202f234,5")])
def test_a_number_takes_the_signs_of_its_language(language, written):
    assert fmt.number(1234.5, 1, language) == written


def test_minus_is_a_minus_and_zero_has_none():
    assert fmt.number(-61.4, 0, "vi") == "−61"
    assert fmt.number(-0.04, 1, "vi") == "0,0"


def test_a_number_that_no_device_means_is_written_short():
    assert fmt.number(1e308, 1, "vi") == "1,0E308"
    assert fmt.number(-2.5e12, 0, "en") == "−2.5E12"
    assert fmt.number(999_999_999_999, 0, "en") == "999,999,999,999"


@pytest.mark.parametrize(
    ("value", "code", "decimals", "language", "written"),
    [
        (83, "%", 0, "vi", "83\u00a0%"),
        (83, "%", 0, "en", "83%"),
        (83, "%", 0, "fr", "83\u00a0%"),
        (4.2, "Cel", 1, "vi", "4,2\u00a0°C"),
        (92.4, "m3/h", 0, "vi", "92\u00a0m³/giờ"),
        (5, "1", 0, "vi", "5"),
        (125, "min", 0, "vi", "2\u00a0g\u00a005"),
        (125, "min", 0, "en", "2\u00a0h\u00a005"),
        (125, "min", 0, "fr", "2\u00a0h\u00a005\u00a0min"),
        (412, "kPa", 0, "fr", "412\u00a0kPa"),
    ],
)
def test_a_quantity_carries_its_unit_behind_a_space_that_does_not_break(value, code, decimals, language, written):
    assert fmt.quantity(value, code, decimals, language) == written


@pytest.mark.parametrize(
    ("age", "short", "spelt"),
    [
        (0, "0 s", "0 giây trước"),
        (90 * SECOND, "90 s", "90 giây trước"),
        (91 * SECOND, "2 ph", "2 phút trước"),
        (121 * SECOND, "3 ph", "3 phút trước"),
        (90 * MINUTE, "90 ph", "90 phút trước"),
        (125 * MINUTE, "2 g 05", "2 giờ 05 trước"),
        (25 * 60 * MINUTE, "20/11/2026", "từ 13:32 20/11/2026"),
    ],
)
def test_ages_are_counted_in_seconds_to_90_in_minutes_to_90_then_in_hours_and_from_a_day_on_dated(age, short, spelt):
    assert fmt.age(NOW - age, NOW, "vi", ZONE).replace("\u00a0", " ") == short
    assert fmt.ago(NOW - age, NOW, "vi", ZONE) == spelt


def test_a_time_ahead_of_ours_is_no_negative_age():
    assert fmt.ago(NOW + 5 * SECOND, NOW, "en", ZONE) == "0 s ago"


@pytest.mark.parametrize(
    ("language", "date", "weekday"),
    [
        ("vi", "21/11/2026", "Thứ Bảy 21/11/2026"),
        ("en", "21 Nov 2026", "Saturday 21 Nov 2026"),
        ("fr", "21/11/2026", "samedi 21/11/2026"),
    ],
)
def test_dates_and_clocks_are_those_of_the_zone(language, date, weekday):
    assert fmt.date(NOW, language, ZONE) == date
    assert fmt.weekday_date(NOW, language, ZONE) == weekday
    assert fmt.clock(NOW, ZONE) == "14:32"
    assert fmt.moment(NOW, language, "UTC").startswith("07:32 ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_browser_is_handed_a_pattern_for_every_length(language):
    patterns = fmt.age_patterns(language)
    assert set(patterns["short"]) == {"s", "m", "h"}
    assert set(patterns["ago"]) == {"s", "m", "h", "d"}


def test_a_unit_that_is_not_on_the_list_is_written_as_it_is():
    assert fmt.unit("kWh", "vi") == "kWh"
    assert fmt.unit("min", "vi", long=True) == "phút"


@pytest.mark.parametrize(
    ("minutes", "written"),
    [(0, "1 ph"), (25, "25 ph"), (90, "90 ph"), (91, "1 g"), (179, "2 g"), (47 * 60, "47 g"), (48 * 60, "2 ngày")],
)
def test_where_there_is_hardly_room_a_length_of_time_has_one_unit(minutes, written):
    assert fmt.brief(minutes * MINUTE, "vi") == written.replace(" ", "\u00a0")


def test_every_language_writes_the_shortest_lengths_of_time():
    assert [fmt.brief(5 * MINUTE, language) for language in LANGUAGES] == ["5\u00a0ph", "5\u00a0min", "5\u00a0min"]


def test_what_is_compared_with_another_systems_record_has_seconds():
    assert fmt.exact(NOW + 5 * SECOND, "en", ZONE) == "14:32:05 21 Nov 2026"
