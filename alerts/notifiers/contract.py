"""What every notifier offers: this page is all that the dispatcher knows of one."""

from typing import Protocol

from alerts.message import Message
from ioc.config import Secret, Settings
from ioc.errors import IocError

DEADLINE_S = 15.0  # of one attempt, name look-up and connecting included


class CannotError(IocError):
    """It can never work as it is set up: the host is not allowed, the address is none, the mailbox is unknown."""


class Notifier(Protocol):
    """One kind of channel. It is used by several threads at once and keeps nothing of a message."""

    def send(self, message: Message, address: Secret, deadline_s: float) -> str:
        """Send and wait for the other side's word, which is returned.

        Ends within ``deadline_s``, whatever the other side does. Raises RetryError where it may work later, with
        ``after`` where the other side asked for that; CannotError where it never will. No text that is returned or
        raised holds what the address keeps secret.
        """
        ...

    def other_side(self, address: Secret) -> str:
        """Whose time is taken: sends to the same one share its threads, so that none holds up the others."""
        ...


class Build(Protocol):
    """What ``alerts.notifiers.registry`` names for each kind. It touches no network."""

    def __call__(self, settings: Settings) -> Notifier:
        """The notifier of these settings."""
        ...
