"""The tiles of the census: sums over wards, ratios, what they are over, and a lead that is a sum."""

import pytest

from dashboards import tiles
from dashboards.alarms import Alarms
from dashboards.boards import Term
from dashboards.reckon import reckon, source_age
from dashboards.tiles import Piece
from ioc.domain import MINUTE, SECOND, Quality, State
from tests.unit.dashboards.wards import put_emergency, put_ward

OCCUPANCY = Term.model_validate({"metric": "bed.occ_staffed", "how": "ratio", "warn_above": 100.0})
FRESH_FOR = 5 * 60  # seconds: max_age of the census


@pytest.fixture
def lens(web):
    def lens(*, after_s=0.0, facility="bv01", site=""):
        web.services.book.refresh()
        now_ns = web.clock.now_ns() + int(after_s * SECOND)
        return web.services.lens(web.services.book, facility, site, "vi", now_ns)

    return lens


@pytest.fixture
def tile(web, lens):
    board = web.app.extensions["ioc-boards"]["hospital"].spec

    def tile(name, **where):
        spec, seen = next(part for part in board.tiles if part.id == name), lens(**where)
        return tiles.build_tile(spec, seen, Alarms((), seen.registry, seen.catalogue))

    return tile


def test_occupancy_is_the_sum_of_the_wards_over_their_sum(web, lens):
    put_ward(web, ward="noi")
    put_ward(web, ward="ngoai", occupied=9, staffed=10)
    got = reckon(OCCUPANCY, lens())
    assert (got.text, got.unit, got.value) == ("78", "%", 78.0)
    assert (got.n, got.m, got.metric, got.scope) == (2, 2, "bed.occ_staffed", "facility:bv01")


@pytest.mark.parametrize(
    ("after_s", "state"),
    [
        (FRESH_FOR, State.FRESH),
        (FRESH_FOR + 1, State.LATE),
        (3 * FRESH_FOR, State.LATE),
        (3 * FRESH_FOR + 1, State.STALE),
    ],
)
def test_occupancy_is_as_old_as_the_feed(web, lens, after_s, state):
    put_ward(web)
    got = reckon(OCCUPANCY, lens(after_s=after_s))
    assert got.state is state
    assert got.text == "75"  # of a stale one what it was last: struck where it is shown


def test_a_ward_that_is_silent_is_left_out_and_said(web, lens):
    put_ward(web, ward="noi")
    put_ward(web, ward="ngoai", occupied=10, staffed=10, age_s=3600)
    got = reckon(OCCUPANCY, lens())
    assert (got.value, got.n, got.m) == (75.0, 1, 2)


def test_the_browser_is_told_when_it_turns(web, lens):
    put_ward(web, age_s=60)
    got, now_ns = reckon(OCCUPANCY, lens()), web.clock.now_ns()
    assert got.late_ns == now_ns + 4 * MINUTE + 1
    assert got.stale_ns == now_ns + 14 * MINUTE + 1
    assert got.turns_ns == got.late_ns


def test_above_a_hundred_somebody_should_act(web, lens):
    put_ward(web, occupied=40, staffed=40)
    assert reckon(OCCUPANCY, lens()).level == ""
    put_ward(web, occupied=42, staffed=40)
    assert (reckon(OCCUPANCY, lens()).text, reckon(OCCUPANCY, lens()).level) == ("105", "warning")
    assert reckon(OCCUPANCY, lens(after_s=3600)).level == ""


def test_without_beds_in_the_register_there_is_no_occupancy_and_the_tile_says_why(web, tile):
    put_ward(web, staffed=0, actual=0, planned=0, avail=0, occupied=2)
    got = tile("occupancy")
    assert (got.figure.text, got.figure.value, got.figure.state) == ("–", None, State.FRESH)
    assert got.undefined == "Chưa có giường trong danh mục."
    assert got.gauge.value is None


