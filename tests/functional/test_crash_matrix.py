"""The worker is ended at each place where a crash could hurt; nothing acknowledged is lost, nothing counted twice.

This file is also the program that is crashed: it commits numbered messages, one at a time, and notes each one that was
acknowledged in a file, as a broker would know it. What is not noted is sent again by the next run.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import ioc.worker
from ioc.config import Settings, ensure_secrets, load_settings, read_secret
from ioc.database import make_engine, metadata
from ioc.domain import Frame, SystemClock
from ioc.errors import Reason
from ioc.failpoints import INTAKE, failpoint
from ioc.intake import Batch, Counts, Health, Intake, Quarantine, Reject, Sealer
from ioc.latest import LatestReader
from ioc.timeseries import open_store

CONFIGS = Path(__file__).parents[2] / "configs"
MESSAGES = 200
BAD_EACH = 10  # every tenth message cannot be understood
HIST_EACH = 7
CRASHED = 137
PREFIX = "fridge,device=tl-01,facility=bv01,site=cs1,source=numbers"


class Numbers:
    """Sends the numbers that are not acknowledged yet, then ends its process in good order."""

    name = kind = "numbers"
    lane = "readings"

    def __init__(self, folder: Path, base_ns: int) -> None:
        self._acks = (folder / "acknowledged").open("a")
        self._done = {int(line) for line in (folder / "acknowledged").read_text().split()}
        self._base_ns = base_ns
        self._sent = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector-numbers", daemon=True)

    def start(self, intake: Intake) -> None:
        self._intake = intake
        self._thread.start()

    def ready(self) -> bool:
        return True

    def stop(self) -> None:
        self._sent.wait()
        self._ending.set()

    def health(self) -> Health:
        return Health(connected=True)

    def sources(self) -> dict[str, Callable[[], Health]]:
        return {self.name: self.health}

    def replay(self, topic: str, raw: bytes) -> None: ...

    def _run(self) -> None:
        for number in range(MESSAGES):
            if number not in self._done:
                self._intake.commit(self._batch(number))
                self._acks.write(f"{number}\n")
                self._acks.flush()
                failpoint("after-ack")
        self._sent.set()
        self._ending.wait()

    def _batch(self, number: int) -> Batch:
        batch = Batch(self.name, counts=Counts(received=1))
        time_ns = self._base_ns + number
        if number % BAD_EACH == 0:
            batch.rejects.append(Reject(Reason.JSON, "no JSON", "a/topic", b"broken %d" % number, time_ns))
        else:
            hist = number % HIST_EACH == 0
            batch.frames.append(Frame(PREFIX, {"temp": float(number)}, time_ns, "good", time_ns, hist))
        return batch


def settings_of(folder: Path) -> Settings:
    return load_settings({"IOC_DATA_DIR": str(folder / "data"), "IOC_CONFIG_DIR": str(CONFIGS)})


def main(folder: Path, base_ns: int) -> int:
    settings = settings_of(folder)
    collector = Numbers(folder, base_ns)
    ioc.worker.build_collectors = lambda *_: [collector]
    worker = ioc.worker.Worker(settings, make_engine(settings.database.url), open_store(settings))
    worker.stop()
    return worker.run()


def run(folder: Path, base_ns: int, crash_at: str = "") -> int:
    environ = {**os.environ, "IOC_FAILPOINT": crash_at}
    command = [sys.executable, __file__, str(folder), str(base_ns)]
    return subprocess.run(command, env=environ, cwd=CONFIGS.parent, timeout=60, check=False).returncode


@pytest.mark.parametrize("place", INTAKE)
def test_a_crash_at_any_place_loses_nothing_and_counts_nothing_twice(place: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    ensure_secrets(settings)
    engine = make_engine(settings.database.url)
    metadata.create_all(engine)
    base_ns = SystemClock().now_ns()
    crashes = (1, 50 if place in {"after-decode", "after-journal", "after-ack"} else 2)
    for nth in crashes:
        assert run(tmp_path, base_ns, f"{place}:{nth}") == CRASHED
    for _ in range(2):  # the second one finds everything acknowledged, and has only to drain
        assert run(tmp_path, base_ns) == 0

    good = [number for number in range(MESSAGES) if number % BAD_EACH]
    store = open_store(settings, read_only=True)
    [(_, points)] = store.raw("fridge.temp", None, base_ns, base_ns + MESSAGES)
    assert [(time_ns - base_ns, value) for time_ns, value, _ in points] == [(n, float(n)) for n in good]
    store.close()

    [row], _ = LatestReader(engine).since(0)
    assert row.value == max(number for number in good if number % HIST_EACH)

    quarantine = Quarantine(engine, Sealer(read_secret(settings, "quarantine").reveal()))
    items = quarantine.list(limit=MESSAGES)
    raws = {quarantine.get(item.id, raw=True).raw for item in items}
    assert raws == {b"broken %d" % number for number in range(0, MESSAGES, BAD_EACH)}
    twice = sum(item.count - 1 for item in items)
    # the one message that was journalled and not acknowledged comes again: the quarantine cannot tell it from a second
    assert twice <= len(crashes)
    engine.dispose()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
