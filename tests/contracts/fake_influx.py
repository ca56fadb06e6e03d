"""A server that answers as InfluxDB OSS 2.9.1 was recorded to answer, keeps what it takes, and fails on demand.

It holds points and knows no Flux: every question is answered with nothing found.
"""

import re
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson

from ioc.config import Secret
from ioc.timeseries.influx import Access

TOKEN, ORG = "t0ken", "hoc"
JSON = "application/json; charset=utf-8"
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?i?")
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')  # outside quotes
_CODES = {400: "invalid", 401: "unauthorized", 404: "not found", 422: "unprocessable entity"}

Fault = Callable[["Handler"], None]
Fields = dict[str, str]


class FakeInflux(ThreadingHTTPServer):
    """``points`` is what it holds by bucket and (series, time); ``faults`` come first, one a request."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.access = Access(f"http://127.0.0.1:{self.server_port}", ORG, "rec", Secret(TOKEN))
        self.points: dict[str, dict[tuple[str, int], Fields]] = {bucket: {} for bucket in self.access.buckets}
        self.oldest = 0  # what is before it is outside the retention
        self.faults: deque[Fault] = deque()
        self.always: Fault | None = None
        self.requests = 0
        self.connections = 0
        self.types: dict[tuple[str, str], str] = {}

    def held(self) -> set[int]:
        """The times of all raw points."""
        return {time_ns for _, time_ns in self.points[self.access.bucket]}

    def handle_error(self, *_: object) -> None:
        """A client that went away is what half of these tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: FakeInflux

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.requests += 1
        fault = self.server.faults.popleft() if self.server.faults else self.server.always
        if fault:
            fault(self)
            return
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.headers["Authorization"] != f"Token {TOKEN}":
            self.refuse(401, "unauthorized access")
        elif asked["org"] != ORG:
            self.refuse(404, f'organization name "{asked["org"]}" not found')
        elif url.path == "/api/v2/query":
            self.answer(200, "\r\n", "text/csv; charset=utf-8")
        elif asked["bucket"] not in self.server.points:
            self.refuse(404, f'bucket "{asked["bucket"]}" not found')
        else:
            self.write(asked["bucket"], int({"ns": 1, "s": 1_000_000_000}[asked["precision"]]))

    def write(self, bucket: str, unit: int) -> None:
        points, dropped, reason = {}, 0, ""
        for line in self.body.split("\n") if self.body else []:
            key, fields, stamp = ([*line.split(" "), ""])[:3]
            fault, values = _unparsable(key, fields, stamp)
            if fault:
                self.refuse(400, f"unable to parse '{line}': {fault}")
                return
            conflict = self.conflict(key.split(",")[0], values)
            if int(stamp) * unit < self.server.oldest:
                dropped, reason = dropped + 1, reason or "points outside retention policy of duration 1h0m0s"
            elif conflict:
                dropped, reason = dropped + 1, reason or conflict
            else:
                points[key, int(stamp) * unit] = values
        for place, values in points.items():
            self.server.points[bucket].setdefault(place, {}).update(values)
        if dropped:
            message = f"failure writing points to database: partial write: {reason} dropped={dropped}"
            self.refuse(422, message)
        else:
            self.answer(204)

    def conflict(self, measurement: str, values: Fields) -> str:
        for name, value in values.items():
            kind = "string" if value.startswith('"') else "integer" if value.endswith("i") else "float"
            there = self.server.types.setdefault((measurement, name), kind)
            if there != kind:
                return (
                    f'field type conflict: input field "{name}" on measurement "{measurement}" is type {kind}, '
                    f"already exists as type {there}"
                )
        return ""

    def refuse(self, status: int, message: str, **headers: str) -> None:
        code = _CODES.get(status, "error")
        self.answer(status, orjson.dumps({"code": code, "message": message}).decode(), JSON, **headers)

    def answer(self, status: int, body: str = "", content_type: str = "", **headers: str) -> None:
        self.send_response_only(status)
        self.send_header("X-Influxdb-Version", "dev")
        if content_type:
            self.send_header("Content-Type", content_type)
        if status in _CODES:
            self.send_header("X-Platform-Error-Code", _CODES[status])
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the tests say what is wrong."""


def status(code: int, body: str = "", content_type: str = JSON, **headers: str) -> Fault:
    return lambda handler: handler.answer(code, body, content_type, **headers)


def hang(handler: Handler) -> None:
    """Take the request and say nothing until the client has gone."""
    handler.connection.settimeout(10)
    handler.close_connection = True
    try:
        handler.connection.recv(1)
    except OSError:
        return


def reset(handler: Handler) -> None:
    """Break the connection off."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def drip(start: str) -> Fault:
    """Answer a letter at a time, so that no single read ever times out."""

    def fault(handler: Handler) -> None:
        handler.close_connection = True
        until = time.monotonic() + 10
        try:
            handler.wfile.write(start.encode())
            while time.monotonic() < until:
                handler.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            return

    return fault


def cut_short(handler: Handler) -> None:
    """Promise more than comes."""
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\n,result,table\r\n")


@contextmanager
def fake_influx(certificate: Path | None = None) -> Iterator[FakeInflux]:
    """One that runs; with a PEM file of key and certificate, behind TLS."""
    server = FakeInflux()
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.access = replace(server.access, url=server.access.url.replace("http:", "https:"))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _unparsable(key: str, fields: str, stamp: str) -> tuple[str, Fields]:
    if any(pair.endswith("=") for pair in key.split(",")):
        return "missing tag value", {}
    values = {}
    for pair in _COMMA.split(fields):
        name, _, value = pair.partition("=")
        if not value:
            return "missing field value", {}
        if not value.startswith('"') and not _NUMBER.fullmatch(value):
            return "invalid number", {}
        values[name] = value
    if not -(2**63) <= int(stamp) < 2**63:
        return f'strconv.ParseInt: parsing "{stamp}": value out of range', {}
    return "", values
