"""Rules as pages and the API show them."""

from collections.abc import Callable
from pathlib import Path

import orjson

from alerts.people import Group
from alerts.rules import RuleSet, document_of, document_of_rule
from ioc.catalogue import Text, load_catalogue


def test_a_document_says_all_that_a_page_shows(folder: Path, load: Callable[..., RuleSet]) -> None:
    (shown,) = document_of(load().rules.values(), load_catalogue(folder))
    assert orjson.loads(orjson.dumps(shown)) == shown
    assert (shown["id"], shown["kind"], shown["metric"], shown["unit"]) == (
        "fridge-warm",
        "threshold",
        "fridge.temp",
        "Cel",
    )
    assert shown["title"]["fr"] == shown["title"]["en"]
    assert shown["where"] == {"use": ["vaccine"]}
    warning, critical = shown["levels"]
    assert warning["enter"]["text"] == "> @limits.warn"
    assert warning["leave"] == {
        "text": "<= @limits.warn - 1",
        "op": "<=",
        "number": -1.0,
        "table": "limits",
        "column": "warn",
    }
    assert (warning["for_s"], warning["hold_s"], critical["leave"]) == (600, 300, None)
    assert shown["missing"] == {"after_s": 900, "raise": "warning"}
    assert shown["ack"] == {"required_from": "critical", "expires_s": 1800, "reason": True}
    assert shown["tables"]["limits"]["rows"] == {"bv01/tl-01": {"warn": 9, "crit": 10}}
    assert shown["runbook"]["source"]["vi"] == "WHO/PQS E006"
    assert shown["file"] == "rules/fridge.yaml:5"


def test_a_state_stands_by_its_code(
    folder: Path, load: Callable[..., RuleSet], change: Callable[[str, str], None]
) -> None:
    change("fridge.temp", "fridge.door")
    change("ấm {value:.1f} °C", "{value}")
    change("at {value:.1f} °C", "{value}")
    change('{enter: "> @limits.warn", leave: "<= @limits.warn - 1", for: 10min, hold: 5min}', "{enter: == open}")
    change('      critical: {enter: "> @limits.crit", for: 5min}\n', "")
    (shown,) = document_of(load().rules.values(), load_catalogue(folder))
    assert shown["levels"][0]["enter"]["text"] == "== open"


def test_a_rule_whose_metric_is_gone_is_shown_all_the_same(load: Callable[..., RuleSet]) -> None:
    shown = document_of_rule(load().rules["fridge-warm"], None)
    assert (shown["metric_title"], shown["unit"]) == ({}, "1")


def test_groups_give_their_titles_to_whom_it_tells_and_who_cares(folder: Path, load: Callable[..., RuleSet]) -> None:
    rule = load().rules["fridge-warm"]
    plain = document_of_rule(rule, None)
    assert (plain["notify"]["group_title"], plain["owner_title"]) == ({}, {})
    group = Group(rule.notify.group, Text("Khoa Dược", "Pharmacy"), ())
    (shown,) = document_of([rule], load_catalogue(folder), {group.code: group})
    assert shown["notify"]["group_title"] == {"vi": "Khoa Dược", "en": "Pharmacy", "fr": "Pharmacy"}
