"""What the registry refuses: a folder a fault, each with a file that has it and the faults that are told."""

import shutil
from pathlib import Path

import pytest

from ioc.catalogue import Catalogue, load_catalogue
from ioc.errors import RefuseToStartError
from ioc.registry import load_registry, read_registry

ROOT = Path(__file__).parents[4]
CASES = Path(__file__).parent / "cases"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "configs")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder with the sound registry of ``cases/base``."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(CASES / "base", tmp_path / "registry")
    return tmp_path


def faults_of(folder: Path, catalogue: Catalogue) -> list[str]:
    with pytest.raises(RefuseToStartError) as refused:
        load_registry(folder, catalogue)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.name != "base"))
def test_a_fault_is_told_with_file_line_and_the_nearest_name(case: str, folder: Path, catalogue: Catalogue) -> None:
    for path in (CASES / case).glob("*.yaml"):
        shutil.copy(path, folder / "registry")
    assert faults_of(folder, catalogue) == (CASES / case / "expected.txt").read_text(encoding="utf-8").splitlines()


def test_faults_of_all_files_and_of_every_entry_are_told_at_once(folder: Path, catalogue: Catalogue) -> None:
    kinds = folder / "registry" / "kinds.yaml"
    kinds.write_text(kinds.read_text(encoding="utf-8").replace("class: gas", "class: gass"), encoding="utf-8")
    one = folder / "registry" / "bv01.yaml"
    text = one.read_text(encoding="utf-8").replace("tl-01: kho-vac-xin", "tl-01: kho-vacxin")
    one.write_text(text.replace("level: basic", "level: low").replace("high: 6", "hihg: 6"), encoding="utf-8")
    (folder / "registry" / "bv02.yaml").write_text("title: [\n")
    assert {fault.split(": ")[0] for fault in faults_of(folder, catalogue)} == {
        "registry/kinds.yaml:9",
        "registry/bv01.yaml:4",
        "registry/bv01.yaml:20",
        "registry/bv01.yaml:21",
        "registry/bv02.yaml:2",
    }


def test_a_registry_without_kinds_is_refused(folder: Path, catalogue: Catalogue) -> None:
    (folder / "registry" / "kinds.yaml").unlink()
    assert faults_of(folder, catalogue) == ["registry: has no kinds.yaml, which names provinces and kinds. [IOC-R001]"]


def test_a_folder_without_a_registry_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(RefuseToStartError, match="has no"):
        load_registry(tmp_path, catalogue)


def test_a_facility_code_with_an_underscore_in_front_is_kept_for_the_centre_itself(
    folder: Path, catalogue: Catalogue
) -> None:
    (folder / "registry" / "bv01.yaml").rename(folder / "registry" / "_self.yaml")
    assert "'_self' is no code" in faults_of(folder, catalogue)[0]


def test_what_can_be_read_of_a_faulty_registry_can_be_counted(folder: Path, catalogue: Catalogue) -> None:
    one = folder / "registry" / "bv01.yaml"
    one.write_text(one.read_text(encoding="utf-8").replace("tl-01: kho-vac-xin", "tl-01: x"), encoding="utf-8")
    registry, faults = read_registry(folder, catalogue)
    assert len(faults) == 1
    assert [device.code for device in registry.devices_of("bv01")] == ["tl-02", "tl-03", "ox-icu"]
    assert list(registry.expected())
