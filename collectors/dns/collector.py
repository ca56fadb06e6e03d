"""Name services as a collector."""

from pathlib import Path

from collectors.dns.probe import DnsShape, probe
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.errors import Fault
from ioc.polling import PollingCollector, Target, read_targets, sound
from ioc.registry import Registry

KIND = "dns"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[DnsShape]], list[Fault]]:
    """The targets of ``collectors/dns.yaml`` and its faults."""
    return read_targets(KIND, DnsShape, config_dir, (registry, catalogue), writes=lambda _: ("svc.up",))


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[DnsShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    return PollingCollector(KIND, sound(read(settings.config_dir, registry, catalogue)), probe)
