"""The page of a history: what is asked for, what is offered, what the chart is given."""

import html as escaped
import re

import pytest

from dashboards.errors import ProblemError
from dashboards.history import choice as choices
from ioc.domain import MINUTE, parse_rfc3339
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.conftest import NOW_NS as NOW_WEB
from tests.unit.dashboards.history.past import HOUR, ZONE, data, fridge

NOW = parse_rfc3339("2026-11-21T14:32:00+07:00")


@pytest.fixture
def metric(web):
    with web.app.test_request_context():
        yield web.services.catalogue.get


def read(asked, metric, **more):
    hows = tuple(how for how, _ in choices.hows_for(metric))
    return choices.read(asked, choices.Offered(hows, **more), NOW, ZONE)


def wall(ns):
    return ns // 1_000_000 + 7 * 3_600_000


def page(web, query, who="viewer"):
    return escaped.unescape(web.browser(who).get(f"/history?{query}").get_data(as_text=True))


def test_without_a_word_it_is_the_last_day_in_steps_of_five_minutes(metric):
    choice = read({}, metric("fridge.temp"))
    assert (choice.range, choice.every, choice.how) == ("24h", "5m", "mean")
    assert choice.stop_ns - choice.start_ns == choices.RANGES["24h"]


def test_from_and_to_are_local_times(metric):
    asked = {"from": "2026-11-20T00:00", "to": "2026-11-20T12:00"}
    choice = read(asked, metric("fridge.temp"))
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
        read(asked, metric("fridge.temp"))
    assert caught.value.status == 400


def test_a_resolution_too_fine_for_the_range_is_not_offered(metric):
    assert "raw" in choices.steps_for(choices.RANGES["24h"])
    assert "5m" not in choices.steps_for(choices.RANGES["90d"])
    choice = read({"range": "365d", "every": "5m"}, metric("fridge.temp"))
    assert choice.every == "1d"


def test_the_metrics_own_way_comes_first_and_states_have_no_mean(metric):
    assert choices.hows_for(metric("ups.runtime"))[0][0] == "min"
    assert "mean" not in dict(choices.hows_for(metric("fridge.door")))
    assert read({"how": "mean"}, metric("fridge.door")).how == "last"


def test_a_range_of_days_begins_at_midnight_and_holds_what_there_is_of_today(metric):
    choice = read({"range": "14d"}, metric("fridge.temp"))
    assert choice.start_ns == parse_rfc3339("2026-11-08T00:00:00+07:00")
    assert choice.stop_ns == NOW
    assert choice.every == "1h"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"range": "24h"}, {"day": 1, "week": 7, "year": 365}),
        ({"range": "7d"}, {"week": 7, "year": 365}),
        ({"range": "14d"}, {"before": 14, "year": 365}),
        ({"range": "365d"}, {"year": 365}),
        ({"from": "2028-02-29T00:00", "to": "2028-03-01T00:00"}, {"day": 1, "week": 7, "year": 366}),
        ({"from": "2025-01-10T00:00", "to": "2025-01-13T00:00"}, {"week": 7, "year": 366}),
    ],
)
def test_a_range_is_compared_with_the_day_week_or_time_before_and_with_the_same_dates_of_last_year(
    metric, asked, expected
):
    choice = read(asked, metric("fridge.temp"))
    assert choices.comparisons(choice.start_ns, choice.stop_ns, ZONE) == expected


def test_the_earlier_range_has_the_same_hours_of_the_clock_on_the_wall(metric):
    asked = {"from": "2026-03-31T00:00", "to": "2026-03-31T12:00", "vs": "week"}
    hows = choices.Offered(("mean",))
    choice = choices.read(asked, hows, NOW, "Europe/Paris")  # the clocks went forward in between
    start_ns, stop_ns = choice.earlier("Europe/Paris")
    assert start_ns == parse_rfc3339("2026-03-24T00:00:00+01:00")
    assert stop_ns == parse_rfc3339("2026-03-24T12:00:00+01:00")


def test_a_comparison_that_does_not_fit_is_none(metric):
    assert read({"range": "14d", "vs": "day"}, metric("fridge.temp")).vs == ""
    assert read({"vs": "places"}, metric("fridge.temp")).vs == ""
    choice = read({"vs": "places", "range": "24h"}, metric("fridge.temp"), beside=("mean",), many=6)
    assert (choice.vs, choice.back_days) == ("places", 0)


def test_many_lines_are_drawn_less_finely():
    year = choices.RANGES["365d"]
    assert choices.steps_for(year, raw=False, lines=60) == ["1d"]
    assert choices.steps_for(choices.RANGES["7d"], raw=True, lines=60) == ["1h", "1d"]
    assert "raw" not in choices.Offered(("mean",)).steps(choices.RANGES["6h"], "places")


