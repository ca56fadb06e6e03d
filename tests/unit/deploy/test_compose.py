"""compose.yaml holds together: what it names is there, and its settings are settings: no docker is needed."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ioc.cli import COMMANDS
from ioc.config import load_settings

ROOT = Path(__file__).parents[3]
TOP = {"name", "services", "networks", "volumes", "secrets"}
SERVICE = {
    "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "init", "logging", "networks",
    "ports", "read_only", "restart", "secrets", "security_opt", "shm_size", "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip
HEALTH = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
EXPECTED = {"prepare", "web", "worker", "scheduler", "mosquitto", "influxdb", "postgresql", "nginx"}
MADE_LATER = ("./deploy/secrets/", "./deploy/tls")
INSTRUCTIONS = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "CMD"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return compose["services"]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    runpy.run_path(str(ROOT / "deploy" / "make_secrets.py"))["make"](tmp_path / "secrets")
    return tmp_path / "secrets"


def test_it_has_every_part_and_no_key_that_compose_does_not_know(compose, services) -> None:
    assert {key for key in compose if not key.startswith("x-")} == TOP
    assert set(services) == EXPECTED
    for name, service in services.items():
        assert set(service) <= SERVICE, name
        assert set(service.get("healthcheck", {})) <= HEALTH, name
        assert service.get("image") or service.get("build"), name


def test_whom_a_part_waits_for_is_there_and_can_be_waited_for(services) -> None:
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, name
            assert how["condition"] in CONDITIONS, name
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other], name
            if how["condition"] == "service_completed_successfully":
                assert services[other]["restart"] == "on-failure"


def test_volumes_networks_and_secrets_are_declared_and_files_are_there(compose, services, secrets) -> None:
    for name, service in services.items():
        assert set(service.get("networks", [])) <= set(compose["networks"]), name
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            assert target.startswith("/"), name
            if not source.startswith("."):
                assert source in compose["volumes"], name
            elif not source.startswith(MADE_LATER):
                assert (ROOT / source).exists(), source
            elif "secrets" in source:
                assert (secrets / Path(source).name).exists(), source
    for secret in compose["secrets"].values():
        assert (secrets / Path(secret["file"]).name).exists()


def environment(service: dict[str, Any], secrets: Path) -> Iterator[tuple[str, str]]:
    for name, value in service["environment"].items():
        text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))
        if name.endswith("_FILE"):
            path = secrets / Path(text).name
            if not path.exists():
                assert name == "IOC_INFLUXDB__TOKEN_FILE"  # made by the service prepare
                path.write_text("token")
            text = str(path)
        yield name, text


@pytest.mark.parametrize("part", ["prepare", "web", "worker", "scheduler"])
def test_a_part_of_ours_has_settings_that_there_are_and_runs_what_there_is(part, compose, services, secrets) -> None:
    environ = dict(environment(services[part], secrets))
    for name in services[part]["environment"]:
        assert name.startswith("IOC_"), name
        secret = Path(str(services[part]["environment"][name]))
        if str(secret).startswith("/run/secrets/"):
            assert secret.name in services[part]["secrets"], name
    settings = load_settings(environ | {"IOC_CONFIG_DIR": str(ROOT / "configs")})
    assert settings.database.url.startswith("postgresql://ioc:")
    host = settings.database.url.partition("@")[2].partition("/")[0]
    assert {host, "mosquitto", "influxdb"} <= set(services)
    assert (settings.mqtt.url, settings.influxdb.url) == ("mqtt://mosquitto:1883", "http://influxdb:8086")
    (subnet,) = compose["networks"]["inside"]["ipam"]["config"]
    assert [str(network) for network in settings.web.proxies] == [subnet["subnet"]]
    command = services[part].get("command", [])
    assert not command or command[0] != "ioc" or command[1] in COMMANDS
    assert services[part]["read_only"]
    assert services[part]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("part", ["prepare", "web", "worker", "scheduler"])
def test_the_numbers_of_processes_are_kept_where_they_mean_something(part, services) -> None:
    (run,) = (mount.partition(":")[2] for mount in services[part]["tmpfs"] if mount.startswith("/var/lib/ioc/run:"))
    options = dict(option.split("=") for option in run.split(","))
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"useradd --system --uid {options['uid']} " in text
    assert f"groupadd --gid {options['gid']} ioc" in text
    assert options["mode"] == "0750"


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (404, True), (500, False), (502, False), (503, True)])
def test_a_centre_that_says_what_is_wrong_is_no_web_server_to_be_started_anew(
    status, healthy, services, monkeypatch
) -> None:
    answers = [SimpleNamespace(status=status)]  # and a connection gives one answer to one question
    connection = SimpleNamespace(request=lambda *_: None, getresponse=answers.pop)
    monkeypatch.setattr("http.client.HTTPConnection", lambda *_, **__: connection)
    *_, flag, code = services["web"]["healthcheck"]["test"]
    assert flag == "-c"
    with pytest.raises(SystemExit) as ended:
        exec(code)
    assert bool(ended.value.code) != healthy


def test_the_broker_and_nginx_listen_where_the_ports_lead(services) -> None:
    listeners = (ROOT / "deploy" / "mosquitto" / "listeners-compose.conf").read_text()
    assert {"listener 1883", "listener 8883"} <= set(listeners.splitlines())
    assert services["mosquitto"]["ports"] == ["8883:8883"]  # 1883, without TLS, stays inside
    assert "server web:8080;" in (ROOT / "deploy" / "nginx" / "ioc-upstream-compose.conf").read_text()
    assert services["web"]["environment"]["IOC_WEB__BIND"].endswith(":8080")
    assert "ports" not in services["web"]
    assert "ports" not in services["postgresql"]
    assert "ports" not in services["influxdb"]


def test_what_is_made_once_is_not_made_again_and_is_nobody_elses(secrets) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    runpy.run_path(str(ROOT / "deploy" / "make_secrets.py"))["make"](secrets)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert secrets.stat().st_mode & 0o077 == 0
    assert len(set(before.values())) == len(before)
    assert before["postgresql.password"] in before["database.url"]


def test_the_image_is_made_of_what_is_there_and_runs_as_a_plain_user() -> None:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    assert {word for word, _ in lines} <= INSTRUCTIONS
    assert lines[0][0] == "FROM"
    assert [rest for word, rest in lines if word == "USER"] == ["ioc"]
    for word, rest in lines:
        if word == "COPY":
            assert all((ROOT / name).exists() for name in rest.split()[:-1])
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", "data", "deploy/secrets", "deploy/tls"} <= set(ignored)
