"""The words of a message."""

from dataclasses import replace

import pytest

from alerts.message import Status
from alerts.notifiers.text import _WORDS, body, one_line, subject
from ioc.domain import SECOND
from tests.unit.alerts.post import T0, message

ZONE = "Asia/Ho_Chi_Minh"  # T0 is 08:00 on 23 November 2025 there


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "[Khẩn] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"),
        ({"level": "warning"}, "[Cảnh báo] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"),
        ({"status": Status.LEVEL}, "[Khẩn] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"),
        ({"status": Status.MISSING}, "[Mất tín hiệu] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"),
        ({"status": Status.RESOLVED}, "[Xong] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"),
        ({"status": Status.TEST, "title": "Kênh", "place": ""}, "[Thử] Kênh"),
        ({"again": True}, "[Khẩn · nhắc lại] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"),
        ({"quality": "sim"}, "[Khẩn] [Mô phỏng] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"),
        ({"quality": "sim", "title": "[Mô phỏng] Tủ"}, "[Khẩn] [Mô phỏng] Tủ · BVĐK Sông Mây"),
        ({"title": "Tủ ở BVĐK Sông Mây"}, "[Khẩn] Tủ ở BVĐK Sông Mây"),
        ({"language": "en", "title": "Fridge"}, "[Critical] Fridge · BVĐK Sông Mây"),
        ({"language": "fr", "status": Status.RESOLVED, "title": "Frigo"}, "[Résolu] Frigo · BVĐK Sông Mây"),
        ({"language": "xx"}, "[Khẩn] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"),
    ],
)
def test_the_subject_says_how_bad_what_and_where(changes, expected):
    assert subject(message(**changes)) == expected


def test_the_body_says_what_since_when_what_to_do_where_to_look_and_why_it_came():
    told = message(steps=("Xem cửa tủ", "Chuyển vắc-xin"), since_ns=T0 - 900 * SECOND, status=Status.LEVEL)
    assert body(told, ZONE) == (
        "[Khẩn] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây\n"
        "Mức đã đổi, nay là: Khẩn.\n"
        "\n"
        "Mức: Khẩn\n"
        "Từ lúc: 07:45 23/11/2025\n"
        "Lúc: 08:00 23/11/2025\n"
        "Giá trị: 9,4 °C\n"
        "Nơi: facility bv01, device tl-01\n"
        "\n"
        "Việc cần làm:\n"
        "1. Xem cửa tủ\n"
        "2. Chuyển vắc-xin\n"
        "\n"
        "Mở trang: http://ioc.example/alerts/i1\n"
        "\n"
        "Bạn nhận tin này vì thuộc nhóm được báo của quy tắc fridge-warm.\n"
    )


def test_a_resolve_asks_for_nothing():
    text = body(message(status=Status.RESOLVED, steps=("Xem cửa tủ",)), ZONE)
    assert "Đã trở lại bình thường." in text
    assert "Xem cửa tủ" not in text


def test_a_test_has_no_facts_and_says_that_there_is_nothing_to_do():
    text = body(message(status=Status.TEST, level="", rule="", language="en", title="This channel works"), ZONE)
    assert "There is nothing to do." in text
    assert "Since" not in text
    assert "your address is in the list" in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"language": "en"}, "Value: 9.4 °C"),
        ({"language": "fr", "value": -20.25}, "Valeur: −20,25 °C"),
        ({"value": 83.0, "unit": "%"}, "Giá trị: 83 %"),
        ({"value": 9.4, "quality": "sim"}, "Giá trị: 9,4 °C (mô phỏng)"),
    ],
)
def test_a_value_is_written_as_the_language_does(changes, expected):
    assert expected in body(message(**changes), ZONE).splitlines()


@pytest.mark.parametrize("changes", [{"value": None}, {"value": 1.0, "unit": "1"}])
def test_a_state_or_nothing_is_not_written_as_a_number(changes):
    assert "Giá trị" not in body(message(**changes), ZONE)


def test_an_acknowledgement_that_has_expired_is_said():
    assert "Lời nhận xử lý đã hết hạn" in body(message(again=True), ZONE)


def test_times_in_english_name_the_month():
    assert "Since: 08:00 23 Nov 2025" in body(message(language="en"), ZONE)


def test_names_from_outside_steer_nothing():
    evil = replace(
        message(), title="Tủ\r\nBcc: x@y\x00\u202e", labels={"device": "a\nb"}, url="http://x\n\n2", steps=("1\n2",)
    )
    assert subject(evil) == "[Khẩn] Tủ Bcc: x@y · BVĐK Sông Mây"
    lines = body(evil, ZONE).splitlines()
    assert "Nơi: device a b" in lines
    assert "1. 1 2" in lines
    assert "Mở trang: http://x 2" in lines


def test_one_line_keeps_what_can_be_read():
    assert one_line(" Tủ\u00a0lạnh \t số\x7f 1 ") == "Tủ lạnh số 1"


def test_every_language_has_every_word():
    assert len({frozenset(words) for words in _WORDS.values()}) == 1
    assert all(text for words in _WORDS.values() for text in words.values())
