"""The alert centre and the page of one incident as the hub draws them."""

from dataclasses import replace

import pytest

from alerts.change import next_change
from alerts.tables import deliveries, incidents
from dashboards.alerts.live import SHEET, alerts_view, incident_view
from dashboards.errors import ProblemError
from dashboards.live.view import Alerted
from dashboards.live.views import VIEWS
from ioc.database import writing
from ioc.domain import MINUTE, SECOND, Series
from ioc.lease import Lease
from tests.unit.dashboards.alerting import SERIES, deliver, hold_rules, raise_incident


@pytest.fixture
def view(web):
    return alerts_view(web.app, {"lang": "vi", "can": "acknowledge"})


def judge(web):
    assert Lease(web.services.engine, "scheduler", "test", web.clock).acquire()


def render(web, view, part, after_s=0):
    web.services.book.refresh()
    web.services.incidents.refresh()
    with web.app.test_request_context():
        return view.render(part, web.services.book, web.clock.now_ns() + after_s * SECOND)


def test_the_streams_know_the_views_by_their_names(web, view):
    raise_incident(web)
    one = incident_view(web.app, {"incident": "i0123456789abcde"})
    assert (VIEWS["alerts"], VIEWS["incident"]) == (alerts_view, incident_view)
    assert isinstance(view, Alerted)
    assert isinstance(one, Alerted)


def test_every_part_can_be_drawn_and_carries_its_own_id(web, view):
    raise_incident(web)
    raise_incident(web, id="i2", status="resolved", resolved_ns=1, resolved_at_ns=web.clock.now_ns())
    one = incident_view(web.app, {"incident": "i0123456789abcde", "can": "close"})
    for shown in (view, one):
        for part in shown.parts():
            assert f'id="{part}"' in render(web, shown, part)[0], part


def test_views_of_other_places_languages_and_rights_are_other_views(web, view):
    asked = [{}, {"facility": "bv01"}, {"facility": "bv02", "site": "cs1"}, {"lang": "en"}, {"can": "close"}]
    assert len({view.key, *(alerts_view(web.app, one).key for one in asked)}) == 6
    assert alerts_view(web.app, {"can": "<everything>"}).can == ""


def test_a_place_or_incident_that_there_is_not_is_not_found(web):
    for make, asked in ((alerts_view, {"facility": "bv99"}), (incident_view, {"incident": "i9"}), (incident_view, {})):
        with pytest.raises(ProblemError) as caught:
            make(web.app, asked)
        assert caught.value.status == 404


