"""Titles: filled in the reader's language, from a closed template, whatever stands in a label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.title import number, placeholders, render_title, state_name, title_faults
from ioc.catalogue import Adds, Kind, Metric, StateName, Text

TITLE = Text("Tủ {device} ấm {value:.1f} °C", "Refrigerator {device} at {value:.1f} °C", "")
NB = "\u00a0"


def metric(*states: str) -> Metric:
    names = tuple(StateName(code, Text(f"{code}-vi", f"{code}-en", f"{code}-fr")) for code in states)
    nothing = Text("", "")
    return Metric("ups.status", nothing, nothing, "1", Kind.STATE, (), Adds.LAST, Adds.NEVER, 1, states=names)


def test_a_title_is_filled_in_the_readers_language() -> None:
    assert render_title(TITLE, {"device": "tl-01"}, 9.44, 1, "vi") == f"Tủ tl-01 ấm 9,4{NB}°C"
    assert render_title(TITLE, {"device": "tl-01"}, 9.44, 1, "en") == f"Refrigerator tl-01 at 9.4{NB}°C"
    assert render_title(TITLE, {"device": "tl-01"}, -9.44, 1, "fr") == f"Refrigerator tl-01 at −9,4{NB}°C"


def test_a_title_may_come_out_of_json() -> None:
    assert render_title({"vi": "a {value}", "en": ""}, {}, 1.26, 1, "vi") == "a 1,3"
    assert render_title({"vi": "a {value}", "en": "b {value}"}, {}, 1.26, 1, "fr") == "b 1,3"
    assert render_title({}, {}, 1.0, 0, "vi") == ""


def test_labels_are_called_what_people_call_them() -> None:
    names = {("device", "tl-01"): "Tủ vắc xin TL-01"}
    title = render_title({"vi": "{device} · {facility}"}, {"device": "tl-01", "facility": "bv01"},
                         None, 0, "vi", lambda label, code: names.get((label, code), code))  # fmt: skip
    assert title == "Tủ vắc xin TL-01 · bv01"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (float("nan"), "–"), (float("inf"), "–"), (-0.04, "0,0"), (12345.678, "12.345,7")]
)
def test_a_value_is_a_number_or_a_dash(value: float | None, text: str) -> None:
    assert render_title({"vi": "{value}"}, {}, value, 1, "vi") == text


@pytest.mark.parametrize(
    ("language", "text"), [("vi", "1.234,5"), ("en", "1,234.5"), ("fr", "1\u202f234,5")]
)  # fmt: skip
def test_numbers_are_written_as_each_language_writes_them(language: str, text: str) -> None:
    assert number(1234.5, 1, language) == text


def test_a_huge_number_is_written_short() -> None:
    assert len(number(1.7e308, 2, "vi")) < 10


def test_the_name_of_a_state_is_its_value() -> None:
    ups = metric("online", "on_battery")
    assert state_name(ups, 1.0, "vi") == "on_battery-vi"
    assert state_name(ups, 7.0, "vi") == state_name(ups, float("nan"), "en") == "–"
    assert state_name(ups, None, "vi") is None
    assert state_name(metric(), 1.5, "vi") == 1.5
    assert render_title({"en": "UPS {value}"}, {}, state_name(ups, 1.0, "en"), 0, "en") == "UPS on_battery-en"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("{value}", "{value}"),
        ("{device.__class__}", "{device.__class__}"),
        ("a\r\nBcc: x@y", "a Bcc: x@y"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x\x00\x1b[31m", "x[31m"),
        ("<script>", "<script>"),
    ],
)
def test_what_stands_in_a_label_is_text_on_one_line(hostile: str, shown: str) -> None:
    assert render_title({"en": "{device}"}, {"device": hostile}, 1.0, 0, "en") == shown


def test_a_label_does_not_grow_without_end() -> None:
    assert len(render_title({"en": "{device}"}, {"device": "x" * 5000}, 1.0, 0, "en")) == 80


def test_a_label_that_is_not_there_stays_as_it_is_written() -> None:
    assert render_title({"en": "{device} {site}"}, {"device": "a"}, 1.0, 0, "en") == "a {site}"


@given(st.text(), st.dictionaries(st.text(), st.text()), st.one_of(st.none(), st.floats(), st.text()))
def test_no_template_label_or_value_makes_it_fail(
    template: str, labels: dict[str, str], value: float | str | None
) -> None:
    render_title({"en": template}, labels, value, 2, "en")
    list(title_faults(template, labels, value=True, number=True))


def test_places_are_found_with_their_forms() -> None:
    assert list(placeholders("{device}: {value:.1f} {a:b}")) == [("device", ""), ("value", ".1f"), ("a", "b")]


def test_a_sound_template_has_no_faults() -> None:
    assert not list(title_faults("{device} {value:.2f} {value}", ["device"], value=True, number=True))
    assert not list(title_faults("no place at all", [], value=False, number=False))


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{device", "a brace is open or closed alone"),
        ("{{device}}", "a brace is open or closed alone"),
        ("{devise}", "there is no {devise} here; known: {device}, {value}"),
        ("{}", "there is no {} here; known: {device}, {value}"),
        ("{device:.1f}", "{device:.1f}: only a value is given a form"),
        ("{value:.9f}", "{value:.9f}: the form is .0f to .6f"),
        ("{value:>1000000000}", "{value:>1000000000}: the form is .0f to .6f"),
    ],
)
def test_what_is_not_closed_is_a_fault(template: str, fault: str) -> None:
    assert list(title_faults(template, ["device"], value=True, number=True)) == [fault]
