"""The life of one incident on one series."""

import pytest

from alerts.event import Happened, TrackState
from alerts.level import Level
from alerts.rules import Column, Condition, LevelRule, Op, Read, Table
from ioc.domain import MINUTE, Quality
from tests.unit.alerts.engine.world import T0, World, level, rule

WARM = rule(level("warning", "> 8", "< 7"), level("critical", "> 12", "< 11"))
SLOW = rule(
    level("warning", "> 8", "< 7", for_=5, hold=3),
    level("critical", "> 12", "< 11", for_=2, hold=6),
    missing=(10, "warning"),
)
LIMITS = Table(
    "icu_limits", ("facility", "ward"), {"warn": 85, "crit": 95}, {("bv01", "icu2"): {"warn": 80, "crit": 92}}
)


def limit(name: str, op: Op, offset: float = 0.0) -> Condition:
    return Condition(op, offset, Column("icu_limits", name))


ICU = rule(
    LevelRule(Level.WARNING, limit("warn", Op.GE), limit("warn", Op.LT, -5), 5 * MINUTE, 10 * MINUTE),
    LevelRule(Level.CRITICAL, limit("crit", Op.GE), limit("crit", Op.LT, -3), 1 * MINUTE, 10 * MINUTE),
    missing=(10, "warning"),
    read=Read("fridge.temp", ("facility", "ward"), where=(("bed_type", ("icu",)),)),
    tables={"icu_limits": LIMITS},
)


