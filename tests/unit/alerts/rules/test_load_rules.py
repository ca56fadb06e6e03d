"""A sound rule file becomes rules; what is allowed and looks wrong becomes warnings."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from alerts.level import Level
from alerts.rules import Ack, Column, Condition, Kind, LevelRule, Missing, Notify, Op, Read, Rule, RuleSet, digest
from ioc.domain import MINUTE
from ioc.errors import RefuseToStartError

Load = Callable[..., RuleSet]
Change = Callable[[str, str], None]

LEVELS = """    levels:
      warning: {enter: "> @limits.warn", leave: "<= @limits.warn - 1", for: 10min, hold: 5min}
      critical: {enter: "> @limits.crit", for: 5min}
"""


@pytest.fixture
def rule(load: Load) -> Rule:
    return load().rules["fridge-warm"]


def test_what_is_written_is_what_is_loaded(rule: Rule) -> None:
    assert rule.title.in_("fr") == "{device} at {value:.1f} °C"
    assert (rule.kind, rule.owner, rule.review_by) == (Kind.THRESHOLD, "pharmacy", "2027-06-30")
    assert rule.read == Read("fridge.temp", ("device", "facility", "site"), (("use", ("vaccine",)),))
    assert rule.missing == Missing(15 * MINUTE, Level.WARNING)
    assert rule.notify == Notify("pharmacy", Level.WARNING)
    assert rule.ack == Ack(Level.CRITICAL, 30 * MINUTE, reason=True)
    assert rule.where == "rules/fridge.yaml:5"


def test_levels_come_the_mildest_first_with_their_conditions(rule: Rule) -> None:
    warn = Column("limits", "warn")
    warning = LevelRule(
        Level.WARNING, Condition(Op.GT, 0.0, warn), Condition(Op.LE, -1.0, warn), 10 * MINUTE, 5 * MINUTE
    )
    critical = LevelRule(Level.CRITICAL, Condition(Op.GT, 0.0, Column("limits", "crit")), None, 5 * MINUTE)
    assert rule.levels == (warning, critical)


def test_a_row_of_a_table_has_every_column(rule: Rule) -> None:
    table = rule.tables["limits"]
    assert table.key == ("facility", "device")
    assert table.rows == {("bv01", "tl-01"): {"warn": 9, "crit": 10}}


def test_a_table_of_the_rule_stands_before_one_of_the_file(load: Load, change: Change) -> None:
    change("    notify:", "    tables: {limits: {key: [facility], default: {warn: 6, crit: 7}}}\n    notify:")
    assert load().rules["fridge-warm"].tables["limits"].default == {"warn": 6, "crit": 7}


def test_a_rule_keeps_only_the_tables_that_it_uses(load: Load, change: Change) -> None:
    change(LEVELS, '    levels: {warning: {enter: "> 8"}}\n')
    assert load().rules["fridge-warm"].tables == {}


def test_the_runbook_is_read_with_its_steps_and_its_source(rule: Rule) -> None:
    assert rule.runbook.path == "runbooks/fridge.md"
    assert rule.runbook.steps["vi"] == ("Đóng cửa tủ.", "Chuyển vắc xin sang tủ khác, dán nhãn.")
    assert rule.runbook.source["en"] == "WHO/PQS E006, our own judgement"


def test_a_state_is_its_place_among_the_states(load: Load, change: Change) -> None:
    change("fridge.temp", "fridge.door")
    change('"{device} ấm {value:.1f} °C", en: "{device} at {value:.1f} °C"', '"{device}: {value}", en: "{device}"')
    change(LEVELS, "    levels: {warning: {enter: == open, leave: '!= open'}}\n")
    (level,) = load().rules["fridge-warm"].levels
    assert (level.enter, level.leave) == (Condition(Op.EQ, 1.0), Condition(Op.NE, 1.0))


def test_states_that_are_counted_are_compared_with_a_number(load: Load, change: Change) -> None:
    change("fridge.temp, where: {use: vaccine}", "fridge.door, take: count, by: [facility]")
    change(
        '"{device} ấm {value:.1f} °C", en: "{device} at {value:.1f} °C"', '"{facility} {value:.0f}", en: "{facility}"'
    )
    change(LEVELS, '    levels: {warning: {enter: "> 3"}}\n')
    (level,) = load().rules["fridge-warm"].levels
    assert level.enter == Condition(Op.GT, 3.0)


def test_a_level_may_be_reached_by_time_alone(load: Load, change: Change) -> None:
    change(LEVELS, '    levels: {warning: {enter: "> 8", for: 5min}, critical: {enter: "> 8", for: 1h}}\n')
    assert [level.for_ns // MINUTE for level in load().rules["fridge-warm"].levels] == [5, 60]


def test_the_label_of_a_feed_may_be_its_source(load: Load, change: Change) -> None:
    change("where: {use: vaccine}", "by: [facility, device, source]")
    change("{device} at", "{device} {source} at")
    assert load().rules["fridge-warm"].read.by == ("facility", "device", "source")


def test_the_digest_is_that_of_rules_and_runbooks(folder: Path, load: Load, change: Change) -> None:
    first = load().digest
    assert first == digest(folder)
    (folder / "people.yaml").write_text("nobody")
    assert digest(folder) == first
    (folder / "runbooks" / "fridge.md").write_text("other")
    second = digest(folder)
    change("8, crit", "7, crit")
    assert len({first, second, digest(folder)}) == 3


def test_nothing_is_loaded_where_one_rule_of_many_is_faulty(folder: Path, load: Load) -> None:
    sound = (folder / "rules" / "fridge.yaml").read_text(encoding="utf-8")
    (folder / "rules" / "more.yaml").write_text(sound.replace("fridge-warm", "other").replace("owner", "onwer"))
    with pytest.raises(RefuseToStartError):
        load()


def warned(rules: RuleSet) -> list[str]:
    return [str(warning) for warning in rules.warnings]


def test_a_sound_file_has_no_warnings(load: Load) -> None:
    assert warned(load(date(2027, 6, 30))) == []


def test_a_rule_that_should_have_been_looked_at_again_is_warned_of(load: Load) -> None:
    (warning,) = warned(load(date(2027, 7, 1)))
    assert warning.startswith("rules/fridge.yaml:17: the rule 'fridge-warm' should have been looked at again by 2027-0")


@pytest.mark.parametrize(
    ("row", "dead"),
    [
        ("bv02/tl-01", "there is no facility 'bv02'"),
        ("bv01/tl-11", "there is no device 'tl-11'. Did you mean 'tl-01'?"),
    ],
)
def test_a_row_for_what_the_registry_does_not_have_is_warned_of(
    row: str, dead: str, load: Load, change: Change
) -> None:
    change("bv01/tl-01", row)
    (warning,) = warned(load())
    assert f"the row '{row}' of limits is dead: {dead}" in warning


def test_a_use_that_no_device_has_is_warned_of(load: Load, change: Change) -> None:
    change("use: vaccine", "use: vacine")
    (warning,) = warned(load())
    assert "nothing in the registry has the use 'vacine'. Did you mean 'vaccine'?" in warning


def test_a_range_that_no_device_gives_is_warned_of(load: Load, change: Change) -> None:
    change("use: vaccine", "use: box")
    change("after: 15min", "after: 1h")
    change(LEVELS, '    levels: {warning: {enter: "> @device.high"}}\n')
    (warning,) = warned(load())
    assert "no device in the registry has a 'high' for fridge.temp" in warning


def test_devices_that_speak_too_seldom_are_warned_of(load: Load, change: Change) -> None:
    change("use: vaccine", "use: box")
    (warning,) = warned(load())
    assert "missing.after of 900 s is shorter than 1 devices may take, bv01/b-01 first (up to 1800 s)" in warning
