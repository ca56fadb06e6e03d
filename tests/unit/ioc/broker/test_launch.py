"""Which broker is run, and with which configuration."""

import os
import stat
import sys
from pathlib import Path

import pytest

from ioc.broker import check_bind, choose, find_mosquitto, launch, prepare
from ioc.config import Address, Settings, load_settings
from ioc.errors import RefuseToStartError

HERE = Address("127.0.0.1", 1884)


def settings(folder: Path, broker: str = "auto") -> Settings:
    return load_settings({"IOC_DATA_DIR": str(folder), "IOC_CONFIG_DIR": str(folder), "IOC_MQTT__BROKER": broker})


@pytest.fixture
def mosquitto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "sbin" / "mosquitto"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(launch, "NOT_ON_PATH", (str(program.parent),))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return program


@pytest.fixture
def no_mosquitto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "find_mosquitto", lambda: "")


def test_mosquitto_is_found_where_a_plain_user_does_not_look(mosquitto: Path) -> None:
    assert find_mosquitto() == str(mosquitto)


def test_mosquitto_comes_before_the_broker_of_the_package(tmp_path: Path, mosquitto: Path) -> None:
    assert choose(settings(tmp_path)) == "mosquitto"
    assert choose(settings(tmp_path, "iotcore")) == "iotcore"


@pytest.mark.usefixtures("no_mosquitto")
def test_the_broker_of_the_package_stands_in_for_mosquitto(tmp_path: Path) -> None:
    assert choose(settings(tmp_path)) == "iotcore"


@pytest.mark.usefixtures("no_mosquitto")
def test_a_broker_that_was_asked_for_and_is_missing_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    with pytest.raises(RefuseToStartError, match="apt-get install mosquitto"):
        choose(settings(tmp_path, "mosquitto"))


@pytest.mark.usefixtures("no_mosquitto")
def test_without_any_broker_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(RefuseToStartError, match="IOC_MQTT__URL"):
        choose(settings(tmp_path))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
@pytest.mark.parametrize("broker", ["mosquitto", "iotcore"])
def test_it_never_listens_beyond_this_machine_without_passwords_and_tls(
    tmp_path: Path, mosquitto: Path, broker: str, host: str
) -> None:
    with pytest.raises(RefuseToStartError, match="without passwords and TLS"):
        prepare(settings(tmp_path, broker), Address(host, 1883))
    assert not (tmp_path / "broker").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_alone_is_fine(host: str) -> None:
    assert check_bind(Address(host, 1883)) == []


def test_mosquitto_keeps_its_sessions_on_disk_also_when_root_runs_it(tmp_path: Path, mosquitto: Path) -> None:
    prepared = prepare(settings(tmp_path), HERE)
    assert prepared.command == (str(mosquitto), "-c", str(tmp_path / "broker" / "mosquitto.conf"))
    assert prepared.sessions == tmp_path / "broker" / "sessions.db"
    lines = (tmp_path / "broker" / "mosquitto.conf").read_text().splitlines()
    assert {
        "listener 1884 127.0.0.1",
        "user root",
        "persistence true",
        f"persistence_location {tmp_path}/broker/",
        "autosave_interval 1",
        "max_packet_size 8388608",
        "set_tcp_nodelay true",
    } <= set(lines)
    limits = {name: int(value) for name, _, value in (line.partition(" ") for line in lines) if value.isdigit()}
    assert limits["max_inflight_messages"] >= 1_000
    assert limits["max_queued_messages"] >= 100_000
    assert limits["max_queued_bytes"] >= 100 << 20


def test_the_broker_of_the_package_gets_this_machine_and_eight_megabytes(tmp_path: Path) -> None:
    prepared = prepare(settings(tmp_path, "iotcore"), HERE)
    assert prepared.command == (sys.executable, "-m", "ioc.broker.iotcore", str(tmp_path / "broker" / "iotcore.toml"))
    text = (tmp_path / "broker" / "iotcore.toml").read_text()
    assert 'listen = "127.0.0.1:1884"' in text
    assert "max_payload_size = 8388608" in text
    prepared.save(os.getpid())  # it cannot, and nothing is signalled


def test_the_folder_of_the_broker_is_closed_to_others(tmp_path: Path, mosquitto: Path) -> None:
    prepare(settings(tmp_path), HERE)
    assert stat.S_IMODE((tmp_path / "broker").stat().st_mode) == 0o700
