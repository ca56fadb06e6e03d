"""Who was told, by which channel, and who was not reached."""

import pytest

from dashboards.alerts.told import deliveries_of, nobody_of, summary
from dashboards.alerts.words import words_of
from ioc.domain import MINUTE
from tests.unit.dashboards.alerting import deliver, hold_rules, raise_incident


@pytest.fixture
def told(web):
    """Gives the lines of the list, and the rows of the incident's page."""

    def told():
        own = web.services
        detail = own.incident_reader.find("i0123456789abcde")
        with web.app.test_request_context():
            words = words_of(own, "vi", web.clock.now_ns())
            return list(summary(detail.deliveries, nobody_of(detail, words), words)), deliveries_of(detail, words)

    raise_incident(web)
    return told


def test_with_nobody_told_there_is_no_line(told):
    assert told() == ([], [])


def test_a_person_is_one_line_with_every_channel(web, told):
    now_ns = web.clock.now_ns()
    deliver(web, "i0123456789abcde", state="sent", done_ns=now_ns)
    deliver(web, "i0123456789abcde", channel="webhook-2", tries=3, error="HTTP 503", due_ns=now_ns + 2 * MINUTE)
    lines, rows = told()
    assert [(line.text, line.failed) for line in lines] == [("Lan: e-mail 08:00, webhook 2 chưa tới", False)]
    waiting, sent = rows
    assert (sent.result, sent.next, sent.what) == ("tới 08:00", "", "mở")
    assert (waiting.result, waiting.attempts, waiting.proof, waiting.next) == ("chưa tới", 3, "HTTP 503", "08:02")


def test_whoever_got_nothing_is_told_apart(web, told):
    now_ns = web.clock.now_ns()
    deliver(web, "i0123456789abcde", state="given_up", tries=1, error="not allowed", done_ns=now_ns)
    lines, rows = told()
    assert [(line.text, line.failed) for line in lines] == [("Lan: e-mail chưa tới", True)]
    assert rows[0].result == "thôi gửi 08:00"


def test_what_was_not_tried_yet_is_being_sent(web, told):
    deliver(web, "i0123456789abcde")
    assert told()[1][0].result == "đang gửi"


def test_of_several_messages_the_last_counts_and_the_end_does_not(web, told):
    now_ns = web.clock.now_ns()
    deliver(web, "i0123456789abcde", tries=1, error="x")
    deliver(web, "i0123456789abcde", dedup_key="k-2", status="level", state="sent", done_ns=now_ns)
    deliver(web, "i0123456789abcde", dedup_key="k-3", status="resolved")
    assert [line.text for line in told()[0]] == ["Lan: e-mail 08:00"]
    assert [row.what for row in told()[1]] == ["kết thúc", "lên Khẩn", "mở"]


def test_no_more_people_are_named_than_there_is_room_for(web, told):
    for number in range(7):
        deliver(web, "i0123456789abcde", person=f"p{number}", person_name=f"P{number}")
    assert [line.text for line in told()[0]][-1] == "và 3 người nữa"
    assert len(told()[0]) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group-empty:it", "nhóm it chưa có ai"),
        ("group-unknown:x", "không có nhóm x"),
        ("no-channel:Lan", "Lan chưa có kênh báo"),
        ("odd:thing", "odd thing"),
    ],
)
def test_why_nobody_could_be_told_comes_first(web, told, happen, text, said):
    happen("untold", text=text)
    happen("untold", text=text)
    lines, _ = told()
    assert [(line.text, line.failed) for line in lines] == [(said, True)]


def test_a_group_is_called_by_its_title_where_the_rules_in_force_know_it(web, told, happen):
    notify = {"group": "it", "group_title": {"vi": "Công nghệ thông tin", "en": "IT"}}
    hold_rules(web, [{"owner": "it", "owner_title": {}, "notify": notify}])
    happen("untold", text="group-empty:it")
    assert told()[0][0].text == "nhóm Công nghệ thông tin chưa có ai"
