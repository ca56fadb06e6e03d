"""The board of a province: what it adds up, what each line says, and who may see it."""

from collections.abc import Sequence

import pytest

from dashboards.errors import ProblemError
from dashboards.live.views import VIEWS
from dashboards.province.lines import columns, size_of
from dashboards.province.live import province_view
from ioc.domain import MINUTE, SECOND, Quality, Series, State
from ioc.lease import Lease
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.wards import put_emergency, put_ward


@pytest.fixture
def view(web):
    return province_view(web.app, {"province": "song-may", "lang": "vi"})


def render(web, view, part, after_s=0):
    web.services.book.refresh()
    with web.app.test_request_context():
        return view.render(part, web.services.book, web.clock.now_ns() + after_s * SECOND)


def line(web, view, facility, site="", after_s=0):
    web.services.book.refresh()
    with web.app.test_request_context():
        found = web.services.registry.facilities[facility]
        return view.line(found, site, web.services.book, web.clock.now_ns() + after_s * SECOND)


def figure(web, view, after_s=0):
    web.services.book.refresh()
    return view.occupancy(view.lens(web.services.book, web.clock.now_ns() + after_s * SECOND))


def test_the_streams_know_the_view_by_its_name():
    assert VIEWS["province"] is province_view


def test_there_is_a_line_for_each_hospital_and_for_each_site_of_those_with_several(view):
    lines = [part for part in view.parts() if part.startswith("line-")]
    assert lines == [
        "line-bv01", "line-bv02", "line-bv02-cs1", "line-bv02-cs2", "line-bv03", "line-bv04", "line-bv05", "line-bv06",
    ]  # fmt: skip


def test_every_part_can_be_drawn_and_carries_its_own_id(web, view):
    put_ward(web, "bv01")
    put_ward(web, "bv02", age_s=3600)
    for part in view.parts():
        html, _ = render(web, view, part)
        assert f'id="{part}"' in html, part


def test_totals_add_only_facilities_in_date_and_say_so(web, view):
    put_ward(web, "bv01", occupied=30, staffed=40)
    put_ward(web, "bv02", occupied=45, staffed=60, age_s=10 * 60)
    put_ward(web, "bv03", occupied=100, staffed=100, age_s=3600)
    got = figure(web, view)
    assert (got.value, got.n, got.m) == (75.0, 2, 6)
    assert got.state is State.LATE
    assert got.scope == "province:song-may"
    assert got.since == "07:50"  # the oldest that counts
    html, _ = render(web, view, "tile-occupancy")
    assert 'data-scope="province:song-may"' in html
    assert "2/6 cơ sở báo" in html
    assert "<dd" in html
    assert ">75</a></b>" in html.replace("<dt>Đang nằm</dt>", "")


def test_a_facility_of_which_some_wards_are_silent_still_reports_and_its_line_says_how_many(web, view):
    put_ward(web, "bv01", "noi")
    put_ward(web, "bv01", "ngoai", age_s=3600)
    assert (figure(web, view).n, figure(web, view).m) == (1, 6)
    html, _ = render(web, view, "line-bv01")
    assert '<span class="cv part">1/2</span>' in html


def test_test_facilities_are_on_no_line_and_in_no_total(web, view):
    put_ward(web, "bv-mau", "NOI", occupied=100, staffed=100)
    assert figure(web, view).state is State.MISSING
    assert not any("bv-mau" in part for part in view.parts())
    assert set(view.touched(Series.parse("bed.staffed,facility=bv-mau,site=cs1,source=census,ward=NOI"))) == set()


@pytest.mark.parametrize(("after_s", "state"), [(0, "fresh"), (301, "late"), (901, "stale")])
def test_a_line_turns_by_the_clock_alone(web, view, after_s, state):
    put_ward(web, "bv01")
    html, due = render(web, view, "line-bv01", after_s)
    assert f'data-metric="bed.occ_staffed" data-scope="facility:bv01" data-state="{state}"' in html
    assert (due is None) == (state == "stale")


def test_a_line_that_never_spoke_is_not_connected_and_has_no_number(web, view):
    html, due = render(web, view, "line-bv05")
    assert 'data-state="missing"' in html
    assert "old none" in html
    assert 'class="pc"' not in html
    assert due is None


