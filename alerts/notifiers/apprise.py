"""Whatever Apprise can reach: chats, SMS gateways, push services. The only module that imports apprise.

Apprise is loaded when it is first used. Nothing stops a service of its that hangs, so each send has a thread, which
is left behind when time is up; until that thread has ended, nothing else goes to the same address.
"""

import hashlib
import logging
import re
import threading

from alerts.message import Message, Status
from alerts.notifiers import text
from alerts.notifiers.contract import CannotError
from alerts.notifiers.wire import Deadline, in_time, without_secrets
from ioc.config import Secret, Settings
from ioc.errors import RetryError

_TYPES = {"critical": "failure", "warning": "warning"}


class AppriseNotifier:
    """Sends to one Apprise URL at a time."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._used: set[Secret] = set()
        self._lock = threading.Lock()

    def send(self, message: Message, address: Secret, deadline_s: float) -> str:
        """Send it; the word of the other side is what Apprise says of the service."""
        with self._lock:
            if address in self._used:
                raise RetryError("the attempt before has not ended yet")
            self._used.add(address)
        try:
            return in_time(lambda: self._notify(message, address), Deadline(deadline_s))
        except TimeoutError:
            raise RetryError(f"no answer within {deadline_s:g} s") from None

    def other_side(self, address: Secret) -> str:
        """Service and host, unreadable: some services have their key in the host's place."""
        side = "/".join(re.split("[/?]", address.reveal())[:3])
        return hashlib.sha256(side.encode()).hexdigest()[:16]

    def _notify(self, message: Message, address: Secret) -> str:
        import apprise  # noqa: PLC0415 (takes half a second, which only those who use it need spend)

        _keep_quiet()
        try:
            service = apprise.Apprise(asset=apprise.AppriseAsset(service_timeout=0, app_id="IOC", app_desc="IOC"))
            if not service.add(address.reveal()):
                raise CannotError("Apprise cannot read this address.")
            title, body = text.subject(message), text.body(message, self._zone)
            result = service.notify(body, title, _type(message), body_format="text")
        finally:
            with self._lock:
                self._used.discard(address)
        name = ", ".join(str(one.name) for one in result.results)
        if result:
            return f"{name}: sent"
        rest = address.reveal().partition("://")[2]
        said = " ".join(entry.message for entry in result.logs())
        raise RetryError(f"{name or 'Apprise'}: {without_secrets(said, rest) or 'not sent'}")


def build(settings: Settings) -> AppriseNotifier:
    """The notifier of these settings."""
    return AppriseNotifier(settings.timezone)


def _type(message: Message) -> str:
    """What Apprise colours a message by."""
    if message.status == Status.RESOLVED:
        return "success"
    return "info" if message.status == Status.TEST else _TYPES.get(message.level, "info")


def _keep_quiet() -> None:
    """What these libraries log holds addresses whole, keys included."""
    logging.getLogger("apprise").propagate = False
    logging.getLogger("apprise").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings too
