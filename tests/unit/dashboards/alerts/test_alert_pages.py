"""The pages of alerts for those who may see them, and what a person does on them by plain forms."""

import re

import pytest

from dashboards.alerts.live import alerts_view, incident_view
from ioc.access import audit_entries
from ioc.domain import MINUTE
from tests.unit.dashboards.alerting import hold_rules, raise_incident

CODE = "i0123456789abcde"


def token_of(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html)[1]


@pytest.fixture
def press(web):
    """Press a button of a page in a browser; gives the answer."""

    def press(who, act, page=f"/alerts/{CODE}", **fields):
        client = web.browser(who)
        html = client.get(page).get_data(as_text=True)
        return client.post(f"/alerts/{CODE}/{act}", data={"csrf_token": token_of(html), **fields})

    raise_incident(web)
    return press


def found(web):
    return web.services.incident_reader.find(CODE)


def test_one_click_takes_it_for_as_long_as_the_rule_allows(web, press):
    answer = press("operator", "take", "/alerts", back="list")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/alerts#alert-{CODE}")
    incident = found(web).incident
    assert (incident.acked_by, incident.ack_until_ns) == ("operator", web.clock.now_ns() + 30 * MINUTE)
    assert audit_entries(web.services.engine)[0].action == "alert.acknowledge"


def test_it_can_be_taken_with_a_reason_and_for_less(web, press):
    press("operator", "take", reason="gọi kỹ thuật", minutes="15")
    incident = found(web).incident
    assert (incident.ack_reason, incident.ack_until_ns) == ("gọi kỹ thuật", web.clock.now_ns() + 15 * MINUTE)


@pytest.mark.parametrize("minutes", ["x", "-5", "²", "99999999999999999999", ""])
def test_a_length_that_nobody_offered_is_the_rule_s(web, press, minutes):
    press("operator", "take", minutes=minutes)
    assert found(web).incident.ack_until_ns == web.clock.now_ns() + 30 * MINUTE


def test_a_note_is_written_and_the_page_shows_it_as_text(web, press):
    answer = press("operator", "note", text="<b>cửa</b> khép chưa kín")
    assert answer.headers["Location"] == f"/alerts/{CODE}"
    html = web.browser("viewer").get(f"/alerts/{CODE}").get_data(as_text=True)
    assert "&lt;b&gt;cửa&lt;/b&gt; khép chưa kín" in html
    assert "operator ghi" in html


def test_what_cannot_be_done_is_said_and_changes_nothing(web, press):
    client = web.browser("oncall")
    form = {"csrf_token": token_of(client.get(f"/alerts/{CODE}").get_data(as_text=True))}
    for act, fields, said in (
        ("note", {"text": " "}, "cần viết đang làm gì"),
        ("note", {"text": "x" * 1001}, "nội dung quá dài"),
        ("close", {"reason": "bỏ"}, "Nguồn đã có số lại"),
    ):
        answer = client.post(f"/alerts/{CODE}/{act}", data=form | fields, follow_redirects=True)
        assert said in answer.get_data(as_text=True), act
    assert len(found(web).timeline) == 1


def test_whoever_may_close_ends_one_that_will_never_speak_again(web):
    raise_incident(web, status="missing", missing_since_ns=web.clock.now_ns() - MINUTE)
    html = web.browser("operator").get(f"/alerts/{CODE}").get_data(as_text=True)
    assert f'action="/alerts/{CODE}/close"' not in html
    client = web.browser("oncall")
    html = client.get(f"/alerts/{CODE}").get_data(as_text=True)
    client.post(f"/alerts/{CODE}/close", data={"csrf_token": token_of(html), "reason": "tủ bỏ"})
    assert found(web).incident.status == "resolved"
    assert "có người đóng" in client.get(f"/alerts/{CODE}").get_data(as_text=True)


