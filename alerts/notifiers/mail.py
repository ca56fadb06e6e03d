"""E-mail by SMTP: one plain text to one mailbox. What belongs to one incident threads in the reader's program."""

import ipaddress
import re
import smtplib
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from alerts.message import Message, Status
from alerts.notifiers import text
from alerts.notifiers.contract import CannotError
from alerts.notifiers.wire import Deadline, connect, cut_off, why
from alerts.people import mask
from ioc.config import Address, Secret, Settings
from ioc.domain import SECOND
from ioc.errors import MisconfiguredError, RetryError

PORTS = {"smtp": 25, "smtps": 465}
SLOWLY_S = 300.0  # after a refusal that calls itself final, and that either side may mend
_NO_SUCH_MAILBOX = (550, 551, 553)
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server of the settings."""

    scheme: str
    host: str
    port: int
    user: str
    password: Secret

    @property
    def place(self) -> str:
        """``smtp://host:port``."""
        return f"{self.scheme}://{Address(self.host, self.port)}"


class _Client(smtplib.SMTP):
    """Speaks over a connection that is there already; gives its name as an address, which needs no look-up.

    Replies repeat the mailbox ``to``, which is masked in them.
    """

    def __init__(self, server: Server, sock: socket.socket, to: str) -> None:
        self._given = sock
        self._to = re.compile(re.escape(to.encode()), re.IGNORECASE)
        self._masked = mask(to).encode()
        own = sock.getsockname()[0]
        super().__init__(server.host, server.port, f"[IPv6:{own}]" if ":" in own else f"[{own}]")

    def _get_socket(self, _host: str, _port: int, _timeout: float) -> socket.socket:
        return self._given

    def getreply(self) -> tuple[int, bytes]:
        """The next reply."""
        code, said = super().getreply()
        return code, self._to.sub(lambda _: self._masked, said)


class MailNotifier:
    """Hands messages to one mail server, over TLS where it can be had."""

    def __init__(self, server: Server | None, sender: str, zone: str) -> None:
        self._server = server
        self._sender = sender
        self._zone = zone
        self._tls = ssl.create_default_context()

    def send(self, message: Message, address: Secret, deadline_s: float) -> str:
        """Send it; the word of the other side is what the server answers to the whole message."""
        if self._server is None:
            raise CannotError("no mail server is set up.", "Set IOC_NOTIFY__SMTP_URL.")
        mail = compose(message, address.reveal(), self._sender, self._zone)
        deadline = Deadline(deadline_s)
        try:
            sock = connect(self._server.host, self._server.port, deadline)
            with sock, cut_off(sock, deadline):
                return self._converse(self._server, sock, mail)
        except smtplib.SMTPResponseException as error:
            if deadline.over or error.smtp_code < 0:  # what was cut off, or is no reply
                raise RetryError(f"{self._server.place}: {why(error, deadline)}") from None
            raise _refusal(self._server, error) from None
        except smtplib.SMTPServerDisconnected:
            raise RetryError(f"{self._server.place}: {why(ConnectionError(), deadline)}") from None
        except smtplib.SMTPException as error:
            raise RetryError(f"{self._server.place}: {error}") from None
        except OSError as error:
            raise RetryError(f"{self._server.place}: {why(error, deadline)}") from None

    def other_side(self, _address: Secret) -> str:
        """The mail server, whoever the message is for."""
        return "mail"

    def _converse(self, server: Server, sock: socket.socket, mail: EmailMessage) -> str:
        encrypted = server.scheme == "smtps"
        if encrypted:
            sock = self._tls.wrap_socket(sock, server_hostname=server.host)
        with sock, closing(_Client(server, sock, mail["To"])) as client:
            client.ehlo_or_helo_if_needed()
            if not encrypted and client.has_extn("starttls"):
                client.starttls(context=self._tls)
                client.ehlo()
                encrypted = True
            if server.user:
                _log_in(server, client, private=encrypted or _is_loopback(client))
            return _hand_over(server, client, mail)


def compose(message: Message, to: str, sender: str, zone: str) -> EmailMessage:
    """The whole mail. Each attempt at one event has the same Message-ID, and refers to the incident's first one."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    if not _MAILBOX.fullmatch(to):
        raise CannotError("the e-mail address is none.")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = text.subject(message)
    mail["Date"] = datetime.fromtimestamp(message.sent_ns // SECOND, UTC)
    mail["Message-ID"] = f"<{message.dedup_key}@{domain}>"
    first = f"{message.incident}-1"
    if message.status != Status.TEST and message.dedup_key != first:
        mail["In-Reply-To"] = mail["References"] = f"<{first}@{domain}>"
    if message.level == "critical" and message.status != Status.RESOLVED:
        mail["Importance"] = "high"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text.body(message, zone), cte="quoted-printable")
    return mail


def parse_server(url: str, password: Secret) -> Server | None:
    """The server of ``smtp://user@host:587``; None where none is named."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in PORTS and parts.hostname:
            own = Secret(unquote(parts.password or ""))
            port = parts.port or PORTS[parts.scheme]
            return Server(parts.scheme, parts.hostname, port, unquote(parts.username or ""), password or own)
    return None


def build(settings: Settings) -> MailNotifier:
    """The notifier of these settings."""
    notify = settings.notify
    return MailNotifier(parse_server(notify.smtp_url, notify.smtp_password), notify.sender, settings.timezone)


def _is_loopback(client: smtplib.SMTP) -> bool:
    return client.sock is not None and ipaddress.ip_address(client.sock.getpeername()[0]).is_loopback


def _log_in(server: Server, client: smtplib.SMTP, *, private: bool) -> None:
    if not private:
        what = f"{server.place}: it offers no TLS, and the password is not sent without."
        raise MisconfiguredError(what, "Use smtps://, or a server with STARTTLS.", after=SLOWLY_S)
    client.login(server.user, server.password.reveal())


def _hand_over(server: Server, client: smtplib.SMTP, mail: EmailMessage) -> str:
    _expect(client.mail(parseaddr(mail["From"])[1]), 250)
    code, said = client.rcpt(mail["To"])
    if code in _NO_SUCH_MAILBOX:
        raise CannotError(f"{server.place} refuses the address: {code} {said.decode(errors='replace')}")
    _expect((code, said), 250, 251)
    code, said = _expect(client.data(mail.as_bytes()), 250)
    with suppress(OSError):
        client.putcmd("quit")  # the message is theirs now, whatever they say to this
    return f"{code} {said.decode(errors='replace')}"


def _expect(reply: tuple[int, bytes], *codes: int) -> tuple[int, bytes]:
    if reply[0] not in codes:
        raise smtplib.SMTPResponseException(*reply)
    return reply


def _refusal(server: Server, error: smtplib.SMTPResponseException) -> RetryError:
    said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
    return RetryError(f"{server.place}: {error.smtp_code} {said}", after=SLOWLY_S if error.smtp_code >= 500 else None)
