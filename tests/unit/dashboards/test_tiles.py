"""Tiles in every state, from values as the worker writes them."""

from dataclasses import replace

import orjson
import pytest

from dashboards import tiles
from dashboards.alarms import Alarms, alarms_at
from dashboards.boards import FeedSpec, Term
from dashboards.reckon import reckon
from ioc.domain import MINUTE, SECOND, Quality, State
from tests.unit.dashboards.alerting import raise_incident

FRIDGES = ("tl-01", "tl-02", "tl-03")
BLOOD = FeedSpec.model_validate(
    {
        "id": "feed-blood",
        "title": {"vi": "Tủ máu", "en": "Blood"},
        "figure": {"metric": "fridge.temp", "how": "in_range", "use": "blood", "of": True},
    }
)


def build_tile(spec, lens):
    return tiles.build_tile(spec, lens, Alarms((), lens.registry, lens.catalogue))


def build_feed(spec, lens):
    return tiles.build_feed(spec, lens, Alarms((), lens.registry, lens.catalogue))


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
    figure = build_feed(spec("feed-ventilators"), lens()).figure
    assert (figure.text, figure.of) == ("1", "/4")
    assert build_feed(spec("feed-ventilators"), lens(after_s=3600)).figure.brief == "1/4"


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


def alarms(web, facility="bv01", site=""):
    web.services.incidents.refresh()
    return alarms_at(web.services, facility, site)


def test_a_figure_alarms_at_the_level_of_its_incident_and_the_tile_at_the_worst(web, lens, spec):
    web.put(key("fridge.temp", "tl-01"), 12.4)
    web.put(key("fridge.power", "tl-01"), 0)
    raise_incident(web)
    lost = [["warning", "==", 0.0]]
    raise_incident(web, id="i2", metric="fridge.power", level="warning", limits=orjson.dumps(lost).decode())
    tile = tiles.build_tile(spec("cold"), lens(), alarms(web))
    assert (tile.level, tile.figure.level) == ("critical", "critical")
    assert [fact.level for fact in tile.facts] == ["critical", "", "warning"]
    assert tile.figure.alert == "i0123456789abcde"


def test_a_real_alarm_among_simulated_values_is_told_from_an_exercise(web, lens, spec):
    web.put(key("fridge.temp", "tl-01"), 12.4)
    web.put(key("fridge.temp", "tl-02"), 11.0, quality=Quality.SIM)
    raise_incident(web, id="isim", device="tl-02", quality="sim")
    tile = tiles.build_tile(spec("cold"), lens(), alarms(web))
    assert (tile.figure.quality, tile.figure.level, tile.real, tile.figure.real) == ("sim", "critical", False, False)
    raise_incident(web)
    tile = tiles.build_tile(spec("cold"), lens(), alarms(web))
    assert (tile.figure.quality, tile.real, tile.figure.real) == ("sim", True, True)
    assert tile.figure.alert == "i0123456789abcde"


def test_the_lowest_of_many_does_not_alarm_where_one_is_too_high(web, lens, spec):
    web.put(key("fridge.temp", "tl-01"), 12.4)
    web.put(key("fridge.temp", "tl-02"), 4.0)
    raise_incident(web)
    warmest, coldest = tiles.build_tile(spec("cold"), lens(), alarms(web)).facts[:2]
    assert (warmest.level, coldest.level) == ("critical", "")


@pytest.mark.parametrize(("state", "level"), [("on_battery", "critical"), ("fault", "")])
def test_a_figure_that_counts_a_state_alarms_where_that_state_is_wrong(web, lens, spec, state, level):
    codes = [each.code for each in web.services.catalogue.metrics["ups.status"].states]
    web.put(key("ups.status", "ups-01"), codes.index(state))
    limits = orjson.dumps([["critical", "==", float(codes.index(state))]]).decode()
    raise_incident(web, device="ups-01", metric="ups.status", series="", limits=limits)
    tile = tiles.build_tile(spec("ups"), lens(), alarms(web))
    assert (tile.level, tile.facts[0].level) == ("critical", level)


def test_a_silent_series_makes_its_tile_alarm_and_no_figure_of_it(web, lens, spec):
    web.put(key("ups.runtime", "ups-01"), 41.0)
    raise_incident(
        web, device="ups-01", metric="ups.runtime", series="", status="missing", missing_since_ns=1, level="warning"
    )
    tile = tiles.build_tile(spec("ups"), lens(), alarms(web))
    assert (tile.level, tile.figure.level) == ("warning", "")


def test_an_alarm_shows_on_what_is_for_the_same_use_and_nowhere_else(web, lens):
    raise_incident(web)  # a vaccine fridge
    assert tiles.build_feed(BLOOD, lens(), alarms(web)).figure.level == ""
    raise_incident(web, id="i2", device="tl-11")
    assert tiles.build_feed(BLOOD, lens(), alarms(web)).figure.level == "critical"


def test_an_alarm_of_another_facility_or_site_or_one_that_is_over_shows_nowhere(web, lens, spec):
    raise_incident(web, facility="bv02", series="")
    raise_incident(web, id="i2", status="resolved", resolved_ns=1, resolved_at_ns=web.clock.now_ns())
    assert tiles.build_tile(spec("cold"), lens(), alarms(web)).level == ""
    assert tiles.build_tile(spec("cold"), lens(facility="bv02"), alarms(web, "bv02", "cs1")).level == "critical"
    assert tiles.build_tile(spec("cold"), lens(facility="bv02"), alarms(web, "bv02", "cs2")).level == ""


def test_an_incident_of_a_whole_place_alarms_on_every_figure_of_its_metric(web, lens, spec):
    raise_incident(web, device="", series="", metric="room.temp", limits="[]")
    assert tiles.build_feed(spec("feed-server-room"), lens(), alarms(web)).figure.level == "critical"
