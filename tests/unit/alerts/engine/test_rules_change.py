"""Which series a rule reads, where its limits come from, and what becomes of incidents when rules change."""

import pytest

from alerts.engine import Engine
from alerts.engine.limits import Comparison, bounds_of
from alerts.level import Level
from alerts.rules import Column, Condition, LevelRule, Op, Read, RuleSet, Table
from ioc.registry import Registry
from tests.unit.alerts.engine.world import World, device, level, registry, rule

WARM = rule(level("warning", "> 8", "< 7"), level("critical", "> 12", "< 11"), missing=(10, "warning"))
OTHER_READ = Read("fridge.temp", ("facility", "device"), where=(("facility", ("bv01",)),))


class TestReading:
    def test_a_rule_reads_what_tags_and_use_allow(self):
        vaccine = rule(
            level("warning", "> 8"),
            read=Read("fridge.temp", ("device",), where=(("use", ("vaccine", "blood")), ("site", ("cs1",)))),
        )
        uses = {"tl-01": "vaccine", "tl-02": "food", "tl-03": "blood", "tl-04": ""}
        world = World(vaccine, registry=registry(*(device(code, use=use) for code, use in uses.items())))
        for code in (*uses, "unknown"):
            world.value(9, 0, code)
        world.value(9, 0, "tl-01", site="cs2")
        world.step(0)
        assert [event.labels for event in world.events] == [(("device", "tl-01"),), (("device", "tl-03"),)]

    def test_other_metrics_are_nobody_s_business(self):
        world = World(rule(level("warning", "> 8"), read=Read("fridge.door", ("device",))))
        assert world.at(0, 99) == []
        assert world.at(1, 100) == []

    def test_a_label_that_the_series_does_not_have_is_left_out(self):
        world = World(rule(level("warning", "> 8"), read=Read("fridge.temp", ("ward", "device"))))
        world.at(0, 9)
        assert world.events[0].labels == (("device", "tl-01"),)

    def test_two_rules_on_one_series_have_an_incident_each(self):
        world = World(WARM, rule(level("warning", "< 2"), id="fridge-cold"))
        assert world.at(0, 5) == []
        assert world.at(1, 9) == ["1m firing warning"]
        assert world.at(2, 1) == ["2m resolved warning value", "2m firing warning"]

    def test_a_set_of_rules_will_do_as_the_loader_gives_it(self):
        assert Engine(RuleSet({WARM.id: WARM}), Registry({}, {}, {})).step([], 0).events == []


def of_device(name: str, op: Op, offset: float = 0.0) -> Condition:
    return Condition(op, offset, Column("device", name))


class TestLimits:
    LABELS = (("device", "tl-01"), ("facility", "bv01"))
    RANGE = rule(
        LevelRule(Level.WARNING, of_device("high", Op.GT), of_device("high", Op.LT, -0.5)),
        LevelRule(Level.CRITICAL, of_device("high", Op.GT, 4)),
    )

    def test_the_range_of_a_device_comes_from_the_registry(self):
        warning, critical = bounds_of(self.RANGE, self.LABELS, registry(device("tl-01", low=2, high=8)))
        assert (warning.enter, warning.leave) == (Comparison(Op.GT, 8), Comparison(Op.LT, 7.5))
        assert (critical.enter, critical.leave) == (Comparison(Op.GT, 12), None)

    @pytest.mark.parametrize("known", [registry(), registry(device("tl-01", low=2))])
    def test_a_level_whose_limit_is_missing_is_not_judged(self, known):
        assert bounds_of(self.RANGE, self.LABELS, known) == ()

    @pytest.mark.parametrize(
        ("labels", "limit"),
        [
            ({"facility": "bv01", "ward": "icu2"}, 80),
            ({"facility": "bv01", "ward": "icu1"}, 85),
            ({"facility": "bv02", "ward": "icu2"}, None),
            ({}, 85),
        ],
    )
    def test_a_table_gives_the_row_or_the_default(self, labels, limit):
        table = Table("icu", ("facility", "ward"), {"warn": 85}, {("bv01", "icu2"): {"warn": 80}})
        enter = Condition(Op.GE, 0, Column("icu", "warn"))
        occupied = rule(LevelRule(Level.WARNING, enter), tables={"icu": table})
        if limit is None:
            occupied = rule(LevelRule(Level.WARNING, Condition(Op.GE, 0, Column("icu", "crit"))), tables={"icu": table})
        found = bounds_of(occupied, tuple(sorted(labels.items())), registry())
        assert [bound.enter.limit for bound in found] == ([] if limit is None else [limit])

    def test_a_leave_that_cannot_be_known_takes_its_level_along(self):
        half = rule(LevelRule(Level.WARNING, Condition(Op.GT, 8), Condition(Op.LT, 0, Column("none", "warn"))))
        assert bounds_of(half, (), registry()) == ()

    @pytest.mark.parametrize("op", Op)
    def test_no_value_within_the_quiet_band_enters(self, op):
        comparison = Comparison(op, 5)
        values = [4, 4.999, 5, 5.001, 6]
        for value in values:
            if not comparison.holds(value):
                low, high = comparison.band_around(value)
                assert not any(comparison.holds(other) for other in values if low < other < high)
                assert low < value < high or value == 5


