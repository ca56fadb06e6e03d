"""Starts pieces of the centre as processes of their own, on free ports, and ends them by their own pid."""

import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ioc.broker import Launch, prepare
from ioc.config import Address, Settings, load_settings
from ioc.database import make_engine, metadata, migrate
from ioc.domain import Reading, Series
from ioc.mqtt import MqttUrl
from ioc.timeseries import open_store

ROOT = Path(__file__).parent.parent.parent
CRASHING = "import os, ioc.failpoints; del os.environ['IOC_FAILPOINT']; from ioc.cli import main; main(['worker'])"
FAR_NS = 4_000_000_000 * 1_000_000_000


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(what: str, ask: Callable[[], object], limit_s: float = 30.0) -> None:
    until = time.monotonic() + limit_s
    while not ask():
        if time.monotonic() > until:
            raise AssertionError(f"not within {limit_s} s: {what}")
        time.sleep(0.01)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


@dataclass
class Stack:
    """One data folder with its broker and its worker."""

    folder: Path
    broker_kind: str
    port: int = field(default_factory=free_port)
    mllp_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    launch: Launch | None = None

    @property
    def environ(self) -> dict[str, str]:
        return {
            "IOC_DATA_DIR": str(self.folder / "data"),
            "IOC_CONFIG_DIR": str(ROOT / "configs"),
            "IOC_MQTT__BIND": f"127.0.0.1:{self.port}",
            "IOC_MQTT__BROKER": self.broker_kind,
            "IOC_MLLP__BIND": f"127.0.0.1:{self.mllp_port}",
            **self.extra,
        }

    @property
    def settings(self) -> Settings:
        return load_settings(self.environ)

    @property
    def url(self) -> MqttUrl:
        return MqttUrl("127.0.0.1", self.port)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def spawn(self, name: str, command: tuple[str, ...], **more: str) -> None:
        environ = {**os.environ, **self.environ, **more}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ
            )

    def start_broker(self) -> None:
        self.launch = prepare(self.settings, Address("127.0.0.1", self.port))
        self.spawn("broker", self.launch.command)
        wait_for("the broker listens", lambda: listens(self.port))

    def start_worker(self, crash_at: str = "") -> None:
        """``crash_at`` names a failpoint: it is no setting, so the worker is not to see it among them."""
        self.ready_file.unlink(missing_ok=True)
        if crash_at:
            self.spawn("worker", (sys.executable, "-c", CRASHING), IOC_FAILPOINT=crash_at)
        else:
            self.spawn("worker", (sys.executable, "-m", "ioc.cli", "worker"))

    @property
    def ready_file(self) -> Path:
        return self.settings.data_dir / "run" / "worker.ready"

    def wait_for_worker(self, limit_s: float = 30.0) -> None:
        def ready() -> bool:
            code = self.processes["worker"].poll()
            assert code is None, f"the worker ended with {code}: {self.log('worker')[-2000:]}"
            return self.ready_file.exists()

        wait_for("the worker is ready", ready, limit_s)

    def kill(self, name: str) -> None:
        """As a power cut would: no chance to finish anything."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str, limit_s: float = 10.0) -> int:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(limit_s)

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes.clear()

    def stored(self, metric: str) -> list[tuple[Series, int, float]]:
        """Every raw point of a metric."""
        store = open_store(self.settings, read_only=True)
        try:
            return [
                (series, time_ns, value)
                for series, points in store.raw(metric, {}, 0, FAR_NS, 10_000_000)
                for time_ns, value, _ in points
            ]
        finally:
            store.close()

    def latest(self, metric: str, device: str) -> list[Reading]:
        """What the store holds as the newest of one device."""
        store = open_store(self.settings, read_only=True)
        try:
            return store.latest(metric, {"device": device}, FAR_NS)
        finally:
            store.close()


@contextmanager
def stack(folder: Path, broker_kind: str, **extra: str) -> Iterator[Stack]:
    """A stack with its database made and its broker up."""
    made = Stack(folder, broker_kind, extra=extra)
    made.settings.data_dir.mkdir(parents=True)
    for part in ("ioc.access", "ioc.beds", "ioc.census", "ioc.intake", "ioc.latest"):  # each knows its own tables
        importlib.import_module(part)
    engine = make_engine(made.settings.database.url)
    migrate(engine)
    metadata.create_all(engine)
    engine.dispose()
    try:
        made.start_broker()
        yield made
    finally:
        made.close()
