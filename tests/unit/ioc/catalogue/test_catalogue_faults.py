"""What the catalogue refuses: a folder a fault, each with a file that has it and the faults that are told."""

import shutil
from pathlib import Path

import pytest

from ioc.catalogue import load_catalogue, read_catalogue
from ioc.errors import RefuseToStartError

CASES = Path(__file__).parent / "cases"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder with the sound catalogue of ``cases/base``."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(CASES / "base", tmp_path / "catalogue")
    return tmp_path


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(RefuseToStartError) as refused:
        load_catalogue(folder)
    return [str(fault) for fault in refused.value.faults]


def test_the_base_of_the_cases_is_sound(folder: Path) -> None:
    assert len(load_catalogue(folder).metrics) == 3


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.name != "base"))
def test_a_fault_is_told_with_file_line_and_the_nearest_name(case: str, folder: Path) -> None:
    for path in (CASES / case).glob("*.yaml"):
        shutil.copy(path, folder / "catalogue")
    assert faults_of(folder) == (CASES / case / "expected.txt").read_text(encoding="utf-8").splitlines()


def test_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    text = (CASES / "base" / "fridge.yaml").read_text(encoding="utf-8")
    (folder / "catalogue" / "fridge.yaml").write_text(text.replace("kind: gauge", "kind: gage"))
    (folder / "catalogue" / "room.yaml").write_text(text.replace("unit: Cel", "unit: 3").replace("fridge.", "room."))
    assert [fault.split(": ")[0] for fault in faults_of(folder)] == [
        "catalogue/fridge.yaml:10",
        "catalogue/room.yaml:9",
    ]


def test_a_file_is_named_after_its_class(folder: Path) -> None:
    (folder / "catalogue" / "fridge.yaml").rename(folder / "catalogue" / "Tu-lanh.yaml")
    assert "a catalogue file is named after its class" in faults_of(folder)[0]


def test_a_folder_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefuseToStartError, match="has no"):
        load_catalogue(tmp_path)


def test_a_faulty_metric_is_still_known_by_its_code_so_that_its_users_are_not_reported_too(folder: Path) -> None:
    text = (CASES / "base" / "fridge.yaml").read_text(encoding="utf-8")
    (folder / "catalogue" / "fridge.yaml").write_text(
        text.replace("decimals: 1", "decimals: many").replace(", fr: fermée", "")
    )
    catalogue, faults = read_catalogue(folder)
    assert len(faults) == 2
    assert list(catalogue.metrics) == ["fridge.temp", "fridge.door", "fridge.open_share"]
    assert [state.code for state in catalogue.metrics["fridge.door"].states] == ["closed", "open"]


def test_a_fault_at_the_top_of_a_file_does_not_hide_those_of_its_metrics(folder: Path) -> None:
    text = (CASES / "base" / "fridge.yaml").read_text(encoding="utf-8")
    text = text.replace("producers: [mqtt]", "producer: [mqtt]").replace("kind: gauge", "kind: gage")
    (folder / "catalogue" / "fridge.yaml").write_text(text)
    assert {fault.split()[-1] for fault in faults_of(folder)} == {"[IOC-C004]", "[IOC-C005]", "[IOC-C006]"}
