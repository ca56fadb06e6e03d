"""``/api/v1/series``: values over time."""

import csv
import io

import pytest

from dashboards.api import series as module
from ioc.domain import MINUTE, SECOND, Quality, Reading, Series

HOUR = 60 * MINUTE
DAY = 24 * HOUR


def fridge(facility="bv01", device="tl-01", source="mqtt"):
    return Series.of("fridge.temp", device=device, facility=facility, site="cs1", source=source)


@pytest.fixture
def filled(web):
    """Two hours of a value each minute, 0 to 119, up to 08:00 local time."""
    start = web.clock.now_ns() - 120 * MINUTE
    for series in (fridge(), fridge(device="tl-02"), fridge(facility="bv02")):
        web.services.store.write(Reading(series, start + n * MINUTE, float(n)) for n in range(120))
    return web


def get(web, query, who="admin"):
    return web.as_(who).get(f"/api/v1/series?{query}")


def items(web, query, who="admin"):
    answer = get(web, query, who)
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def test_a_series_has_the_outward_form(filled):
    (one,) = items(filled, "metric=fridge.temp&facility=bv01&device=tl-01&start=-2h&every=1h&how=mean")
    assert one == {
        "metric": "fridge.temp",
        "tags": {"device": "tl-01", "facility": "bv01", "site": "cs1", "source": "mqtt"},
        "unit": "Cel",
        "how": "mean",
        "quality": "good",
        "points": [["2026-11-22T23:00:00.000Z", 29.5], ["2026-11-23T00:00:00.000Z", 89.5]],
    }


@pytest.mark.parametrize(
    ("how", "value"), [("sum", 5370.0), ("count", 60), ("min", 60.0), ("max", 119.0), ("last", 119.0), ("mean", 89.5)]
)
def test_each_how_gives_its_number(filled, how, value):
    (one,) = items(filled, f"metric=fridge.temp&device=tl-01&facility=bv01&start=-1h&every=1h&how={how}")
    assert [point[1] for point in one["points"]] == [value]


@pytest.mark.parametrize(("how", "value"), [("median", 89.0), ("p90", 113.0)])
def test_a_quantile_is_exact_and_when_its_values_are_gone_says_how_far_it_may_be_off(filled, how, value):
    query = f"metric=fridge.temp&device=tl-01&facility=bv01&start=-1h&every=1h&how={how}"
    (one,) = items(filled, query)
    assert [point[1] for point in one["points"]] == [value]
    assert "error" not in one
    filled.services.store.retain(filled.clock.now_ns() + 40 * DAY)
    (one,) = items(filled, query)
    assert [point[1] for point in one["points"]] == [pytest.approx(value, rel=0.01)]
    assert one["error"] == 0.01


def test_raw_gives_the_values_as_they_came(filled):
    (one,) = items(filled, "metric=fridge.temp&device=tl-01&facility=bv01&start=-3m&every=raw")
    assert one["points"] == [
        ["2026-11-23T00:57:00.000Z", 117.0],
        ["2026-11-23T00:58:00.000Z", 118.0],
        ["2026-11-23T00:59:00.000Z", 119.0],
    ]


def test_an_empty_window_is_a_gap_and_not_zero(filled):
    (one,) = items(filled, "metric=fridge.temp&device=tl-01&facility=bv01&start=-4h&stop=now&every=1h&how=mean")
    assert [point[1] for point in one["points"]] == [None, None, 29.5, 89.5]


def test_what_was_simulated_says_so(web):
    now = web.clock.now_ns()
    web.services.store.write([Reading(fridge(), now - MINUTE, 4.0, Quality.SIM), Reading(fridge(), now - SECOND, 5.0)])
    for every in ("raw", "1h"):
        assert items(web, f"metric=fridge.temp&start=-1h&every={every}")[0]["quality"] == "sim"


def test_grouping_puts_series_together(filled):
    found = items(filled, "metric=fridge.temp&start=-1h&every=1h&how=count&by=facility")
    assert {one["tags"]["facility"]: one["points"][0][1] for one in found} == {"bv01": 120, "bv02": 60}


def test_everybody_sees_only_what_is_theirs(filled):
    found = items(filled, "metric=fridge.temp&every=1h&start=-1h", who="viewer_bv02")
    assert {one["tags"]["facility"] for one in found} == {"bv02"}
    assert get(filled, "metric=fridge.temp&facility=bv01", who="viewer_bv02").status_code == 403
    assert get(filled, "metric=fridge.temp", who="screen").status_code == 403


