"""``ioc check``: every fault of every file at once, or how many of what there are."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ioc.commands.check import command

ROOT = Path(__file__).parents[4]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the configuration that ships, in the working directory."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    for name in ("IOC_DATA_DIR", "IOC_CONFIG_DIR", "IOC_LOG__LEVEL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(command, list(arguments), env=environ, catch_exceptions=False)


def change(path: str, old: str, new: str) -> None:
    file = Path("configs") / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.usefixtures("folder")
def test_the_configuration_that_ships_has_no_faults() -> None:
    result = run()
    assert result.exit_code == 0
    assert result.stdout.startswith("No faults: ")
    counted = r", 8 facilities, .* boards, 8 senders, 1653 beds, 4162 assets, 0 targets, 52 rules, 7 groups\.\n$"
    assert re.search(counted, result.stdout)


@pytest.mark.usefixtures("folder")
def test_what_is_allowed_and_looks_wrong_is_told_beside_the_result() -> None:
    change("rules/power.yaml", "2027-06-30", "2020-06-30")
    result = run()
    assert result.exit_code == 0
    assert result.stdout.startswith("No faults: ")
    people, review = result.stderr.splitlines()
    assert people.startswith("Warning: configs/people.yaml:")
    assert "nobody is in pharmacy, " in people
    assert "the rule 'mains-lost' should have been looked at again by 2020-06-30." in review
    assert [warning["id"] for warning in json.loads(run("--json").stdout)["warnings"]] == ["IOC-P014", "IOC-A023"]


@pytest.mark.usefixtures("folder")
def test_files_and_assets_of_targets_that_are_not_there_are_told_and_stop_nothing() -> None:
    text = """targets:
  his-db:
    facility: bv01
    asset: sv-his-db-011
    url: postgresql://u@db/his
    password_file: /nowhere/his
  other: {facility: bv01, asset: sv-his-db-01, url: 'postgresql://u@db/his'}
"""
    Path("configs/collectors/sql.yaml").write_text(text, encoding="utf-8")
    result = run()
    assert result.exit_code == 0
    password, asset = (line for line in result.stderr.splitlines() if "sql.yaml" in line)
    expected = "Warning: configs/collectors/sql.yaml:6: his-db: password_file: there is no file /nowhere/his. As the "
    assert password.startswith(expected)
    expected = (
        "Warning: configs/collectors/sql.yaml:4: his-db: configs/assets has no asset 'sv-his-db-011' of bv01. Did "
    )
    assert asset.startswith(expected)


@pytest.mark.usefixtures("folder")
def test_the_summary_can_be_read_by_programs() -> None:
    result = json.loads(run("--json").stdout)
    assert result["ok"]
    assert result["faults"] == []
    assert list(result["counts"]) == [
        "metrics",
        "facilities",
        "places",
        "devices",
        "series",
        "boards",
        "senders",
        "beds",
        "assets",
        "targets",
        "rules",
        "groups",
    ]
    assert [name for name, count in result["counts"].items() if not count] == ["targets"]  # it asks nobody


@pytest.mark.usefixtures("folder")
def test_faults_of_all_that_an_operator_writes_are_told_at_once() -> None:
    change("catalogue/fridge.yaml", "kind: gauge", "kind: gage")
    change("registry/bv01.yaml", "area: icu", "area: icuu")
    change("registry/kinds.yaml", "class: ups", "class: upss")
    change("boards/hospital.yaml", "fridge.temp", "fridge.tmep")
    change("rules/power.yaml", "group: power", "group: powr")
    change("people.yaml", "title: {vi: Điện", "titel: {vi: Điện")
    change("collectors/hl7.yaml", "facility: bv-mau,", "facility: bv-mao,")
    change("beds/bv01.csv", "general", "generel")
    Path("configs/ioc.yaml").write_text("web: {bnd: x}\n")
    result = run(IOC_LANGUAGE="de")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    starts = ["IOC_LANGUAGE:", "configs/ioc.yaml:1:", "configs/catalogue/fridge.yaml:", "configs/registry/bv01.yaml:"]
    starts += ["configs/registry/kinds.yaml:", "configs/boards/hospital.yaml:", "configs/people.yaml:"]
    starts += ["configs/rules/power.yaml:", "configs/collectors/hl7.yaml:", "configs/beds/bv01.csv:"]
    for start in starts:
        assert any(line.startswith(start) for line in lines), start
    assert lines[-1] == f"{len(lines) - 1} faults."


@pytest.mark.usefixtures("folder")
def test_a_fault_in_one_place_is_told_once() -> None:
    change("catalogue/fridge.yaml", "decimals: 1", "decimals: many")
    result = run()
    assert len(result.stdout.splitlines()) == 2
    assert result.stdout.endswith("1 fault.\n")


@pytest.mark.usefixtures("folder")
def test_people_who_cannot_be_read_are_not_reported_by_every_rule() -> None:
    Path("configs/people.yaml").unlink()
    assert run().stdout.splitlines()[1:] == ["1 fault."]


@pytest.mark.usefixtures("folder")
def test_faults_can_be_read_by_programs() -> None:
    change("registry/bv01.yaml", "province: song-may", "province: song-mai")
    result = run("--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert not found["ok"]
    (fault,) = found["faults"]
    assert fault["id"] == "IOC-R011"
    assert fault["where"] == "configs/registry/bv01.yaml:4"
    assert fault["hint"] == "Did you mean 'song-may'?"


@pytest.mark.usefixtures("folder")
def test_a_list_of_beds_is_for_the_facility_of_its_name_and_needs_it_in_the_registry() -> None:
    Path("configs/beds/bv04.csv").rename("configs/beds/bv09.csv")
    result = run()
    assert result.exit_code == 1
    (fault, count) = result.stdout.splitlines()
    assert fault.startswith("configs/beds/bv09.csv:2: this file is for the beds of 'bv09', not of 'bv04'.")
    assert count == "1 fault."


@pytest.mark.usefixtures("folder")
def test_a_configuration_without_senders_and_beds_is_sound() -> None:
    shutil.rmtree("configs/beds")
    shutil.rmtree("configs/collectors")
    result = run()
    assert result.exit_code == 0
    assert ", 0 senders, 0 beds, " in result.stdout


@pytest.mark.usefixtures("folder")
def test_wrong_use_exits_with_two() -> None:
    assert run("--jsn").exit_code == 2
    assert run("configs").exit_code == 2


def test_another_folder_is_checked_where_it_is_named(folder: Path) -> None:
    (folder / "configs").rename(folder / "etc")
    assert run(IOC_CONFIG_DIR="etc").exit_code == 0
    assert run(IOC_CONFIG_DIR="nowhere").exit_code == 1
    assert "there is no folder nowhere" in run(IOC_CONFIG_DIR="nowhere").stdout


def test_nothing_is_written(folder: Path) -> None:
    run()
    assert [path.name for path in folder.iterdir()] == ["configs"]