def test_what_is_not_taken_stands_first_then_what_is_then_what_need_not_be(web, view):
    raise_incident(web, id="ifree", level="warning", needs_owner=0)
    raise_incident(web, id="itaken", acked_by="lan", acked_at_ns=1, ack_until_ns=2)
    raise_incident(web, id="iwarning", level="warning")
    raise_incident(web, id="icritical")
    html, _ = render(web, view, "alert-open")
    places = [
        html.find(text)
        for text in (
            'id="sec-unowned"', 'id="alert-icritical"', 'id="alert-iwarning"', 'id="sec-owned"', 'id="alert-itaken"',
            'id="sec-free"', 'id="alert-ifree"',
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert places[0] > 0
    counts, _ = render(web, view, "alert-counts")
    assert "<b>4</b> đang mở" in counts
    assert "<b>2</b> chưa ai nhận" in counts


def test_an_article_carries_what_other_programs_read(web, view):
    web.put("fridge.temp,device=tl-01,facility=bv01,site=cs1", 12.0)
    raise_incident(web)
    html, _ = render(web, view, "alert-open")
    for attribute in (
        'data-metric="fridge.temp"', 'data-scope="facility:bv01/site:cs1/device:tl-01"', 'data-state="fresh"',
        'data-quality="good"', 'data-level="critical"', 'data-status="firing"',
    ):  # fmt: skip
        assert attribute in html


def test_nothing_open_is_said_with_how_many_rules_are_judged(web, view):
    assert "luật đang được xét" not in render(web, view, "alert-open")[0]  # nobody judges
    judge(web)
    hold_rules(web, [])
    html, _ = render(web, view, "alert-open")
    assert "Không có cảnh báo nào đang mở" in html
    assert "0 luật đang được xét, gần nhất lúc 08:00" in html


def test_bands_say_that_nobody_judges_and_why_newer_rules_are_refused(web, view):
    assert "Cảnh báo chưa được xét" in render(web, view, "alert-bands")[0]
    judge(web)
    html, due = render(web, view, "alert-bands")
    assert "band-" not in html
    assert due == web.clock.now_ns() + 2 * SECOND
    assert "Cảnh báo không được xét từ 08:00" in render(web, view, "alert-bands", 16)[0]
    fault = (
        '[{"id":"A-1","where":"rules/x.yaml:7","what":"there is no metric <b>.","hint":"Did you mean fridge.temp?"}]'
    )
    hold_rules(web, [], refused_at_ns=web.clock.now_ns(), faults=fault)
    html, _ = render(web, view, "alert-bands")
    assert "Tệp luật lúc 08:00 bị từ chối" in html
    assert "rules/x.yaml:7: there is no metric &lt;b&gt;. Did you mean fridge.temp?" in html


def test_the_list_looks_again_who_was_told_until_all_were(web, view):
    raise_incident(web)
    number = deliver(web, "i0123456789abcde")
    assert "đang gửi" in render(web, view, "alert-open")[0]
    settle(web, number)
    assert "đang gửi" in render(web, view, "alert-open", 1)[0]
    html, due = render(web, view, "alert-open", 2)
    assert "Lan: e-mail 08:00" in html
    assert due == web.clock.now_ns() + 4 * SECOND


def settle(web, number):
    with writing(web.services.engine) as connection:
        sent = deliveries.update().where(deliveries.c.id == number)
        connection.execute(sent.values(state="sent", done_ns=web.clock.now_ns()))


def test_who_may_do_nothing_is_offered_nothing(web, view):
    raise_incident(web)
    assert 'action="/alerts/i0123456789abcde/take"' in render(web, view, "alert-open")[0]
    watching = alerts_view(web.app, {})
    assert "<form" not in render(web, watching, "alert-open")[0]
    one = incident_view(web.app, {"incident": "i0123456789abcde"})
    assert all("<form" not in render(web, one, part)[0] for part in SHEET)


def test_taking_is_one_click_or_a_short_form_where_the_rule_wants_a_reason(web, view):
    raise_incident(web)
    html, _ = render(web, view, "alert-open")
    assert '<details id="take-' not in html
    raise_incident(web, id="i2", ack_needs_reason=1)
    html, _ = render(web, view, "alert-open")
    assert '<details id="take-i2"' in html
    assert 'name="reason" maxlength="1000" autocomplete="off" required' in html


def test_the_page_of_an_incident_says_too_that_nobody_judges(web):
    one = incident_view(web.app, {"incident": raise_incident(web), "lang": "vi"})
    assert 'id="band-unjudged"' in render(web, one, "alert-bands")[0]
    judge(web)
    assert 'id="band-unjudged"' not in render(web, one, "alert-bands")[0]


def test_a_form_leads_back_to_the_list_that_was_seen(web):
    raise_incident(web)
    for place, back in (
        ({}, "list"),
        ({"facility": "bv01"}, "facility"),
        ({"facility": "bv01", "site": "cs1"}, "site"),
    ):
        html, _ = render(web, alerts_view(web.app, {"can": "close", **place}), "alert-open")
        assert f'name="back" value="{back}"' in html


def test_a_simulated_alarm_that_nobody_has_taken_is_counted_hollow(web, view):
    raise_incident(web, quality="sim")
    assert 'class="badge hollow"' in render(web, view, "nav-alerts")[0]
    raise_incident(web, id="ireal")
    assert 'class="badge"' in render(web, view, "nav-alerts")[0]


def test_what_the_hub_draws_holds_no_token_of_anybody(web, view):
    raise_incident(web)
    assert 'name="csrf_token" value=""' in render(web, view, "alert-open")[0]


def test_only_what_shows_the_incident_is_touched(web, view):
    raise_incident(web)
    incident = web.services.incidents.refresh()[0]
    assert set(view.touched(Series.parse(SERIES))) == {"alert-open"}
    assert set(view.touched(Series.parse("fridge.door,device=tl-01,facility=bv01,site=cs1,source=mqtt"))) == set()
    assert set(view.alerted(incident)) == {"nav-alerts", "alert-counts", "alert-open"}
    assert "alert-done" in set(view.alerted(replace(incident, status="resolved")))
    assert set(alerts_view(web.app, {"facility": "bv02"}).alerted(incident)) == set()
    one = incident_view(web.app, {"incident": incident.id})
    assert set(one.touched(Series.parse(SERIES))) == {"incident-head"}
    assert set(one.alerted(incident)) == {"nav-alerts", *SHEET}
    assert set(one.alerted(replace(incident, id="i2"))) == {"nav-alerts"}
    assert set(one.alerted(replace(incident, id="i2", facility="bv02"))) == set()


def test_what_is_done_today_says_who_took_it_and_after_what_time(web, view):
    now_ns = web.clock.now_ns()
    done = {"status": "resolved", "why": "value", "resolved_ns": now_ns - MINUTE, "resolved_at_ns": now_ns - MINUTE}
    taken = {"acked_by": "lan", "acked_at_ns": now_ns - 6 * MINUTE, "ack_until_ns": now_ns}
    raise_incident(web, **done, **taken, first_acked_at_ns=now_ns - 6 * MINUTE)
    yesterday = now_ns - 9 * 60 * MINUTE
    raise_incident(web, id="iold", **done | {"resolved_ns": yesterday, "resolved_at_ns": yesterday})
    html, due = render(web, view, "alert-done")
    assert html.count("<li") == 1
    assert "<span>07:50–07:59</span>" in html
    assert "<span>lan</span>" in html
    assert "trung vị nhận sau 4\u00a0ph" in html
    assert due == now_ns + 16 * 60 * MINUTE  # midnight


def test_more_than_can_be_read_are_listed_without_who_was_told(web, view, monkeypatch):
    monkeypatch.setattr("dashboards.alerts.live.DETAILED", 1)
    for number in range(3):
        raise_incident(web, id=f"i{number}")
        deliver(web, f"i{number}", dedup_key=f"k{number}")
    html, _ = render(web, view, "alert-open")
    assert html.count("<article") == 3
    assert html.count("Lan: e-mail") == 1


def test_one_that_was_resolved_and_forgotten_is_not_kept(web, view):
    raise_incident(web)
    render(web, view, "alert-open")
    with writing(web.services.engine) as connection:
        over = incidents.update().values(status="resolved", resolved_at_ns=1, resolved_ns=1)
        connection.execute(over.values(change=next_change(connection)))
    assert "Không có cảnh báo nào đang mở" in render(web, view, "alert-open")[0]