def test_csv_is_a_table_to_download(filled):
    answer = get(filled, "metric=fridge.temp&device=tl-01&facility=bv01&start=-2h&every=1h&how=mean&format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="fridge-temp.csv"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["metric", "device", "facility", "site", "source", "time", "value", "unit", "quality"]
    assert rows[1][5:] == ["2026-11-22T23:00:00.000Z", "29.5", "Cel", "good"]


def test_a_cell_that_a_spreadsheet_would_reckon_with_is_text():
    from dashboards.api.answers import as_csv

    body = as_csv([["=1+1", "-x", "@a", -1.5, "fine"]], "x").get_data(as_text=True)
    assert body == "'=1+1,'-x,'@a,-1.5,fine\r\n"


@pytest.mark.parametrize(
    ("query", "code", "message", "hint"),
    [
        ("", "bad_parameter", "metric: is missing", "metric=fridge.temp"),
        ("metric=fridge.tmp", "bad_parameter", "metric: there is no metric", "Did you mean fridge.temp?"),
        ("metric=fridge.temp&start=yesterday", "bad_parameter", "start: not an RFC 3339 time", "-24h"),
        ("metric=fridge.temp&start=2026-11-01T00:00:00", "bad_parameter", "start: not an RFC 3339 time", "+07:00"),
        ("metric=fridge.temp&start=now&stop=-1h", "bad_parameter", "start: is not before stop", "stop is"),
        ("metric=fridge.temp&every=1", "bad_parameter", "every:", "raw, 5m, 1h or 1d"),
        ("metric=fridge.temp&every=1s", "bad_parameter", "every: is shorter than a minute", "raw"),
        ("metric=fridge.temp&every=-5m", "bad_parameter", "every:", "raw"),
        ("metric=fridge.temp&every=9999999999999d", "bad_parameter", "every: is longer than a year", "1d"),
        ("metric=fridge.temp&start=0001-01-01T00:00:00Z", "bad_parameter", "start: is not between", ""),
        ("metric=fridge.temp&stop=9999-12-31T00:00:00Z", "bad_parameter", "stop: is not between", ""),
        ("metric=fridge.temp&start=-99999d", "bad_parameter", "start: is not between", ""),
        ("metric=fridge.temp&how=avg", "bad_parameter", "how: 'avg' is none of", ""),
        ("metric=fridge.temp&how=ratio", "bad_parameter", "how: fridge.temp is no ratio", "how="),
        ("metric=fridge.temp&by=ward", "bad_parameter", "by: fridge.temp has no tag 'ward'", "Its tags are"),
        ("metric=fridge.temp&format=xml", "bad_parameter", "format:", ""),
        ("metric=fridge.temp&facility=bv99", "bad_parameter", "facility: there is no facility", "There are bv01"),
        ("metric=fridge.temp&start=1980-01-01T00:00:00Z&every=1m", "too_many_points", "an answer has", "longer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_where_and_how_to_mend_it(filled, query, code, message, hint):
    answer = get(filled, query)
    assert answer.status_code == 400
    told = answer.json["error"]
    assert told["code"] == code
    assert told["message"].startswith(message)
    assert hint in told["hint"]


def test_too_many_raw_points_are_refused_and_not_cut(filled, monkeypatch):
    monkeypatch.setattr(module, "MOST_POINTS", 100)
    answer = get(filled, "metric=fridge.temp&device=tl-01&facility=bv01&start=-2h&every=raw")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "too_many_points")
    assert get(filled, "metric=fridge.temp&device=tl-01&facility=bv01&start=-1h&every=raw").status_code == 200


def test_a_plus_that_was_lost_on_the_way_is_understood(filled):
    (one,) = items(
        filled,
        "metric=fridge.temp&device=tl-01&facility=bv01&every=1h&how=count"
        "&start=2026-11-23T07:00:00+07:00&stop=2026-11-23T08:00:00%2B07:00",
    )
    assert one["points"] == [["2026-11-23T00:00:00.000Z", 60]]


def test_days_are_the_hospitals_days(filled):
    found = items(filled, "metric=fridge.temp&device=tl-01&facility=bv01&every=1d&how=count&start=-1h")
    assert found[0]["points"] == [["2026-11-22T17:00:00.000Z", 120]]


def test_a_resolution_is_chosen_that_a_chart_can_show(filled):
    for back, most in (("1h", 70), ("6h", 370), ("24h", 300), ("7d", 200), ("60d", 300), ("400d", 410)):
        (one,) = items(filled, f"metric=fridge.temp&device=tl-01&facility=bv01&start=-{back}")
        assert 10 <= len(one["points"]) <= most, back


def test_the_store_that_is_not_there_yet_is_an_answer(web, monkeypatch):
    from ioc.errors import RetryError

    def missing(*_args, **_kwargs):
        raise RetryError("the store is not there yet", "the worker makes it")

    monkeypatch.setattr(web.services.store, "series", missing)
    answer = get(web, "metric=fridge.temp&every=1h")
    assert answer.status_code == 503
    assert answer.json["error"]["hint"] == "the worker makes it"
