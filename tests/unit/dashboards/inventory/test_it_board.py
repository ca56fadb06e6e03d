"""The IT board: named servers and rooms, machines as n of m, contracts that end; and how the hub keeps it."""

import re

import pytest
from flask_babel import force_locale

from dashboards.inventory.live import BELOW, CONTRACTS, NAMED_NS, ROOMS, SERVERS, asset_view, it_view
from dashboards.inventory.scene import Desk, beyond
from dashboards.live.views import VIEWS
from ioc.assets import AssetKind
from ioc.catalogue import Text
from ioc.domain import SECOND, Quality, Series, State
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.inventory.conftest import asset

WALL = "/wall/bv01/it?lang=en"


def cell(html: str, code: str) -> str:
    found = re.search(rf'<li id="it-{code}".*?</li>', html, flags=re.DOTALL)
    assert found, code
    return found[0]


def desk(shop, language: str = "en") -> Desk:
    view = it_view(shop.web.app, {"facility": "bv01", "lang": language})
    return view.desk(shop.web.services.present(), shop.web.clock.now_ns())


def render(shop, part: str) -> str:
    view = it_view(shop.web.app, {"facility": "bv01", "lang": "en"})
    with shop.web.app.test_request_context():
        return view.render(part, shop.web.services.present(), shop.web.clock.now_ns())[0]


def test_every_server_has_a_cell_that_says_what_is_so(small):
    html = small.web.as_("screen").get(WALL).text
    for code, status, state in (
        ("sv-up", "up", "fresh"),
        ("sv-down", "down", "fresh"),
        ("sv-silent", "silent", "stale"),
        ("sv-missing", "missing", "missing"),
        ("sv-nobody", "unwatched", "missing"),
    ):
        assert f'data-status="{status}"' in cell(html, code)
        assert f'data-state="{state}"' in cell(html, code)
    assert "CPU </span><b>42%</b>" in cell(html, "sv-up")
    assert "42" not in cell(html, "sv-missing")
    assert 'data-up="1" data-watched="4" data-total="5"' in html


def test_a_server_that_falls_silent_keeps_no_number(small):
    html = small.web.as_("screen").get(WALL).text
    assert "<b>1</b>" not in cell(html, "sv-silent")
    assert "data-as-of-ms" in cell(html, "sv-silent")


def test_a_room_shows_the_climate_of_its_device(small):
    html = small.web.as_("screen").get(WALL).text
    assert "22.5" in cell(html, "p-1")
    assert 'data-metric="room.temp"' in cell(html, "p-1")


def test_machines_are_counted_and_what_is_not_known_is_not_off(shop):
    kinds = {"up": 1, "down": 0}
    shop.has(*(asset(f"mt-{n}", AssetKind.WORKSTATION, department="khoa-noi", watched=n != 5) for n in range(6)))
    for n, said in enumerate(("up", "up", "down")):
        shop.says(f"mt-{n}", "pc.up", kinds[said])
    shop.says("mt-3", "pc.up", 1, age_s=3 * 3_600)
    with shop.web.app.test_request_context(), force_locale("en"):
        count = desk(shop).count(AssetKind.WORKSTATION)
    assert (count.up, count.watched) == ("2", "5")
    assert dict(count.facts) == {"off": "1", "silent": "1", "no data": "1", "not watched": "1"}
    (segment,) = count.segments
    assert (segment.n, segment.m, segment.title) == (2, 5, "Internal medicine")
    assert segment.up + segment.unknown <= segment.width <= 1000


def test_the_department_where_the_smallest_share_works_is_named(shop):
    for place, up in (("khoa-noi", 9), ("khoa-ngoai", 3), ("khoa-san", 0)):
        many = 10 if place != "khoa-san" else 2
        codes = [f"{place}-{n}" for n in range(many)]
        shop.has(*(asset(code, AssetKind.PRINTER, department=place) for code in codes))
        for code in codes[:up]:
            shop.says(code, "printer.up", 1, host=code)
    with shop.web.app.test_request_context():
        least = desk(shop).count(AssetKind.PRINTER).least
    assert least is not None
    assert (least.title, least.n, least.m) == ("Surgery", 3, 10)


def test_where_nothing_was_ever_heard_there_is_no_zero(shop):
    shop.has(*(asset(f"mt-{n}", AssetKind.WORKSTATION) for n in range(20)))
    html = render(shop, "it-workstation")
    assert "<b>–</b><small>/20</small>" in html
    assert 'data-state="missing"' in html
    assert "no source connected" in html


def test_contracts_that_end_stand_in_the_order_of_their_days(small):
    with small.web.app.test_request_context():
        found = desk(small).contracts()
    assert [(each.title, each.days) for each in found] == [("sv-nobody", -22), ("HIS", 8)]
    html = render(small, CONTRACTS)
    assert "ended" in html
    assert "8 days" in html


