"""What every collector offers: this page is all that the worker knows of one."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.errors import Fault
from ioc.intake import Health, Intake
from ioc.polling import Target, TargetShape
from ioc.registry import Registry


class Collector(Protocol):
    """One way in. Its constructor and ``build`` never touch the network; ``start`` does, and goes on trying."""

    @property
    def name(self) -> str:
        """The way in: the tag ``source`` of its series where it is its only source."""
        ...

    @property
    def kind(self) -> str:
        """Its name in ``collectors.registry``."""
        ...

    @property
    def lane(self) -> Literal["readings", "facts"]:
        """Which of the two journals it fills: what devices measure, or what hospitals' systems say has happened.

        A backlog of one delays nothing of the other.
        """
        ...

    def sources(self) -> Mapping[str, Callable[[], Health]]:
        """Every source that its batches name, and how each is; asked as ``health`` is, the names once.

        None where nothing is configured that it could ask: then it is not started.
        """
        ...

    def start(self, intake: Intake) -> None:
        """Begin to receive and to commit, on threads of its own; returns at once.

        ``intake`` is that of its lane. What the other side is told to be safe has been committed before. A RetryError
        of ``commit`` is waited out, with nothing acknowledged and nothing forgotten meanwhile, or the other side is
        told to send again.
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
        """How it is as a whole; called about once a second, never blocks."""
        ...

    def replay(self, topic: str, raw: bytes) -> None:
        """Read a quarantined message of any of its sources again and commit what it gives now; called once started.

        Raises RejectError where it, or a part of it, still cannot be understood; RetryError as ``commit`` does.
        """
        ...


class Build(Protocol):
    """What ``collectors.registry`` names for each kind; raises RefuseToStartError with all faults of its settings."""

    def __call__(self, settings: Settings, catalogue: Catalogue, registry: Registry) -> Collector:
        """The collector, not started."""
        ...


class Read(Protocol):
    """How those of ``collectors.registry.ASKING`` read their targets; touches no network."""

    def __call__(
        self, config_dir: Path, registry: Registry, catalogue: Catalogue
    ) -> tuple[Sequence[Target[TargetShape]], Sequence[Fault]]:
        """As many targets as can be read, and every fault of their files."""
        ...
