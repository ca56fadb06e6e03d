"""This machine among the sources of a running centre."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.harness import ROOT, Stack, stack, wait_for
from tests.functional.test_run import Run

pytestmark = pytest.mark.sockets

ALWAYS = {"host.up", "host.load", "host.mem", "host.uptime", "host.disk", "host.disk_free", "svc.up", "it.backlog"}


class Centre(Run):
    """`ioc run`, and those who ask it."""

    def ioc(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "ioc.cli", *words],
            cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, path: str, token: str) -> tuple[int, str]:
        web = re.search(r"web=(\S+)", self.out)
        assert web
        request = urllib.request.Request(web[1] + path, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def latest(self, token: str, query: str = "facility=_self") -> list[dict[str, Any]]:
        status, body = self.ask(f"/api/v1/latest?{query}", token)
        assert status == 200, body
        return json.loads(body)["items"]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    made = Centre(tmp_path_factory.mktemp("hosts"), IOC_HOSTS__EVERY_SECONDS="1")
    made.start().wait_until_ready()
    yield made
    assert made.signal(signal.SIGTERM) == 0


@pytest.fixture(scope="module")
def everything(centre: Centre) -> str:
    return centre.ioc("token", "create", "--role", "viewer", "--scope", "*")


def test_this_machine_and_the_parts_of_the_centre_are_among_the_present_values(centre, everything):
    def found() -> dict[str, list[dict[str, Any]]]:
        by_metric: dict[str, list[dict[str, Any]]] = {}
        for value in centre.latest(everything):
            by_metric.setdefault(value["metric"], []).append(value)
        return by_metric

    wait_for("rates, which need two samples", lambda: "host.cpu" in found(), 20)
    wait_for("every part is up", lambda: [v["value"] for v in found().get("svc.up", [])] == [1.0] * 4, 20)
    values = found()
    assert values.keys() >= ALWAYS
    assert {value["tags"]["service"] for value in values["svc.up"]} == {"broker", "worker", "scheduler", "web"}
    assert {value["source"] for value in values["it.backlog"]} >= {"mqtt", "hosts", "hl7", "journal", "journal-his"}
    assert "root" in {value["tags"]["mount"] for value in values["host.disk"]}
    assert 0 <= values["host.cpu"][0]["value"] <= 100
    assert {(value["state"], value["quality"]) for value in values["host.mem"]} == {("fresh", "good")}


def test_this_machine_is_no_hospital(centre, everything):
    status, page = centre.ask("/", everything)
    assert status == 200
    assert "bv01" in page
    assert "_self" not in page
    for path in ("/wall/_self", "/devices/_self", "/definitions", "/sources"):
        assert centre.ask(path, everything)[0] in (200, 403, 404), path
    page = centre.ask("/history?facility=bv01", everything)[1]
    assert 'value="bv01"' in page


def test_its_history_can_be_asked_for(centre, everything):
    wait_for("its values are stored", lambda: Stack(centre.folder, "auto").stored("host.mem"), 20)
    status, body = centre.ask("/api/v1/series?metric=host.mem&facility=_self&every=1m&start=-1h", everything)
    assert status == 200, body
    (line,) = json.loads(body)["items"]
    assert line["tags"]["facility"] == "_self"
    assert [value for _, value, *_ in line["points"] if value is not None]
    status, page = centre.ask("/history?facility=_self&metric=host.mem", everything)
    assert status == 200, page[:400]


def test_who_may_see_one_hospital_does_not_see_this_machine(centre):
    one = centre.ioc("token", "create", "--role", "viewer", "--scope", "facility:bv01")
    assert centre.ask("/api/v1/latest?facility=_self", one)[0] in (403, 404)
    assert not [value for value in centre.latest(one, "") if value["tags"]["facility"] != "bv01"]
    own = centre.ioc("token", "create", "--role", "viewer", "--scope", "facility:_self")
    assert {value["tags"]["facility"] for value in centre.latest(own, "")} == {"_self"}


def test_the_doctor_finds_the_source_and_still_says_that_no_device_has_sent(centre):
    done = subprocess.run(
        [sys.executable, "-m", "ioc.cli", "doctor"],
        cwd=ROOT, env=centre.environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "The hosts: " in done.stdout
    assert "has ever come" in done.stdout
    assert "No source of this version gives" not in done.stdout


def test_a_topic_cannot_speak_for_this_machine(tmp_path, mosquitto):
    with stack(tmp_path, mosquitto) as made:
        made.start_worker()
        made.wait_for_worker()
        lines = [
            {
                "topic": "ioc/v1/_self/area/host/vm/tele",
                "payload": {"ts": "2026-11-23T00:00:00.000Z", "m": {"up": {"v": 0}}},
            },
            {
                "topic": "ioc/v1/bv01/icu/svc/web/tele",
                "payload": {"ts": "2026-11-23T00:00:00.000Z", "m": {"up": {"v": 0}}},
            },
        ]
        file = tmp_path / "lines"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        command = [sys.executable, "-m", "ioc.cli", "send", str(file), "--to", str(made.url)]
        subprocess.run(command, env={**os.environ, **made.environ}, check=True, capture_output=True, timeout=60)

        def reasons() -> list[str]:
            command = [sys.executable, "-m", "ioc.cli", "quarantine", "list", "--json"]
            done = subprocess.run(
                command, env={**os.environ, **made.environ}, check=True, capture_output=True, timeout=60
            )
            return sorted(item["reason"] for item in json.loads(done.stdout)["items"])

        wait_for("both are quarantined", lambda: reasons() == ["topic", "unknown_metric"], 20)


def test_the_worker_alone_says_that_it_is_up_and_nothing_of_the_parts_that_are_elsewhere(tmp_path, mosquitto):
    with stack(tmp_path, mosquitto, IOC_HOSTS__EVERY_SECONDS="1") as made:
        made.start_worker()
        made.wait_for_worker()
        wait_for("a sample is stored", lambda: made.stored("svc.up"), 20)
        assert {series.tag("service") for series, _, _ in made.stored("svc.up")} == {"worker"}
