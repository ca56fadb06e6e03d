"""Shapes of files: each fault with its line and the nearest key."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from ioc.config import Document, Duration, Faults, Shape, load_yaml, validate, validate_each
from ioc.domain import SECOND


class Leaf(Shape):
    colour: Literal["red", "green"]
    size: float | None = None


class Tree(Shape):
    name: str
    every: Duration
    class_: str = Field(default="", alias="class")
    leaves: list[Leaf] = Field(default_factory=list)
    by_name: dict[str, Leaf] = Field(default_factory=dict)
    best: Leaf | None = None
    noted: Annotated[Leaf | None, "kept"] = None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def document(folder: Path, text: str) -> Document:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return load_yaml(folder / "a.yaml")


def faults_of(folder: Path, text: str) -> list[str]:
    faults = Faults("T")
    assert validate(Tree, document(folder, text), faults) is None
    return [str(fault) for fault in faults.found]


def test_what_fits_becomes_the_model(folder: Path) -> None:
    faults = Faults("T")
    tree = validate(
        Tree, document(folder, "name: oak\nevery: 5s\nclass: big\nleaves: [{colour: red, size: 2}]\n"), faults
    )
    assert tree == Tree(**{"name": "oak", "every": "5s", "class": "big", "leaves": [Leaf(colour="red", size=2.0)]})
    assert tree is not None
    assert tree.every == 5 * SECOND
    assert faults.found == []


def test_an_unknown_key_is_refused_with_the_nearest_one(folder: Path) -> None:
    text = "name: oak\nevery: 5s\nclas: x\nleaves:\n  - {colour: red, sise: 1}\nby_name: {a: {colour: red, colur: 1}}\n"
    assert faults_of(folder, text + "best: {colour: red, siz: 1}\nnoted: {colour: red, zize: 1}\n") == [
        "a.yaml:5: leaves.0.sise: there is no key 'sise' here. Did you mean 'size'? [IOC-T004]",
        "a.yaml:6: by_name.a.colur: there is no key 'colur' here. Did you mean 'colour'? [IOC-T004]",
        "a.yaml:7: best.siz: there is no key 'siz' here. Did you mean 'size'? [IOC-T004]",
        "a.yaml:8: noted.zize: there is no key 'zize' here. Did you mean 'size'? [IOC-T004]",
        "a.yaml:3: clas: there is no key 'clas' here. Did you mean 'class'? [IOC-T004]",
    ]


def test_a_missing_key_is_told_by_name_with_the_line_around_it(folder: Path) -> None:
    assert faults_of(folder, "every: 5s\nleaves:\n  - {size: 1}\n") == [
        "a.yaml:1: name is missing. [IOC-T005]",
        "a.yaml:3: leaves.0.colour is missing. [IOC-T005]",
    ]


def test_a_word_that_is_not_on_the_list_is_refused_with_the_nearest_one(folder: Path) -> None:
    (near, far) = faults_of(folder, "name: x\nevery: 1s\nleaves:\n  - {colour: gren}\n  - {colour: zzz}\n")
    assert near == "a.yaml:4: leaves.0.colour: 'gren' is not known. Did you mean 'green'? [IOC-T006]"
    assert far == "a.yaml:5: leaves.1.colour: 'zzz' is not known. Known: red, green. [IOC-T006]"


def test_a_value_of_another_sort_is_refused_and_never_converted(folder: Path) -> None:
    assert faults_of(folder, "name: 5\nevery: 10\nleaves: [{colour: red, size: '2'}]\nby_name: [1]\n") == [
        "a.yaml:1: name: should be a valid string, not 5. [IOC-T006]",
        "a.yaml:2: every: 10 is not a duration such as 30s, 10min or 2h. [IOC-T006]",
        "a.yaml:3: leaves.0.size: should be a valid number, not '2'. [IOC-T006]",
        "a.yaml:4: by_name: should be a valid dictionary, not [1]. [IOC-T006]",
    ]


def test_a_long_value_is_cut_in_the_message(folder: Path) -> None:
    (fault,) = faults_of(folder, f"name: [{'x' * 500}]\nevery: 1s\n")
    assert len(fault) < 150


def test_a_file_that_holds_no_mapping_is_refused(folder: Path) -> None:
    for text in ("- a\n", "word\n", "# nothing\n"):
        (fault,) = faults_of(folder, text)
        assert fault.startswith("a.yaml:1: the file: should be a valid dictionary")


def test_a_part_of_a_file_is_checked_with_its_own_lines(folder: Path) -> None:
    faults = Faults("T")
    found = document(folder, "trees:\n  oak:\n    colour: red\n  elm:\n    colour: blue\n")
    assert validate(Leaf, found, faults, ("trees", "oak")) == Leaf(colour="red")
    assert validate(Leaf, found, faults, ("trees", "elm")) is None
    assert [fault.where for fault in faults.found] == ["a.yaml:5"]


def test_each_entry_is_checked_by_itself(folder: Path) -> None:
    faults = Faults("T")
    found = document(folder, "trees:\n  oak: {colour: red}\n  elm: {colour: 1}\n  ash: {colour: green}\n  fir: 3\n")
    leaves = validate_each(Leaf, found, faults, ("trees",))
    assert list(leaves) == ["oak", "elm", "ash", "fir"]
    assert [name for name, leaf in leaves.items() if leaf is None] == ["elm", "fir"]
    assert [fault.where for fault in faults.found] == ["a.yaml:3", "a.yaml:5"]


@pytest.mark.parametrize("text", ["other: 1\n", "trees: [1]\n", "trees:\n", "- 1\n"])
def test_where_there_is_no_mapping_there_are_no_entries(folder: Path, text: str) -> None:
    assert validate_each(Leaf, document(folder, text), Faults("T"), ("trees",)) == {}
