"""What is set up before anything starts, and what is said where it cannot be."""

from pathlib import Path

import pytest

from ioc.commands import prepare as module
from ioc.commands.prepare import FAILED, main, prepare
from ioc.config import load_settings
from ioc.errors import IocError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"IOC_DATA_DIR": str(tmp_path)}


def test_the_first_user_is_made_once_with_a_password(environ: dict[str, str]) -> None:
    assert prepare(load_settings(environ))
    assert prepare(load_settings(environ)) is None


def test_a_database_that_cannot_be_opened_is_said_in_a_sentence(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environ["IOC_DATABASE__URL"] = "sqlite:////dev/null/no/such.sqlite"
    monkeypatch.setattr("os.environ", environ)
    assert main() == FAILED
    assert capsys.readouterr().err.startswith(
        "Error: The database cannot be set up: unable to open database file.\n  Is"
    )


def test_a_driver_that_is_not_installed_is_named(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_url: str) -> None:
        raise ModuleNotFoundError(name="psycopg")

    monkeypatch.setattr(module, "make_engine", missing)
    with pytest.raises(IocError, match="needs the Python package psycopg") as caught:
        prepare(load_settings(environ))
    assert "pip install 'psycopg[binary]'" in caught.value.hint
