"""Incidents about several series: groups, several sources of one series, and windows."""

import pytest

from alerts.engine import Observation
from alerts.rules import Read, Take
from ioc.domain import MINUTE, Quality
from tests.unit.alerts.engine.world import T0, World, device, level, ns, registry, rule

BV01 = (("facility", "bv01"),)


def group(*levels, take=Take.MAX, **more):
    return rule(*levels, read=Read("fridge.temp", ("facility",), take=take), **more)


WARMEST = group(level("warning", "> 8"), level("critical", "> 12"), missing=(10, "warning"))


@pytest.mark.parametrize(
    ("take", "value"),
    [(Take.LAST, 7), (Take.MIN, 4), (Take.MAX, 9), (Take.MEAN, 20 / 3), (Take.SUM, 20), (Take.COUNT, 3)],
)
def test_the_members_make_one_value(take, value):
    world = World(group(level("warning", "> 0"), take=take))
    world.value(9, 0, "a")
    world.value(4, 1, "b")
    world.value(7, 2, "c")
    world.value(1000, -20, "out-of-date", came=-20)
    assert world.step(2) == ["2m firing warning"]
    (event,) = world.events
    assert event.value == pytest.approx(value)
    assert (event.labels, event.series) == (BV01, "")


def test_one_member_counted_is_one():
    world = World(group(level("warning", "< 2"), take=Take.COUNT))
    assert world.at(0, 50, "a") == ["0m firing warning"]
    assert world.events[0].value == 1
    assert world.at(1, 50, "b") == ["1m resolved warning value"]


def test_a_group_is_judged_once_all_of_a_step_has_come():
    world = World(group(level("warning", "> 15"), take=Take.SUM))
    world.value(9, 0, "a")
    world.value(4, 0, "b")
    assert world.step(0) == []
    world.value(4, 1, "a")
    world.value(14, 1, "b")
    assert world.step(1) == ["1m firing warning"]
    world.restart()
    assert world.step(2) == []


def test_its_quality_is_that_of_the_value_that_was_taken():
    world = World(WARMEST, group(level("warning", "> 15"), take=Take.SUM, id="sum"))
    world.value(9, 0, "a", quality=Quality.SIM)
    world.value(8, 0, "b")
    world.step(0)
    world.value(10, 1, "b")
    world.step(1)
    assert {(event.rule.id, event.quality) for event in world.events} == {
        ("fridge-warm", Quality.SIM),
        ("sum", Quality.SIM),
    }


class TestSilence:
    def test_a_group_is_missing_as_soon_as_one_is_and_back_when_all_speak(self):
        world = World(WARMEST)
        for name, at in (("a", 0), ("b", 0), ("c", 9)):
            world.value(5, at, name)
        world.step(9)
        assert world.step(10) == ["10m missing warning"]
        assert world.events[-1].silent == 2
        assert world.at(11, 5, "a") == []
        assert world.at(12, 5, "b") == ["12m resolved warning back"]

    def test_others_alarm_while_one_is_silent_and_nothing_ends_before_it_speaks(self):
        world = World(WARMEST)
        world.value(9, 0, "a")
        world.value(5, 0, "b")
        assert world.step(0) == ["0m firing warning"]
        world.at(4, 5, "b")
        assert world.step(10) == ["10m missing warning"]
        assert world.at(11, 13, "b") == ["11m level critical"]
        assert world.events[-1].silent == 1
        assert world.at(12, 5, "b") == []
        assert world.at(13, 5, "a") == ["13m back critical", "13m resolved critical value"]

    def test_what_was_alarming_and_is_out_of_date_is_not_gone(self):
        world = World(group(level("warning", "> 8"), missing=(30, "warning")))
        world.value(9, 0, "a")
        world.value(5, 0, "b")
        world.step(0)
        assert world.at(16, 5, "b") == [], "a says nothing, and is not silent yet"
        world.at(18, 9, "a")
        assert world.at(19, 5, "a") == ["19m resolved warning value"]

    def test_a_new_member_joins_at_once(self):
        world = World(WARMEST)
        world.at(0, 5, "a")
        assert world.at(1, 9, "b") == ["1m firing warning"]
        assert world.at(2, 5, "b") == ["2m resolved warning value"]

    def test_a_member_that_was_let_go_does_not_come_back_at_a_restart(self):
        world = World(WARMEST)
        world.value(5, 0, "a")
        world.at(0, 5, "b")
        for at in range(1, 12):
            world.at(at, 5, "b")
        world.close(12, device="")
        assert world.at(13, 9, "b") == ["13m firing warning"]
        world.restart()
        assert world.step(14) == []
        assert world.at(15, 5, "b") == ["15m resolved warning value"], "a has no part in it"
        assert world.at(16, 5, "a") == []
        assert world.kept == {}

    def test_without_a_word_about_silence_those_long_gone_have_no_part_in_a_new_incident(self):
        world = World(group(level("warning", "> 8")))
        world.value(5, 0, "gone")
        world.at(0, 5, "a")
        assert world.at(60, 9, "a") == ["60m firing warning"]
        world.restart()
        assert world.step(61) == []
        assert world.at(62, 5, "a") == ["62m resolved warning value"]
        assert world.at(63, 9, "a") == ["63m firing warning"]
        assert world.step(78) == ["78m missing warning"], "those who speak fall silent as ever"

    def test_a_demo_that_stops_beside_a_real_device_is_no_fault(self):
        world = World(WARMEST)
        world.value(5, 0, "demo", quality=Quality.SIM)
        for at in range(0, 30, 5):
            assert world.at(at, 5, "real") == []
        assert world.at(30, 9, "real") == ["30m firing warning"]
        assert world.at(31, 5, "real") == ["31m resolved warning value"]


