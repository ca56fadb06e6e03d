"""A copy made under load is put back on a machine that lost everything, and its numbers are there again."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from ioc.backup import newest, read_backup
from ioc.config import load_settings
from ioc.domain import rfc3339
from ioc.mqtt import MqttUrl, Publisher
from tests.functional.harness import ROOT, Stack, wait_for
from tests.functional.test_census_crash import Sender, admission
from tests.functional.test_hosts import Centre

pytestmark = pytest.mark.sockets

PATIENTS = 8


class Site:
    """A folder of a centre: configuration, data and the program, as one has after `make run`."""

    def __init__(self, folder: Path, like: Path | None = None) -> None:
        self.folder = folder
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
        if like:
            shutil.copytree(like, folder, symlinks=True)
        else:
            folder.mkdir()
            shutil.copytree(ROOT / "configs", folder / "configs")
            (folder / ".venv").symlink_to(sys.prefix)

    def run(self, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-euc", script], cwd=self.folder, env=self.environ | environ, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip

    def sh(self, script: str, **environ: str) -> str:
        done = self.run(script, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with its database and its keys, as after the first start."""
    site = Site(tmp_path_factory.mktemp("prepared") / "site")
    site.sh(".venv/bin/python -m ioc.commands.prepare")
    return site.folder


@pytest.fixture
def site(tmp_path: Path, prepared: Path) -> Site:
    return Site(tmp_path / "old", like=prepared)


@contextmanager
def running(site: Site) -> Iterator[Centre]:
    """`ioc run` on this folder."""
    site.folder.joinpath("run").mkdir(exist_ok=True)
    made = Centre(
        site.folder / "run", IOC_DATA_DIR=str(site.folder / "data"), IOC_CONFIG_DIR=str(site.folder / "configs")
    )
    made.data = site.folder / "data"
    made.start()
    try:
        made.wait_until_ready()
        yield made
    finally:
        ended = made.signal(signal.SIGTERM)
    assert ended == 0


def doors(centre: Centre) -> tuple[MqttUrl, int]:
    found = re.search(r"mqtt=mqtt://127\.0\.0\.1:(\d+) mllp=mllp://127\.0\.0\.1:(\d+)", centre.out)
    assert found
    return MqttUrl("127.0.0.1", int(found[1])), int(found[2])


