"""Ping as a collector."""

from pathlib import Path

from collectors.icmp.probe import IcmpShape, Probe
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.errors import Fault
from ioc.polling import ALIVE, PollingCollector, Target, read_targets, sound
from ioc.registry import Registry

KIND = "icmp"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[IcmpShape]], list[Fault]]:
    """The targets of ``collectors/icmp.yaml`` and its faults."""
    known = (registry, catalogue)
    return read_targets(KIND, IcmpShape, config_dir, known, writes=lambda ask: (f"{ALIVE[ask.about]}.up",))


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[IcmpShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    return PollingCollector(KIND, sound(read(settings.config_dir, registry, catalogue)), Probe())
