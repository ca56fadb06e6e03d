"""Figures of the census by the API: ratios now, and ratios and sums over time, by facility, site, ward and province."""

import json

import pytest

from dashboards.live.ratios import Ratios, RatioView
from dashboards.live.values import Filter
from ioc.domain import MINUTE, SECOND, Quality, Reading, Series
from tests.unit.dashboards.wards import put_ward

HOUR = 60 * MINUTE
OCCUPANCY = "metric=bed.occ_staffed"


def latest(web, query, who="admin"):
    answer = web.as_(who).get(f"/api/v1/latest?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def test_a_ratio_has_the_outward_form(web):
    put_ward(web, ward="noi", age_s=20)
    put_ward(web, ward="ngoai", occupied=10, staffed=10, age_s=50)
    (one,) = latest(web, f"{OCCUPANCY}&facility=bv01")
    assert one == {
        "metric": "bed.occ_staffed",
        "tags": {"facility": "bv01"},
        "value": 80.0,
        "unit": "%",
        "as_of": "2026-11-23T00:59:10.000Z",
        "age_s": 50.0,
        "state": "fresh",
        "quality": "good",
        "source": "census",
        "n": 2,
        "m": 2,
    }


def test_its_sides_may_come_from_two_measurements(web):
    put_ward(web, inpatient=63, actual=42)
    (one,) = latest(web, "metric=bed.load&facility=bv01")
    assert one["value"] == 150.0


def test_a_ward_and_a_site_have_their_own(web):
    put_ward(web, "bv02", "noi", "cs1")
    put_ward(web, "bv02", "san", "cs2", occupied=10, staffed=40)
    (ward,) = latest(web, f"{OCCUPANCY}&facility=bv02&ward=san")
    assert (ward["value"], ward["tags"], ward["m"]) == (25.0, {"facility": "bv02", "ward": "san"}, 1)
    (site,) = latest(web, f"{OCCUPANCY}&facility=bv02&site=cs1")
    assert (site["value"], site["tags"]) == (75.0, {"facility": "bv02", "site": "cs1"})
    assert latest(web, f"{OCCUPANCY}&facility=bv02&ward=nowhere") == []


def test_without_a_facility_each_hospital_has_one_and_tests_have_none(web):
    put_ward(web, "bv01")
    put_ward(web, "bv-mau", "NOI")
    found = {one["tags"]["facility"]: one for one in latest(web, OCCUPANCY)}
    assert list(found) == [f"bv0{n}" for n in range(1, 7)]
    assert found["bv01"]["value"] == 75.0
    assert (found["bv05"]["state"], found["bv05"]["value"], found["bv05"]["m"]) == ("missing", None, 0)
    assert latest(web, f"{OCCUPANCY}&facility=bv-mau")[0]["value"] == 75.0
    assert [one["tags"]["facility"] for one in latest(web, f"{OCCUPANCY}&state=fresh")] == ["bv01"]


def test_nobody_sees_that_of_another_facility(web):
    put_ward(web, "bv02")
    assert [one["tags"]["facility"] for one in latest(web, OCCUPANCY, "viewer")] == ["bv01"]
    assert web.as_("viewer").get(f"/api/v1/latest?{OCCUPANCY}&facility=bv02").status_code == 403


def test_over_no_beds_there_is_no_number(web):
    put_ward(web, staffed=0)
    (one,) = latest(web, f"{OCCUPANCY}&facility=bv01")
    assert (one["value"], one["state"], one["n"]) == (None, "fresh", 1)


def test_a_device_and_another_source_have_no_occupancy(web):
    put_ward(web)
    assert latest(web, f"{OCCUPANCY}&facility=bv01&source=mqtt") == []
    assert latest(web, f"{OCCUPANCY}&facility=bv01&device=tl-01") == []


def test_the_plain_figures_are_those_of_wards(web):
    put_ward(web, ward="noi")
    put_ward(web, ward="ngoai", occupied=9)
    assert {one["tags"]["ward"]: one["value"] for one in latest(web, "metric=bed.occupied")} == {"noi": 30, "ngoai": 9}
    (one,) = latest(web, "facility=bv01&ward=ngoai&metric=bed.occupied")
    assert one["value"] == 9


def test_the_stream_of_a_ratio_says_what_the_api_says(web):
    put_ward(web)
    hub = web.services.hub
    hub.step()
    metric = web.services.catalogue.metrics["bed.occ_staffed"]
    view = RatioView(Ratios(metric, Filter("bed.occ_staffed", "bv01"), web.services.registry))
    client = hub.subscribe(view, "token:1")

    def read():
        blocks = hub.take(view, client).decode().split("\n\n")
        found = [json.loads(b[b.index("{") :]) for b in blocks if "event: delta" in b or "event: snapshot" in b]
        return [(value["value"], value["state"]) for data in found for value in data["values"]]

    assert read() == [(75.0, "fresh")]
    web.clock.advance(2 * SECOND)
    put_ward(web, occupied=20)
    hub.step()
    assert read() == [(50.0, "fresh")]
    web.clock.advance(5 * MINUTE + 1)
    hub.step()
    assert read() == [(50.0, "late")]


@pytest.fixture
def sampled(web):
    """Two hours of minutes: two wards at cs1 and one at cs2, rolled up by facility and by province."""
    start = web.clock.now_ns() - 120 * MINUTE
    lines = {
        ("bed.occupied", "bv02", "cs1", "noi"): 10.0,
        ("bed.staffed", "bv02", "cs1", "noi"): 20.0,
        ("bed.occupied", "bv02", "cs1", "ngoai"): 30.0,
        ("bed.staffed", "bv02", "cs1", "ngoai"): 40.0,
        ("bed.occupied", "bv02", "cs2", "san"): 5.0,
        ("bed.staffed", "bv02", "cs2", "san"): 40.0,
        ("bed.occupied", "bv02", "", ""): 45.0,
        ("bed.staffed", "bv02", "", ""): 100.0,
        ("ed.census", "bv02", "cs1", ""): 4.0,
        ("ed.census", "bv02", "cs2", ""): 3.0,
        ("ed.census", "bv02", "", ""): 7.0,
    }
    for (metric, facility, site, ward), value in lines.items():
        tags = {name: code for name, code in (("facility", facility), ("site", site), ("ward", ward)) if code}
        write(web, Series.of(metric, source="census", **tags), start, value)
    write(web, Series.of("bed.occupied", province="song-may", source="census"), start, 450.0, Quality.SIM)
    write(web, Series.of("bed.staffed", province="song-may", source="census"), start, 500.0)
    return web


def write(web, series, start, value, quality=Quality.GOOD):
    web.services.store.write(Reading(series, start + n * MINUTE, value, quality) for n in range(120))


def series(web, query, who="admin"):
    answer = web.as_(who).get(f"/api/v1/series?start=-2h&every=1h&{query}")
    assert answer.status_code == 200, answer.json
    return [
        ({k: v for k, v in one["tags"].items() if k != "source"}, one["how"], {point[1] for point in one["points"]})
        for one in answer.json["items"]
    ]


@pytest.mark.parametrize(
    ("query", "tags", "value"),
    [
        ("facility=bv02", {"facility": "bv02"}, 45.0),
        ("", {"facility": "bv02"}, 45.0),
        ("facility=bv02&by=facility", {"facility": "bv02"}, 45.0),
        ("facility=bv02&site=cs1", {"facility": "bv02", "site": "cs1"}, 40.0),
        ("facility=bv02&ward=san", {"facility": "bv02", "site": "cs2", "ward": "san"}, 5.0),
        ("province=song-may", {"province": "song-may"}, 450.0),
    ],
)
def test_a_sum_is_that_of_the_place_asked_for_and_counts_no_bed_twice(sampled, query, tags, value):
    assert series(sampled, f"metric=bed.occupied&{query}") == [(tags, "last", {value})]


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("facility=bv02", 45.0),
        ("facility=bv02&site=cs1", pytest.approx(100 * 40 / 60)),
        ("facility=bv02&ward=noi", 50.0),
        ("province=song-may", 90.0),
    ],
)
def test_a_ratio_over_time_is_a_sum_over_a_sum_in_its_unit(sampled, query, value):
    ((_tags, how, values),) = series(sampled, f"{OCCUPANCY}&{query}")
    assert how == "ratio"
    assert values.pop() == value
    assert not values


