"""Ports as a collector."""

from pathlib import Path

from collectors.tcp.probe import TcpShape, probe
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.errors import Fault
from ioc.polling import ALIVE, PollingCollector, Target, read_targets, sound
from ioc.registry import Registry

KIND = "tcp"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[TcpShape]], list[Fault]]:
    """The targets of ``collectors/tcp.yaml`` and its faults."""
    known = (registry, catalogue)
    return read_targets(KIND, TcpShape, config_dir, known, writes=lambda ask: (f"{ALIVE[ask.about]}.up",))


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[TcpShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    return PollingCollector(KIND, sound(read(settings.config_dir, registry, catalogue)), probe)
