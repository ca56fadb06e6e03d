"""Backups as a collector."""

from pathlib import Path

from collectors.backups.files import BackupShape
from collectors.backups.probe import Probe
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.database import make_engine
from ioc.errors import Fault
from ioc.polling import PollingCollector, Target, read_targets, sound
from ioc.registry import Registry
from ioc.stamps import Stamps

KIND = "backups"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[BackupShape]], list[Fault]]:
    """The targets of ``collectors/backups.yaml`` and its faults."""
    return read_targets(KIND, BackupShape, config_dir, (registry, catalogue), writes=lambda _: ("svc.backup_age",))


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[BackupShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    told = Stamps(make_engine(settings.database.url)).get
    return PollingCollector(KIND, sound(read(settings.config_dir, registry, catalogue)), Probe(told))