def test_wards_and_sites_can_be_asked_for_side_by_side(sampled):
    wards = series(sampled, "metric=bed.occupied&facility=bv02&by=ward")
    assert [(tags["ward"], values) for tags, _, values in wards] == [("ngoai", {30.0}), ("noi", {10.0}), ("san", {5.0})]
    sites = series(sampled, "metric=bed.occupied&facility=bv02&by=site")
    assert [(tags["site"], values) for tags, _, values in sites] == [("cs1", {40.0}), ("cs2", {5.0})]
    ratios = series(sampled, f"{OCCUPANCY}&facility=bv02&by=site")
    assert [(tags["site"], round(values.pop(), 1)) for tags, _, values in ratios] == [("cs1", 66.7), ("cs2", 12.5)]


def test_emergency_has_no_wards_and_a_series_for_each_site(sampled):
    assert series(sampled, "metric=ed.census&facility=bv02")[0][2] == {7.0}
    assert series(sampled, "metric=ed.census&facility=bv02&site=cs2")[0][2] == {3.0}
    both = series(sampled, "metric=ed.census&facility=bv02&by=site")
    assert [(tags["site"], values) for tags, _, values in both] == [("cs1", {4.0}), ("cs2", {3.0})]


def test_quality_goes_along(sampled):
    (one,) = sampled.as_("admin").get(f"/api/v1/series?start=-2h&every=1h&{OCCUPANCY}&province=song-may").json["items"]
    assert one["quality"] == "sim"


def test_a_province_is_for_those_who_see_all_of_it(sampled):
    assert sampled.as_("viewer").get("/api/v1/series?metric=bed.occupied&province=song-may").status_code == 403


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("metric=bed.occupied&province=nowhere", "there is no province"),
        ("metric=bed.occupied&province=song-may&facility=bv01", "goes without a facility"),
        ("metric=bed.occupied&facility=bv02&site=cs1&how=max", "a sum over its wards"),
        (f"{OCCUPANCY}&facility=bv02&every=raw", "is a ratio and is not stored"),
        (f"{OCCUPANCY}&facility=bv02&how=mean", "is a ratio"),
    ],
)
def test_a_question_without_an_answer_is_told_why(sampled, query, told):
    answer = sampled.as_("admin").get(f"/api/v1/series?{query}")
    assert answer.status_code == 400
    assert told in answer.json["error"]["message"]


def test_raw_gives_the_minutes_of_the_facility(sampled):
    answer = sampled.as_("admin").get("/api/v1/series?metric=bed.occupied&facility=bv02&start=-3m&every=raw")
    (one,) = answer.json["items"]
    assert [point[1] for point in one["points"]] == [45.0, 45.0, 45.0]