class TestReload:
    def test_the_same_rules_again_say_nothing(self):
        world = World(WARM)
        world.at(0, 9)
        world.at(1, 5)
        kept = dict(world.kept)
        assert world.replace(2, WARM) == []
        assert world.kept == kept

    def test_a_way_out_does_not_end_with_a_reload(self):
        slow = rule(level("warning", "> 8", hold=5))
        world = World(slow)
        world.at(0, 9)
        world.at(1, 5)
        assert world.replace(10, slow) == []
        assert world.at(11, 5) == ["11m resolved warning value"]

    def test_new_limits_judge_the_present_value_at_once_and_keep_the_incident(self):
        world = World(WARM)
        assert world.at(0, 9) == ["0m firing warning"]
        stricter = rule(level("warning", "> 8", "< 7"), level("critical", "> 8.5"), missing=(10, "warning"))
        assert world.replace(1, stricter) == ["0m level critical"]
        assert world.replace(2, rule(level("warning", "> 10"))) == ["0m resolved critical rule-changed"]
        assert world.replace(3, WARM) == ["0m firing warning"]
        assert len({event.incident for event in world.events}) == 2
        assert world.events[-1].rule is WARM

    def test_a_value_that_is_out_of_date_is_not_judged_by_new_limits(self):
        world = World(rule(level("warning", "> 20")))
        world.at(0, 9)
        assert world.replace(16, WARM) == ["10m missing warning"]

    def test_what_is_read_has_changed(self):
        world = World(WARM)
        world.at(0, 9)
        changed = rule(*WARM.levels, read=OTHER_READ)
        assert world.replace(1, changed) == ["1m resolved warning rule-changed", "0m firing warning"]
        first, _, second = world.events
        assert first.incident != second.incident
        assert [state.read for state in world.kept.values()] == [repr(OTHER_READ)]

    def test_a_rule_is_gone_and_comes_back_while_its_device_is_silent(self):
        world = World(WARM)
        world.at(0, 5)
        world.step(10)
        assert world.replace(11, rule(level("warning", "> 90"), id="other")) == ["11m resolved warning rule-removed"]
        assert world.kept == {}
        assert world.replace(12, WARM) == ["10m missing warning"]
        first, _, second = world.events
        assert first.incident != second.incident, "the old one is over"

    def test_silence_that_nobody_asks_about_any_more(self):
        world = World(WARM)
        world.at(0, 5)
        world.step(10)
        assert world.replace(16, rule(*WARM.levels)) == ["16m resolved warning rule-changed"]

    def test_silence_that_is_none_by_the_new_rule(self):
        world = World(WARM)
        world.at(0, 5)
        world.step(10)
        assert world.replace(11, rule(*WARM.levels, missing=(20, "warning"))) == ["10m resolved warning back"]
        assert world.step(20) == ["20m missing warning"]

    def test_a_new_limit_for_a_device_in_the_registry(self):
        ranged = rule(LevelRule(Level.WARNING, of_device("high", Op.GT)))
        world = World(ranged, registry=registry(device("tl-01", high=8)))
        assert world.at(0, 9) == ["0m firing warning"]
        assert world.replace(1, ranged, registry=registry(device("tl-01", high=10))) == ["0m resolved warning value"]

    def test_timers_run_on(self):
        slow = rule(level("warning", "> 8", for_=5), missing=(10, "warning"))
        world = World(slow)
        world.at(0, 9)
        world.replace(1, slow)
        assert world.step(5) == ["5m firing warning"]
        world.replace(6, slow)
        assert world.step(10) == ["10m missing warning"]


class TestRulesChangedWhileItDidNotRun:
    @pytest.fixture
    def world(self) -> World:
        world = World(WARM)
        world.at(0, 9)
        return world

    def test_what_is_read_has_changed(self, world):
        world.restart(rule(*WARM.levels, read=OTHER_READ))
        assert world.step(1) == ["1m resolved warning rule-changed", "0m firing warning"]
        assert len({event.incident for event in world.events}) == 2

    def test_a_rule_is_gone(self, world):
        world.restart(rule(level("warning", "> 90"), id="other"))
        assert world.step(1) == ["1m resolved warning rule-removed"]
        assert world.events[-1].rule.id == "fridge-warm"
        assert world.events[-1].incident == world.events[0].incident
        assert world.kept == {}

    def test_the_whole_present_is_lost(self, world):
        world.present = {}
        world.restart()
        assert world.step(100) == []
        assert world.step(110) == ["110m missing warning"]
        assert world.events[-1].series == ""
        assert world.at(111, 5) == ["111m back warning", "111m resolved warning value"]

    def test_a_way_out_that_had_begun_goes_on(self):
        slow = rule(level("warning", "> 8", hold=5), missing=(10, "warning"))
        world = World(slow)
        world.at(0, 9)
        world.at(1, 5)
        world.restart()
        assert world.step(2) == []
        assert world.at(5.9, 5) == []
        world.restart()
        assert world.at(6, 5) == ["6m resolved warning value"]

    def test_what_waited_for_a_level_that_is_judged_no_more_is_forgotten(self):
        world = World(rule(level("warning", "> 8", for_=5)))
        world.at(0, 9)
        assert world.kept
        world.restart(rule(level("critical", "> 12", for_=5)))
        assert world.step(1) == []
        assert world.kept == {}

    def test_a_level_that_is_judged_no_more_ends_with_the_next_value(self):
        world = World(WARM)
        world.at(0, 13)
        world.restart(rule(level("warning", "> 8", "< 7", hold=5), missing=(10, "warning")))
        assert world.at(1, 9) == ["1m level warning"]
