"""The board as the hub sees it: what touches which part, and what each part says."""

import pytest

from dashboards.errors import ProblemError
from dashboards.hospital.live import hospital_view
from dashboards.live.views import VIEWS
from ioc.domain import MINUTE, SECOND, Quality, Series, State
from ioc.lease import Lease
from tests.unit.dashboards.alerting import raise_incident

TEMP = "fridge.temp,device=tl-01,facility=bv01,site=cs1"


@pytest.fixture
def view(web):
    return hospital_view(web.app, {"facility": "bv01", "lang": "vi"})


def render(web, view, part, after_s=0):
    web.services.book.refresh()
    with web.app.test_request_context():
        return view.render(part, web.services.book, web.clock.now_ns() + after_s * SECOND)


def test_the_streams_know_the_view_by_its_name():
    assert VIEWS["hospital"] is hospital_view


def test_views_of_other_places_and_languages_are_other_views(web, view):
    others = [{"facility": "bv02"}, {"facility": "bv02", "site": "cs1"}, {"facility": "bv01", "lang": "en"}]
    assert len({view.key, *(hospital_view(web.app, other).key for other in others)}) == 4


def test_a_series_touches_the_parts_that_show_it_and_no_other(view):
    touched = set(view.touched(Series.parse(f"{TEMP},source=mqtt")))
    assert touched == {"count", "strip", "tile-cold", "feed-mqtt"}
    assert set(view.touched(Series.parse("fridge.temp,device=x,facility=bv02,site=cs1,source=mqtt"))) == set()


def test_a_board_of_a_site_is_not_touched_by_the_other(web):
    view = hospital_view(web.app, {"facility": "bv02", "site": "cs1"})
    assert set(view.touched(Series.parse("ups.load,device=u,facility=bv02,site=cs2,source=mqtt"))) == set()
    assert "tile-ups" in set(view.touched(Series.parse("ups.load,device=u,facility=bv02,site=cs1,source=mqtt")))


def test_every_part_can_be_drawn_and_carries_its_own_id(web, view):
    web.put(TEMP, 4.0)
    for part in view.parts():
        html, _ = render(web, view, part)
        assert f'id="{part}"' in html, part


def test_a_tile_carries_what_other_programs_read(web, view):
    web.put(TEMP, 4.0)
    html, due = render(web, view, "tile-cold")
    for attribute in (
        'data-metric="fridge.temp"',
        'data-scope="facility:bv01"',
        'data-state="fresh"',
        'data-quality="good"',
    ):
        assert attribute in html
    assert "data-level" not in html
    assert due == web.clock.now_ns() + 180 * SECOND + 1


@pytest.mark.parametrize(("after_s", "state"), [(0, "fresh"), (181, "late"), (541, "stale")])
def test_the_same_part_turns_by_the_clock_alone(web, view, after_s, state):
    web.put(TEMP, 4.0)
    html, _ = render(web, view, "tile-cold", after_s)
    assert f'class="tile c4" data-metric="fridge.temp" data-scope="facility:bv01" data-state="{state}"' in html


def test_nothing_changed_means_the_same_html(web, view):
    web.put(TEMP, 4.0)
    assert render(web, view, "tile-cold") == render(web, view, "tile-cold")


def test_what_is_simulated_is_said_on_the_strip_and_on_the_tile(web, view):
    web.put(TEMP, 4.0, quality=Quality.SIM)
    strip, _ = render(web, view, "strip")
    assert 'data-sim="all"' in strip
    assert "Mô phỏng" in strip
    assert "MÔ PHỎNG" in strip
    web.put("fridge.temp,device=tl-02,facility=bv01,site=cs1", 4.0)
    strip, _ = render(web, view, "strip")
    assert 'data-sim="some"' in strip
    tile, _ = render(web, view, "tile-cold")
    assert 'data-quality="sim"' in tile


def test_with_nothing_connected_the_strip_says_what_to_connect_and_how(web, view):
    strip, _ = render(web, view, "strip")
    assert "mqtt://127.0.0.1:1883" in strip
    assert "ioc/v1/bv01/" in strip
    count, _ = render(web, view, "count")
    assert "0/136 thiết bị báo" in count


def test_a_tile_that_cannot_be_computed_says_so_and_the_others_go_on(web, view, monkeypatch):
    def broken(spec, lens):
        raise ZeroDivisionError

    monkeypatch.setattr("dashboards.hospital.live.build_tile", broken)
    html, _ = render(web, view, "tile-cold")
    assert 'class="tile c4 error"' in html
    assert "IOC-T001" in html
    assert f'data-state="{State.MISSING}"' in html


