"""A configuration folder with a small catalogue, a small registry, one runbook and one sound rule."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from alerts.rules import RuleSet, load_rules
from ioc.catalogue import load_catalogue
from ioc.errors import RefuseToStartError
from ioc.registry import load_registry

CASES = Path(__file__).parent / "cases"
GROUPS = ("pharmacy", "blood-bank")

Load = Callable[..., RuleSet]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of ``cases/base``, in the working directory."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(CASES / "base", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Load:
    """Loads the rules of the folder."""

    def loading(today: date | None = None) -> RuleSet:
        catalogue = load_catalogue(folder)
        return load_rules(folder, catalogue, load_registry(folder, catalogue), GROUPS, today=today)

    return loading


@pytest.fixture
def faults(load: Load) -> Callable[[], list[str]]:
    """The faults for which the folder's rules are refused."""

    def refusing() -> list[str]:
        with pytest.raises(RefuseToStartError) as refused:
            load()
        return [str(fault) for fault in refused.value.faults]

    return refusing


@pytest.fixture
def change(folder: Path) -> Callable[[str, str], None]:
    """Changes the sound rule file."""

    def changing(old: str, new: str) -> None:
        path = folder / "rules" / "fridge.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return changing
