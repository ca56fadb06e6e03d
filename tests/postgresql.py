"""A throwaway PostgreSQL for tests: a cluster under the temporary folder, run as a plain user, on loopback.

The programs are those of the PATH, else the newest of Debian's ``/usr/lib/postgresql``.
"""

import atexit
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

USER = "ioc"
PLAIN_USERS = ("postgres", "nobody")  # root may not run the server
START_S = 60.0


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return Path(found).parent if found else folders[-1] if folders else None


PROGRAMS = _programs()
MISSING = "" if PROGRAMS else "PostgreSQL is not installed (apt-get install postgresql)"
PARAM = ["postgresql"] if PROGRAMS else []  # what tests run on


@dataclass
class Cluster:
    """One server with its files. It keeps what it has told to be kept through a kill of its processes."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",  # the machine stays up
            "max_connections": 60,
            "shared_buffers": "16MB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [_program("postgres"), "-D", str(self.folder / "data"), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_as_plain_user(),
            )
        until = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, self.log
                assert time.monotonic() < until, self.log
                time.sleep(0.05)
            else:
                return

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT at once but in order, SIGQUIT as a crash would."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(START_S)
            self.process = None

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def run(self, statement: str) -> None:
        """One statement, as the one who may do everything."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type] # of our own making


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server that nobody else uses."""
    folder = Path(tempfile.mkdtemp(prefix="ioc-postgresql-"))
    plain = _as_plain_user()
    if plain:
        shutil.chown(folder, plain["user"])
    init = [_program("initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run([*init, "--no-sync"], check=True, capture_output=True, cwd=folder, **plain)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    made = Cluster(folder, port)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@cache
def running() -> Cluster:
    """The server that tests share, started by the first who asks, and ended with this process."""
    opened = cluster()
    made = opened.__enter__()
    atexit.register(opened.__exit__, None, None, None)
    return made


@contextmanager
def new_database(server: Cluster | None = None, template: str = "template0") -> Iterator[str]:
    """The URL of an empty database, or of a copy of another, which is dropped again."""
    server = server or running()
    name = f"t{secrets.token_hex(6)}"
    server.run(f"create database {name} template {template}")
    try:
        yield server.url(name)
    finally:
        server.run(f"drop database {name} with (force)")


def _program(name: str) -> str:
    assert PROGRAMS is not None
    return str(PROGRAMS / name)


def _as_plain_user() -> dict[str, str]:
    if os.geteuid() != 0:
        return {}
    names = {line.partition(":")[0] for line in Path("/etc/passwd").read_text(encoding="utf-8").splitlines()}
    return {"user": next(name for name in PLAIN_USERS if name in names)}
