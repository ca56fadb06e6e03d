"""The systemd units are ones that systemd takes, start what there is, and set settings that there are."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ioc.cli import COMMANDS
from ioc.config import load_settings

ROOT = Path(__file__).parents[3]
UNITS = ROOT / "deploy" / "systemd"
OURS = sorted(path.name for path in UNITS.glob("*.*") if path.suffix in (".service", ".target"))
DROPINS = sorted(path.parent.name.removesuffix(".d") for path in UNITS.glob("*.d/ioc.conf"))
DEBIAN = Path("/lib/systemd/system")
ANALYZE = shutil.which("systemd-analyze") or ""
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed (apt-get install systemd)")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units as they would lie on a server: with the program where they say that it is."""
    folder = tmp_path_factory.mktemp("units")
    opt = folder / "opt"
    opt.mkdir()
    (opt / ".venv").symlink_to(sys.prefix)
    shutil.copy(ROOT / "gunicorn.conf.py", opt)
    (folder / "influxd").write_text("#!/bin/sh\n")
    (folder / "influxd").chmod(0o755)
    there = folder / "system"
    shutil.copytree(UNITS, there)
    for path in there.glob("*.service"):
        text = path.read_text().replace("/opt/ioc", str(opt)).replace("/usr/local/bin/influxd", str(folder / "influxd"))
        path.write_text(text)
    return there


def verified(units: Path, unit: str) -> str:
    """What `systemd-analyze verify` has to say of it, without what this machine lacks for other units."""
    environ = {**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:{DEBIAN}", "SYSTEMD_LOG_LEVEL": "notice"}
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", "--recursive-errors=no", unit],
        env=environ, cwd=units, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    name = Path(unit).name.partition("@")[0]
    said = [line for line in (done.stdout + done.stderr).splitlines() if name in line]
    return "\n".join(said) or ("" if done.returncode == 0 else done.stderr)


@needs_systemd
@pytest.mark.parametrize("unit", OURS)
def test_systemd_takes_each_unit(units: Path, unit: str) -> None:
    assert verified(units, str(units / unit)) == ""


@needs_systemd
def test_a_unit_with_a_mistake_would_be_found(units: Path, tmp_path: Path) -> None:
    text = (units / "ioc-worker.service").read_text()
    wrong = tmp_path / "ioc-worker.service"
    wrong.write_text(text.replace("Restart=always", "Restart=allways").replace("/bin/ioc worker", "/bin/no-ioc worker"))
    assert "allways" in verified(units, str(wrong))
    assert "no-ioc" in verified(units, str(wrong))


@needs_systemd
@pytest.mark.parametrize("unit", DROPINS)
def test_systemd_takes_what_is_added_to_the_units_of_debian(units: Path, unit: str) -> None:
    if not (DEBIAN / unit).exists():
        pytest.skip(f"{unit} is not installed")
    name = unit.replace("@.", "@15-main.")
    assert verified(units, name) == ""
    mistake = units / f"{unit}.d" / "mistake.conf"
    mistake.write_text("[Service]\nRestrat=always\n")
    assert "Restrat" in verified(units, name)  # so it was read
    mistake.unlink()


def section(unit: str, name: str) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNITS / unit)
    return dict(parser[name])


@pytest.mark.parametrize("part", ["worker", "scheduler", "web", "prepare"])
def test_a_part_runs_as_nobody_in_particular_and_may_do_little(part: str) -> None:
    service = section(f"ioc-{part}.service", "Service")
    assert (service["User"], service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == ("ioc", "yes", "")
    assert service["UMask"] == "0027"
    command = service["ExecStart"].split()
    if command[0].endswith("/ioc"):
        assert command[1] in COMMANDS


def test_whoever_looks_at_the_disks_is_shown_them_as_they_are() -> None:
    for unit in ("ioc-worker.service", "ioc.service"):
        service = section(unit, "Service")
        assert service["ProtectSystem"] == "full"
        assert not {"ProtectHome", "PrivateTmp", "ReadWritePaths"} & set(service)


def test_the_target_wants_every_part() -> None:
    wanted = section("ioc.target", "Unit")["Wants"].split()
    assert wanted == ["ioc-worker.service", "ioc-scheduler.service", "ioc-web.service"]
    for unit in wanted:
        assert section(unit, "Unit")["PartOf"] == "ioc.target"
        assert section(unit, "Unit")["Requires"] == "ioc-prepare.service"


def test_the_shipped_environment_is_of_settings_that_there_are(tmp_path: Path) -> None:
    lines = (UNITS / "ioc.env").read_text(encoding="utf-8").splitlines()
    environ = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for name in [name for name in environ if name.endswith("_FILE")]:
        path = tmp_path / name
        path.write_text("postgresql://ioc:x@127.0.0.1/ioc" if "DATABASE" in name else "secret")
        environ[name] = str(path)
    settings = load_settings(environ | {"IOC_CONFIG_DIR": str(ROOT / "configs")})
    assert settings.influxdb.url
    assert settings.mqtt.url == "mqtt://127.0.0.1:1883"
