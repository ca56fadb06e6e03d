"""`ioc restore` changes nothing without --yes where something is there, and says what to think of."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ioc.access import Role, Scope, Tokens
from ioc.cli import main
from ioc.config import ensure_secrets, load_settings
from ioc.database import make_engine, migrate
from ioc.domain import SystemClock
from tests.unit.ioc.commands.conftest import Centre


def ioc(*words: str):
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def centre(environment) -> Centre:
    """One whose database came to be as in earnest: by migrations."""
    settings = load_settings(environment)
    ensure_secrets(settings)
    engine = make_engine(settings.database.url)
    migrate(engine)
    return Centre(settings, engine)


@pytest.fixture
def copy(centre, own_configs, tmp_path) -> Path:
    return Path(json.loads(ioc("backup", "--to", str(tmp_path / "nas"), "--json").output)["path"])


def tokens() -> list[str]:
    return [item["name"] for item in json.loads(ioc("token", "list", "--json").output)["items"]]


def test_without_yes_it_names_what_is_in_the_way_and_changes_nothing(centre, copy) -> None:
    Tokens(centre.engine, SystemClock()).create(Role.VIEWER, Scope(), "later", actor="test")
    done = ioc("restore", str(copy))
    assert done.exit_code == 1
    assert f"This would replace {centre.settings.data_dir}/ioc.sqlite" in done.output
    assert "--yes" in done.output
    assert tokens() == ["later"]


def test_with_yes_it_puts_back_and_says_where_and_where_the_old_is(centre, copy, own_configs) -> None:
    Tokens(centre.engine, SystemClock()).create(Role.VIEWER, Scope(), "later", actor="test")
    centre.engine.dispose()
    done = ioc("restore", str(copy), "--yes")
    assert done.exit_code == 0, done.output
    assert tokens() == []
    assert f"Its folders: {centre.settings.data_dir}, {own_configs}." in done.output
    assert f"is in {centre.settings.data_dir}/before-restore-" in done.output
    assert "those that are there stay, and none come back" in done.output
    assert "ioc token list" in done.output


def test_the_configuration_may_be_kept(centre, copy, own_configs) -> None:
    (own_configs / "ioc.yaml").write_text("language: en\n")
    done = ioc("restore", str(copy), "--yes", "--keep-configs", "--json")
    report = json.loads(done.stdout)
    assert report["restored"] == ["ioc.sqlite"]
    assert Path(report["aside"]).is_dir()
    assert (own_configs / "ioc.yaml").read_text() == "language: en\n"


def test_a_configuration_that_nobody_can_load_is_no_hindrance(centre, copy, own_configs) -> None:
    (own_configs / "ioc.yaml").write_text("a mistake: of today\n")
    done = ioc("restore", str(copy), "--yes")
    assert done.exit_code == 0, done.output
    assert "mistake" not in (own_configs / "ioc.yaml").read_text()


def test_a_copy_can_be_looked_through_only(centre, copy) -> None:
    assert "is whole: configs, ioc.sqlite" in ioc("restore", str(copy), "--check").output
    report = json.loads(ioc("restore", str(copy), "--check", "--json").output)
    assert report["parts"] == ["configs", "ioc.sqlite"]
    (copy / "ioc.sqlite").write_bytes(b"half")
    done = ioc("restore", str(copy), "--check")
    assert (done.exit_code, "no complete copy" in done.output) == (1, True)


def test_what_the_missing_keys_mean_is_said(centre, copy) -> None:
    for path in (centre.settings.data_dir / "secrets").iterdir():
        path.unlink()
    assert "cannot be read again" in ioc("restore", str(copy), "--yes").output


def test_a_folder_that_is_not_there_is_wrong_use(environment) -> None:
    assert ioc("restore", "/nowhere").exit_code == 2