def publish(publisher: Publisher, device: str, value: float) -> None:
    payload = orjson.dumps({"ts": rfc3339(time.time_ns() // 10**6 * 10**6), "m": {"temp": {"v": value, "u": "Cel"}}})
    publisher.publish(f"ioc/v1/bv01/kho-vac-xin/fridge/{device}/tele", payload)


class Load:
    """Values of one device, without a pause, until it is told to stop."""

    def __init__(self, url: MqttUrl) -> None:
        self.sent = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(url,), daemon=True)
        self._thread.start()

    def _run(self, url: MqttUrl) -> None:
        with Publisher(url) as publisher:
            while not self._stop.is_set():
                publish(publisher, "tl-02", 4.0 + self.sent % 10 / 10)
                self.sent += 1
                if self.sent % 100 == 0:
                    publisher.flush(20)
            publisher.flush(20)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)


def numbers(centre: Centre, token: str) -> dict[str, Any]:
    """What people see and must see again: the beds, a value of a device, who may ask."""
    status, body = centre.ask("/api/v1/census?facility=bv-mau", token)
    assert status == 200, body
    census = json.loads(body)
    fridge = centre.latest(token, "facility=bv01&device=tl-01&metric=fridge.temp")
    return {
        "wards": [{name: ward[name] for name in ("ward", "patients", "beds_occupied")} for ward in census["wards"]],
        "beds": [bed for ward in census["wards"] for bed in ward["beds"] if bed["patients"]],
        "fridge": [(value["value"], value["as_of"]) for value in fridge],
        "tokens": [item["name"] for item in json.loads(centre.ioc("token", "list", "--json"))["items"]],
    }


def test_a_copy_made_under_load_brings_everything_back_to_a_machine_that_lost_it(site, tmp_path):
    with running(site) as centre:
        url, mllp = doors(centre)
        token = centre.ioc("token", "create", "--role", "viewer", "--scope", "*", "--name", "wall")
        assert Sender(mllp, [admission(number) for number in range(1, PATIENTS + 1)]).ended.wait(60)
        with Publisher(url) as publisher:
            publish(publisher, "tl-01", 5.5)
            assert publisher.flush(20) == 0
        stored = Stack(site.folder, "auto", url.port)
        wait_for("the value is stored", lambda: stored.stored("fridge.temp"), 60)
        wait_for("every bed is taken", lambda: len(numbers(centre, token)["beds"]) == PATIENTS, 60)
        before = numbers(centre, token)
        load = Load(url)
        wait_for("the load is on", lambda: load.sent >= 500, 60)
        kept = len(stored.stored("fridge.temp"))
        copy = json.loads(centre.ioc("backup", "--to", str(tmp_path / "nas"), "--all", "--with-secrets", "--json"))
        assert numbers(centre, token)["fridge"] == before["fridge"]  # it went on meanwhile
        load.stop()
    shutil.rmtree(site.folder / "data")
    (site.folder / "configs" / "ioc.yaml").write_text("a mistake: of today\n")
    refused = site.run(f".venv/bin/ioc restore {copy['path']}")
    assert (refused.returncode, "--yes" in refused.stderr) == (1, True)
    said = site.sh(f".venv/bin/ioc restore {copy['path']} --yes")
    assert "Put back: ioc.sqlite, timeseries.sqlite, secrets, configs" in said
    assert len(Stack(site.folder, "auto", url.port).stored("fridge.temp")) >= kept
    with running(site) as centre:
        assert "ADMIN" not in centre.out  # the people of the copy are there
        assert numbers(centre, token) == before  # and the token of the wall still opens the door
        url, mllp = doors(centre)
        assert Sender(mllp, [admission(PATIENTS + 1)]).ended.wait(60)
        wait_for("it goes on", lambda: len(numbers(centre, token)["beds"]) == PATIENTS + 1, 60)


def test_a_running_centre_is_not_put_back_under_its_feet(site, tmp_path):
    copy = json.loads(site.sh(f".venv/bin/ioc backup --to {tmp_path}/nas --json"))
    with running(site):
        refused = site.run(f".venv/bin/ioc restore {copy['path']} --yes")
        assert (refused.returncode, "Stop it first" in refused.stderr) == (1, True)
    site.sh(f".venv/bin/ioc restore {copy['path']} --yes")


@pytest.mark.parametrize("place", ["_copy_database", "_digest", "_sync", "_keep"])
def test_a_backup_that_dies_leaves_no_copy_that_looks_good_and_does_not_hold_up_the_next(site, place):
    dying = (
        f"import os, ioc.backup; ioc.backup.{place} = lambda *_: os._exit(137); "
        "from ioc.cli import main; main(['backup'])"
    )
    done = subprocess.run([sys.executable, "-c", dying], cwd=site.folder, env=site.environ, timeout=60, check=False)
    assert done.returncode == 137
    settings = load_settings(
        {"IOC_DATA_DIR": str(site.folder / "data"), "IOC_CONFIG_DIR": str(site.folder / "configs")}
    )
    whole = newest(settings)
    assert (whole is not None) == (place == "_keep")
    shutil.rmtree(whole.path) if whole else None
    made = Path(json.loads(site.sh(".venv/bin/ioc backup --json"))["path"])
    assert read_backup(made) == newest(settings)
    assert [path.name for path in made.parent.glob(".unfinished-*")] == []


@pytest.mark.parametrize("place", ["_ready", "_put_in_place"])
def test_a_restore_that_dies_has_lost_nothing_and_is_done_again(site, tmp_path, place):
    site.sh(".venv/bin/ioc token create --role viewer --scope '*' --name wall")
    copy = json.loads(site.sh(f".venv/bin/ioc backup --to {tmp_path}/nas --json"))
    dying = (
        f"import os, ioc.restore; ioc.restore.{place} = lambda *_: os._exit(137); "
        f"from ioc.cli import main; main(['restore', {copy['path']!r}, '--yes'])"
    )
    done = subprocess.run([sys.executable, "-c", dying], cwd=site.folder, env=site.environ, timeout=60, check=False)
    assert done.returncode == 137
    listed = ".venv/bin/ioc token list --json"
    assert [item["name"] for item in json.loads(site.sh(listed))["items"]] == ["wall"]
    site.sh(f".venv/bin/ioc restore {copy['path']} --yes")
    assert [item["name"] for item in json.loads(site.sh(listed))["items"]] == ["wall"]
    assert not (site.folder / "data" / ".restoring").exists()
