"""The page of a history: what is asked for, what is offered, what the chart is given."""

import html as escaped
import re

import pytest

from dashboards.errors import ProblemError
from dashboards.history import choice as choices
from ioc.domain import parse_rfc3339

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
    assert "8,0 giới hạn" in html
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
