"""Certificates as a collector."""

from pathlib import Path

from collectors.tls.probe import Probe, TlsShape
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.errors import Fault
from ioc.polling import Made, PollingCollector, Target, read_targets, sound, trust
from ioc.registry import Registry

KIND = "tls"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[TlsShape]], list[Fault]]:
    """The targets of ``collectors/tls.yaml`` and its faults."""
    known = (registry, catalogue)
    return read_targets(KIND, TlsShape, config_dir, known, writes=lambda _: ("svc.up",))


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[TlsShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    targets = sound(read(settings.config_dir, registry, catalogue))
    return PollingCollector(KIND, targets, Probe(Made(targets, lambda target: trust(target.ask.ca_file))))
