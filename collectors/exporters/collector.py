"""Prometheus exporters as a collector."""

from pathlib import Path

from collectors.exporters.mapping import FOLDER, NameMap, read_mappings
from collectors.exporters.scrape import ACCEPT, ExporterShape, Scrape
from ioc.catalogue import Catalogue
from ioc.config import Settings, hint_for
from ioc.errors import Fault
from ioc.polling import Made, Note, Page, PollingCollector, Target, read_targets, sound
from ioc.registry import Registry

KIND = "exporters"


def read(config_dir: Path, registry: Registry, catalogue: Catalogue) -> tuple[list[Target[ExporterShape]], list[Fault]]:
    """The targets of ``collectors/exporters.yaml``, and its faults with those of the mappings."""
    mappings, faults = read_mappings(config_dir, catalogue)
    targets, more = _read(config_dir, registry, catalogue, mappings)
    return targets, [*faults, *more]


def build(settings: Settings, catalogue: Catalogue, registry: Registry) -> PollingCollector[ExporterShape]:
    """The collector of these targets; raises RefuseToStartError with all faults of the files."""
    targets = sound(read(settings.config_dir, registry, catalogue))
    mappings, _ = read_mappings(settings.config_dir, catalogue)
    pages = Made(targets, lambda target: Page.of(target.ask, ACCEPT))
    return PollingCollector(KIND, targets, Scrape(pages, mappings, catalogue))


def _read(
    config_dir: Path, registry: Registry, catalogue: Catalogue, mappings: dict[str, NameMap]
) -> tuple[list[Target[ExporterShape]], list[Fault]]:
    def check(target: Target[ExporterShape], note: Note) -> None:
        if target.ask.mapping not in mappings:
            what = f"there is no sound mapping {target.ask.mapping!r} in {FOLDER}."
            note(21, "mapping", what, hint_for(target.ask.mapping, mappings))

    def writes(ask: ExporterShape) -> tuple[str, ...]:
        mapping = mappings.get(ask.mapping)
        return mapping.codes if mapping else ()

    return read_targets(KIND, ExporterShape, config_dir, (registry, catalogue), writes=writes, check=check)
