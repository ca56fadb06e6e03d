"""`ioc run` as a newcomer meets it: one command up, one Ctrl-C down, and nothing left, however it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from ioc.config import Address
from ioc.pidfile import identity
from ioc.ports import TakenError, free_address
from tests.functional.harness import ROOT, Stack, listens, wait_for

pytestmark = pytest.mark.sockets

NAMES = ("broker", "worker", "scheduler", "web")


class Run:
    """One `ioc run` on a data folder of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IOC_")},
            "IOC_DATA_DIR": str(self.data),
            "IOC_CONFIG_DIR": str(ROOT / "configs"),
            "IOC_WEB__BIND": "127.0.0.1:0",
            "IOC_MQTT__BIND": "127.0.0.1:0",
            "IOC_MLLP__BIND": "127.0.0.1:0",
            "IOC_SIMULATE": "0",
            **environ,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Run":
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ioc.cli", "run"], cwd=ROOT, env=self.environ, stdout=out, stderr=err
            )
        return self

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()

    def wait_until_ready(self) -> "Run":
        def stopped_or_ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.err
            return "Stop with" in self.out

        wait_for("READY", stopped_or_ready, 60)
        return self

    def pid(self, name: str) -> int:
        return int((self.data / "run" / f"{name}.pid").read_text())

    def has_another(self, name: str, former: int) -> bool:
        return (self.data / "run" / f"{name}.pid").exists() and self.pid(name) != former

    def signal(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(12)

    def refused(self) -> str:
        """What it says when it does not start."""
        finished = subprocess.run(
            [sys.executable, "-m", "ioc.cli", "run"], cwd=ROOT, env=self.environ, capture_output=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert finished.returncode == 1
        assert b"READY" not in finished.stdout
        return finished.stderr.decode()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.send_signal(signal.SIGTERM)
        made.process.wait(12)


def test_it_starts_takes_a_pasted_value_stops_and_goes_on_where_it_was(run: Run) -> None:
    run.start().wait_until_ready()
    there = r"127\.0\.0\.1"
    doors = rf"^READY web=http://{there}:\d+ mqtt=mqtt://{there}:(\d+) mllp=mllp://{there}:(\d+)$"
    ready = re.search(doors, run.out, re.MULTILINE)
    assert ready
    assert listens(int(ready[2]))
    assert re.search(r"^ADMIN user=admin password=\S{12,}$", run.out, re.MULTILINE)
    pasted = next(line for line in run.out.splitlines() if "ioc send" in line)
    subprocess.run(["sh", "-c", pasted], cwd=ROOT, env=run.environ, check=True, capture_output=True)
    kept = Stack(run.folder, "auto", int(ready[1]))
    wait_for("the pasted value is stored", lambda: len(kept.stored("fridge.temp")) == 1)
    assert run.signal(signal.SIGINT) == 0
    assert [path.name for path in (run.data / "run").iterdir()] == ["supervisor.lock"]
    run.start().wait_until_ready()
    assert "ADMIN" not in run.out
    assert len(kept.stored("fridge.temp")) == 1


def test_one_on_the_same_data_is_enough(run: Run) -> None:
    run.start().wait_until_ready()
    assert run.refused().splitlines()[0].startswith(f"Error: the centre runs already with the data in {run.data}")


def test_each_part_that_is_killed_is_started_again(run: Run) -> None:
    run.start().wait_until_ready()
    for name in NAMES:
        former = run.pid(name)
        os.kill(former, signal.SIGKILL)
        wait_for(f"{name} is started again", partial(run.has_another, name, former), 10)
    wait_for("the worker has subscribed again", (run.data / "run" / "worker.ready").exists, 20)
    assert run.signal(signal.SIGTERM) == 0


def test_no_part_outlives_a_killed_supervisor_and_the_next_start_works(run: Run) -> None:
    run.start().wait_until_ready()
    parts = {run.pid(name): identity(run.pid(name)) for name in NAMES}
    assert run.signal(signal.SIGKILL) == -signal.SIGKILL
    run.start().wait_until_ready()
    assert not [pid for pid, who in parts.items() if identity(pid) == who]


def test_an_address_that_was_asked_for_and_is_taken_is_named_with_what_mends_it(run: Run) -> None:
    names = ("IOC_WEB__BIND", "IOC_MQTT__BIND", "IOC_MLLP__BIND")
    with ExitStack() as taken:
        for name in names:
            server = taken.enter_context(socket.create_server(("127.0.0.1", 0)))
            run.environ[name] = f"127.0.0.1:{server.getsockname()[1]}"
        said = run.refused()
    for name in names:
        assert f"{name}: {run.environ[name]} is taken by another program." in said
        assert f"or set {name}=127.0.0.1:" in said


def test_a_data_folder_that_cannot_be_written_is_named_with_what_mends_it(run: Run) -> None:
    (run.folder / "file").write_text("")
    run.environ["IOC_DATA_DIR"] = str(run.folder / "file" / "data")
    said = run.refused()
    assert "cannot be written: Not a directory. Start with a folder elsewhere: IOC_DATA_DIR=…" in said


def test_all_that_is_wrong_is_said_at_once(run: Run) -> None:
    run.environ |= {"IOC_MQTT__BIND": "0.0.0.0:1883", "IOC_MQTT__BROKR": "x", "IOC_LANGUAGE": "de"}
    said = run.refused()
    assert "IOC_MQTT__BROKR" in said
    assert "IOC_LANGUAGE" in said


def test_an_address_that_nobody_asked_for_moves_to_the_next_free_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = Address("127.0.0.1", server.getsockname()[1])
        moved = free_address(taken, fixed=False)
        assert moved.host == taken.host
        assert moved.port > taken.port
        with pytest.raises(TakenError, match="is taken by another program") as error:
            free_address(taken, fixed=True)
    assert error.value.free is not None


def test_port_0_becomes_one_that_is_free() -> None:
    assert free_address(Address("127.0.0.1", 0), fixed=True).port > 0