@pytest.mark.parametrize(
    ("asked", "status"), [({"facility": "bv99"}, 404), ({"facility": "bv01", "site": "cs9"}, 400), ({}, 404)]
)
def test_a_place_that_there_is_not_is_told(web, asked, status):
    with pytest.raises(ProblemError) as caught:
        hospital_view(web.app, asked)
    assert caught.value.status == status


def judge(web):
    """Somebody holds the work of the scheduler."""
    assert Lease(web.services.engine, "scheduler", "test", web.clock).acquire()


def alerted(web):
    return web.services.incidents.refresh()


def test_the_strip_says_what_is_so_since_when_and_who_has_it(web, view):
    judge(web)
    web.put(TEMP, 12.6)
    raise_incident(web)
    alerted(web)
    strip, due = render(web, view, "strip")
    assert '<div class="item" id="strip-i0123456789abcde" data-metric="fridge.temp"' in strip
    assert 'data-level="critical"' in strip
    assert "Tủ vắc xin TL-01 12,6\u00a0°C" in strip
    assert "mở 07:50" in strip
    assert "chưa ai nhận" in strip
    assert "Cảnh báo chưa được xét" not in strip
    assert due <= web.clock.now_ns() + 5 * SECOND
    web.services.acts.acknowledge("i0123456789abcde", "lan")
    alerted(web)
    strip, _ = render(web, view, "strip")
    assert "đã nhận 08:00" in strip
    assert "lan" not in strip  # roles on walls, never names


def test_the_strip_shows_two_and_says_how_many_there_are_the_unowned_and_the_worst_first(web, view):
    judge(web)
    raise_incident(web, id="itaken", acked_by="lan", acked_at_ns=1, ack_until_ns=2)
    raise_incident(web, id="iwarning", level="warning", needs_owner=1)
    raise_incident(web, id="isim", quality="sim")
    raise_incident(web, id="ifree", level="warning", needs_owner=0)
    alerted(web)
    strip, _ = render(web, view, "strip")
    places = [strip.find(f'id="strip-{name}"') for name in ("iwarning", "itaken", "ifree", "isim")]
    assert 0 < places[0] < places[1]
    assert places[2:] == [-1, -1]
    assert "<b>4</b> <br>đang mở" in strip
    assert 'data-open="iwarning:warning:good itaken:critical:good ifree:warning:good isim:critical:sim"' in strip


def test_what_is_simulated_alarms_hollow_beside_the_notice(web, view):
    judge(web)
    web.put(TEMP, 12.4, quality=Quality.SIM)
    raise_incident(web, quality="sim")
    alerted(web)
    strip, _ = render(web, view, "strip")
    assert 'data-quality="sim"' in strip
    assert "Mô phỏng" in strip
    assert "MÔ PHỎNG" in strip


def test_a_wall_says_that_nobody_judges_and_since_when(web, view):
    assert "Cảnh báo chưa được xét" in render(web, view, "strip")[0]
    judge(web)
    assert "không được xét" not in render(web, view, "strip")[0]
    assert "Cảnh báo không được xét từ 08:00" in render(web, view, "strip", 16)[0]


def test_an_incident_touches_the_strip_and_what_shows_its_metric(web, view):
    raise_incident(web)
    raise_incident(web, id="i2", facility="bv02", series="")
    here, elsewhere = sorted(alerted(web), key=lambda one: one.facility)
    assert set(view.alerted(here)) == {"strip", "tile-cold"}
    assert set(view.alerted(elsewhere)) == set()


def test_a_tile_that_went_stale_looks_it_while_the_strip_keeps_the_alert(web, view):
    web.put(TEMP, 12.4)
    raise_incident(web)
    alerted(web)
    tile, _ = render(web, view, "tile-cold")
    assert 'data-state="fresh" data-quality="good" data-level="critical"' in tile
    assert '<p class="flag critical">' in tile
    assert '<p class="fig alarms critical">' in tile
    tile, _ = render(web, view, "tile-cold", 541)
    assert 'data-state="stale"' in tile
    assert "Tủ vắc xin TL-01 12,4\u00a0°C" in render(web, view, "strip", 541)[0]


def test_a_silent_incident_says_since_when(web, view):
    judge(web)
    raise_incident(web, status="missing", missing_since_ns=web.clock.now_ns() - 5 * MINUTE)
    alerted(web)
    assert "im từ 07:55" in render(web, view, "strip")[0]
