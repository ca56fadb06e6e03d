"""The centre on PostgreSQL: several of each process at once, one of them stopped, and the server gone under load."""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from alerts.tables import events
from ioc.database import make_engine
from ioc.domain import SECOND, rfc3339
from ioc.latest import LatestReader
from ioc.mqtt import Publisher
from tests import postgresql
from tests.functional.alerting import Centre, centre
from tests.functional.harness import Stack, free_port, stack, wait_for
from tests.functional.server import server
from tests.functional.test_census_crash import Sender, Ward, messages_of

pytestmark = pytest.mark.sockets
LIMIT_S = 60.0
GAP_S = 10.0
STOPPED_S = 7.0  # longer than a lease lasts and than a session may stand still
DEVICES = 20
FRIDGE = "fridge.temp,device=tl-01,facility=bv01,site=cs1"
QUERY = "metric=fridge.temp&facility=bv01"


class Device:
    """Fridges that send several times a second; the first one the value it was told."""

    def __init__(self, running: Stack) -> None:
        self.value = 5.0
        self.sent = 0
        self._running = running
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with Publisher(self._running.url) as publisher:
            while not self._end.wait(0.1):
                ts = rfc3339(time.time_ns() // 1_000_000 * 1_000_000)
                for n in range(1, DEVICES + 1):
                    values = {"temp": {"v": self.value if n == 1 else float(self.sent % 7)}}
                    publisher.publish(
                        f"ioc/v1/bv01/kho-vac-xin/fridge/tl-{n:02}/tele", orjson.dumps({"ts": ts, "m": values})
                    )
                publisher.flush(10)
                self.sent += 1

    def close(self) -> None:
        self._end.set()
        self._thread.join()


class Follower:
    """Somebody who asks for what has changed, and goes by the numbers."""

    def __init__(self, url: str) -> None:
        self.picture: dict[str, Any] = {}
        self.wrong: list[str] = []
        self.change = 0
        self._engine = make_engine(url)
        self._reader = LatestReader(self._engine)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(0.02):
            self.look()

    def look(self) -> None:
        rows, newest = self._reader.since(self.change)
        if newest < self.change or any(row.change <= self.change for row in rows):
            self.wrong.append(f"{newest} after {self.change}")
        self.picture |= {row.key: row for row in rows}
        self.change = newest

    def misses(self) -> set[str]:
        """Where it differs from who asks for everything now."""
        self._end.set()
        self._thread.join()
        self.look()
        whole, newest = self._reader.since(0)
        assert newest == self.change, "somebody still writes"
        self._engine.dispose()
        return {row.key for row in whole if self.picture[row.key].change != row.change}


@pytest.fixture
def url() -> Iterator[str]:
    if postgresql.MISSING:
        pytest.skip(postgresql.MISSING)
    with postgresql.new_database() as made:
        yield made


@pytest.fixture
def own() -> Iterator[postgresql.Cluster]:
    """A server that may be ended."""
    if postgresql.MISSING:
        pytest.skip(postgresql.MISSING)
    with postgresql.cluster() as made:
        yield made


def second_worker(running: Stack) -> int:
    """Another worker of the same centre, as on another machine; the port of its door for HL7."""
    folder, port = running.folder / "second", free_port()
    shutil.copytree(running.settings.data_dir / "secrets", folder / "secrets")
    more = {"IOC_DATA_DIR": str(folder), "IOC_MQTT__URL": str(running.url), "IOC_MLLP__BIND": f"127.0.0.1:{port}"}
    running.spawn("second", (sys.executable, "-m", "ioc.cli", "worker"), **more)
    wait_for("the second worker is ready", (folder / "run" / "worker.ready").exists, LIMIT_S)
    return port


def test_of_two_schedulers_one_judges_what_two_workers_bring_and_a_stopped_one_does_no_harm(
    tmp_path: Path, url: str, mosquitto: str
) -> None:
    with (
        centre(tmp_path / "judging", database=url) as made,
        stack(tmp_path / "taking", mosquitto, IOC_DATABASE__URL=url) as running,
    ):
        running.start_worker()
        running.wait_for_worker(LIMIT_S)
        second_worker(running)
        device, follower = Device(running), Follower(url)
        try:
            judge(made, device)
        finally:
            device.close()
        for name in ("worker", "second"):
            assert running.end(name) == 0
        assert follower.misses() == set()
        assert follower.wrong == []
        assert follower.change > 20


def judge(made: Centre, device: Device) -> None:
    pair = {process.pid: process for process in (made.start(), made.start())}
    wait_for("one of them works", lambda: made.holder() in pair, LIMIT_S)
    device.value = 9.1
    made.wait_for("firing warning", LIMIT_S)
    first = pair.pop(made.holder())
    [second] = pair.values()
    os.kill(first.pid, signal.SIGSTOP)  # whatever it is doing: the server ends what it has begun
    stopped, stopped_ns = time.monotonic(), time.time_ns()
    device.value = 13.0
    made.wait_for("firing critical", LIMIT_S)
    told_ns, body = made.receiver.got[-1]
    assert (body["status"], body["level"]) == ("level", "critical")
    assert (told_ns - stopped_ns) / SECOND < GAP_S
    assert made.holder() == second.pid
    time.sleep(max(0.0, STOPPED_S - (time.monotonic() - stopped)))
    os.kill(first.pid, signal.SIGCONT)
    device.value = 5.0
    made.wait_for("resolved critical", LIMIT_S)
    assert [row.kind for row in made.rows(events)] == ["firing", "level", "resolved"]
    assert [made.receiver.times(key) for key in made.told()] == [1, 1, 1]
    assert made.holder() == second.pid
    for process in (second, first):
        assert made.end(process) == 0


def test_a_day_told_to_two_workers_is_whole_though_the_server_goes_away_under_it(
    tmp_path: Path, own: postgresql.Cluster, mosquitto: str, shared: Path
) -> None:
    day = shared / "samples" / "hl7" / "day"
    truth: dict[str, Any] = json.loads((day / "day.truth.json").read_text(encoding="utf-8"))
    own.run("create database ioc")
    with stack(tmp_path, mosquitto, IOC_DATABASE__URL=own.url("ioc")) as running:
        ward = Ward(running)
        running.start_worker()
        running.wait_for_worker(LIMIT_S)
        ports = (running.mllp_port, second_worker(running))
        files = ("day.hl7", "day-late-and-doubled.hl7")
        senders = [Sender(port, messages_of(day / name)) for port, name in zip(ports, files, strict=True)]
        for how in (signal.SIGQUIT, signal.SIGINT):
            enough = senders[0].answered + 60
            wait_for("some is answered", lambda enough=enough: senders[0].answered >= enough, LIMIT_S)
            own.stop(how)
            own.start()
        for sender in senders:
            assert sender.ended.wait(LIMIT_S)
        at = truth["hourly"][-1]["at"]
        wait_for("the census has it all", lambda: ward.occupants(at) == truth["final_bed_occupants"], LIMIT_S)
        for hour in truth["hourly"]:
            assert ward.counts(hour["at"]) == hour["wards"], hour["at"]
        patients = sum(it["patients"] for it in truth["hourly"][-1]["wards"].values())
        wait_for("the present has it too", lambda: total(ward, truth["beds"]) == patients, LIMIT_S)
        for name in ("worker", "second"):
            assert running.end(name) == 0
        ward.engine.dispose()


def total(ward: Ward, codes: dict[str, Any]) -> float:
    return sum(found[0] for code in codes if (found := ward.present(code)))


def test_screens_and_pages_live_through_the_end_of_the_server(tmp_path: Path, own: postgresql.Cluster) -> None:
    own.run("create database ioc")
    with server(tmp_path, IOC_DATABASE__URL=own.url("ioc")) as web, web.stream(QUERY) as screen:
        assert all(value["state"] == "missing" for value in screen.until("snapshot")["values"])
        web.put(FRIDGE, 4.25)
        assert screen.value("tl-01", "fresh")["value"] == 4.25
        crowd = [threading.Thread(target=lambda: codes.append(ask())) for _ in range(40)]
        codes: list[tuple[int, ...]] = []

        def ask() -> tuple[int, ...]:
            return tuple(web.request("GET", path)[0] for path in ("/api/v1/latest", "/api/v1/alerts", "/beds/bv01"))

        for each in crowd:
            each.start()
        for each in crowd:
            each.join(LIMIT_S)
        assert set(codes) == {(200, 200, 200)}
        own.stop(signal.SIGQUIT)
        assert web.request("GET", "/healthz")[0] == 503
        own.start()
        wait_for("it is well again", lambda: web.get("/healthz")["checks"]["database"]["ok"], LIMIT_S)
        wait_for("it can be written", lambda: _put(web, 6.5), LIMIT_S)
        while screen.value("tl-01", "fresh")["value"] != 6.5:
            pass
        assert web.get(f"/api/v1/latest?{QUERY}&device=tl-01")["items"][0]["value"] == 6.5


def _put(web: Any, value: float) -> bool:
    try:
        web.put(FRIDGE, value)
    except Exception:
        return False
    return True
