"""The promise: what the broker acknowledged to a device is in the store, once, however often the worker dies."""

import itertools
import os
import random
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from ioc.domain import MILLISECOND, rfc3339
from ioc.mqtt import Publisher
from tests.functional.harness import Stack, stack, wait_for

pytestmark = pytest.mark.sockets

KILLS = {"mosquitto": int(os.environ.get("IOC_TEST_KILLS", "20")), "iotcore": 5}
RATE = 2_000
DEVICES = 20


class Load:
    """Publishes temperatures of twenty refrigerators with QoS 1, and remembers each by device and time."""

    def __init__(self, publisher: Publisher) -> None:
        self.sent: set[tuple[str, int]] = set()
        self._publisher = publisher
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        for number in itertools.count():
            if self._stop.is_set():
                return
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            device, ts_ns = f"kt-{number % DEVICES:02d}", time.time_ns() // MILLISECOND * MILLISECOND
            payload = f'{{"ts":"{rfc3339(ts_ns)}","seq":{number},"m":{{"temp":{{"v":4.2,"u":"Cel"}}}}}}'
            self._publisher.publish(f"ioc/v1/bv01/kho-vac-xin/fridge/{device}/tele", payload)
            self.sent.add((device, ts_ns + number % MILLISECOND))


def test_everything_acknowledged_is_stored_once_though_the_worker_is_killed_again_and_again(
    tmp_path: Path, broker_kind: str
) -> None:
    chance = random.Random(7)
    with stack(tmp_path, broker_kind) as running, Publisher(running.url, max_inflight=200) as publisher:
        running.start_worker()
        running.wait_for_worker()
        load = Load(publisher)
        load.start()
        for _ in range(KILLS[broker_kind]):
            time.sleep(chance.uniform(0.0, 0.5))
            running.kill("worker")
            running.start_worker()
            running.wait_for_worker()
        load.stop()
        assert publisher.flush(30) == 0, "the broker did not acknowledge everything"
        wait_for("all that was sent is stored", lambda: count(running) >= len(load.sent), limit_s=60)
        assert running.end("worker") == 0
        stored = [(series.tag("device"), time_ns) for series, time_ns, _ in running.stored("fridge.temp")]
        assert len(stored) == len(set(stored))
        assert set(stored) == load.sent
        assert len(load.sent) >= RATE * KILLS[broker_kind] * 0.2
        assert backlog(running) == 0


def count(running: Stack) -> int:
    """Of what was published: the worker measures its own machine as well."""
    with sqlite3.connect(f"file:{running.settings.data_dir / 'timeseries.sqlite'}?mode=ro", uri=True) as connection:
        of_load = "select count(*) from raw join series on series.id = raw.series where series.metric = 'fridge.temp'"
        return connection.execute(of_load).fetchone()[0]


def backlog(running: Stack) -> int:
    with sqlite3.connect(f"file:{running.settings.data_dir / 'journal.sqlite'}?mode=ro", uri=True) as connection:
        return connection.execute("select count(*) from entry").fetchone()[0]
