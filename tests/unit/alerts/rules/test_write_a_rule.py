"""The example in docs/write-a-rule.md is loaded as it stands, and the page knows every key."""

import re
import shutil
from pathlib import Path

import pytest
from pydantic import BaseModel

from alerts.rules import Rule, load_rules
from alerts.rules.shapes import AckShape, LevelShape, MissingShape, ReadShape, RuleShape
from ioc.catalogue import load_catalogue
from ioc.domain import MINUTE
from ioc.registry import load_registry

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "write-a-rule.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def example(tmp_path: Path) -> Rule:
    for name in ("catalogue", "registry"):
        shutil.copytree(ROOT / "configs" / name, tmp_path / name)
    for name, language in (("rules/ups-load.yaml", "yaml"), ("runbooks/ups-load.md", "markdown")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(block(language), encoding="utf-8")
    catalogue = load_catalogue(tmp_path)
    loaded = load_rules(tmp_path, catalogue, load_registry(tmp_path, catalogue), ("power",))
    assert loaded.warnings == ()
    return loaded.rules["ups-load"]


def test_the_example_is_sound_and_says_what_it_shows(example: Rule) -> None:
    assert example.read.over_ns == 5 * MINUTE
    assert example.tables["ups_load"].rows == {("bv01", "ups-03"): {"warn": 60, "crit": 75}}
    assert set(example.runbook.steps) == {"vi", "en"}


@pytest.mark.parametrize("shape", [RuleShape, ReadShape, LevelShape, MissingShape, AckShape])
def test_the_page_names_every_key(shape: type[BaseModel]) -> None:
    for name, field in shape.model_fields.items():
        assert re.search(rf"\b{field.alias or name}\b", PAGE), name
