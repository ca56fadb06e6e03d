"""Backups as a collector."""

from functools import partial
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from collectors.backups.files import BackupShape
from collectors.backups.probe import Probe
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.database import make_engine
from ioc.errors import Fault
from ioc.polling import PollingCollector, Target, read_targets, sound
from ioc.registry import Registry
from ioc.stamps import Stamp, Stamps, stamps

KIND = "backups"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[BackupShape]], list[Fault]]:
    """The targets of ``collectors/backups.yaml`` and its faults."""
    return read_targets(KIND, BackupShape, config_dir, (registry, catalogue), writes=lambda _: ("svc.backup_age",))


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[BackupShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    told = partial(_told, make_engine(settings.database.url))
    return PollingCollector(KIND, sound(read(settings.config_dir, registry, catalogue)), Probe(told))


def _told(engine: Engine, facility: str, name: str) -> Stamp:
    """What a job has told us. Before the first start there is no database, and nobody can have told us anything."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():
        return Stamp()
    try:
        return Stamps(engine).get(facility, name)
    except DBAPIError as error:
        if stamps.name in str(error.orig) and not inspect(engine).has_table(stamps.name):
            return Stamp()
        raise
