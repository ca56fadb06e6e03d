"""Connections that end in time: names looked up, sockets opened and read under one deadline for all of it."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TypeAlias

LOOKUPS = 16  # that may hang at once in the system's resolver, which has no deadline of its own
MILLI = 1000.0
SOON_S = 0.001
NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")  # what comes is another protocol; as OpenSSL 3.0 and 3.2 say

Found: TypeAlias = list[tuple[socket.AddressFamily, tuple[str, int]]] | OSError
_lookups = threading.BoundedSemaphore(LOOKUPS)


class Deadline:
    """The end of one look. ``phases`` collects what took how long, in ms."""

    def __init__(self, seconds: float, tick: Callable[[], float] = time.monotonic) -> None:
        self._tick = tick
        self._seconds = seconds
        self._began = tick()
        self.phases: dict[str, float] = {}

    def left(self) -> float:
        """Seconds that are left; raises TimeoutError where none are."""
        left = self._began + self._seconds - self._tick()
        if left <= SOON_S:  # a wait may end that much early
            raise TimeoutError(f"no answer within {self._seconds:g} s")
        return left

    @property
    def took_ms(self) -> float:
        """Milliseconds since it began."""
        return (self._tick() - self._began) * MILLI

    @contextmanager
    def over(self, connection: socket.socket) -> Iterator[None]:
        """Let one step on the connection take what is left; raises TimeoutError that says how long that all was."""
        connection.settimeout(self.left())
        try:
            yield
        except TimeoutError:
            self.left()
            raise

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what is done inside, where it ends well."""
        began = self._tick()
        yield
        self.phases[f"phase_{name}"] = (self._tick() - began) * MILLI


def open_socket(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first address of ``host`` that takes one, its phases ``dns`` and ``connect``.

    The name is looked up once, and the address found is the one that is used. Raises OSError.
    """
    with deadline.phase("dns"):
        addresses = _addresses(host, port, deadline)
    error: OSError | None = None
    with deadline.phase("connect"):
        for place, (family, address) in enumerate(addresses):
            made = socket.socket(family, socket.SOCK_STREAM)
            made.settimeout(deadline.left() / (len(addresses) - place))
            try:
                made.connect(address)
            except OSError as failed:
                made.close()
                error = failed
            else:
                return made
        deadline.left()
        raise error or OSError(f"{host} has no address")


def secured(plain: socket.socket, context: ssl.SSLContext, name: str, deadline: Deadline) -> ssl.SSLSocket:
    """The connection in TLS, its phase ``tls``. Raises OSError (ssl.SSLError is one), and closes ``plain`` then."""
    with deadline.phase("tls"):
        try:
            plain.settimeout(deadline.left())
            wrapped = context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
        except OSError:
            plain.close()
            raise
        try:
            shake_hands(wrapped, deadline)
        except OSError:
            wrapped.close()
            raise
    return wrapped


def shake_hands(wrapped: ssl.SSLSocket, deadline: Deadline) -> None:
    """The handshake. A timeout of the socket would begin anew with every byte of a peer that drips."""
    ended = threading.Timer(deadline.left(), _cut, [wrapped])
    ended.daemon = True
    ended.start()
    try:
        wrapped.do_handshake()
    except OSError:
        deadline.left()  # where it was the deadline that cut it, that is what is to be said
        raise
    finally:
        ended.cancel()


def said(error: Exception) -> str:
    """What a failure of the network means, as part of a sentence for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not to be trusted: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        hint = " (does it speak without TLS? is the port right?)" if error.reason in NOT_TLS else ""
        return f"no TLS: {str(error.reason or error.strerror or type(error).__name__).replace('_', ' ').lower()}{hint}"
    if isinstance(error, socket.gaierror):
        return f"its name cannot be looked up: {error.strerror or error}".rstrip(".")
    known: tuple[tuple[type[OSError], str], ...] = (
        (ConnectionRefusedError, "it refuses the connection"),
        (ConnectionResetError, "it broke the connection off"),
        (BrokenPipeError, "it broke the connection off"),
    )
    for kind, text in known:
        if isinstance(error, kind):
            return text
    if isinstance(error, TimeoutError):
        return str(error) if error.errno is None and "within" in str(error) else "no answer in time"
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or str(error) or type(error).__name__).rstrip(".")


def _cut(wrapped: ssl.SSLSocket) -> None:
    try:
        socket.socket.shutdown(wrapped, socket.SHUT_RDWR)
    except OSError:
        return  # closed already


def _addresses(host: str, port: int, deadline: Deadline) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Where a name leads to. Addresses ask nobody; names ask the system, on a thread that may hang on without us."""
    try:
        return _look_up(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    if not _lookups.acquire(timeout=deadline.left()):
        raise TimeoutError("no answer from the name service")
    told: SimpleQueue[Found] = SimpleQueue()
    threading.Thread(target=_tell, args=(host, port, told), name="lookup", daemon=True).start()
    try:
        found = told.get(timeout=deadline.left())
    except Empty:
        raise TimeoutError("no answer from the name service") from None
    if isinstance(found, OSError):
        raise found
    return found


def _tell(host: str, port: int, told: SimpleQueue[Found]) -> None:
    try:
        told.put(_look_up(host, port, 0))
    except OSError as error:
        told.put(error)
    except UnicodeError:
        told.put(OSError(f"{host!r} is no name"))
    finally:
        _lookups.release()


def _look_up(host: str, port: int, flags: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]  # no raw sockets among them