def test_occupancy_shows_what_it_is_made_of(web, tile):
    put_ward(web)
    got = tile("occupancy")
    assert got.unit == "30/40 vận hành"
    assert [fact.brief for fact in got.facts] == ["33/42", "2", "38"]
    assert got.gauge.value == 750
    assert got.gauge.limits == (850, 950)
    assert got.href == "/beds/bv01"
    assert got.of_his


def test_the_lead_adds_up_to_what_there_will_be(web, tile):
    put_ward(web, ward="noi")
    put_ward(web, ward="ngoai", avail=2, dirty=0, without_bed=4)
    got = tile("beds")
    assert (got.figure.text, got.unit) == ("9", "trên 80 giường vận hành")
    assert [fact.text for fact in got.facts] == ["+3", "−5"]
    assert (got.result.text, got.result.value, got.result.state) == ("7", 7.0, State.FRESH)


def test_nothing_added_has_no_sign(web, tile):
    put_ward(web, dirty=0, without_bed=0)
    assert [fact.text for fact in tile("beds").facts] == ["0", "0"]


def test_a_sum_of_which_a_part_is_not_known_is_no_number(web, tile):
    put_ward(web)
    web.put("pt.without_bed,facility=bv01,site=cs1,ward=noi", 1, source="census", quality=Quality.BAD)
    assert tile("beds").figure.text == "7"
    assert (tile("beds").result.value, tile("beds").result.text) == (None, "–")
    assert tile("beds", after_s=3600).result.value is None


def test_the_rule_of_the_lead_is_cut_up_into_free_to_clean_and_used(web, tile):
    put_ward(web, staffed=100, avail=20, dirty=10, occupied=60)
    assert tile("beds").gauge.pieces == (Piece("free", 0, 200), Piece("todo", 202, 98), Piece("used", 402, 598))
    put_ward(web, staffed=100, avail=0, dirty=0, occupied=120)
    assert tile("beds").gauge.pieces == (Piece("used", 0, 1000),)


def test_emergency_and_the_day_are_counted_over_their_places(web, tile):
    put_emergency(web, "bv02", "cs1", patients=6, arrivals=2)
    put_emergency(web, "bv02", "cs2", patients=3, arrivals=1)
    put_ward(web, "bv02")
    emergency = tile("emergency", facility="bv02")
    assert (emergency.figure.text, emergency.facts[0].text) == ("9", "3")
    assert (emergency.figure.n, emergency.figure.m, emergency.covers) == (2, 2, "khu báo")
    assert [fact.text for fact in tile("balance", facility="bv02").facts] == ["4", "2", "0"]


def test_a_board_of_a_site_counts_the_wards_of_that_site(web, tile):
    put_ward(web, "bv02", "noi", "cs1")
    put_ward(web, "bv02", "san-cs2", "cs2", occupied=10, staffed=20)
    assert tile("occupancy", facility="bv02").figure.text == "67"
    site = tile("occupancy", facility="bv02", site="cs2")
    assert (site.figure.text, site.figure.scope, site.href) == ("50", "facility:bv02/site:cs2", "/beds/bv02?site=cs2")


def test_without_a_his_the_tiles_are_missing_and_not_0(tile):
    got = tile("beds")
    assert (got.figure.state, got.figure.text, got.unit) == (State.MISSING, "–", "")
    assert got.result.value is None
    assert got.gauge.pieces == ()


def test_the_feed_of_the_his_is_as_old_as_its_last_message_and_not_as_our_reckoning(web, lens):
    put_ward(web, age_s=400)  # published now, of a feed that fell silent
    feed = source_age("census", lens())
    assert (feed.state, feed.text) == (State.LATE, "7\u00a0ph")
    assert source_age("census", lens(after_s=600)).state is State.STALE
    assert source_age("census", lens(facility="bv03")).state is State.MISSING


def test_what_is_simulated_of_the_census_is_said_for_the_whole_board(web, lens):
    web.put("fridge.temp,device=tl-01,facility=bv01,site=cs1", 4.0)
    assert lens().report.sim == ""
    put_ward(web, quality=Quality.SIM)
    assert lens().report.sim == "some"
    assert (lens().report.n, lens().report.m) == (1, 136)  # wards are no devices