def test_a_form_without_its_token_or_a_role_that_may_not_changes_nothing(web, press):
    assert web.browser("operator").post(f"/alerts/{CODE}/take").status_code == 400
    assert web.as_("viewer").post(f"/alerts/{CODE}/take").status_code == 403
    assert web.as_("viewer_bv02").get(f"/alerts/{CODE}").status_code == 404
    assert web.as_("admin").get("/alerts/i9").status_code == 404
    assert found(web).incident.acked_by == ""


def test_a_viewer_sees_no_button_and_only_what_the_scope_covers(web, press):
    raise_incident(web, id="i2", facility="bv02", series="")
    html = web.browser("viewer").get("/alerts").get_data(as_text=True)
    assert f"alert-{CODE}" in html
    assert "alert-i2" not in html
    assert "/take" not in html
    assert "alert-i2" in web.browser("admin").get("/alerts").get_data(as_text=True)
    assert "alert-i2" not in web.browser("admin").get("/alerts?facility=bv01").get_data(as_text=True)
    assert web.browser("screen").get("/alerts").status_code == 403


def test_the_pages_name_their_streams_with_scope_and_right(web, press):
    html = web.browser("operator").get("/alerts").get_data(as_text=True)
    assert 'data-live="/api/v1/stream?view=alerts&amp;facility=bv01&amp;lang=vi&amp;can=acknowledge"' in html
    html = web.browser("viewer").get(f"/alerts/{CODE}").get_data(as_text=True)
    stream = f"/api/v1/stream?view=incident&amp;facility=bv01&amp;site=cs1&amp;incident={CODE}&amp;lang=vi"
    assert f'data-live="{stream}"' in html


def test_the_incident_leads_to_its_history_its_rule_and_its_device(web, press):
    html = web.browser("viewer").get(f"/alerts/{CODE}").get_data(as_text=True)
    history = f"/history?metric=fridge.temp&amp;facility=bv01&amp;site=cs1&amp;device=tl-01&amp;incident={CODE}"
    assert f'href="{history}"' in html
    assert 'href="/alerts/rules#fridge-warm"' in html
    assert 'href="/device/bv01/tl-01"' in html
    assert "<li>Đóng cửa</li>" in html
    assert "Nguồn của ngưỡng: WHO" in html


def test_every_page_says_how_many_are_open_and_nobody_has_taken(web, press):
    html = web.browser("viewer").get("/devices/bv01").get_data(as_text=True)
    assert '<span id="nav-alerts" class="badge" data-level="critical">' in html
    assert "đang mở, 1 chưa ai nhận" in html
    html = web.browser("admin").get("/devices/bv03").get_data(as_text=True)
    assert '<span id="nav-alerts" class="badge"></span>' in html


RULE = {
    "id": "fridge-warm", "title": {"vi": "{device} ấm {value:.1f} °C", "en": "{device}"}, "kind": "threshold",
    "metric": "fridge.temp", "where": {"use": ["vaccine", "drug"]}, "over_s": 300, "take": "last",
    "levels": [
        {"level": "warning", "enter": {"text": "> 8", "op": ">", "number": 8.0, "table": "", "column": ""},
         "leave": None, "for_s": 600, "hold_s": 0},
        {"level": "critical",
         "enter": {"text": "> @device.high - 0.5", "op": ">", "number": -0.5, "table": "device", "column": "high"},
         "leave": {"text": "< @icu.warn", "op": "<", "number": 0, "table": "icu", "column": "warn"},
         "for_s": 0, "hold_s": 300},
    ],
    "missing": {"after_s": 600, "raise": ""},
    "notify": {"group": "pharmacy", "min_level": "warning"},
    "ack": {"required_from": "critical", "expires_s": 1800, "reason": False}, "owner": "khoa Dược",
    "runbook": {"path": "runbooks/x.md", "steps": {"vi": []}, "source": {"vi": "WHO 2–8 °C"}},
    "review_by": "2026-11-22", "file": "rules/x.yaml:3",
}  # fmt: skip