class TestSources:
    def test_several_sources_of_one_thing_are_one_member_the_newest(self):
        world = World(rule(level("warning", "> 8"), missing=(10, "warning")))
        world.value(9, 0, source="old-gateway")
        world.value(5, 1, source="mqtt")
        assert world.step(1) == []
        assert world.at(2, 9, source="mqtt") == ["2m firing warning"]
        assert world.events[-1].series.endswith("source=mqtt")
        assert world.at(3, 5, source="old-gateway") == ["3m resolved warning value"]
        for at in range(4, 20):
            assert world.at(at, 5, source="mqtt") == [], "the other one is not waited for"

    def test_a_second_source_joins_one_that_was_alone(self):
        world = World(rule(level("warning", "> 8"), level("critical", "> 12"), missing=(10, "warning")))
        world.at(0, 5, source="mqtt")
        assert world.at(1, 5, source="new-gateway") == []
        assert world.at(2, 9, source="mqtt") == ["2m firing warning"]
        assert world.at(3, 13, source="new-gateway") == ["3m level critical"]

    def test_by_source_they_are_two(self):
        world = World(rule(level("warning", "> 8"), read=Read("fridge.temp", ("device", "source"))))
        world.value(9, 0, source="old-gateway")
        world.value(5, 0, source="mqtt")
        assert world.step(0) == ["0m firing warning"]
        assert dict(world.events[0].labels)["source"] == "old-gateway"


class TestMovedDevices:
    AT_KHO_2 = registry(device("tl-01", "kho-2"))

    def test_the_place_that_a_device_has_left_is_not_waited_for(self):
        world = World(
            rule(missing=(10, "warning"), read=Read("fridge.temp", ("device", "site"))), registry=self.AT_KHO_2
        )
        world.value(5, 0, site="cs1")
        for at in range(0, 20, 5):
            assert world.at(at, 5, site="cs2") == []
        assert world.step(26) == ["25m missing warning"]
        assert dict(world.events[0].labels)["site"] == "cs2"

    def test_an_alarm_that_it_left_behind_can_be_closed(self):
        by_site = rule(level("warning", "> 8"), missing=(10, "warning"), read=Read("fridge.temp", ("device", "site")))
        world = World(by_site, registry=registry(device("tl-01")))
        world.at(0, 9, site="cs1")
        assert world.replace(1, by_site, registry=self.AT_KHO_2) == []
        assert world.step(10) == ["10m missing warning"]


class TestWindows:
    """Rules with ``over``: the store is asked, and gives what it found."""

    RULE = rule(
        level("warning", "> 8", for_=1),
        missing=(10, "warning"),
        read=Read("fridge.temp", ("facility",), over_ns=5 * MINUTE, take=Take.MEAN),
    )

    def seen(self, at, value, series="fridge.temp,device=a,facility=bv01,source=mqtt", **more):
        return Observation("fridge-warm", BV01, value, T0 + ns(at), series=series, **more)

    def test_present_values_are_not_judged_and_say_which_series_there_are(self):
        world = World(self.RULE)
        row = world.value(50, 0, "a")
        assert world.step(0) == []
        assert [each.id for each in world.engine.windows()] == ["fridge-warm"]
        assert world.engine.series_of("fridge-warm") == {row.key: BV01}
        assert world.engine.series_of("other") == {}

    def test_observations_are_judged_as_values_at_the_end_of_the_window(self):
        world = World(self.RULE)
        assert world.step(0.1, self.seen(0, 9)) == []
        assert world.step(0.35, self.seen(0.25, 9)) == []
        assert world.step(0.35, self.seen(0, 5)) == [], "an older window"
        assert world.step(0.6, self.seen(0.5, 90, quality=Quality.BAD)) == []
        assert world.step(1.1, self.seen(1, 9)) == ["1m firing warning"]
        world.restart()
        assert world.step(1.2) == []
        assert world.step(2.1, self.seen(2, 5)) == ["2m resolved warning value"]
        assert world.step(12) == ["12m missing warning"]

    def test_after_a_restart_it_waits_for_the_store_before_it_says_missing(self):
        world = World(self.RULE)
        world.step(0, self.seen(0, 9))
        assert world.step(1, self.seen(1, 9)) == ["1m firing warning"]
        world.restart()
        assert world.step(30) == []
        assert world.step(40) == ["40m missing warning"]
        world.restart()
        assert world.step(41) == []
        assert world.step(42, self.seen(42, 9)) == ["42m back warning"]

    def test_counts_of_several_series_are_added_up(self):
        counted = rule(
            level("warning", "> 8"), read=Read("fridge.temp", ("facility",), over_ns=MINUTE, take=Take.COUNT)
        )
        world = World(counted)
        other = "fridge.temp,device=b,facility=bv01,source=mqtt"
        assert world.step(0, self.seen(0, 5), self.seen(0, 4, other)) == ["0m firing warning"]
        assert world.events[0].value == 9

    def test_a_reload_goes_on_with_what_was_observed(self):
        world = World(self.RULE)
        world.step(0, self.seen(0, 9))
        world.step(1, self.seen(1, 9))
        other = rule(level("warning", "> 10"), read=self.RULE.read)
        assert world.replace(1.1, other) == ["1m resolved warning value"]

    def test_what_no_rule_reads_is_left_alone(self):
        world = World(rule(level("warning", "> 8")))
        assert world.step(0, self.seen(0, 9)) == []
        world = World()
        assert world.step(0, self.seen(0, 9)) == []
