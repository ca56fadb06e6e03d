"""The board as the hub sees it: what touches which part, and what each part says."""

import pytest

from dashboards.errors import ProblemError
from dashboards.hospital.live import hospital_view
from dashboards.live.views import VIEWS
from ioc.domain import SECOND, Quality, Series, State

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
    assert touched == {"count", "strip", "tile-cold", "feed-blood", "feed-plasma", "feed-mqtt"}
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
    assert f'class="tile c8 lead" data-metric="fridge.temp" data-scope="facility:bv01" data-state="{state}"' in html


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
    assert 'class="tile c8 lead error"' in html
    assert "IOC-T001" in html
    assert f'data-state="{State.MISSING}"' in html


@pytest.mark.parametrize("asked", [{"facility": "bv99"}, {"facility": "bv01", "site": "cs9"}, {}])
def test_a_place_that_there_is_not_is_not_found(web, asked):
    with pytest.raises(ProblemError) as caught:
        hospital_view(web.app, asked)
    assert caught.value.status == 404
