"""The timeline in words, newest first, by the source's time."""

import pytest

from alerts.change import next_change
from alerts.tables import incidents
from dashboards.alerts.timeline import lines_of
from dashboards.alerts.words import words_of
from ioc.database import writing
from ioc.domain import MINUTE, SECOND
from tests.unit.dashboards.alerting import deliver, raise_incident

NBSP = "\u00a0"


@pytest.fixture
def lines(web):
    def lines():
        own = web.services
        detail = own.incident_reader.find("i0123456789abcde")
        with web.app.test_request_context():
            return lines_of(detail, words_of(own, "vi", web.clock.now_ns()))

    raise_incident(web, level="warning", value=9.0)
    return lines


def texts(lines):
    return [(line.time, line.mark, line.text, line.detail) for line in lines]


def test_it_opens_with_the_value_and_the_limit(lines):
    assert texts(lines()) == [
        ("07:50", "warning", "Mở sự cố, mức Chú ý", f"9,0{NBSP}°C, ngưỡng 10{NBSP}°C"),
    ]


def test_levels_rise_and_fall_and_the_newest_stands_first(web, lines, happen):
    happen("level", level="critical", value=12.0, limit=10.0)
    web.clock.advance(SECOND)
    happen("level", level="warning", value=9.0, limit=8.0)
    down, up, _ = lines()
    assert (up.text, up.detail, up.level) == ("Lên mức Khẩn", f"12,0{NBSP}°C, ngưỡng >{NBSP}10{NBSP}°C", "critical")
    assert (down.text, down.level) == ("Xuống mức Chú ý", "warning")


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("missing", {"level": "warning"}, ("stale", "Nguồn số im", "giữ mức Chú ý: im không phải là hết")),
        ("back", {"value": 7.0}, ("fresh", "Có số trở lại", f"7,0{NBSP}°C")),
        ("acked", {"who": "lan", "text": "gọi kỹ thuật"}, ("ok", "lan nhận việc", "gọi kỹ thuật")),
        ("ack_ended", {"text": "expired"}, ("late", "Không còn ai nhận", "hết hạn nhận: báo lại cả nhóm")),
        ("ack_ended", {"text": "level"}, ("late", "Không còn ai nhận", "mức đã lên")),
        ("note", {"who": "lan", "text": "cửa khép chưa kín"}, ("go", "cửa khép chưa kín", "lan ghi")),
        ("closed", {"who": "lan", "text": "tủ bỏ"}, ("ok", "lan đóng sự cố", "tủ bỏ")),
        ("untold", {"text": "group-empty:it"}, ("missing", "Có người chưa báo được", "nhóm it chưa có ai")),
    ],
)
def test_each_kind_has_its_mark_and_its_words(lines, happen, kind, more, said):
    happen(kind, **more)
    assert texts(lines())[0] == ("08:00", *said)


def test_what_was_known_much_later_than_it_was_so_says_when(web, lines, happen):
    happen("level", value=12.0, event_ns=web.clock.now_ns() - 5 * MINUTE)
    assert lines()[0].time == "07:55"
    assert lines()[0].detail.endswith("; tới đây lúc 08:00")


def test_it_ends_with_the_reason(web, lines, happen):
    happen("resolved", value=6.0)
    with writing(web.services.engine) as connection:
        connection.execute(incidents.update().values(status="resolved", why="value", change=next_change(connection)))
    assert texts(lines())[0] == ("08:00", "ok", "Kết thúc", f"số đã về trong ngưỡng, 6,0{NBSP}°C")


def test_a_message_that_was_given_up_stands_in_it(web, lines):
    deliver(web, "i0123456789abcde", tries=2, state="given_up", error="HTTP 410", done_ns=web.clock.now_ns())
    assert texts(lines())[0] == ("08:00", "missing", "Không báo được Lan qua e-mail", "HTTP 410. 2 lần thử")