def test_the_page_asks_for_its_values_with_the_same_question_and_fixed_times(web):
    html = page(web, "metric=fridge.temp&facility=bv01&device=tl-01")
    source = re.search(r'data-study="([^"]+)"', html)[1]
    assert source.startswith("/history/data?metric=fridge.temp&facility=bv01&device=tl-01&how=mean&from=2026-")
    assert "&every=5m" in source
    assert "/figures/plotly-" in html
    assert source.replace("/history/data", "/history/table.xlsx") in html
    assert source.replace("/history/data", "/history/table.csv") in html
    assert source.replace("/history/data", "/history") in html  # to be sent to somebody


def test_limits_names_and_states_are_told_to_the_chart(web):
    fridge(web, "tl-01", [(NOW_WEB - MINUTE, 4.0)])
    figure = data(web, "metric=fridge.temp&facility=bv01&device=tl-01")["figure"]
    assert [limit["text"] for limit in figure["limits"]] == ["2 giới hạn", "8 giới hạn"]
    assert [line["name"] for line in figure["lines"]] == ["Tủ vắc xin TL-01"]
    figure = data(web, "metric=ups.load&facility=bv01")["figure"]
    assert [limit["text"] for limit in figure["limits"]] == ["80 chú ý", "95 khẩn"]
    assert data(web, "metric=fridge.door&facility=bv01&device=tl-01")["figure"]["states"] == ["đóng", "mở"]


def test_what_cannot_be_of_a_metric_is_left_out(web):
    html = page(web, "metric=ups.load&facility=bv01&device=tl-01&ward=noi-1")
    assert "/history/data?metric=ups.load&facility=bv01&how=" in html
    assert 'name="ward"' not in html


def test_without_a_word_it_is_the_occupancy_of_two_weeks(web):
    html = page(web, "")
    assert "metric=bed.occ_staffed&facility=bv01&how=ratio&from=2026-11-09T17:00:00" in html
    assert "Giường đang dùng" in html  # what is divided by what, by name
    assert 'value="raw"' not in html


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


@pytest.mark.parametrize(
    ("query", "where", "hint"),
    [
        ("metric=ups.loda", "metric: there is no metric", "Did you mean ups.load?"),
        ("facility=bv01&site=cs9", "site: bv01 has no site", "Did you mean cs1?"),
        ("site=xx", "site: ", "It has cs1"),
        ("facility=bv99", "facility: there is no facility", "There are bv01"),
        ("province=song-mya", "province: there is no province", "Did you mean song-may?"),
    ],
)
def test_a_name_that_is_not_known_is_told_with_its_parameter_and_the_nearest(web, query, where, hint):
    client = web.browser("admin")
    answer = client.get(f"/history?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"].startswith(where)
    assert answer.get_json()["error"]["hint"].startswith(hint)
    assert where in client.get(f"/history?{query}").text  # people read it too


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
    """The page, and the chart for which it asks."""
    html = page(web, query, who)
    return data(web, re.search(r'data-study="/history/data\?([^"]+)"', html)[1], who)["figure"], html


def test_an_alert_leads_to_its_series_around_its_time_with_the_limits_of_its_rule(web):
    chart, html = raw_page(web, f"incident={raise_incident(web)}")
    now_ms = wall(web.clock.now_ns())
    assert "/history/data?metric=fridge.temp&facility=bv01&site=cs1&device=tl-01&how=mean&incident=" in html
    assert [(limit["value"], limit.get("level"), limit.get("aside", False)) for limit in chart["limits"]] == [
        (8.0, "warning", True), (10.0, "critical", False), (2.0, None, False),
    ]  # fmt: skip
    assert chart["limits"][1]["text"] == "> 10 khẩn"
    (bar,) = chart["happened"]
    assert (bar["start"], bar["stop"], bar["begins"], bar["ends"]) == (now_ms - 600_000, now_ms, True, False)
    assert (bar["level"], bar["number"]) == ("critical", 1)
    assert (chart["start"], chart["stop"]) == (now_ms - 4_200_000, now_ms)


def test_around_what_is_over_as_much_again_is_shown_after_it(web):
    now_ns = web.clock.now_ns()
    code = raise_incident(
        web, status="resolved", opened_ns=now_ns - 48 * HOUR, resolved_ns=now_ns - 24 * HOUR, resolved_at_ns=now_ns
    )
    chart, _ = raw_page(web, f"incident={code}")
    assert chart["start"] == wall(now_ns - 54 * HOUR)
    assert chart["stop"] == wall(now_ns - 18 * HOUR)
    assert chart["happened"][0]["stop"] == wall(now_ns - 24 * HOUR)


def test_another_range_or_resolution_keeps_the_alert_and_another_series_drops_it(web):
    code = raise_incident(web)
    chart, html = raw_page(web, f"incident={code}&range=7d")
    assert f"&incident={code}&range=14d" in html
    assert chart["start"] % (24 * 3_600_000) == 0
    chart, html = raw_page(web, f"incident={code}&metric=ups.load&facility=bv01")
    assert chart["happened"] == []
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
