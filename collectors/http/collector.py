"""Web services as a collector."""

from pathlib import Path

from collectors.http.probe import HttpShape, Probe
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.errors import Fault
from ioc.polling import Made, Page, PollingCollector, Target, read_targets, sound
from ioc.registry import Registry

KIND = "http"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[HttpShape]], list[Fault]]:
    """The targets of ``collectors/http.yaml`` and its faults."""
    known = (registry, catalogue)
    return read_targets(KIND, HttpShape, config_dir, known, writes=lambda _: ("svc.up",))


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[HttpShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    targets = sound(read(settings.config_dir, registry, catalogue))
    return PollingCollector(KIND, targets, Probe(Made(targets, lambda target: Page.of(target.ask))))
