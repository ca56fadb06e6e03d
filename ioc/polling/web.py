"""One page over HTTP, under a deadline for all of it: what the probe of web services and the scrape share."""

import http.client
import io
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import SplitResult, urljoin, urlsplit

from pydantic import AfterValidator, model_validator

from ioc.polling.files import read_secret_file, trust
from ioc.polling.network import Deadline, open_socket, secured
from ioc.polling.targets import TargetShape

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PORTS = {"http": 80, "https": 443}
REDIRECTS = 5
MOVED = (301, 302, 303, 307, 308)
CHUNK = 1 << 16
AGENT = "ioc-hospital"


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
        parts = SplitResult("", "", "", "", "")
    if not sound or not text.isascii() or any(sign <= " " for sign in text):
        raise ValueError(f"{text!r} is no address of a page, such as http://10.1.2.3:9100/metrics")
    if parts.username or parts.password:
        raise ValueError("a name and a password do not belong into the URL: write username and password_file")
    return text


class WebShape(TargetShape):
    """A target that is a page. ``ca_file`` holds the authority that signed its certificate, where that is the
    hospital's own; ``verify: false`` takes any certificate, and says nothing about it."""

    url: Annotated[str, AfterValidator(_url)]
    ca_file: str = ""
    verify: bool = True
    username: str = ""
    password_file: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "WebShape":
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file belong together")
        if not self.verify and self.ca_file:
            raise ValueError("ca_file means nothing with verify: false")
        return self


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: ``body`` holds at most what was asked for, and ``whole`` says whether that was all. ``certificate``
    is that of the other side (DER), empty without TLS; ``moved`` where it sends us and we did not go."""

    status: int
    body: bytes
    whole: bool
    certificate: bytes = b""
    moved: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """How a page is asked for, put together once. ``headers`` hold secrets and are not printed."""

    url: str
    context: ssl.SSLContext | None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, ask: WebShape, accept: str = "*/*") -> "Page":
        """Reads the files that ``ask`` names; raises UnusableError where they are no good."""
        headers = {"User-Agent": AGENT, "Accept": accept, "Connection": "close"}
        if ask.username:
            pair = f"{ask.username}:{read_secret_file(ask.password_file).reveal()}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return cls(ask.url, _context(ask), headers)


def get(page: Page, deadline: Deadline, most: int, *, follow: bool = False) -> Answer:
    """Ask for the page, of whose body at most ``most`` bytes are read; the phases of the last answer are those of
    the deadline. Redirects are followed where ``follow``, on the same host only, and never from https to http.

    Raises OSError (also TimeoutError), or http.client.HTTPException where what comes is no HTTP.
    """
    url, seen = page.url, {page.url}
    while True:
        answer = _once(page, url, deadline, most)
        if not answer.moved:
            return answer
        url = urljoin(url, answer.moved)
        if not follow or url in seen or len(seen) > REDIRECTS or not _may_follow(page.url, url):
            return answer
        seen.add(url)


def _may_follow(first: str, then: str) -> bool:
    try:
        here, there = urlsplit(_url(first)), urlsplit(_url(then))
    except ValueError:
        return False
    same_port = _port(here) == _port(there) or (here.scheme, there.scheme, there.port) == ("http", "https", None)
    return here.hostname == there.hostname and same_port and (here.scheme, there.scheme) != ("https", "http")


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _once(page: Page, url: str, deadline: Deadline, most: int) -> Answer:
    deadline.phases.clear()
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: socket.socket = open_socket(host, _port(parts), deadline)
    certificate = b""
    if parts.scheme == "https":
        secure = secured(connection, page.context or ssl.create_default_context(), host, deadline)
        certificate = secure.getpeercert(binary_form=True) or b""
        connection = secure
    with connection:
        client = http.client.HTTPConnection(host, _port(parts))
        client.sock = cast("socket.socket", _InTime(connection, deadline))
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        with deadline.phase("first_byte"):
            client.request("GET", path, headers=dict(page.headers) | {"Host": parts.netloc})
            response = client.getresponse()
        with deadline.phase("transfer"):
            body = _read(response, most + 1)
    moved = response.headers.get("Location", "") if response.status in MOVED else ""
    return Answer(response.status, body[:most], len(body) <= most, certificate, moved)


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    body = b""
    while len(body) < most and (chunk := response.read(min(CHUNK, most - len(body)))):
        body += chunk
    return body


def _context(ask: WebShape) -> ssl.SSLContext | None:
    if urlsplit(ask.url).scheme != "https" and not ask.ca_file:
        return None
    context = trust(ask.ca_file)
    if not ask.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _InTime:
    """A socket as http.client uses one, each of whose steps may take what is left of the deadline and no more: a
    timeout of the socket alone would begin anew with every byte of a peer that drips."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        with self._deadline.over(self._connection):
            self._connection.sendall(data)

    def makefile(self, *_args: object, **_more: object) -> io.BufferedReader:
        return io.BufferedReader(_Raw(self._connection, self._deadline))

    def close(self) -> None:
        """Whoever opened it closes it."""


class _Raw(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        with self._deadline.over(self._connection):
            return self._connection.recv_into(buffer)