def test_a_line_shows_its_figures(web, view):
    put_ward(web, "bv01")
    put_emergency(web, "bv01", patients=12, arrivals=3)
    got = line(web, view, "bv01")
    assert (got.occupancy.text, got.available.text, got.available.of, got.shared.text) == ("75", "7", "/40", "2")
    assert (got.emergency.text, got.emergency.metric) == ("12", "ed.census")
    assert (got.title, got.href) == ("BVĐK Sông Mây", "/wall/bv01")
    assert got.dot == 4 + 1.62 * 25
    assert got.level == ""


@pytest.mark.parametrize(("occupied", "dot"), [(4, 4.0), (20, 4.0), (40, 85.0), (60, 109.3)])
def test_the_dot_stays_on_its_scale(web, view, occupied, dot):
    put_ward(web, "bv01", occupied=occupied, staffed=40)
    assert line(web, view, "bv01").dot == dot


def test_both_sites_have_a_line_that_counts_their_own_wards(web, view):
    put_ward(web, "bv02", "noi", "cs1")
    put_ward(web, "bv02", "san", "cs2", occupied=10, staffed=40, age_s=400)
    assert [line(web, view, "bv02", site).occupancy.text for site in ("", "cs1", "cs2")] == ["50", "75", "25"]
    assert line(web, view, "bv02", "cs1").state is State.FRESH
    assert line(web, view, "bv02", "cs2").state is State.LATE
    html, _ = render(web, view, "line-bv02-cs2")
    assert 'class="line of-site" data-metric="bed.occ_staffed" data-scope="facility:bv02/site:cs2"' in html
    assert 'href="/wall/bv02/cs2"' in html


def test_more_patients_in_beds_than_there_are_staffed_beds_is_marked_until_it_is_old(web, view):
    put_ward(web, "bv06", occupied=104, staffed=100)
    html, _ = render(web, view, "line-bv06")
    assert 'data-level="warning"' in html
    assert 'class="st"' in html
    assert 'data-level="warning"' not in render(web, view, "line-bv06", 901)[0]


def test_the_level_of_a_line_is_that_of_its_beds_and_not_of_its_devices(web, view):
    put_ward(web, "bv01")
    raise_incident(web)
    raise_incident(web, id="i2", metric="bed.avail", series="", device="", level="critical", limits="[]")
    web.services.incidents.refresh()
    assert line(web, view, "bv01").level == "critical"
    assert line(web, view, "bv02").level == ""


def test_without_beds_in_the_register_a_line_has_no_occupancy_and_goes_on(web, view):
    put_ward(web, "bv01", staffed=0, occupied=3)
    got = line(web, view, "bv01")
    assert (got.occupancy.text, got.state, got.dot) == ("–", State.FRESH, None)
    render(web, view, "line-bv01")


def test_what_is_simulated_looks_it(web, view):
    put_ward(web, "bv01", quality=Quality.SIM)
    assert 'data-quality="sim"' in render(web, view, "line-bv01")[0]
    assert 'data-sim="all"' in render(web, view, "strip")[0]
    put_ward(web, "bv02")
    assert 'data-sim="some"' in render(web, view, "strip")[0]


def test_a_series_of_the_census_touches_the_tiles_that_take_it_and_its_line(view):
    touched = view.touched(Series.parse("bed.shared,facility=bv02,site=cs1,source=census,ward=noi"))
    assert set(touched) == {"count", "strip", "tile-occupancy", "line-bv02", "line-bv02-cs1"}
    assert set(view.touched(Series.parse("ed.arr,facility=bv01,site=cs1,source=census"))) == {
        "count", "strip", "tile-emergency", "line-bv01",
    }  # fmt: skip


def test_devices_touch_nothing_and_are_counted_now_and_then(web, view):
    temp = "fridge.temp,device=tl-01,facility=bv01,site=cs1"
    assert set(view.touched(Series.parse(f"{temp},source=mqtt"))) == set()
    web.put(temp, 4.0)
    html, due = render(web, view, "heard")
    assert "1/404" in html
    assert due == web.clock.now_ns() + 5 * SECOND


