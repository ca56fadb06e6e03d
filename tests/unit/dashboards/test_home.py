"""The first page: every facility that one may see, kept up to date."""

from dataclasses import replace

from dashboards.home.live import home_view
from ioc.domain import SECOND, Quality, Series
from tests.unit.dashboards.alerting import raise_incident

TEMP = "fridge.temp,device=tl-01,facility=bv01,site=cs1"


def render(web, view, part, after_s=0):
    web.services.book.refresh()
    with web.app.test_request_context():
        return view.render(part, web.services.book, web.clock.now_ns() + after_s * SECOND)


def test_a_row_turns_by_the_clock_and_says_how_many_devices_are_old(web):
    web.put(TEMP, 4.0)
    view = home_view(web.app, {"lang": "vi"})
    html, due = render(web, view, "facility-bv01")
    assert 'data-state="fresh"' in html
    assert "<b>1</b>/136 thiết bị báo" in html
    assert due == web.clock.now_ns() + 180 * SECOND + 1
    assert "Cũ 1" in render(web, view, "facility-bv01", 541)[0]


def test_what_never_reported_is_not_connected(web):
    assert "chưa nối" in render(web, home_view(web.app, {"lang": "vi"}), "facility-bv05")[0]


def test_every_part_carries_its_own_id(web):
    view = home_view(web.app, {})
    assert len(view.parts()) == 2 + 6 + 2  # notice and badge, hospitals, those for tests
    for part in view.parts():
        assert f'id="{part}"' in render(web, view, part)[0]


def test_a_series_touches_the_row_of_its_facility(web):
    view = home_view(web.app, {})
    assert set(view.touched(Series.parse(f"{TEMP},source=mqtt"))) == {"sim", "facility-bv01"}
    assert set(view.touched(Series.parse("host.cpu,facility=_self,source=mqtt"))) == set()


def test_who_sees_one_facility_is_not_told_of_the_others(web):
    view = home_view(web.app, {"facility": "bv02", "site": "cs1"})
    assert list(view.parts()) == ["sim", "nav-alerts", "facility-bv02"]
    assert set(view.touched(Series.parse(f"{TEMP},source=mqtt"))) == set()
    web.put(TEMP, 4.0, quality=Quality.SIM)
    assert "hidden" in render(web, view, "sim")[0]


def test_the_page_names_its_stream_within_the_scope(web):
    html = web.browser("viewer").get("/").get_data(as_text=True)
    assert 'data-live="/api/v1/stream?view=home&amp;facility=bv01&amp;lang=vi"' in html
    assert 'data-live="/api/v1/stream?view=home&amp;lang=vi"' in web.browser("admin").get("/").get_data(as_text=True)


def test_a_device_that_nobody_confirmed_is_neither_expected_nor_missed(web):
    web.put(TEMP, 4.0, quality=Quality.SIM)
    web.put("fridge.temp,device=stranger,facility=bv01,site=cs1", 4.0, age_s=3600)
    view = home_view(web.app, {"lang": "vi"})
    html, _ = render(web, view, "facility-bv01")
    assert 'data-state="fresh"' in html
    assert "<b>1</b>/136 thiết bị báo" in html
    assert "Số dựng để tập huấn" in render(web, view, "sim")[0]


def test_a_row_says_how_many_alerts_are_open_there_and_leads_to_them(web):
    raise_incident(web)
    web.services.incidents.refresh()
    view = home_view(web.app, {"lang": "vi"})
    html, _ = render(web, view, "facility-bv01")
    assert "1 cảnh báo" in html
    assert 'class="tag level critical" href="/alerts?facility=bv01"' in html
    assert "cảnh báo" not in render(web, view, "facility-bv02")[0]


def test_an_incident_touches_the_badge_and_the_row_of_its_facility(web):
    raise_incident(web)
    incident = web.services.incidents.refresh()[0]
    assert set(home_view(web.app, {}).alerted(incident)) == {"nav-alerts", "facility-bv01"}
    assert set(home_view(web.app, {"facility": "bv02"}).alerted(incident)) == set()
    assert set(home_view(web.app, {}).alerted(replace(incident, facility="_self"))) == {"nav-alerts"}
