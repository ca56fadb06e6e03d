"""`ioc backup` says where the copy is and what is not in it."""

import json
from pathlib import Path

from click.testing import CliRunner

from ioc.cli import main


def ioc(*words: str):
    return CliRunner().invoke(main, ["backup", *words])


def test_it_says_where_the_copy_is_and_that_the_keys_are_not_in_it(centre) -> None:
    done = ioc()
    assert done.exit_code == 0, done.output
    assert f"{centre.settings.data_dir}/backup/2" in done.output
    assert "configs, ioc.sqlite;" in done.output
    assert "keys are not in it" in done.output
    assert "--all" in done.output


def test_with_keys_it_says_what_that_means(centre) -> None:
    assert "who has this copy can read everything" in ioc("--with-secrets").output


def test_a_program_gets_one_object(centre, tmp_path: Path) -> None:
    made = json.loads(ioc("--to", str(tmp_path / "nas"), "--json", "--with-secrets").output)
    assert Path(made["path"]).parent == tmp_path / "nas"
    assert made["parts"] == ["configs", "ioc.sqlite", "secrets"]
    assert (made["with_secrets"], made["with_series"]) == (True, False)
    assert made["bytes"] > 100_000


def test_without_a_database_it_says_how_one_comes_to_be(environment) -> None:
    done = ioc()
    assert done.exit_code == 1
    assert "There is no database" in done.output


def test_what_influxdb_keeps_is_said_not_to_be_in_it(centre, monkeypatch) -> None:
    monkeypatch.setenv("IOC_INFLUXDB__URL", "http://127.0.0.1:1")
    done = ioc("--all")
    assert done.exit_code == 0, done.output
    assert "in InfluxDB and not in this copy" in done.output
    assert "timeseries.sqlite" not in done.output
