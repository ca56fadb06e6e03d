"""A real InfluxDB 2 for tests: the one at ``IOC_TEST_INFLUXDB_URL``, or an ``influxd`` of the PATH on loopback.

The server at the URL is set up where nobody has done so yet; else ``IOC_TEST_INFLUXDB_TOKEN`` is a token of it that may
make buckets, and ``IOC_TEST_INFLUXDB_ORG`` its organisation (``ioc``).
"""

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import urllib3

from ioc.config import Secret
from ioc.timeseries.influx import Access, Server

PARAM = ["influxdb"] if os.environ.get("IOC_TEST_INFLUXDB_URL") or shutil.which("influxd") else []  # what tests run on
START_S = 30.0
_http = urllib3.PoolManager(retries=False, timeout=5.0)


@dataclass(frozen=True)
class Running:
    """A server with a token that may do everything."""

    url: str
    org: str
    token: str

    def access(self) -> Access:
        """Where a store finds buckets that nobody else uses."""
        return Access(self.url, self.org, f"test-{secrets.token_hex(6)}", Secret(self.token))


@cache
def running() -> Running:
    """The server, started by the first who asks, and ended with this process."""
    url = os.environ.get("IOC_TEST_INFLUXDB_URL", "").rstrip("/") or _started()
    org = os.environ.get("IOC_TEST_INFLUXDB_ORG", "ioc")
    token = os.environ.get("IOC_TEST_INFLUXDB_TOKEN", "")
    if not token:
        token = secrets.token_hex(16)
        first = {"username": "test", "password": secrets.token_hex(12), "org": org, "bucket": "first", "token": token}
        answer = _http.request("POST", f"{url}/api/v2/setup", json=first)
        assert answer.status == 201, f"{url} is set up already: set IOC_TEST_INFLUXDB_TOKEN ({answer.data!r})"
    return Running(url, org, token)


@contextmanager
def new_buckets() -> Iterator[Access]:
    """Buckets that keep everything, for one test, and a token that may read and write these only."""
    access = running().access()
    server = Server(access)
    for bucket in access.buckets:
        server.make_bucket(bucket, 0)
    try:
        yield replace(access, token=server.make_token("test"))
    finally:
        for bucket in access.buckets:
            server.drop_bucket(bucket)
        server.close()


def _started() -> str:
    folder = Path(tempfile.mkdtemp(prefix="influxd-"))
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{door.getsockname()[1]}"
    paths = [f"--{name}-path={folder / name}" for name in ("bolt", "engine", "sqlite")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["influxd", *paths, f"--http-bind-address={address}", "--reporting-disabled", "--log-level=error"],
            stdout=log,
            stderr=log,
        )
    atexit.register(_end, process, folder)
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            if _http.request("GET", f"http://{address}/health").status == 200:
                return f"http://{address}"
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
    raise TimeoutError(f"influxd does not answer: {(folder / 'log').read_text()}")


def _end(process: subprocess.Popen, folder: Path) -> None:
    process.kill()
    process.wait(10)
    shutil.rmtree(folder, ignore_errors=True)
