"""Tiles in every state, from values as the worker writes them."""

from dataclasses import replace

import pytest

from dashboards.boards import Term
from dashboards.reckon import reckon
from dashboards.tiles import build_feed, build_tile
from ioc.domain import MINUTE, SECOND, Quality, State

FRIDGES = ("tl-01", "tl-02", "tl-03")


def key(metric, device, facility="bv01", site="cs1"):
    return f"{metric},device={device},facility={facility},site={site}"


@pytest.fixture
def lens(web):
    def lens(*, language="vi", after_s=0.0, facility="bv01", site=""):
        web.services.book.refresh()
        return web.services.lens(
            web.services.book, facility, site, language, web.clock.now_ns() + int(after_s * SECOND)
        )

    return lens


@pytest.fixture
def spec(web):
    board = web.app.extensions["ioc-boards"]["hospital"].spec

    def spec(name):
        return next(part for part in (*board.tiles, *board.feeds) if part.id == name)

    return spec


def vaccine(how, **more):
    return Term.model_validate({"metric": "fridge.temp", "how": how, "use": "vaccine", **more})


def test_only_values_in_date_count_and_what_does_not_is_said(web, lens):
    web.put(key("fridge.temp", "tl-01"), 4.0)
    web.put(key("fridge.temp", "tl-02"), 9.0)
    web.put(key("fridge.temp", "tl-03"), 30.0, age_s=3600)
    got = reckon(vaccine("max"), lens())
    assert (got.value, got.n, got.m) == (9.0, 2, 10)
    assert got.brief == "9,0\u00a0°C"


def test_within_range_is_each_devices_own_range(web, lens):
    web.put(key("fridge.temp", "tl-01"), 4.0)
    web.put(key("fridge.temp", "tl-02"), 9.0)
    web.put(key("fridge.temp", "tl-30"), -30.0)  # a plasma freezer
    term = Term.model_validate({"metric": "fridge.temp", "how": "in_range", "of": True})
    got = reckon(term, lens())
    assert (got.text, got.of) == ("2", "/3")
    assert reckon(term.model_copy(update={"how": "out_of_range"}), lens()).text == "1"


def test_a_bad_value_is_never_counted(web, lens):
    web.put(key("fridge.temp", "tl-01"), 4.0)
    web.put(key("fridge.temp", "tl-02"), 99.0, quality=Quality.BAD)
    got = reckon(vaccine("max"), lens())
    assert (got.value, got.n) == (4.0, 1)


def test_a_device_that_the_registry_does_not_know_is_not_on_the_board(web, lens):
    web.put(key("fridge.temp", "mystery"), 50.0)
    assert reckon(Term.model_validate({"metric": "fridge.temp", "how": "max"}), lens()).state is State.MISSING


@pytest.mark.parametrize(
    ("after_s", "state"),
    [(0, State.FRESH), (180, State.FRESH), (181, State.LATE), (540, State.LATE), (541, State.STALE)],
)
def test_a_tile_is_as_old_as_its_values(web, lens, spec, after_s, state):
    web.put(key("fridge.temp", "tl-01"), 4.0)
    tile = build_tile(spec("cold"), lens(after_s=after_s))
    assert tile.figure.state is state


def test_the_browser_is_told_when_a_value_turns(web, lens):
    web.put(key("fridge.temp", "tl-01"), 4.0)
    web.put(key("fridge.temp", "tl-02"), 5.0, age_s=60)
    now = web.clock.now_ns()
    got = reckon(vaccine("max"), lens())
    assert got.late_ns == now - 60 * SECOND + 3 * MINUTE + 1  # the first that turns late makes the total late
    assert got.stale_ns == now + 9 * MINUTE + 1  # it is stale when the last one is
    assert got.turns_ns == got.late_ns


def test_a_stale_tile_still_says_what_it_last_was_and_when(web, lens, spec):
    web.put(key("fridge.temp", "tl-01"), 4.0)
    web.put(key("fridge.temp", "tl-02"), 9.0)
    tile = build_tile(spec("cold"), lens(after_s=3600))
    figure = tile.figure
    assert (figure.state, figure.brief, figure.n, figure.since) == (State.STALE, "1/2", 0, "08:00")
    assert figure.ago == "60 phút trước"


def test_nothing_ever_seen_is_missing_and_not_0(lens, spec):
    tile = build_tile(spec("cold"), lens())
    assert (tile.figure.state, tile.figure.text, tile.figure.value) == (State.MISSING, "–", None)
    assert tile.gauge.value is None
    assert tile.next_change_ns is None


