"""Conversations that end: name look-up, connecting and every byte under one deadline.

The time-out of a socket begins anew with every byte. Here a timer shuts the connection down as well, so that a peer
that sends a byte a second holds a thread no longer than one that says nothing.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TypeVar
from urllib.parse import unquote

T = TypeVar("T")
_SECRET_FROM = 4  # characters: what is shorter is no secret, and hiding it would blot out words


class Deadline:
    """A moment by which all must be over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._at

    def left(self) -> float:
        """The seconds that are left; raises TimeoutError where there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def in_time(call: Callable[[], T], deadline: Deadline) -> T:
    """What ``call`` gives, where nothing can stop it: done on a thread that is left behind when time is up."""
    result: Future[T] = Future()

    def work() -> None:
        try:
            result.set_result(call())
        except Exception as error:  # noqa: BLE001 - raised again by who waits
            result.set_exception(error)

    threading.Thread(target=work, name="in-time", daemon=True).start()
    return result.result(deadline.left())


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A connection to one of the addresses that the name has now: it is looked up once."""
    found = in_time(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), deadline)
    for number, (family, kind, protocol, _, address) in enumerate(found):
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)  # fails where this machine does not speak IPv6
            sock.settimeout(deadline.left() / (len(found) - number))
            sock.connect(address)
            sock.settimeout(deadline.left())
        except OSError:
            if sock is not None:
                sock.close()
            if number == len(found) - 1:
                raise
        else:
            return sock
    raise socket.gaierror(socket.EAI_NONAME, "no address")


@contextmanager
def cut_off(sock: socket.socket, deadline: Deadline) -> Iterator[None]:
    """Shut the connection down when time is up: whoever reads or writes on it, through TLS too, is woken then."""
    left = deadline.left()
    same = sock.dup()  # TLS takes the socket itself over

    def shut() -> None:
        with suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(left, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        same.close()


def why(error: Exception, deadline: Deadline) -> str:
    """What went wrong with a conversation, for people, without anything that an address may keep secret."""
    if isinstance(error, TimeoutError) or deadline.over:
        return f"no answer within {deadline.seconds:g} s"
    match error:
        case socket.gaierror():
            said = f"its name cannot be looked up: {error.strerror}"
        case ssl.SSLCertVerificationError():
            said = f"its certificate is not to be trusted: {error.verify_message}"
        case ssl.SSLError():
            said = f"no TLS: {(error.reason or 'it ended the conversation').replace('_', ' ').lower()}"
        case ConnectionRefusedError():
            said = "it refuses connections"
        case ConnectionError():  # http.client's RemoteDisconnected too
            said = "it broke the connection off"
        case OSError(strerror=str(text)):
            said = text.lower()
        case _:
            said = f"its answer cannot be understood ({type(error).__name__})"
    return said


def without_secrets(said: str, secret: str) -> str:
    """What the other side says, without this piece of an address or any part of it."""
    parts: set[str] = set()
    for whole in (secret, unquote(secret)):
        parts |= {whole, *whole.split("?"), *re.split(r"[/:@?&=,;#]+", whole)}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SECRET_FROM:
            said = said.replace(part, "…")
    return said
