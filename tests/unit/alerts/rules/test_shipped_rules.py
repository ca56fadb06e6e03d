"""The rules that ship are tested like code."""

from datetime import date
from pathlib import Path

import pytest

from alerts.engine.limits import bounds_of
from alerts.level import Level
from alerts.people import load_people
from alerts.rules import Kind, Rule, RuleSet, load_rules
from alerts.title import placeholders, render_title, state_name
from ioc.catalogue import LANGUAGES, Catalogue, load_catalogue
from ioc.config import load_settings
from ioc.domain import MINUTE
from ioc.registry import Registry, load_registry

CONFIGS = Path(__file__).parents[4] / "configs"
DAY = date(2026, 10, 24)  # when they were last looked at as a whole


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(CONFIGS)


@pytest.fixture(scope="module")
def registry(catalogue: Catalogue) -> Registry:
    return load_registry(CONFIGS, catalogue)


@pytest.fixture(scope="module")
def shipped(catalogue: Catalogue, registry: Registry) -> RuleSet:
    groups = load_people(CONFIGS, load_settings({})).groups
    return load_rules(CONFIGS, catalogue, registry, groups, today=DAY)


def test_every_rule_loads_without_a_warning(shipped: RuleSet) -> None:
    assert shipped.warnings == ()
    assert {path.stem for path in (CONFIGS / "rules").iterdir()} == {
        "centre",
        "cold-chain",
        "medical-gas",
        "power",
        "rooms",
        "services",
    }
    assert len(shipped.rules) > 35


def test_every_rule_speaks_three_languages(shipped: RuleSet) -> None:
    for rule in shipped.rules.values():
        for language in LANGUAGES:
            assert getattr(rule.title, language), rule.id
            assert len(rule.runbook.steps[language]) == 3, (rule.id, language)
            assert rule.runbook.source[language].endswith("."), (rule.id, language)
        said = {language: set(placeholders(getattr(rule.title, language))) for language in LANGUAGES}
        assert said["vi"] == said["en"] == said["fr"], rule.id


def test_every_runbook_belongs_to_a_rule(shipped: RuleSet) -> None:
    used = {rule.runbook.path for rule in shipped.rules.values()}
    assert used == {f"runbooks/{path.name}" for path in (CONFIGS / "runbooks").iterdir()}


def test_every_group_is_told_by_some_rule(shipped: RuleSet) -> None:
    groups = load_people(CONFIGS, load_settings({})).groups
    assert {rule.notify.group for rule in shipped.rules.values()} == set(groups)


def test_titles_have_a_value_and_nothing_left_to_fill(shipped: RuleSet, catalogue: Catalogue) -> None:
    for rule in shipped.rules.values():
        metric = catalogue.metrics[rule.read.metric]
        labels = dict.fromkeys(rule.read.by, "x")
        for language in LANGUAGES:
            value = state_name(metric, 1.0, language)
            title = render_title(rule.title, labels, value, metric.decimals, language)
            assert not set("{}!–") & set(title), title
            assert len(title) < 60, title


def test_no_title_says_the_state_that_has_returned(shipped: RuleSet, catalogue: Catalogue) -> None:
    """A title is filled with the present value: an alert that is not closed yet would read "critical: up"."""
    for rule in shipped.rules.values():
        if catalogue.metrics[rule.read.metric].states:
            for language in LANGUAGES:
                assert "value" not in dict(placeholders(getattr(rule.title, language))), rule.id


def test_plain_limits_are_those_of_the_catalogue(shipped: RuleSet, catalogue: Catalogue) -> None:
    compared = 0
    for rule in shipped.rules.values():
        thresholds = catalogue.metrics[rule.read.metric].thresholds
        for level in rule.levels:
            if level.enter.column is None and not catalogue.metrics[rule.read.metric].states:
                side = "high" if level.enter.op.value.startswith(">") else "low"
                word = "warn" if level.level is Level.WARNING else "crit"
                known = getattr(thresholds, f"{word}_{side}")
                compared += known is not None
                assert known in (None, level.enter.number), rule.id
    assert compared > 15


def test_whatever_needs_a_delay_has_one(shipped: RuleSet) -> None:
    at_once = {
        (rule.id, level.level.word) for rule in shipped.rules.values() for level in rule.levels if not level.for_ns
    }
    assert at_once == {("generator-start", "critical"), ("ups-battery", "critical")}


def of(shipped: RuleSet, metric: str) -> list[Rule]:
    return [rule for rule in shipped.rules.values() if rule.read.metric == metric]


def test_no_value_of_a_refrigerator_or_a_gas_zone_is_left_out(shipped: RuleSet, registry: Registry) -> None:
    for metric in ("fridge.temp", "gas.press"):
        uses = {device.use for device in registry.devices.values() if device.device_class == metric.partition(".")[0]}
        judged = {
            use for rule in of(shipped, metric) for name, words in rule.read.where for use in words if name == "use"
        }
        assert judged == uses


def test_silence_is_told_once_a_facility_and_class(shipped: RuleSet) -> None:
    absences = {rule.read.metric: rule for rule in shipped.rules.values() if rule.kind is Kind.ABSENCE}
    assert set(absences) == {"fridge.temp", "o2.press", "gas.press", "gen.running", "ups.status", "host.up"}
    assert all(rule.read.by == ("facility",) for metric, rule in absences.items() if metric != "host.up")
    for rule in shipped.rules.values():
        assert rule.missing is not None, rule.id
        if rule.kind is Kind.THRESHOLD:
            assert rule.missing.raise_level is Level.NONE, rule.id
            assert rule.missing.after_ns >= 5 * MINUTE


def test_a_his_has_quiet_hours_and_devices_have_none(shipped: RuleSet, registry: Registry) -> None:
    def limits(source: str) -> list[float]:
        return [bound.enter.limit for bound in bounds_of(shipped.rules["feed-silent"], (("source", source),), registry)]

    assert limits("mqtt") == limits("hosts") == [120, 600]
    assert limits("his-bv01") == limits("his-of-a-new-hospital") == [900, 3600]
    for source in ("hl7", "his-bv-mau", "his-simulated-hospital"):
        assert min(limits(source)) > 10 * 365 * 86_400, "nobody waits for it"
