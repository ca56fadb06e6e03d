"""The whole centre as a newcomer starts it (``ioc run``), on free ports, in its own data folder."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import urllib3

from ioc.domain import rfc3339
from ioc.mqtt import MqttUrl, Publisher
from tests.functional.harness import ROOT, free_port

# Seconds between messages, so that late is seen after 3 s and stale after 9 s.
FAST = {"mains": 1, "gas-oxygen": 1}


@dataclass
class Centre:
    """``folder`` holds data and configuration; ``simulate`` as on the command line."""

    folder: Path
    simulate: bool = False
    extra: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    web: str = ""
    mqtt: str = ""
    token: str = ""

    def __post_init__(self) -> None:
        self.http = urllib3.PoolManager()
        self.environ = {
            **os.environ,
            "IOC_DATA_DIR": str(self.folder / "data"),
            "IOC_CONFIG_DIR": str(self.folder / "configs"),
            "IOC_WEB__BIND": f"127.0.0.1:{free_port()}",
            "IOC_MQTT__BIND": f"127.0.0.1:{free_port()}",
            "IOC_SIMULATE": "1" if self.simulate else "0",
            **self.extra,
        }

    def start(self) -> None:
        """Start, and return once READY was printed."""
        if not (self.folder / "configs").exists():
            self._configure()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ioc.cli", "run"],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        ready = self.line(r"^READY web=(\S+) mqtt=(\S+)", 60)
        self.web, self.mqtt = ready[1], ready[2]
        self.token = self.ioc("token", "create", "--role", "admin", "--scope", "*").strip()

    def _configure(self) -> None:
        shutil.copytree(ROOT / "configs", self.folder / "configs")
        kinds = self.folder / "configs" / "registry" / "kinds.yaml"
        text = kinds.read_text(encoding="utf-8")
        for name, seconds in FAST.items():
            pattern = rf"(\n  {name}:\s.*?interval: )\d+s"
            text, found = re.subn(pattern, rf"\g<1>{seconds}s", text, count=1, flags=re.DOTALL)
            assert found, f"no kind {name}"
        kinds.write_text(text, encoding="utf-8")

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def line(self, pattern: str, limit_s: float) -> re.Match[str]:
        """The first line of standard output that matches."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, f"ioc run ended: {self.lines}"
            found.extend(match for line in list(self.lines) if (match := re.search(pattern, line)))
            return bool(found)

        wait_until(f"a line like {pattern}", look, limit_s)
        return found[0]

    @property
    def password(self) -> str:
        return self.line(r"^ADMIN user=admin password=(\S+)", 1)[1]

    def ioc(self, *words: str, stdin: str = "") -> str:
        """Run one of our own commands; returns its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "ioc.cli", *words],
            cwd=ROOT,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def get(self, path: str, **query: str) -> dict[str, object]:
        """What the API answers, with an administrator's token."""
        answer = self.http.request(
            "GET", self.web + path, fields=query, headers={"Authorization": f"Bearer {self.token}"}, retries=False
        )
        assert answer.status == 200, answer.data
        return orjson.loads(answer.data)

    def value(self, metric: str, device: str, facility: str = "bv01") -> dict[str, object]:
        """One value as the API gives it."""
        items = self.get("/api/v1/latest", metric=metric, facility=facility, device=device)["items"]
        assert isinstance(items, list)
        assert len(items) == 1, items
        return items[0]

    def publish(self, topic: str, values: dict[str, object], at_ns: int | None = None, **more: object) -> None:
        """Publish one message and wait for the broker's acknowledgement."""
        now_ns = time.time_ns() // 1_000_000 * 1_000_000 if at_ns is None else at_ns
        message = {"ts": rfc3339(now_ns), "m": {key: {"v": value} for key, value in values.items()}, **more}
        self.publish_raw(topic, orjson.dumps(message))

    def publish_raw(self, topic: str, payload: bytes) -> None:
        """Publish these bytes, whatever they are."""
        with Publisher(MqttUrl.parse(self.mqtt)) as publisher:
            publisher.publish(topic, payload)
            assert publisher.flush(10) == 0

    def pid(self, name: str) -> int:
        """The process id of one part."""
        return int((self.folder / "data" / "run" / f"{name}.pid").read_text())

    def stop(self) -> None:
        """Ctrl-C."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGINT)
            self.process.wait(20)
            self._reader.join(5)
            assert self.process.stdout is not None
            self.process.stdout.close()


def wait_until(what: str, ask: Callable[[], object], limit_s: float) -> float:
    """Ask until the answer is true; returns the seconds that it took."""
    began = time.monotonic()
    while not ask():
        if time.monotonic() - began > limit_s:
            raise AssertionError(f"not within {limit_s} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began
