"""The page of a history: what is asked for, what is offered, what the chart is given."""

import html as escaped
import json
import re

import pytest

from dashboards.errors import ProblemError
from dashboards.history import choice as choices
from ioc.domain import parse_rfc3339
from tests.unit.dashboards.alerting import raise_incident

ZONE = "Asia/Ho_Chi_Minh"
NOW = parse_rfc3339("2026-11-21T14:32:00+07:00")


@pytest.fixture
def metric(web):
    with web.app.test_request_context():
        yield web.services.catalogue.get


def page(web, query, who="viewer"):
    return escaped.unescape(web.browser(who).get(f"/history?{query}").get_data(as_text=True))


def test_without_a_word_it_is_the_last_day_in_steps_of_five_minutes(metric):
    choice = choices.read({}, metric("fridge.temp"), NOW, ZONE)
    assert (choice.range, choice.every, choice.how) == ("24h", "5m", "mean")
    assert choice.stop_ns - choice.start_ns == choices.RANGES["24h"]


def test_from_and_to_are_local_times(metric):
    asked = {"from": "2026-11-20T00:00", "to": "2026-11-20T12:00"}
    choice = choices.read(asked, metric("fridge.temp"), NOW, ZONE)
    assert choice.range == ""
    assert choice.start_ns == parse_rfc3339("2026-11-19T17:00:00Z")


@pytest.mark.parametrize(
    "asked",
    [
        {"range": "1y"},
        {"from": "yesterday", "to": "today"},
        {"from": "2026-11-20T00:00"},
        {"from": "2026-11-20T12:00", "to": "2026-11-20T00:00"},
        {"from": "0001-01-01T00:00", "to": "0001-01-02T00:00"},
        {"from": "2026-11-20T00:00", "to": "9999-12-31T00:00"},
    ],
)
def test_what_cannot_be_understood_is_said(metric, asked):
    with pytest.raises(ProblemError) as caught:
        choices.read(asked, metric("fridge.temp"), NOW, ZONE)
    assert caught.value.status == 400


def test_a_resolution_too_fine_for_the_range_is_not_offered(metric):
    assert "raw" in choices.steps_for(choices.RANGES["24h"])
    assert "5m" not in choices.steps_for(choices.RANGES["90d"])
    choice = choices.read({"range": "365d", "every": "5m"}, metric("fridge.temp"), NOW, ZONE)
    assert choice.every == "1d"


def test_the_metrics_own_way_comes_first_and_states_have_no_mean(metric):
    assert choices.hows_for(metric("ups.runtime"))[0][0] == "min"
    assert "mean" not in dict(choices.hows_for(metric("fridge.door")))
    assert choices.read({"how": "mean"}, metric("fridge.door"), NOW, ZONE).how == "last"


def test_the_chart_is_given_its_points_limits_and_names(web):
    html = page(web, "metric=fridge.temp&facility=bv01&device=tl-01")
    assert re.search(r'data-chart="/api/v1/series\?metric=fridge.temp&facility=bv01&device=tl-01&start=', html)
    assert "8 giới hạn" in html
    assert "Tủ vắc xin TL-01" in html
    assert "/figures/plotly-" in html
    assert "&format=csv" in html


def test_thresholds_of_the_catalogue_are_drawn(web):
    html = page(web, "metric=ups.load&facility=bv01")
    assert "80 chú ý" in html
    assert "95 khẩn" in html


def test_a_state_is_given_the_names_of_its_places(web):
    assert 'data-states="["đóng","mở"]"' in page(web, "metric=fridge.door&facility=bv01&device=tl-01")


def test_only_this_page_loosens_the_policy_and_only_for_plotly(web):
    client = web.browser("viewer")
    policy = client.get("/history?facility=bv01").headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "sha256-" in policy
    assert "sha256-" not in client.get("/definitions").headers["Content-Security-Policy"]


def test_choices_keep_each_other(web):
    html = page(web, "metric=ups.load&facility=bv01&device=ups-01&how=max&range=7d&every=1h")
    assert "/history?metric=ups.load&facility=bv01&device=ups-01&how=max&range=14d" in html
    assert "/history?metric=ups.load&facility=bv01&device=ups-01&how=max&range=7d&every=5m" in html
    assert 'aria-current="true">7 ngày' in html


