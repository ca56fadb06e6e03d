"""What is set up before anything starts, and what is said where it cannot be."""

import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from ioc.assets import AssetRegister
from ioc.beds import BedRegister
from ioc.commands import prepare as module
from ioc.commands.prepare import FAILED, main, prepare
from ioc.config import load_settings
from ioc.database import make_engine
from ioc.errors import IocError

CONFIGS = Path(__file__).parents[4] / "configs"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"IOC_DATA_DIR": str(tmp_path)}


def test_the_first_user_is_made_once_with_a_password(environ: dict[str, str]) -> None:
    assert prepare(load_settings(environ))
    assert prepare(load_settings(environ)) is None


def test_the_beds_that_ship_are_there_after_the_first_start_since_ever(environ: dict[str, str]) -> None:
    settings = load_settings(environ)
    prepare(settings)
    register = BedRegister(make_engine(settings.database.url))
    counts = {code: len(list(register.beds(code).at(0))) for code in ("bv01", "bv06", "bv-mau", "simulated-hospital")}
    assert counts == {"bv01": 526, "bv06": 181, "bv-mau": 180, "simulated-hospital": 0}


def test_beds_that_were_changed_since_are_left_as_they_are(environ: dict[str, str]) -> None:
    settings = load_settings(environ)
    prepare(settings)
    register = BedRegister(make_engine(settings.database.url))
    kept = [bed for bed in register.beds("bv01").all if bed.spot.ward == "icu"]
    register.apply(register.preview(kept), "cli:test")
    prepare(settings)
    assert len(list(register.beds("bv01").at(time.time_ns()))) == len(kept)
    assert register.version("bv02") == 1


def test_a_faulty_list_of_beds_is_told_with_its_line(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(CONFIGS, tmp_path / "configs")
    (tmp_path / "configs" / "beds" / "bv02.csv").write_text("facility,ward\n")
    monkeypatch.setattr("os.environ", environ | {"IOC_CONFIG_DIR": str(tmp_path / "configs")})
    assert main() == FAILED
    assert "bv02.csv:1: the column 'bed' is missing." in capsys.readouterr().err


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


def test_the_assets_that_ship_are_there_after_the_first_start_and_left_alone_afterwards(
    environ: dict[str, str],
) -> None:
    settings = load_settings(environ)
    prepare(settings)
    register = AssetRegister(make_engine(settings.database.url))
    kinds = Counter(asset.kind.value for asset in register.assets("bv01").at(0))
    wanted = {"server": 25, "workstation": 2_416, "printer": 1_658, "room": 5}
    assert {kind: kinds[kind] for kind in wanted} == wanted
    servers = [asset for asset in register.assets("bv01").all if asset.kind.value == "server"]
    register.apply(register.preview(servers[:3]), "cli:test")
    prepare(settings)
    now = register.assets("bv01").at(time.time_ns())
    assert sum(asset.kind.value == "server" for asset in now) == 3
