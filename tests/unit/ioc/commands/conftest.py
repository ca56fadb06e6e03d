"""A data folder with a database and keys, as `ioc run` would have left them."""

import importlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ioc.config import Settings, ensure_secrets, load_settings, read_secret
from ioc.database import make_engine, metadata
from ioc.intake import Quarantine, Sealer

CONFIGS = Path(__file__).parents[4] / "configs"


@dataclass
class Centre:
    """One data folder; ``engine`` is its database."""

    settings: Settings
    engine: Engine

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.engine, Sealer(read_secret(self.settings, "quarantine").reveal()))


@pytest.fixture
def environment(tmp_path, monkeypatch) -> dict[str, str]:
    """The variables that the commands see: an empty data folder, the shipped configuration, ports that nobody uses."""
    found = {
        "IOC_DATA_DIR": str(tmp_path / "data"),
        "IOC_CONFIG_DIR": str(CONFIGS),
        "IOC_WEB__BIND": "127.0.0.1:1",
        "IOC_MQTT__BIND": "127.0.0.1:2",
        "IOC_MLLP__BIND": "127.0.0.1:3",
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def centre(environment) -> Centre:
    settings = load_settings(environment)
    ensure_secrets(settings)
    # each knows its own tables
    for part in ("ioc.access", "ioc.assets", "ioc.beds", "ioc.census", "ioc.intake", "ioc.latest"):
        importlib.import_module(part)
    engine = make_engine(settings.database.url)
    metadata.create_all(engine)
    return Centre(settings, engine)


@pytest.fixture
def own_configs(environment, tmp_path, monkeypatch) -> Path:
    """A copy of the shipped configuration that a test may spoil."""
    folder = tmp_path / "configs"
    shutil.copytree(CONFIGS, folder)
    monkeypatch.setenv("IOC_CONFIG_DIR", str(folder))
    environment["IOC_CONFIG_DIR"] = str(folder)
    return folder
