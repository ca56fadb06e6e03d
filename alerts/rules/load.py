"""Reading ``configs/rules/``: all rules of all files, or every fault of them."""

import hashlib
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from alerts.rules.build import Builder
from alerts.rules.check import check_rule
from alerts.rules.model import Rule, RuleSet
from alerts.rules.notes import AREA, Notes, World
from alerts.rules.shapes import KIND_TO_COME, FileShape, RuleShape, TableShape, without_what_is_to_come
from alerts.rules.tables import build_tables
from ioc.catalogue import Catalogue
from ioc.config import Document, Faults, Where, validate, validate_each, yaml_files
from ioc.registry import Registry


def load_rules(
    config_dir: Path,
    catalogue: Catalogue,
    registry: Registry,
    groups: Collection[str] | None,
    *,
    today: date | None = None,
) -> RuleSet:
    """Every rule of ``config_dir/rules``, all or nothing.

    ``groups`` are the groups of people that may be told, None where they cannot be read; with ``today`` reviews that
    are due are warned of.
    Raises RefuseToStartError with all faults of all files.
    """
    world = World(config_dir, catalogue, registry, groups, today)
    faults, warnings = Faults(AREA), Faults(AREA)
    read = digest(config_dir)  # first: what is changed while it is read has another digest afterwards
    rules: dict[str, Rule] = {}
    for document in yaml_files(config_dir / "rules", faults):
        for rule, where in _rules(document, world, faults, warnings):
            if first := rules.get(rule.id):
                faults.add(11, where, f"the id {rule.id!r} is that of {first.where} too.")
            rules.setdefault(rule.id, rule)
    faults.refuse()
    return RuleSet(rules, read, tuple(warnings.found))


def digest(config_dir: Path) -> str:
    """SHA-256 over the names and bytes of all rule files and runbooks; what cannot be read counts as empty."""
    found = hashlib.sha256()
    for path in sorted([*(config_dir / "rules").glob("*.yaml"), *(config_dir / "runbooks").rglob("*.md")]):
        try:
            text = path.read_bytes()
        except OSError:
            text = b""
        found.update(f"{path.relative_to(config_dir)} {len(text)}\n".encode() + text)
    return found.hexdigest()


def _rules(document: Document, world: World, faults: Faults, warnings: Faults) -> Iterator[tuple[Rule, str]]:
    """The rules of one file, each with the place of its id."""
    document = without_what_is_to_come(document, faults)
    validate(FileShape, document, faults)
    tables = validate_each(TableShape, document, faults, ("tables",))
    shared = build_tables(tables, Notes(document, (), faults, warnings), world)
    written = document.data.get("rules") if isinstance(document.data, dict) else None
    for n, rule in enumerate(written if isinstance(written, list) else ()):
        where: Where = ("rules", n)
        shape = None if rule is KIND_TO_COME else validate(RuleShape, document, faults, where)
        if shape is None:
            continue
        notes = Notes(document, where, faults, warnings)
        before = len(faults.found)
        built = Builder(shape, notes, world, shared).build()
        if built is not None:
            if len(faults.found) == before:
                check_rule(*built, notes, world)
            yield built[0], notes.where(("id",))
