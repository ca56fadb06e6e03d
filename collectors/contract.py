"""What every collector offers: this page is all that the worker knows of one."""

from typing import Protocol

from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.intake import Health, Intake
from ioc.registry import Registry


class Collector(Protocol):
    """One source. Its constructor and ``build`` never touch the network; ``start`` does, and goes on trying."""

    @property
    def name(self) -> str:
        """The configured source: the tag ``source`` of its series."""
        ...

    @property
    def kind(self) -> str:
        """Its name in ``collectors.registry``."""
        ...

    def start(self, intake: Intake) -> None:
        """Begin to receive and to commit, on threads of its own; returns at once.

        What the other side is told to be safe has been committed before. A RetryError of ``commit`` is waited out:
        nothing is acknowledged and nothing is forgotten meanwhile.
        """
        ...

    def ready(self) -> bool:
        """Whether the other side keeps from now on what we have not acknowledged.

        One that has no other side, as it only looks at this machine, is ready while it runs. Never before ``start``.
        """
        ...

    def stop(self) -> None:
        """End within a few seconds. What was received and not committed is left unacknowledged."""
        ...

    def health(self) -> Health:
        """How it is now; called about once a second, never blocks."""
        ...

    def replay(self, topic: str, raw: bytes) -> None:
        """Read a quarantined message again and commit what it gives now; called once started.

        Raises RejectError where it, or a part of it, still cannot be understood; RetryError as ``commit`` does.
        """
        ...


class Build(Protocol):
    """What ``collectors.registry`` names for each kind; raises RefuseToStartError with all faults of its settings."""

    def __call__(self, settings: Settings, catalogue: Catalogue, registry: Registry) -> Collector:
        """The collector, not started."""
        ...