def test_an_incident_gives_its_asset_a_level(small):
    raise_incident(
        small.web,
        device="",
        metric="host.cpu",
        series="host.cpu,asset=sv-up,facility=bv01,host=sv-up,site=cs1,source=mqtt",
    )
    html = small.web.as_("screen").get(WALL).text
    assert 'data-level="critical"' in cell(html, "sv-up")
    assert 'href="/alerts/i0123456789abcde"' in cell(html, "sv-up")
    assert "data-level" not in cell(html, "sv-down")


def test_simulated_readings_are_said_to_be(small):
    small.says("sv-missing", "host.up", 1, host="sv-missing", quality=Quality.SIM)
    assert 'data-quality="sim"' in cell(small.web.as_("screen").get(WALL).text, "sv-missing")


def test_an_empty_register_says_how_to_fill_it(web):
    html = web.as_("screen").get("/wall/bv02/it").status_code
    assert html == 403
    html = web.as_("admin").get("/wall/bv02/it?lang=en").text
    assert "ioc import assets FILE.xlsx" in html


def test_what_changes_is_sent_by_the_hub(small):
    before = render(small, SERVERS)
    small.says("sv-missing", "host.up", 1, host="sv-missing")
    after = render(small, SERVERS)
    assert before != after
    assert 'data-status="up"' in cell(after, "sv-missing")


def test_a_change_of_the_register_reaches_the_board(small):
    small.assets = [each for each in small.assets if each.code != "sv-down"]
    small.web.clock.advance(SECOND)
    small.has(asset("sv-new"))
    html = render(small, SERVERS)
    assert 'id="it-sv-new"' in html
    assert 'id="it-sv-down"' not in html


def test_the_view_has_a_part_for_all_that_is_drawn(small):
    view = it_view(small.web.app, {"facility": "bv01", "lang": "en"})
    html = small.web.as_("screen").get(WALL).text
    for part in view.parts():
        assert f'id="{part}"' in html
    with small.web.app.test_request_context():
        for part in view.parts():
            body, due = view.render(part, small.web.services.present(), small.web.clock.now_ns())
            assert f'id="{part}"' in body
            assert due is not None
            assert due > small.web.clock.now_ns()
    assert tuple(view.touched(Series.parse("host.up,asset=sv-up,facility=bv01,host=x,site=cs1,source=x"))) == ()


def test_only_incidents_of_the_facility_touch_the_board(small):
    raise_incident(small.web)
    (own,) = small.web.services.alerts().open("bv01", "")
    view = it_view(small.web.app, {"facility": "bv01", "lang": "en"})
    assert SERVERS in view.alerted(own)
    assert ROOMS in view.alerted(own)
    assert tuple(it_view(small.web.app, {"facility": "bv02", "lang": "en"}).alerted(own)) == ()


def test_the_other_kinds_stand_below(small):
    small.has(asset("sw-1", AssetKind.NETWORK), asset("sw-2", AssetKind.NETWORK, watched=False))
    small.says("sw-1", "svc.up", 1, service="sw-1")
    html = render(small, BELOW)
    assert 'id="it-network"' in html
    assert "1 not watched" in html
    assert 'id="it-service"' not in html


def test_the_stream_knows_both_views(small):
    assert VIEWS["it"] is it_view
    assert VIEWS["asset"] is asset_view
    view = asset_view(small.web.app, {"facility": "bv01", "asset": "sv-up", "lang": "en"})
    assert tuple(view.touched(Series.parse("host.cpu,asset=sv-up,facility=bv01,host=x,site=cs1,source=x")))
    assert not tuple(view.touched(Series.parse("host.cpu,asset=sv-2,facility=bv01,host=x,site=cs1,source=x")))
    with small.web.app.test_request_context():
        for part in view.parts():
            assert view.render(part, small.web.services.present(), small.web.clock.now_ns())[0]
        _, due = view.render("asset-now", small.web.services.present(), small.web.clock.now_ns())
    assert due == small.web.clock.now_ns() + NAMED_NS


@pytest.mark.parametrize(("number", "level"), [(50, ""), (80, "warning"), (95, "critical")])
def test_a_value_is_judged_by_the_limits_of_the_catalogue(web, number, level):
    metric = web.services.catalogue.metrics["host.temp"]
    assert isinstance(metric.title, Text)
    assert beyond(metric, number) == level


def test_more_servers_than_can_be_read_are_counted(shop):
    shop.has(*(asset(f"sv-{n}") for n in range(45)))
    html = render(shop, SERVERS)
    assert html.count('class="cell"') == 40
    assert "5 more in the list" in html


def test_a_late_server_is_marked_by_its_state(small):
    small.says("sv-missing", "host.up", 1, host="sv-missing", age_s=150)
    with small.web.app.test_request_context():
        cells, group = desk(small).servers()
    assert {each.id: each.state for each in cells}["it-sv-missing"] is State.LATE
    assert group.up == 2
