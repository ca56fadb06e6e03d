"""The list of devices and the page of one."""

import re

import pytest

from dashboards.devices.live import device_view, devices_view
from ioc.domain import SECOND, Quality, Series
from tests.unit.dashboards.alerting import raise_incident

TEMP = "fridge.temp,device=tl-01,facility=bv01,site=cs1"


def render(web, view, part, after_s=0):
    web.services.book.refresh()
    with web.app.test_request_context():
        return view.render(part, web.services.book, web.clock.now_ns() + after_s * SECOND)


@pytest.fixture
def view(web):
    return devices_view(web.app, {"facility": "bv01", "lang": "vi"})


def test_a_row_says_what_where_and_how_old(web, view):
    web.put(TEMP, 4.2, age_s=5)
    html, due = render(web, view, "device-tl-01")
    assert "Kho vắc xin" in html
    assert "4,2\u00a0°C" in html
    assert "5 giây trước" in html
    assert due == web.clock.now_ns() + 175 * SECOND + 1


def test_a_row_turns_by_the_clock(web, view):
    web.put(TEMP, 4.2)
    states = [
        re.search(r'class="row device" data-state="(\w+)"', render(web, view, "device-tl-01", s)[0])[1]
        for s in (0, 181, 541)
    ]
    assert states == ["fresh", "late", "stale"]


def test_only_the_row_of_the_device_and_the_head_are_touched(view):
    assert set(view.touched(Series.parse(f"{TEMP},source=mqtt"))) == {"sim", "total", "device-tl-01"}
    assert set(view.touched(Series.parse("fridge.temp,device=x,facility=bv02,source=mqtt"))) == set()


def test_a_list_of_one_class_holds_no_other(web):
    view = devices_view(web.app, {"facility": "bv01", "class": "ups"})
    assert {part.split("-")[1] for part in view.parts() if part.startswith("device-")} == {"ups"}
    assert set(view.touched(Series.parse(f"{TEMP},source=mqtt"))) == {"sim", "total"}


def test_a_device_that_nobody_knows_is_marked(web, view):
    web.put("fridge.temp,device=mystery,facility=bv01,site=cs1", 5.0)
    html, _ = render(web, view, "device-mystery")
    assert "chưa có trong danh bạ" in html
    page = web.browser("viewer").get("/device/bv01/mystery").get_data(as_text=True)
    assert "chưa có trong danh bạ" in page


def test_the_page_of_a_device_shows_every_value_it_should_give(web):
    web.put(TEMP, 4.2, quality=Quality.SIM)
    html = web.browser("viewer").get("/device/bv01/tl-01").get_data(as_text=True)
    for part in ("now-fridge-temp", "now-fridge-door", "now-fridge-power", "now-fridge-battery", "now-fridge-humidity"):
        assert f'id="{part}"' in html
    assert "2,0\u00a0°C … 8,0\u00a0°C" in html
    assert "chưa từng tới" in html
    assert "/api/v1/series?metric=fridge.temp" in html


def test_a_screen_sees_the_device_without_its_history(web):
    web.put(TEMP, 4.2)
    html = web.browser("screen").get("/device/bv01/tl-01").get_data(as_text=True)
    assert "/api/v1/series" not in html
    assert "plotly" not in html


def test_the_view_of_a_device_draws_a_line_for_each_metric(web):
    web.put(TEMP, 4.2)
    view = device_view(web.app, {"facility": "bv01", "device": "tl-01", "lang": "en"})
    assert "now-fridge-temp" in view.parts()
    assert set(view.touched(Series.parse(f"{TEMP},source=mqtt"))) == {"sim", "now-fridge-temp"}
    html, _ = render(web, view, "now-fridge-temp")
    assert "Temperature" in html
    assert 'data-state="fresh"' in html
    assert "never came" in render(web, view, "now-fridge-door")[0]


def test_a_device_that_there_is_not_is_not_found(web):
    assert web.browser("viewer").get("/device/bv01/none").status_code == 404


def test_an_unknown_state_narrows_nothing(web):
    html = web.browser("viewer").get("/devices/bv01?state=odd").get_data(as_text=True)
    assert 'data-only=""' in html


def test_a_class_without_devices_says_so(web):
    html = web.browser("viewer").get("/devices/bv01?class=none").get_data(as_text=True)
    assert "Không có thiết bị nào hợp lựa chọn này." in html


def test_a_device_that_alarms_says_so_in_the_list_and_leads_to_the_incident(web, view):
    web.put(TEMP, 12.4)
    raise_incident(web)
    incident = web.services.incidents.refresh()[0]
    assert set(view.alerted(incident)) == {"nav-alerts", "device-tl-01"}
    html, _ = render(web, view, "device-tl-01")
    assert 'data-level="critical"' in html
    assert 'href="/alerts/i0123456789abcde"' in html
    assert "Khẩn" in html
    assert "data-level" not in render(web, view, "device-tl-02")[0]


def test_a_simulated_alarm_is_hollow_in_the_list(web, view):
    web.put(TEMP, 12.4)
    raise_incident(web, quality="sim")
    web.services.incidents.refresh()
    assert 'class="tag level critical hollow"' in render(web, view, "device-tl-01")[0]


def test_the_page_of_a_device_marks_the_value_that_alarms_and_no_other(web):
    web.put(TEMP, 12.4)
    web.put("fridge.door,device=tl-01,facility=bv01,site=cs1", 0)
    raise_incident(web)
    view = device_view(web.app, {"facility": "bv01", "device": "tl-01"})
    incident = web.services.incidents.refresh()[0]
    assert set(view.alerted(incident)) == {"nav-alerts", "now-fridge-temp"}
    assert 'data-level="critical"' in render(web, view, "now-fridge-temp")[0]
    assert "data-level" not in render(web, view, "now-fridge-door")[0]
    other = device_view(web.app, {"facility": "bv01", "device": "tl-02"})
    assert set(other.alerted(incident)) == {"nav-alerts"}


def test_an_incident_elsewhere_or_of_another_class_touches_no_row(web, view):
    raise_incident(web, facility="bv02", series="")
    raise_incident(web, id="i2")
    elsewhere, here = web.services.incidents.refresh()
    assert set(view.alerted(elsewhere)) == set()
    ups = devices_view(web.app, {"facility": "bv01", "class": "ups"})
    assert set(ups.alerted(here)) == {"nav-alerts"}
