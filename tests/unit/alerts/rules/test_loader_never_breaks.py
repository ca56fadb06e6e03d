"""Whatever stands in a rule file: it is loaded, or refused with faults that have a place. Nothing else happens."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.rules import document_of, load_rules
from ioc.catalogue import Catalogue, load_catalogue
from ioc.errors import RefuseToStartError
from ioc.registry import Registry, load_registry

BASE = Path(__file__).parent / "cases" / "base"
SOUND = (BASE / "rules" / "fridge.yaml").read_text(encoding="utf-8")
PIECES = st.sampled_from(
    ["", "x", "5", "-1e999", "null", "true", "[]", "{}", "[a, b]", "{a: b}", "> 8", "== open", "10min", ": ", "'"]
)  # fmt: skip
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["10min", "> 8"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Catalogue, Registry]:
    folder = tmp_path_factory.mktemp("configs")
    shutil.copytree(BASE, folder, dirs_exist_ok=True)
    catalogue = load_catalogue(folder)
    return folder, catalogue, load_registry(folder, catalogue)


def load(text: str, place: tuple[Path, Catalogue, Registry]) -> None:
    folder, catalogue, registry = place
    (folder / "rules" / "fridge.yaml").write_text(text, encoding="utf-8")
    try:
        loaded = load_rules(folder, catalogue, registry, ("pharmacy",))
    except RefuseToStartError as error:
        refused = error.faults
    else:
        document_of(loaded.rules.values(), catalogue)
        return
    assert refused
    assert all(fault.where and fault.what for fault in refused)


def paths(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in the data."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [at, *(path for key, value in inner for path in paths(value, (*at, key)))]


PATHS = paths(yaml.safe_load(SOUND))
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(at=st.sampled_from(PATHS), value=ODD)
def test_any_value_in_any_place(at: tuple[Any, ...], value: Any, place: tuple[Path, Catalogue, Registry]) -> None:
    data = {"": yaml.safe_load(SOUND)}
    inside: Any = data
    for step in ("", *at)[:-1]:
        inside = inside[step]
    inside[("", *at)[-1]] = value
    load(yaml.safe_dump(data[""], allow_unicode=True), place)


@relaxed
@given(begin=st.integers(0, len(SOUND)), length=st.integers(0, 40), piece=PIECES)
def test_any_piece_in_the_place_of_another(
    begin: int, length: int, piece: str, place: tuple[Path, Catalogue, Registry]
) -> None:
    load(SOUND[:begin] + piece + SOUND[begin + length :], place)
