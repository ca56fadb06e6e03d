"""Databases as a collector."""

from pathlib import Path

from collectors.sql.health import Health, SqlShape, engine_of
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.errors import Fault
from ioc.polling import Made, Note, PollingCollector, Target, read_targets, sound
from ioc.registry import Registry

KIND = "sql"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[SqlShape]], list[Fault]]:
    """The targets of ``collectors/sql.yaml`` and its faults."""
    known = (registry, catalogue)
    return read_targets(KIND, SqlShape, config_dir, known, writes=lambda _: ("sql.up",), check=_check)


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[SqlShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the file."""
    targets = sound(read(settings.config_dir, registry, catalogue))
    engines = Made(targets, lambda target: engine_of(target.ask, target.timeout_s))
    return PollingCollector(KIND, targets, Health(engines))


def _check(target: Target[SqlShape], note: Note) -> None:
    without = target.ask.model_copy(update={"password_file": ""})  # that may come later; a driver does not
    try:
        engine_of(without, target.timeout_s)
    except ValueError as error:
        note(20, "url", f"cannot be used: {error}.")