def test_the_feeds_are_counted_by_their_state(web, view):
    put_ward(web, "bv01")
    put_ward(web, "bv02", age_s=400)
    put_ward(web, "bv03", age_s=4000)
    web.services.book.refresh()
    heard = view.heard(view.lens(web.services.book, web.clock.now_ns()))
    assert [heard.his[state] for state in State] == [1, 1, 1, 3]


def judge(web):
    assert Lease(web.services.engine, "scheduler", "test", web.clock).acquire()


def test_the_strip_says_what_is_open_in_all_of_them_and_where(web, view):
    judge(web)
    raise_incident(web)
    raise_incident(web, id="i2", facility="bv03", series="", device="", level="warning")
    raise_incident(web, id="i3", facility="bv-mau", series="", device="")
    web.services.incidents.refresh()
    strip, _ = render(web, view, "strip")
    assert "BVĐK Sông Mây: Tủ vắc xin TL-01" in strip
    assert 'href="/alerts"' in strip
    assert 'data-open="i0123456789abcde:critical:good i2:warning:good"' in strip
    html, _ = render(web, view, "open")
    assert '<b class="big">2</b>' in html
    assert "BVKV Đồi Chè" in html
    here = next(one for one in web.services.incidents.open() if one.facility == "bv03")
    assert set(view.alerted(here)) == {"strip", "open", "line-bv03"}
    test = next(one for one in web.services.incidents.open() if one.facility == "bv-mau")
    assert set(view.alerted(test)) == set()


def test_a_quiet_strip_says_who_does_not_report_and_what_to_connect(web, view):
    judge(web)
    assert "mllp://127.0.0.1:2575" in render(web, view, "strip")[0]
    put_ward(web, "bv01")
    assert "mllp://" not in render(web, view, "strip")[0]
    assert 'data-n="1" data-m="6"' in render(web, view, "count")[0]


def test_the_page_is_for_those_who_see_every_facility(web):
    assert web.browser("admin").get("/wall/province/song-may").status_code == 200
    assert web.browser("viewer").get("/wall/province/song-may").status_code == 403
    assert web.browser("screen").get("/wall/province/song-may").status_code == 403
    assert web.nobody().get("/wall/province/song-may").status_code in (302, 401)
    assert web.browser("admin").get("/wall/province/nowhere").status_code == 404
    assert web.as_("viewer").get("/api/v1/stream?view=province&province=song-may").status_code == 403


def test_the_page_shows_it_all_and_names_its_stream(web):
    put_ward(web, "bv01")
    html = web.browser("admin").get("/wall/province/song-may").get_data(as_text=True)
    assert 'data-live="/api/v1/stream?view=province&amp;province=song-may&amp;lang=vi"' in html
    assert 'class="wall province roomy"' in html
    assert html.count('class="line') == 8
    assert "style=" not in html


def test_a_province_that_there_is_not_is_not_found(web):
    with pytest.raises(ProblemError) as caught:
        province_view(web.app, {"province": "nowhere"})
    assert caught.value.status == 404


def test_views_of_other_languages_are_other_views(web, view):
    assert view.key != province_view(web.app, {"province": "song-may", "lang": "en"}).key


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1] * 8, [8]),
        ([1] * 12, [6, 6]),
        ([1, 3, 1, 1, 3, 1, 1, 1], [6, 6]),
        ([1] * 60, [20, 20, 20]),
        ([1] * 61, [21, 21, 19]),
        ([3] * 20, [21, 21, 18]),
        ([], [0]),
    ],
)
def test_lines_stand_in_as_many_columns_as_they_need_and_sites_stay_with_theirs(sizes, expected):
    groups: list[Sequence[object]] = [[object()] * size for size in sizes]
    assert [len(column) for column in columns(groups)] == expected


@pytest.mark.parametrize(
    ("count", "size"), [(0, "roomy"), (10, "roomy"), (11, "normal"), (20, "normal"), (21, "dense"), (64, "dense many")]
)
def test_the_more_lines_the_smaller_they_are(count, size):
    assert size_of(count) == size


def test_nothing_is_older_than_it_says(web, view):
    """What is late or stale is due at that very moment."""
    put_ward(web, "bv01", age_s=60)
    _, due = render(web, view, "tile-beds")
    assert due == web.clock.now_ns() + 4 * MINUTE + 1
