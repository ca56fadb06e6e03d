"""Talking to a server of InfluxDB 2 within time: connections that are cut when they are slow, and what answers mean."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from socket import SHUT_RDWR
from ssl import SSLCertVerificationError
from typing import Any, Self

import orjson
from urllib3 import PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import BaseHTTPResponse

from ioc.errors import MisconfiguredError, RetryError

log = logging.getLogger(__name__)

CONNECT_S = 5.0
ANSWER_S = 30.0
LONGEST_WAIT_S = 300.0  # whatever a server or a proxy before it asks for
CHUNK = 1 << 16
CONNECTIONS = 8

_WRONG: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Set IOC_INFLUXDB__TOKEN to one that may read and write the buckets; "
    "`ioc timeseries init` makes one.",
    HTTPStatus.FORBIDDEN: "The token has too few rights; `ioc timeseries init` makes one that may do what is needed.",
    HTTPStatus.NOT_FOUND: "See IOC_INFLUXDB__URL, __ORG and __BUCKET; `ioc timeseries init` makes what is missing.",
}


class RefusedError(RetryError):
    """The server says that what it was given is wrong (400, 413, 422).

    Who gave it lines finds those that are. Whoever else meets it keeps everything: the store's own notes and questions
    are nobody's bad data. ``dropped`` is how many lines it left out while it stored the others, where it says so, or 0.
    """

    def __init__(self, message: str, dropped: int = 0) -> None:
        super().__init__(message)
        self.dropped = dropped


class Deadline:
    """Cuts the connection of a request that is not answered completely in time, and says so.

    A socket's own time-out will not do: it begins again with each byte. What looks like an answer although it was cut
    (http.client takes the end of a connection for the end of the headers) is an error too.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._socket: Any = None
        self._passed = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._timer.cancel()
        if self._passed and not isinstance(error, GeneratorExit):
            raise RetryError(f"InfluxDB has not answered completely within {self._seconds:g} s.") from error

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The request that is made meanwhile, in this thread, is the one."""
        token = _watching.set(self)
        try:
            yield
        finally:
            _watching.reset(token)

    def watch(self, sock: Any) -> None:
        """This is its connection."""
        self._socket = sock
        if self._passed:
            self._cut()

    def _cut(self) -> None:
        self._passed = True
        try:
            if self._socket is not None:
                self._socket.shutdown(SHUT_RDWR)
        except OSError as error:
            log.debug("The connection was closed already: %s", error)


_watching: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


class _Bounded(HTTPConnection):
    """A connection that a deadline can cut."""

    def getresponse(self) -> Any:
        """As urllib3 does."""
        if deadline := _watching.get():
            deadline.watch(self.sock)
        return super().getresponse()


class _BoundedTls(_Bounded, HTTPSConnection):
    """The same, encrypted."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTls


def bounded_pool(answer_s: float = ANSWER_S, ca_file: str = "") -> PoolManager:
    """Keep-alive connections that follow no redirects, repeat nothing and wait for no byte longer than that.

    Certificates are always checked, against the authorities of ``ca_file`` where it is given.
    """
    timeout = Timeout(connect=min(CONNECT_S, answer_s), read=answer_s)
    pool = PoolManager(
        maxsize=CONNECTIONS, retries=False, timeout=timeout, cert_reqs="CERT_REQUIRED", ca_certs=ca_file or None
    )
    pool.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return pool


def lines_of(response: BaseHTTPResponse) -> Iterator[str]:
    """The lines of an answer that is read as it comes."""
    rest = b""
    for chunk in response.stream(CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode()
    if rest:
        yield rest.decode()


def meaning(url: str, status: int, headers: Mapping[str, str], body: bytes | str) -> RetryError:
    """What an answer that is no success asks of us: to wait, to mend the set-up, or to look at what was sent."""
    said = _message(body)
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY):
        return RefusedError(said or f"InfluxDB answers {status}", _dropped(said))
    what = f"InfluxDB at {url} answers {status}{f': {said}' if said else ''}."
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return RetryError(what, after=_wait(headers))
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return RetryError(what)
    return MisconfiguredError(what, _WRONG.get(status, "See IOC_INFLUXDB__URL."))


def unreachable(url: str, cause: BaseException) -> RetryError:
    """What it means that nothing was answered, from the innermost word of it: the outer ones repeat the address."""
    while isinstance(inner := cause.__cause__ or cause.__context__ or getattr(cause, "reason", None), BaseException):
        cause = inner
    said = str(cause) or type(cause).__name__
    if isinstance(cause, SSLCertVerificationError) or "X509" in said:
        what = f"The certificate of InfluxDB at {url} is not believed: {said}."
        hint = "Set IOC_INFLUXDB__CA_FILE to the PEM file of the authority that signed it; see the name in the address."
        return MisconfiguredError(what, hint)
    return RetryError(f"InfluxDB at {url} does not answer: {said}.")


def shown(url: str) -> str:
    """The address without what may be secret in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


def _message(body: bytes | str) -> str:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(data.get("message", ""))[:2000] if isinstance(data, dict) else ""


def _dropped(said: str) -> int:
    """``partition`` finds the last: the text before repeats what was in the lines."""
    if "partial write" not in said:
        return 0
    digits = said.rpartition("dropped=")[2].split(" ")[0]
    return int(digits) if digits.isdigit() else 0


def _wait(headers: Mapping[str, str]) -> float | None:
    asked = headers.get("Retry-After", "").strip()
    if not asked:
        return None
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(asked).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
