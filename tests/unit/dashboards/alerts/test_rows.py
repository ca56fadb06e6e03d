"""An incident in words: title, value, limit, place, who has it, and under which heading it stands."""

import pytest

from dashboards.alerts.rows import row_of
from dashboards.alerts.words import words_of
from ioc.domain import MINUTE, Quality, State
from tests.unit.dashboards.alerting import raise_incident

TEMP = "fridge.temp,device=tl-01,facility=bv01,site=cs1"
NBSP = "\u00a0"


@pytest.fixture
def row(web):
    def row(language="vi", **changes):
        code = raise_incident(web, **changes)
        own = web.services
        own.book.refresh()
        own.incidents.refresh()
        with web.app.test_request_context():
            return row_of(own.incidents.get(code), own.book, words_of(own, language, web.clock.now_ns()))

    return row


def test_the_title_and_the_line_below_hold_the_present_value_while_it_is_in_date(web, row):
    web.put(TEMP, 13.2, age_s=30)
    got = row()
    assert got.title == f"Tủ vắc xin TL-01 13,2{NBSP}°C"
    assert got.facts == (
        f"Nhiệt độ: 13,2{NBSP}°C lúc 07:59",
        f"ngưỡng >{NBSP}10{NBSP}°C",
        "Kho vắc xin, BVĐK Sông Mây",
    )
    assert (got.opened, got.ago) == ("07:50", f"10{NBSP}ph")


@pytest.mark.parametrize(("age_s", "quality"), [(3600, Quality.GOOD), (0, Quality.BAD)])
def test_a_value_that_does_not_count_stands_in_no_title(web, row, age_s, quality):
    web.put(TEMP, 13.2, age_s=age_s, quality=quality)
    got = row()
    assert got.title == f"Tủ vắc xin TL-01 12,4{NBSP}°C"
    assert got.facts[0] == f"Nhiệt độ: 12,4{NBSP}°C"


def test_the_browser_is_told_when_the_value_turns(web, row):
    web.put(TEMP, 13.2)
    got = row()
    assert got.state is State.FRESH
    assert got.late_ns == web.clock.now_ns() + 3 * MINUTE + 1
    assert got.stale_ns == web.clock.now_ns() + 9 * MINUTE + 1


def test_it_speaks_the_language_of_the_page(web, row):
    assert row("en").title == f"Vaccine refrigerator TL-01 is at 12.4{NBSP}°C"
    assert row("fr", id="i2").facts[0] == f"Température{NBSP}: 12,4{NBSP}°C"


def test_a_state_is_called_by_its_name(web, row):
    limits = '[["warning","==",1.0]]'
    got = row(
        metric="fridge.door", series="", value=1.0, level="warning", limits=limits, title='{"vi":"{value}","en":""}'
    )
    assert got.facts[:2] == ("Cửa: mở", "Kho vắc xin, BVĐK Sông Mây")  # not twice


def test_what_the_registry_does_not_know_is_called_by_its_code(row):
    got = row(facility="bv99", site="", series="", metric="odd.thing", device="x1", limits='[["critical",">",10.0]]')
    assert got.title == f"x1 12,4{NBSP}°C"
    assert got.facts == ("odd.thing: 12,40", f"ngưỡng >{NBSP}10", "bv99")
    assert got.scope == "facility:bv99/device:x1"


@pytest.mark.parametrize(
    ("changes", "group"),
    [
        ({}, "unowned"),
        ({"needs_owner": 0}, "free"),
        ({"acked_by": "lan", "acked_at_ns": 1, "ack_until_ns": 2}, "owned"),
    ],
)
def test_it_stands_under_the_heading_of_who_has_it(row, changes, group):
    assert row(**changes).group == group


def test_one_may_take_it_for_as_long_as_the_rule_allows_or_for_less(row):
    assert row(ack_expires_ns=60 * MINUTE).periods == ((60, f"60{NBSP}ph"), (30, f"30{NBSP}ph"), (15, f"15{NBSP}ph"))


def test_a_silent_one_says_since_when_and_how_many(web, row):
    got = row(status="missing", series="", missing_since_ns=web.clock.now_ns() - 20 * MINUTE, silent=3)
    assert (got.silent, got.silent_many, got.state) == ("07:40", 3, State.STALE)


def test_one_that_is_over_says_when_and_why(web, row):
    now_ns = web.clock.now_ns()
    got = row(status="resolved", why="back", resolved_ns=now_ns - MINUTE, resolved_at_ns=now_ns)
    assert got.closed == "07:59, nguồn có số lại"


def test_a_time_of_another_day_has_its_date(web, row):
    assert row(opened_ns=web.clock.now_ns() - 24 * 60 * MINUTE).opened == "08:00 22/11/2026"
