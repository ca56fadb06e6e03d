"""What a rule file is refused for: a folder a fault, each with a file that has it and the faults that are told."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"

Faulty = Callable[[], list[str]]


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.name != "base"))
def test_a_fault_is_told_with_file_line_and_the_nearest_name(case: str, folder: Path, faults: Faulty) -> None:
    shutil.copytree(CASES / case, folder, dirs_exist_ok=True)
    assert faults() == (CASES / case / "expected.txt").read_text(encoding="utf-8").splitlines()


def test_faults_of_all_files_are_told_at_once(folder: Path, faults: Faulty, change: Callable[[str, str], None]) -> None:
    change("fridge.temp", "fridge.tmep")
    sound = (CASES / "base" / "rules" / "fridge.yaml").read_text(encoding="utf-8")
    (folder / "rules" / "more.yaml").write_text(sound.replace("group: pharmacy", "group: farmacy"))
    (folder / "rules" / "broken.yaml").write_text("schema: [\n")
    assert [fault.split(": ")[0] for fault in faults()] == [
        "rules/broken.yaml:2",
        "rules/fridge.yaml:8",
        "rules/more.yaml:13",
    ]


def test_one_id_in_two_files_is_told_with_both_places(folder: Path, faults: Faulty) -> None:
    shutil.copy(folder / "rules" / "fridge.yaml", folder / "rules" / "other.yaml")
    (fault,) = faults()
    assert fault == "rules/other.yaml:5: the id 'fridge-warm' is that of rules/fridge.yaml:5 too. [IOC-A011]"


def test_a_folder_without_rules_is_refused(folder: Path, faults: Faulty) -> None:
    (folder / "rules" / "fridge.yaml").unlink()
    (fault,) = faults()
    assert fault.startswith("rules: has no *.yaml file.")


def test_a_rule_on_a_metric_whose_entry_is_faulty_is_not_reported_as_well(folder: Path) -> None:
    from alerts.rules import load_rules
    from ioc.catalogue import read_catalogue
    from ioc.registry import read_registry

    path = folder / "catalogue" / "fridge.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("decimals: 1", "decimals: many"))
    catalogue, found = read_catalogue(folder)
    registry, _ = read_registry(folder, catalogue)
    assert len(found) == 1
    assert load_rules(folder, catalogue, registry, None).rules == {}