def test_an_unknown_metric_names_the_nearest(web):
    answer = web.browser("viewer").get("/history?metric=ups.loda", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.get_json()["error"]["hint"] == "Did you mean ups.load?"


def test_another_facility_is_closed(web):
    assert web.browser("viewer").get("/history?facility=bv02").status_code == 403


def test_plotly_comes_packed_from_the_installed_package_and_is_kept(web):
    address = re.search(r'src="(/figures/plotly-[^"]+)"', page(web, "facility=bv01"))[1]
    packed = web.nobody().get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < 1_700_000
    assert "immutable" in packed.headers["Cache-Control"]
    plain = web.nobody().get(address)
    assert "Content-Encoding" not in plain.headers
    assert plain.mimetype == "text/javascript"
    assert web.nobody().get("/figures/plotly-0.0.0.min.js").status_code == 404


def raw_page(web, query, who="viewer"):
    """With the attributes as they stand, so that JSON in them is found."""
    found = web.browser(who).get(f"/history?{query}")
    assert found.status_code == 200
    html = found.get_data(as_text=True)
    return {name: json.loads(escaped.unescape(re.search(rf'data-{name}="([^"]*)"', html)[1]))
            for name in ("limits", "span", "start-ms", "stop-ms")}, escaped.unescape(html)  # fmt: skip


def test_an_alert_leads_to_its_series_around_its_time_with_the_limits_of_its_rule(web):
    now_ms = web.clock.now_ns() // 1_000_000
    chart, html = raw_page(web, f"incident={raise_incident(web)}")
    assert "metric=fridge.temp&facility=bv01&site=cs1&device=tl-01&start=" in html
    assert [(limit["value"], limit.get("level"), limit.get("aside", False)) for limit in chart["limits"]] == [
        (8.0, "warning", True), (10.0, "critical", False), (2.0, None, False),
    ]  # fmt: skip
    assert chart["limits"][1]["text"] == "> 10 khẩn"
    assert chart["span"] == {"start": now_ms - 600_000, "stop": None, "level": "critical"}
    assert (chart["start-ms"], chart["stop-ms"]) == (now_ms - 4_200_000, now_ms)


def test_around_what_is_over_as_much_again_is_shown_after_it(web):
    now_ns = web.clock.now_ns()
    hour = 3600 * 10**9
    code = raise_incident(
        web, status="resolved", opened_ns=now_ns - 48 * hour, resolved_ns=now_ns - 24 * hour, resolved_at_ns=now_ns
    )
    chart, _ = raw_page(web, f"incident={code}")
    assert chart["start-ms"] == (now_ns - 54 * hour) // 10**6
    assert chart["stop-ms"] == (now_ns - 18 * hour) // 10**6
    assert chart["span"]["stop"] == (now_ns - 24 * hour) // 10**6


def test_another_range_or_resolution_keeps_the_alert_and_another_series_drops_it(web):
    code = raise_incident(web)
    chart, html = raw_page(web, f"incident={code}&range=7d")
    assert f"&incident={code}&range=14d" in html
    assert chart["stop-ms"] - chart["start-ms"] == 7 * 24 * 3_600_000
    chart, html = raw_page(web, f"incident={code}&metric=ups.load&facility=bv01")
    assert chart["span"] is None
    assert all("level" not in limit for limit in chart["limits"])


def test_a_limit_that_is_a_state_is_called_by_its_name(web):
    series = "fridge.door,device=tl-01,facility=bv01,site=cs1,source=mqtt"
    code = raise_incident(web, metric="fridge.door", series=series, limits='[["critical","==",1.0]]', value=1.0)
    chart, _ = raw_page(web, f"incident={code}")
    assert chart["limits"][0]["text"] == "= mở khẩn"


def test_the_history_of_another_facilitys_alert_is_as_unknown_as_none(web):
    code = raise_incident(web)
    assert web.browser("viewer_bv02").get(f"/history?incident={code}").status_code == 404
    assert web.browser("viewer").get("/history?incident=i404").status_code == 404
    assert web.browser("screen").get(f"/history?incident={code}").status_code == 403
    assert web.nobody().get(f"/history?incident={code}").status_code == 302


def test_whoever_sees_everything_is_offered_this_machine_by_its_name(web):
    html = web.browser("admin").get("/history?facility=_self&metric=host.cpu").get_data(as_text=True)
    assert '<option value="_self" selected>Máy này</option>' in html
    assert "/wall/_self" not in html
    assert "_self" not in web.browser("viewer").get("/history").get_data(as_text=True)