@pytest.mark.parametrize("restart_at", [None, 0, 3, 6, 7, 12.5, 13, 20, 26, 27, 29, 35, 38.75, 39])
def test_the_worked_example_of_the_specification_whenever_it_is_restarted(restart_at):
    world = World(ICU)
    values = [70, *[82] * 9, 79, 78, *[93] * 5, *[None] * 12, *[72] * 15]
    told = []
    for quarter in range(len(values) * 4):
        at = quarter / 4
        if quarter % 4 == 0 and values[quarter // 4] is not None:
            world.value(values[quarter // 4], at, ward="icu2", bed_type="icu", max_age=3)
        if at == restart_at:
            world.restart()
        told += world.step(at)
    assert told == [
        "6m firing warning",
        "13m level critical",
        "26m missing critical",
        "29m back critical",
        "39m resolved critical value",
    ]
    assert len({event.incident for event in world.events}) == 1
    assert world.events[0].limits == (("warning", ">=", 80.0), ("critical", ">=", 92.0))
    assert [event.limit for event in world.events] == [80.0, 92.0, None, None, 89.0]
    assert world.kept == {}


@pytest.mark.parametrize(
    ("judged_by", "values", "told"),
    [
        (WARM, "5 8 7.5", []),
        (WARM, "9", ["0m firing warning"]),
        (WARM, "9 7.5 7 6", ["0m firing warning", "3m resolved warning value"]),
        (WARM, "5 13 9 13 5", [
            "1m firing critical", "2m level warning", "3m level critical", "4m resolved critical value",
        ]),
        (WARM, "9 13 10 6", [
            "0m firing warning", "1m level critical", "2m level warning", "3m resolved warning value",
        ]),
        (SLOW, "9x5 5x9", []),
        (SLOW, "9x6 6x9", ["5m firing warning", "9m resolved warning value"]),
        (SLOW, "9x4 8 9x5", []),
        (SLOW, "13x3 5x9", ["2m firing critical", "9m resolved critical value"]),
        (SLOW, "13x3 9x9", ["2m firing critical", "9m level warning"]),
        (SLOW, "13x3 9x4 5x9", ["2m firing critical", "9m level warning", "10m resolved warning value"]),
        (SLOW, "13x3 5x5 11.5 5x7", ["2m firing critical", "15m resolved critical value"]),
        (SLOW, "9x6 13x3 5x9", ["5m firing warning", "8m level critical", "15m resolved critical value"]),
        (rule(level("warning", "< 2")), "3 2 1 2", ["2m firing warning", "3m resolved warning value"]),
        (rule(level("warning", "== 0")), "1 0 2", ["1m firing warning", "2m resolved warning value"]),
        (rule(level("warning", "!= 1")), "1 1 0 1", ["2m firing warning", "3m resolved warning value"]),
    ],
)  # fmt: skip
def test_levels_rise_and_fall(judged_by, values, told):
    assert World(judged_by).play(values) == told


def test_a_duration_that_ends_between_two_values_ends_by_the_clock():
    world = World(SLOW)
    assert world.at(0, 9) == []
    assert world.step(4.95) == []
    assert world.step(5.1) == ["5m firing warning"]


def test_a_duration_does_not_end_with_a_value_that_is_out_of_date():
    world = World(rule(level("warning", "> 8", for_=6)))
    world.at(0, 9, max_age=1)
    assert world.step(6) == []
    assert world.at(6.5, 9, max_age=1) == [], "the gap was longer than three times the age: it begins again"
    assert world.at(9, 9, max_age=1) == []
    assert world.at(12, 9, max_age=1) == []
    assert world.at(12.5, 9, max_age=1) == ["12.5m firing warning"]


def test_silence_does_not_end_a_duration_even_where_the_value_is_in_date():
    world = World(rule(level("warning", "> 8", for_=10), missing=(6, "")))
    world.at(0, 9)
    assert world.step(10) == []
    assert world.at(10.5, 9) == []


def test_a_gap_begins_the_way_out_again():
    world = World(rule(level("warning", "> 8", hold=8), missing=(6, "")))
    assert world.at(0, 9) == ["0m firing warning"]
    assert world.at(1, 5) == []
    assert world.at(8, 5) == [], "seven minutes of nothing"
    assert world.at(14, 5) == []
    assert world.at(16, 5) == ["16m resolved warning value"]


def test_the_way_out_ends_with_a_value_and_never_by_the_clock():
    world = World(rule(level("warning", "> 8", hold=2)))
    world.at(0, 9)
    world.at(1, 5)
    assert world.step(4) == []
    assert world.at(4.5, 5) == ["4.5m resolved warning value"]


def test_a_value_is_not_judged_when_it_is_bad_late_old_or_out_of_date():
    world = World(WARM)
    world.at(0, 5)
    assert world.at(1, 13, quality=Quality.BAD) == []
    assert world.at(2, 13, came=7.1) == [], "it came later than its age allows"
    world.value(13, 3, came=3)
    assert world.step(18.1) == [], "it has gone out of date while nobody judged"
    assert world.at(20, 13, came=20) == ["20m firing critical"]
    assert world.at(19, 5, came=20) == [], "an older one"
    assert world.at(20, 5) == [], "another of the same time"
    assert world.at(21, 5, quality=Quality.TEST) == ["21m resolved critical value"]


def test_a_time_that_has_not_come_counts_as_the_moment_of_arrival():
    world = World(SLOW)
    world.value(9, 60, came=0)
    assert world.step(0) == []
    assert world.step(5) == ["5m firing warning"]
    assert world.step(9.9) == []
    assert world.step(10) == ["10m missing warning"]
    world.value(5, 71, came=11)
    assert world.step(11) == ["11m back warning"]
    world.value(5, 74, came=14)
    assert world.step(14) == ["14m resolved warning value"]


def test_each_value_of_one_step_is_judged_in_its_order():
    world = World(WARM)
    world.at(0, 5)
    rows = [world.value(value, at) for at, value in ((1, 13), (2, 5), (3, 9))]
    told = world.step(3, changes=rows)
    assert told == ["1m firing critical", "2m resolved critical value", "3m firing warning"]
    first, _, second = world.events
    assert first.incident != second.incident


def test_the_same_value_again_says_nothing():
    world = World(WARM, rule(missing=(10, "warning"), id="silent"))
    world.at(0, 9)
    for at in (0.1, 1, 2):
        assert world.step(at, changes=list(world.present.values())) == []


@pytest.mark.parametrize("raised", ["warning", "critical"])
def test_silence_alone_opens_an_incident_that_ends_when_it_speaks(raised):
    world = World(rule(level("warning", "> 8"), missing=(10, raised)))
    world.at(0, 5)
    assert world.step(9.9) == []
    assert world.step(10.1) == [f"10m missing {raised}"]
    assert world.step(30) == []
    assert world.at(31, 5) == [f"31m resolved {raised} back"]
    assert world.kept == {}


def test_an_incident_about_silence_goes_on_when_what_speaks_again_alarms():
    world = World(rule(level("warning", "> 8", for_=2), level("critical", "> 12"), missing=(10, "warning")))
    world.at(0, 5)
    world.step(10)
    assert world.at(11, 13) == ["11m back warning", "11m level critical"]
    assert world.at(12, 5) == ["12m resolved critical value"]
    world.step(22)
    assert world.at(23, 9) == ["23m back warning"], "it waits to become a level"
    assert world.at(25, 9) == ["25m level warning"]
    assert world.at(26, 5) == ["26m resolved warning value"]
    world.step(36)
    assert world.at(37, 9) == ["37m back warning"]
    assert world.at(38, 5) == ["38m resolved warning back"]


def test_a_level_is_kept_through_silence():
    world = World(SLOW)
    assert world.play("13x3") == ["2m firing critical"]
    assert world.step(12) == ["12m missing critical"]
    assert world.step(600) == []
    assert world.at(601, 5) == ["601m back critical"]
    assert world.at(604, 5) == []
    assert world.at(607, 5) == ["607m resolved critical value"]


def test_what_alarms_and_has_no_word_about_silence_is_missing_once_its_value_is_out_of_date():
    world = World(WARM)
    world.at(0, 9)
    assert world.step(14.9) == []
    assert world.step(15) == ["15m missing warning"]
    assert world.at(16, 9) == ["16m back warning"]


def test_silence_while_it_waits_to_become_a_level():
    world = World(rule(level("warning", "> 8", for_=15), missing=(10, "warning")))
    world.at(0, 9)
    assert world.step(10) == ["10m missing warning"]
    assert world.step(15) == []
    assert world.at(20, 9) == ["20m back warning"]
    assert world.at(29, 9) == []
    assert world.at(35, 9) == ["35m level warning"]


def test_a_value_that_cannot_be_used_does_not_break_a_silence():
    world = World(SLOW)
    world.at(0, 5)
    world.at(5, 5, quality=Quality.BAD)
    assert world.step(10) == ["10m missing warning"]
    assert world.at(11, 5, quality=Quality.BAD) == []
    world.restart()
    assert world.step(12) == []
    assert world.at(13, 5) == ["13m resolved warning back"]


def test_the_silence_of_a_demo_is_no_fault_and_its_alarms_are_kept():
    world = World(SLOW)
    world.at(0, 5, quality=Quality.SIM)
    assert world.step(100) == []
    assert world.at(101, 5) == []
    assert world.step(111) == ["111m missing warning"], "the real one that came after it is waited for"
    assert world.at(112, 13, quality=Quality.SIM)[0] == "112m back warning"
    assert world.at(114, 13, quality=Quality.SIM) == ["114m level critical"]
    assert world.events[-1].quality is Quality.SIM
    assert world.step(124) == ["124m missing critical"], "so that somebody can close it"


def test_a_series_that_fell_silent_while_nobody_judged_is_noticed_at_the_start():
    world = World(SLOW, WARM)
    world.rules = {"fridge-warm": SLOW}
    world.value(13, 0)
    world.restart()
    assert world.step(300) == ["10m missing warning"], "it is too old to be judged"
    assert world.events[0].value == 13
    assert world.events[0].series == "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"


def test_absence_says_missing_and_then_resolved():
    world = World(rule(missing=(10, "critical")))
    world.at(0, 5)
    world.at(9, 5)
    assert world.step(18.9) == []
    assert world.step(19) == ["19m missing critical"]
    world.restart()
    assert world.step(25) == []
    assert world.at(26, 400) == ["26m resolved critical back"]
    assert {event.kind for event in world.events} == {Happened.MISSING, Happened.RESOLVED}


class TestClosing:
    """A person has closed an incident that was missing."""

    @pytest.fixture
    def world(self) -> World:
        world = World(WARM)
        world.at(0, 9)
        world.step(15)
        world.close(20)
        return world

    @pytest.mark.parametrize("restarted", [False, True])
    def test_what_is_silent_stays_quiet(self, world, restarted):
        if restarted:
            world.restart()
        assert world.step(500) == []
        assert world.kept

    @pytest.mark.parametrize("restarted", [False, True])
    def test_it_is_judged_as_ever_when_it_speaks(self, world, restarted):
        if restarted:
            world.restart()
            world.step(25)
        assert world.at(30, 5) == []
        assert world.kept == {}
        assert world.at(31, 9) == ["31m firing warning"]
        assert world.events[-1].incident != world.events[0].incident

    def test_what_it_said_last_is_not_judged_again_at_a_start(self):
        world = World(rule(level("warning", "> 8"), missing=(6, "warning")))
        world.at(0, 9)
        world.step(6)
        world.close(7)
        world.restart()
        assert world.step(8) == []

    def test_it_may_have_been_closed_while_the_program_did_not_run(self):
        world = World(WARM)
        world.at(0, 9)
        world.step(15)
        world.value(9, 19)
        world.restart()
        world.close(20)
        assert world.step(20) == ["19m firing warning"]
        assert world.events[-1].incident != world.events[0].incident

    def test_what_speaks_by_then_and_alarms_is_another_incident(self):
        world = World(WARM)
        world.at(0, 9)
        world.step(15)
        world.at(16, 13)
        world.close(17)
        assert world.step(17) == ["16m firing critical"]
        assert world.events[-1].incident != world.events[0].incident

    def test_another_incident_than_the_one_that_was_closed_goes_on(self):
        world = World(WARM)
        world.at(0, 9)
        labels = world.events[0].labels
        for _ in ("before", "after a restart"):
            assert not world.engine.close("fridge-warm", labels, T0 + MINUTE, incident="i-other")
            world.restart()
        assert world.engine.close("fridge-warm", labels, T0 + MINUTE, incident=world.events[0].incident)

    def test_closing_what_is_not_open_changes_nothing(self, world):
        before = dict(world.kept)
        world.close(21)
        world.close(21, device="tl-99")
        assert world.kept == before


def test_states_are_kept_when_what_must_survive_has_changed_and_not_at_every_value():
    world = World(SLOW)
    handed = []
    for at, value in enumerate([5, 6, 9, 9, 5, 13, 13, 13, 13, 13, 5, 5, 13, 13]):
        world.value(value, at)
        step = world.engine.step(list(world.changed.values()), T0 + at * MINUTE)
        handed.append([(state.level, bool(state.pending), bool(state.leaving)) for state in step.states])
    nothing, waits, critical, leaves = (0, False, False), (0, True, False), (2, False, False), (2, False, True)
    assert handed[:5] == [[], [], [waits], [waits], [nothing]]
    assert handed[5:10] == [[waits], [waits], [critical], [], []]
    assert handed[10:] == [[leaves], [leaves], [critical], []]


def test_a_state_belongs_to_who_was_given_it():
    world = World(SLOW)
    world.value(9, 0)
    (state,) = world.engine.step(list(world.changed.values()), T0).states
    world.at(1, 13)
    assert state.pending == {Level.WARNING: T0}
    other = World(SLOW)
    other.kept = {(state.rule, state.labels): state}
    other.restart()
    other.at(1, 13)
    assert state == TrackState(
        "fridge-warm", state.labels, state.read, pending={Level.WARNING: T0}, value=9.0, event_ns=T0
    )