def test_the_rules_in_force_are_listed_with_limits_and_who_is_told(web):
    hold_rules(web, [RULE, RULE | {"id": "two", "review_by": "2027-01-01", "missing": None, "over_s": 0}])
    html = web.browser("viewer").get("/alerts/rules").get_data(as_text=True).replace("\u00a0", " ")
    for text in (
        "… ấm x °C", "vaccine, drug", "gộp 5 ph", "<b>&gt; 8 °C</b> trong 10 ph",
        "<b>&gt; giới hạn trên của thiết bị − 0,5</b>", "hết khi &lt; @icu.warn trong 5 ph",
        "im quá 10 ph: giữ mức, không báo thêm", "báo pharmacy từ mức Chú ý",
        "phải có người nhận từ mức Khẩn; có hạn 30 ph", "quá hạn xem lại từ 22/11/2026", "xem lại trước 01/01/2027",
        "WHO 2–8 °C", 'id="two"',
    ):  # fmt: skip
        assert text in html, text


def test_groups_are_called_by_their_titles(web):
    named = {"group": "pharmacy", "group_title": {"vi": "Khoa Dược", "en": "Pharmacy"}, "min_level": "warning"}
    hold_rules(
        web, [RULE | {"notify": named, "owner": "pharmacy", "owner_title": {"vi": "Khoa Dược", "en": "Pharmacy"}}]
    )
    html = web.browser("viewer").get("/alerts/rules").get_data(as_text=True)
    assert "báo Khoa Dược từ mức Chú ý" in html
    assert "<p>Khoa Dược<br>" in html


def test_without_a_scheduler_the_page_says_that_no_rules_were_read(web):
    html = web.browser("viewer").get("/alerts/rules").get_data(as_text=True)
    assert "Chưa có tiến trình scheduler nào đọc luật." in html
    assert "Không có luật nào được xét." in html


def test_an_incident_says_until_when_its_rule_is_to_be_reviewed(web, press):
    hold_rules(web, [RULE])
    html = web.browser("viewer").get(f"/alerts/{CODE}").get_data(as_text=True)
    assert "22/11/2026 · quá hạn" in html


def test_no_stream_draws_more_buttons_than_whoever_asks_may_press(web, press):
    def drawn(who, **asked):
        with web.app.test_request_context(headers={"Authorization": f"Bearer {web.tokens[who]}"}):
            return alerts_view(web.app, asked).can, incident_view(web.app, {"incident": CODE, **asked}).can

    assert drawn("viewer", can="close") == ("", "")
    assert drawn("operator", can="close") == ("acknowledge", "acknowledge")
    assert drawn("oncall", can="acknowledge") == ("acknowledge", "acknowledge")
    assert drawn("oncall", can="close") == ("close", "close")


def test_an_incident_of_another_facility_is_as_unknown_to_the_stream_as_none(web, press):
    client = web.as_("viewer_bv02")
    assert client.get(f"/api/v1/stream?view=incident&incident={CODE}").status_code == 404
    assert client.get("/api/v1/stream?view=incident&incident=i0").status_code == 404


def test_what_does_not_print_is_left_out_of_what_somebody_writes(web, press):
    press("operator", "note", text="một\r\nhai\x00\x07\u202e ba")
    assert found(web).timeline[-1].text == "một\nhai ba"


@pytest.mark.parametrize(
    ("back", "place"),
    [("list", "/alerts#"), ("facility", "/alerts?facility=bv01#"), ("site", "/alerts?facility=bv01&site=cs1#")],
)
def test_a_button_leads_back_to_the_list_on_which_it_stood(press, back, place):
    assert press("operator", "note", text="x", back=back).headers["Location"] == f"{place}alert-{CODE}"


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "incident", ""])
def test_a_button_leads_nowhere_else(press, back):
    assert press("operator", "note", text="x", back=back).headers["Location"] == f"/alerts/{CODE}"
