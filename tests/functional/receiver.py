"""Other sides on loopback for the notifiers: an HTTP receiver that can misbehave, and a mail server."""

import datetime as dt
import ipaddress
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.functional.harness import free_port

DRIP_S = 0.05
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken"


@dataclass(frozen=True)
class Request:
    """What came: the first line, headers by small name, the body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Behave = Callable[["Receiver", socket.socket], None]


@dataclass
class Receiver:
    """Reads one request a connection and behaves as it is told to; over TLS with a certificate.

    One that does not listen (``hears``) reads nothing first.
    """

    behave: Behave
    tls: ssl.SSLContext | None = None
    hears: bool = True
    port: int = field(default_factory=free_port)
    requests: list[Request] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook?token=topsecret") -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        self._serving: list[threading.Thread] = []
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for thread in self._serving:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._serving.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10.0)
        with suppress(OSError), connection:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                if self.hears:
                    self.requests.append(read_request(connection))
                self.behave(self, connection)


def read_request(connection: socket.socket) -> Request:
    with connection.makefile("rb") as file:
        line = file.readline().decode().strip()
        headers = {}
        while (text := file.readline().decode().strip()) != "":
            name, _, value = text.partition(": ")
            headers[name.lower()] = value
        return Request(line, headers, file.read(int(headers.get("content-length", "0"))))


def answer(data: bytes = OK) -> Behave:
    return lambda _receiver, connection: connection.sendall(data)


def says(status: str, *headers: str, body: str = "") -> Behave:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return answer(f"{head}\r\n\r\n{body}".encode())


def in_turn(*behaviours: Behave) -> Behave:
    """One after the other; the last one from then on."""

    def behave(receiver: Receiver, connection: socket.socket) -> None:
        behaviours[min(len(receiver.requests), len(behaviours)) - 1](receiver, connection)

    return behave


def hang(receiver: Receiver, _connection: socket.socket) -> None:
    receiver.ended.wait(20.0)


def drip(begin: bytes) -> Behave:
    """Says ``begin`` and then a byte now and then, without end."""

    def behave(receiver: Receiver, connection: socket.socket) -> None:
        connection.sendall(begin)
        while not receiver.ended.wait(DRIP_S):
            connection.sendall(b"x")

    return behave


def reset(_receiver: Receiver, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close(_receiver: Receiver, _connection: socket.socket) -> None:
    """Takes the request and says nothing."""


def script(*lines: bytes) -> Behave:
    """A mail server that says a line for each that it hears, the last one for a whole mail."""

    def behave(receiver: Receiver, connection: socket.socket) -> None:
        with connection.makefile("rb") as file:
            for line in lines[:-1]:
                connection.sendall(line)
                file.readline()
            while file.readline() != b".\r\n":
                pass
            connection.sendall(lines[-1])
            receiver.ended.wait(10.0)

    return behave


def certificate(folder: Path, *, name: str = "127.0.0.1", days: int = 1) -> tuple[Path, ssl.SSLContext]:
    """A certificate that vouches for itself, as a file to trust and as a server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "of the tests")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}-{days}.pem", folder / f"{name}-{days}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


@dataclass
class Mailbox:
    """Keeps mails; refuses recipients and mails with the words it is given."""

    recipient: str = "250 OK"
    data: str = "250 2.0.0 queued as 4711"
    mails: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.data.startswith("250"):
            self.mails.append(envelope)
        return self.data


@contextmanager
def mail_server(mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, password: str = "") -> Iterator[int]:
    """A real SMTP server; with ``tls`` it offers STARTTLS, with ``password`` it takes mails of ``ioc`` only."""

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"ioc", password.encode()), handled=False)

    port = free_port()
    options: dict[str, Any] = {"tls_context": tls, "require_starttls": bool(tls)}
    if password:
        options |= {"authenticator": check, "auth_required": True, "auth_require_tls": bool(tls)}
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
