"""A data folder with one rule and one person who is told by webhook, and the schedulers that work on it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, select, update

from alerts.tables import deliveries, events, incidents
from ioc.catalogue import load_catalogue
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.database import make_engine, migrate, reading, writing
from ioc.domain import Frame, SystemClock
from ioc.latest import LatestWriter
from ioc.lease import leases
from ioc.logs import set_up_logging
from ioc.registry import load_registry
from ioc.scheduler import run_scheduler
from tests.functional.harness import ROOT, wait_for

PREFIX = "fridge,device=tl-01,facility=bv01,site=cs1,source=mqtt"
SENT = ("firing", "level", "missing", "resolved")
RULES = """
schema: ioc.rules/1
rules:
  - id: fridge-warm
    title: {vi: "{device} ấm {value:.1f} °C", en: "{device} warm, {value:.1f} °C", fr: "{device} chaud"}
    kind: threshold
    read: {metric: fridge.temp}
    levels:
      warning: {enter: "> 8"}
      critical: {enter: "> 12"}
    missing: {after: 15min}
    notify: {group: pharmacy}
    ack: {required_from: critical, expires: 1h, reason: true}
    owner: pharmacy
    runbook: runbooks/fridge-warm.md
    review_by: 2099-06-30
"""


class Receiver:
    """Takes webhooks on a port of its own, and remembers what came when."""

    def __init__(self) -> None:
        self.got: list[tuple[int, dict[str, Any]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.got.append((SystemClock().now_ns(), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def times(self, key: str) -> int:
        return sum(body["dedup_key"] == key for _, body in self.got)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Centre:
    """The folder, what judges it, and who is told."""

    folder: Path
    receiver: Receiver
    watchdog: bool = False
    database: str = ""  # its URL; empty: SQLite in the data folder
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        configs = self.folder / "configs"
        (configs / "rules").mkdir(parents=True)
        for name in ("catalogue", "registry", "runbooks"):
            (configs / name).symlink_to(ROOT / "configs" / name)
        (configs / "rules" / "rules.yaml").write_text(RULES, encoding="utf-8")
        told = f"people:\n  lan: {{name: Lan, language: vi, webhook: 'http://{self.receiver.host}/hook'}}\n"
        group = "groups:\n  pharmacy: {title: {vi: Khoa Dược, en: Pharmacy}, members: [lan]}\n"
        (configs / "people.yaml").write_text(f"schema: ioc.people/1\n{told}{group}", encoding="utf-8")
        ensure_secrets(self.settings)
        self.engine: Engine = make_engine(self.settings.database.url)
        migrate(self.engine)
        catalogue = load_catalogue(configs)
        self._writer = LatestWriter(self.engine, catalogue, load_registry(configs, catalogue))

    @property
    def environ(self) -> dict[str, str]:
        return {
            "IOC_DATA_DIR": str(self.folder / "data"),
            "IOC_CONFIG_DIR": str(self.folder / "configs"),
            "IOC_DATABASE__URL": self.database,
            "IOC_NOTIFY__ALLOWED_HOSTS": self.receiver.host,
            "IOC_NOTIFY__WATCHDOG_URL": f"http://{self.receiver.host}/alive" if self.watchdog else "",
        }

    @property
    def settings(self) -> Settings:
        return load_settings(self.environ)

    def value(self, value: float) -> int:
        """Make this the present value; when that was."""
        now_ns = SystemClock().now_ns()
        self._writer.offer([Frame(PREFIX, {"temp": value}, now_ns, "good", now_ns)])
        self._writer.flush()
        return now_ns

    def start(self, failpoint: str = "") -> subprocess.Popen[bytes]:
        """One more scheduler: ``ioc scheduler``, but for its settings, among which no place to crash can stand."""
        environ = {**os.environ, **self.environ, "IOC_FAILPOINT": failpoint}
        with (self.folder / "scheduler.log").open("ab") as log:
            process = subprocess.Popen(
                (sys.executable, "-m", "tests.functional.alerting"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, cwd=ROOT,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], limit_s: float = 10.0) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(limit_s)

    def log(self) -> str:
        return (self.folder / "scheduler.log").read_text(encoding="utf-8", errors="replace")

    def rows(self, table: Table) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(select(table)))

    def status(self) -> str:
        """Of the one incident, level included: ``firing critical``; empty where there is none."""
        found = [row for row in self.rows(incidents) if row.id != "watchdog"]
        assert len(found) <= 1
        return f"{found[0].status} {found[0].level}" if found else ""

    def all_sent(self) -> bool:
        return all(row.state == "sent" for row in self.rows(deliveries))

    def told(self) -> list[str]:
        """The key of every event that has to be told."""
        return [f"{row.incident}-{row.seq}" for row in self.rows(events) if row.kind in SENT]

    def holder(self) -> int:
        """The process that holds the lease, 0 where none does."""
        now_ns = SystemClock().now_ns()
        return next((int(row.owner.split(":")[1]) for row in self.rows(leases) if row.expires_at_ns > now_ns), 0)

    def let_time_pass(self) -> None:
        """Lease and claims of those who are dead run out."""
        with writing(self.engine) as connection:
            connection.execute(update(leases).values(expires_at_ns=0))
            connection.execute(update(deliveries).values(claimed_until_ns=0))

    def wait_for(self, what: str, limit_s: float = 30.0) -> None:
        """Until the incident is so and everybody has been told."""
        try:
            wait_for(what, lambda: self.status() == what and self.all_sent(), limit_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.status()!r}; {self.log()[-2000:]}") from None

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()  # also one that is stopped
                process.wait()
        self._writer.close()
        self.engine.dispose()


@contextmanager
def centre(folder: Path, *, watchdog: bool = False, database: str = "") -> Iterator[Centre]:
    receiver = Receiver()
    made = Centre(folder, receiver, watchdog, database)
    try:
        yield made
    finally:
        made.close()
        receiver.close()


if __name__ == "__main__":
    set_up_logging("info")
    given = {name: value for name, value in os.environ.items() if name != "IOC_FAILPOINT"}
    sys.exit(run_scheduler(load_settings(given)))
