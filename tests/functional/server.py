"""A real gunicorn on a free loopback port, with values written into the present as the worker would."""

import http.client
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine

from ioc.access import Role, Scope, Tokens, Users
from ioc.catalogue import load_catalogue
from ioc.config import Settings, load_settings
from ioc.database import make_engine, metadata
from ioc.domain import Frame, Series, SystemClock
from ioc.intake import SourceStatus, SourceStatuses
from ioc.latest import LatestWriter
from ioc.registry import load_registry
from ioc.timeseries import Store, open_store

ROOT = Path(__file__).parent.parent.parent
LIMIT_S = 20.0


@dataclass
class Server:
    """One web server with its database, its store and a writer of the present."""

    settings: Settings
    environ: dict[str, str]
    port: int
    engine: Engine
    writer: LatestWriter
    store: Store
    token: str
    process: subprocess.Popen[bytes] | None = None
    streams: list["Stream"] = field(default_factory=list)

    def start(self) -> None:
        """Start gunicorn and wait until it answers."""
        with (self.settings.data_dir / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "wsgi:app"], cwd=ROOT, env=self.environ, stdout=log, stderr=log
            )
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            try:
                self.get("/healthz", token="")
            except OSError:
                assert self.process.poll() is None, self.log
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the web server does not answer: {self.log}")

    @property
    def log(self) -> str:
        """What gunicorn wrote."""
        return (self.settings.data_dir / "web.log").read_text(errors="replace")

    def stop(self) -> float:
        """SIGTERM; gives how long it took to end."""
        assert self.process is not None
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=LIMIT_S)
        self.process = None
        return time.monotonic() - begin

    def put(self, key: str, value: float) -> None:
        """Make this the newest value of a series, now."""
        self.offer({key: value})

    def offer(self, values: dict[str, float]) -> None:
        """The same for many series at once."""
        now_ns = time.time_ns()
        frames = []
        for key, value in values.items():
            series = Series.parse(key)
            tags = ",".join(f"{name}={tag}" for name, tag in sorted({**dict(series.tags), "source": "mqtt"}.items()))
            measurement, _, name = series.metric.partition(".")
            frames.append(Frame(f"{measurement},{tags}", {name: value}, now_ns, "good", now_ns))
        self.writer.offer(frames)
        self.writer.flush()

    def beat(self) -> None:
        """What a worker writes about each second."""
        SourceStatuses(self.engine).save([SourceStatus("mqtt", "mqtt", connected=True)], time.time_ns())

    def request(self, method: str, path: str, *, token: str | None = None) -> tuple[int, dict[str, str], bytes]:
        """One request; as the administrator's token unless told otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        text = self.token if token is None else token
        connection.request(method, path, headers={"Authorization": f"Bearer {text}"} if text else {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def get(self, path: str, *, token: str | None = None) -> Any:
        """The JSON of an address."""
        return json.loads(self.request("GET", path, token=token)[2])

    def stream(
        self, query: str = "", *, last_id: str = "", token: str | None = None, receive_buffer: int = 0
    ) -> "Stream":
        """An open stream; with a small ``receive_buffer`` one that soon holds up who writes to it."""
        made = Stream(self.port, query, token or self.token, last_id, receive_buffer)
        self.streams.append(made)
        return made


class Stream:
    """A screen: reads server-sent events from a socket."""

    def __init__(self, port: int, query: str, token: str, last_id: str = "", receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(LIMIT_S)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        again = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        request = (
            f"GET /api/v1/stream?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{again}\r\n"
        )
        self.socket.sendall(request.encode())
        self._answer = http.client.HTTPResponse(self.socket)
        self._answer.begin()
        self.status = self._answer.status
        self.last_id = ""

    def next(self) -> tuple[str, dict[str, Any]]:
        """The next event as (name, data); EOFError where the stream has ended."""
        name, data = "", None
        while True:
            line = self._answer.readline().decode()
            if not line:
                raise EOFError
            if line == "\n" and data is not None:
                return name, data
            what, _, rest = line.rstrip("\n").partition(": ")
            if what == "event":
                name = rest
            elif what == "id":
                self.last_id = rest
            elif what == "data":
                data = json.loads(rest)

    def until(self, name: str) -> dict[str, Any]:
        """The next event of this name."""
        while True:
            got, data = self.next()
            if got == name:
                return data

    def value(self, device: str, state: str) -> dict[str, Any]:
        """Wait until a delta says that a value of this device is in this state."""
        while True:
            for value in self.until("delta")["values"]:
                if value["tags"].get("device") == device and value["state"] == state:
                    return value

    def close(self) -> None:
        self._answer.close()
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextmanager
def server(folder: Path, config_dir: Path = ROOT / "configs", **extra: str) -> Iterator[Server]:
    """A web server that answers, on a new data folder; ended by its own pid."""
    port = free_port()
    environ = {
        **{name: text for name, text in os.environ.items() if not name.startswith("IOC_")},
        "IOC_DATA_DIR": str(folder),
        "IOC_CONFIG_DIR": str(config_dir),
        "IOC_WEB__BIND": f"127.0.0.1:{port}",
        **extra,
    }
    settings = load_settings({name: text for name, text in environ.items() if name.startswith("IOC_")})
    engine, clock = make_engine(settings.database.url), SystemClock()
    importlib.import_module("ioc.app")  # which knows every table
    metadata.create_all(engine)
    catalogue = load_catalogue(settings.config_dir)
    writer = LatestWriter(engine, catalogue, load_registry(settings.config_dir, catalogue), clock)
    token, _ = Tokens(engine, clock).create(Role.ADMIN, Scope(), "test", actor="test")
    Users(engine, clock).add("admin", "a-long-password", Role.ADMIN, actor="test")
    store = open_store(settings)
    made = Server(settings, environ, port, engine, writer, store, token)
    made.start()
    try:
        yield made
    finally:
        for stream in made.streams:
            stream.close()
        if made.process is not None:
            made.stop()
        store.close()
        writer.close()
        engine.dispose()
