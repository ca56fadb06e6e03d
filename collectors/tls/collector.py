"""Certificates as a collector."""

from pathlib import Path

from collectors.tls.probe import Probe, TlsShape, context_of
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.errors import Fault
from ioc.polling import Note, PollingCollector, Target, read_targets, sound
from ioc.registry import Registry

KIND = "tls"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[TlsShape]], list[Fault]]:
    """The targets of ``collectors/tls.yaml`` and its faults."""
    known = (registry, catalogue)
    return read_targets(KIND, TlsShape, config_dir, known, writes=lambda _: ("svc.up",), check=_check)


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[TlsShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    targets = sound(read(settings.config_dir, registry, catalogue))
    return PollingCollector(KIND, targets, Probe({target.name: context_of(target.ask) for target in targets}))


def _check(target: Target[TlsShape], note: Note) -> None:
    try:
        context_of(target.ask)
    except OSError as error:
        note(20, "ca_file", f"cannot be used: {error}.")