def test_anything_simulated_makes_the_total_simulated(web, lens):
    web.put(key("fridge.temp", "tl-01"), 4.0)
    web.put(key("fridge.temp", "tl-02"), 5.0, quality=Quality.SIM)
    assert reckon(vaccine("max"), lens()).quality == "sim"


def test_a_state_is_shown_by_its_name_and_counted_by_it(web, lens):
    web.put(key("mains.present", "dl-01"), 0)
    word = reckon(Term.model_validate({"metric": "mains.present", "how": "min"}), lens())
    assert (word.text, word.word) == ("Mất điện", True)
    web.put(key("fridge.door", "tl-01"), 1)
    web.put(key("fridge.door", "tl-02"), 0)
    doors = reckon(Term.model_validate({"metric": "fridge.door", "how": "equals", "state": "open"}), lens())
    assert (doors.value, doors.n) == (1.0, 2)


def test_a_free_ventilator_is_one_that_is_known_to_be_without_fault(web, lens, spec):
    for device, in_use, fault in (("tho-01", 0, 0), ("tho-02", 0, 1), ("tho-03", 1, 0)):
        web.put(key("vent.in_use", device), in_use)
        web.put(key("vent.fault", device), fault)
    web.put(key("vent.in_use", "tho-04"), 0)  # nobody knows whether it is at fault
    figure = build_tile(spec("ventilators"), lens()).figure
    assert (figure.text, figure.of) == ("1", "/4")
    assert build_tile(spec("ventilators"), lens(after_s=3600)).figure.brief == "1/4"


def test_the_rule_holds_the_value_and_its_limits(web, lens, spec):
    web.put(key("ups.runtime", "ups-01"), 30.0)
    gauge = build_tile(spec("ups"), lens()).gauge
    assert gauge.value == 500
    assert gauge.limits == (83, 250)  # 5 and 15 of 60 minutes


def test_where_the_metric_has_no_limits_its_devices_own_range_is_drawn(web, lens, spec):
    web.put(key("gas.press", "ox-icu"), 400.0)
    assert build_tile(spec("gas"), lens()).gauge.limits == (533, 800)


def test_a_feed_is_as_old_as_the_last_message_of_its_source(web, lens, spec):
    web.put(key("fridge.temp", "tl-01"), 4.0, age_s=500)  # came now, though it was measured earlier
    feed = build_feed(spec("feed-mqtt"), lens(after_s=12))
    assert (feed.figure.state, feed.figure.text) == (State.FRESH, "12\u00a0s")
    assert build_feed(spec("feed-mqtt"), lens(after_s=61)).figure.state is State.LATE
    assert build_feed(spec("feed-mqtt"), lens(after_s=181)).figure.state is State.STALE
    assert build_feed(spec("feed-mqtt"), lens(facility="bv03")).figure.state is State.MISSING


def test_a_site_shows_its_own_devices_only(web, lens):
    web.put(key("fridge.temp", "tl-01", "bv02", "cs1"), 4.0)
    term = Term.model_validate({"metric": "fridge.temp", "how": "max"})
    assert reckon(term, lens(facility="bv02", site="cs1")).value == 4.0
    assert reckon(term, lens(facility="bv02", site="cs2")).state is State.MISSING


def test_a_figure_too_wide_for_its_place_is_set_smaller(web, lens):
    web.put(key("room.temp", "mt-may"), 24.4)
    got = reckon(Term.model_validate({"metric": "room.temp", "how": "max"}), lens())
    assert got.wide
    assert not replace(got, text="24", unit="%").wide


def test_a_mean_of_many(web, lens):
    for device, value in zip(FRIDGES, (2.0, 4.0, 9.0), strict=True):
        web.put(key("fridge.temp", device), value)
    assert reckon(vaccine("mean"), lens()).value == 5.0
    assert reckon(vaccine("mean"), lens(after_s=3600)).text == "5,0"


def test_a_device_is_as_old_as_the_oldest_value_it_ever_gave(web, lens):
    web.put(key("fridge.temp", "tl-01"), 4.0)
    web.put(key("fridge.door", "tl-01"), 0, age_s=200)
    web.put(key("fridge.temp", "tl-02"), 4.0, quality=Quality.SIM)
    got = lens().report
    assert (got.n, got.m, got.worst, got.sim) == (2, 136, State.LATE, "some")
    assert got.states[State.MISSING] == 134
