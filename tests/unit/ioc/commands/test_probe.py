"""``ioc probe``: every target once, and nothing kept."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ioc.cli import main
from tests.unit.ioc.polling.world import write

ROOT = Path(__file__).parents[4]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    configs = tmp_path / "configs"
    configs.mkdir()
    for name in ("catalogue", "registry"):
        (configs / name).symlink_to(ROOT / "configs" / name)
    monkeypatch.setenv("IOC_CONFIG_DIR", str(configs))
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "data"))
    return configs


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["probe", *arguments])


def fill(folder: Path) -> None:
    good = folder.parent / "a.sqlite"
    text = f"""targets:
  good: {{facility: bv01, asset: sv-1, url: 'sqlite:///{good}'}}
  bad: {{facility: bv01, url: 'sqlite:////none/none.sqlite'}}
"""
    write(folder, "sql", text)


def test_without_targets_it_says_where_they_are_written(folder: Path) -> None:
    result = run()
    assert result.exit_code == 0
    assert result.stdout.startswith("No target is configured: see configs/collectors/")


def test_each_target_has_a_line_and_one_that_fails_makes_the_exit_code(folder: Path) -> None:
    fill(folder)
    result = run()
    assert result.exit_code == 1
    good, bad = result.stdout.splitlines()[1:]
    assert good.startswith("good    sql   bv01      sv-1   sql.up 1, sql.latency ")
    assert bad == "bad     sql   bv01             FAULT: unable to open database file. sql.up 0"


def test_one_may_be_asked_alone_and_read_by_programs(folder: Path) -> None:
    fill(folder)
    result = run("good", "--kind", "sql", "--json")
    assert result.exit_code == 0
    (item,) = json.loads(result.stdout)["items"]
    assert (item["target"], item["error"], item["values"]["sql.up"]) == ("good", "", 1.0)


def test_a_name_that_is_not_there_and_a_faulty_file_are_said(folder: Path) -> None:
    fill(folder)
    assert "There is no target 'other'." in run("other").stderr
    write(folder, "sql", "targets:\n  a: {facility: none, url: 'sqlite://'}\n")
    result = run()
    assert result.exit_code == 1
    assert "no facility 'none'" in result.stderr
