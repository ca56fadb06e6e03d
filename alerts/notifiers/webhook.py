"""Our webhook: a signed POST of JSON (DESIGN 15) to hosts that the settings allow, and to nowhere else.

A name is looked up once and the connection stays with the address it gave. Redirects are not followed and no proxy
of the environment is used: both would lead to hosts that nobody has allowed.
"""

import hashlib
import hmac
import http.client
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

import orjson

from alerts.message import Message
from alerts.notifiers.contract import CannotError
from alerts.notifiers.wire import Deadline, connect, cut_off, why, without_secrets
from ioc.config import Secret, Settings, read_secret
from ioc.domain import SECOND, rfc3339
from ioc.errors import RetryError

REPLY_LIMIT = 64 * 1024
SHOWN = 200  # characters of a reply that are kept as proof
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes. ``place`` is all of it that may be shown."""

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)

    @property
    def place(self) -> str:
        """``https://host:port``."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """``host``, with the port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


class WebhookNotifier:
    """Posts to allowed hosts; ``key`` signs."""

    def __init__(self, key: Secret, allowed_hosts: Iterable[str]) -> None:
        self._key = key
        self._allowed = frozenset(_entry(text) for text in allowed_hosts)
        self._tls = ssl.create_default_context()

    def send(self, message: Message, address: Secret, deadline_s: float) -> str:
        """Post it; the word of the other side is its status and the beginning of its reply."""
        target = self._allowed_target(address)
        body = document(message)
        deadline = Deadline(deadline_s)
        try:
            answer, said = self._post(target, self._headers(target, message, body), body, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RetryError(f"{target.place}: {why(error, deadline)}") from None
        reply = without_secrets(f"{answer.reason} {said}", target.path).strip()
        word = f"{answer.status} {reply[:SHOWN]}".strip()
        if 200 <= answer.status < 300:
            return word
        redirected = " (redirects are not followed)" if 300 <= answer.status < 400 else ""
        raise RetryError(f"{target.place}: {word}{redirected}", after=_retry_after(answer, message.sent_ns))

    def other_side(self, address: Secret) -> str:
        """Its host and port."""
        try:
            return parse_target(address).place
        except CannotError:
            return ""

    def _allowed_target(self, address: Secret) -> Target:
        target = parse_target(address)
        if not {(target.host, None), (target.host, target.port)} & self._allowed:
            raise CannotError(
                f"{target.place} may not be called: its host is not in IOC_NOTIFY__ALLOWED_HOSTS.",
                f"Add {target.authority} there if it is meant.",
            )
        return target

    def _headers(self, target: Target, message: Message, body: bytes) -> dict[str, str]:
        return {
            "Host": target.authority,
            "Content-Type": "application/json",
            "User-Agent": "ioc-hospital",
            "X-IOC-Signature": signature(self._key, message.sent_ns // SECOND, body),
            "Idempotency-Key": message.dedup_key,
            "Connection": "close",
        }

    def _post(
        self, target: Target, headers: dict[str, str], body: bytes, deadline: Deadline
    ) -> tuple[http.client.HTTPResponse, str]:
        """The answer and what it says; without TLS or with it, on one connection that is made here."""
        sock = connect(target.host, target.port, deadline)
        with sock, cut_off(sock, deadline):
            if target.scheme == "https":
                sock = self._tls.wrap_socket(sock, server_hostname=target.host)
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = sock
            with sock:
                connection.request("POST", target.path, body, headers)
                with connection.getresponse() as answer:
                    deadline.left()  # headers that were cut off look like headers that end
                    said = b""
                    with suppress(OSError, http.client.HTTPException):  # the status is what counts
                        said = answer.read(REPLY_LIMIT)
                    return answer, said.decode(errors="replace")


def document(message: Message) -> bytes:
    """The body."""
    return orjson.dumps(
        {
            "incident": message.incident,
            "dedup_key": message.dedup_key,
            "rule": message.rule,
            "labels": dict(message.labels),
            "level": message.level,
            "status": message.status,
            "value": message.value,
            "unit": message.unit,
            "quality": message.quality,
            "title": message.title,
            "again": message.again,
            "event_time": rfc3339(message.event_ns),
            "sent_at": rfc3339(message.sent_ns),
            "url": message.url,
        }
    )


def signature(key: Secret, seconds: int, body: bytes) -> str:
    """``t=…,v1=…``: HMAC-SHA256 over the time, a dot and the body, so that an old message cannot be played again."""
    digest = hmac.new(key.reveal().encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def parse_target(address: Secret) -> Target:
    """Raises CannotError where it is no http or https address; what it says shows nothing of the address."""
    try:
        parts = urlsplit(address.reveal().strip())
        host, port = _host(parts), parts.port
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        path.encode("ascii")
    except ValueError:
        raise CannotError("the webhook's address cannot be read.") from None
    if parts.scheme not in PORTS or not host or any(not char.isprintable() or char == " " for char in path):
        raise CannotError("the webhook's address is none that begins with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise CannotError("the webhook's address holds a name or password.", "Messages are signed: leave it out.")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


def build(settings: Settings) -> WebhookNotifier:
    """The notifier of these settings; raises RefuseToStartError where the key cannot be used."""
    notify = settings.notify
    return WebhookNotifier(notify.webhook_key or read_secret(settings, "webhook"), notify.allowed_hosts)


def _entry(text: str) -> tuple[str, int | None]:
    """One of ``allowed_hosts``; what cannot be read allows nothing."""
    try:
        parts = urlsplit(f"//{text}")
        return _host(parts), parts.port
    except ValueError:
        return "", None


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    return host if host.isascii() else host.encode("idna").decode()


def _retry_after(answer: http.client.HTTPResponse, now_ns: int) -> float | None:
    """Seconds that it asks us to wait, as a number or as a date."""
    text = (answer.getheader("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_ns / SECOND)
    except (ValueError, OverflowError):
        return None
