"""``ioc import assets``: the list of an IT department, shown first as what it would change."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import IO, Any

import click

from ioc.assets import Asset, AssetKind, AssetRegister, Differences, read_sheet
from ioc.catalogue import load_catalogue
from ioc.commands.common import agreed, database, operator, print_json, print_table, settings_of_environment
from ioc.commands.findings import counted
from ioc.domain import rfc3339
from ioc.registry import load_registry

NAMED = 10


@click.command("assets")
@click.argument("file", metavar="FILE.{csv,xlsx}", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before changing.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def assets(file: IO[bytes], *, dry_run: bool, yes: bool, json_: bool) -> None:
    """Bring the register of assets to the list in FILE, a CSV file or an Excel workbook (or - for standard input).

    One asset a line, under a first line with the names of the columns, in any order:

    \b
      facility,code,kind,name,department,place,owner,address,contract,contract_end,watched
      bv01,sv-his-db,server,HIS database,phong-cntt,phong-may,A. Name,10.0.0.5,HD-12/2026,2027-06-30,1

    facility, code and kind are needed; also site, model, serial, supplier, device and from are read. kind: server,
    rented-server, service, network, ups, room, workstation or printer. site, department and place are codes of the
    registry (configs/registry); device is that of the device there which measures the asset (the climate of a room).
    watched: 1 where readings are expected of it, so that it is missing without any. Days as 2026-12-31 or 31/12/2026;
    `from` says from when a line holds, without it is from now on.

    The list replaces all assets of the kinds that it names in the facilities that it names, and touches no other.
    Of an asset that is known, a column that the list lacks stays as it is; an empty cell empties it. What held before
    stays known.
    """
    name = getattr(file, "name", "<stdin>")
    if name == "<stdin>" and not (yes or dry_run):
        raise click.UsageError("Standard input holds the list, so that nobody can be asked: add --yes or --dry-run.")
    settings = settings_of_environment()
    registry = load_registry(settings.config_dir, load_catalogue(settings.config_dir), settings.timezone)
    with database(settings) as engine:
        register = AssetRegister(engine)
        found = read_sheet(file.read(), name, registry, zone=settings.timezone, known=register.lookup)
        differences = register.preview(found)
        if not json_:
            print_differences(differences)
        apply = not dry_run and (yes or differences.empty or agreed("Apply this?"))
        if apply:
            register.apply(differences, operator())
    if json_:
        print_json(as_json(differences) | {"applied": apply})
    elif apply and not differences.empty:
        click.echo("Done. Boards and pages follow within seconds.")


def print_differences(differences: Differences) -> None:
    """What would change, by kind, and by name what the numbers do not show."""
    for facility in differences.versions:
        part = differences.of(facility)
        click.echo(f"{facility}: {', '.join(_words(part))}.")
        if part.empty:
            continue
        click.echo()
        print_table(("kind", "added", "removed", "changed", "in the list"), _by_kind(part))
        click.echo()
        for line in _details(part):
            click.echo(f"  {line}")


def _words(part: Differences) -> Iterator[str]:
    if part.empty:
        yield f"{counted(len(part.after), 'asset')}, nothing to change"
        return
    for number, what in ((part.added, "added"), (part.removed, "removed"), (part.changed, "changed")):
        if number:
            yield f"{counted(len(number), 'asset')} {what}"
    yield f"{part.unchanged} unchanged"


def _by_kind(part: Differences) -> Iterator[tuple[object, ...]]:
    changed = [change.new for change in part.changed]
    for kind in AssetKind:
        numbers = [sum(a.kind is kind for a in group) for group in (part.added, part.removed, changed, part.after)]
        if any(numbers):
            yield (kind.value, *(number or "" for number in numbers))


def _details(part: Differences) -> Iterator[str]:
    if part.removed:
        yield f"removed: {_named(part.removed)}"
    changes: dict[str, list[Asset]] = {}
    for change in part.changed:
        what = ", ".join(
            f"{name} {_word(getattr(change.old, name))} → {_word(getattr(change.new, name))}" for name in change.what
        )
        changes.setdefault(what, []).append(change.new)
    yield from (f"{what}: {_named(found)}" for what, found in list(changes.items())[:NAMED])
    if len(changes) > NAMED:
        yield f"and {len(changes) - NAMED} other changes"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value else "none"


def _named(assets: Iterable[Asset]) -> str:
    codes = [asset.code for asset in assets]
    more = f" and {len(codes) - NAMED} more" if len(codes) > NAMED else ""
    return ", ".join(codes[:NAMED]) + more


def as_json(differences: Differences) -> dict[str, Any]:
    """The differences for a program."""
    return {
        "facilities": {
            facility: {
                "unchanged": part.unchanged,
                "added": [_json(asset) for asset in part.added],
                "removed": [_json(asset) for asset in part.removed],
                "changed": [{"old": _json(one.old), "new": _json(one.new)} for one in part.changed],
            }
            for facility in differences.versions
            for part in [differences.of(facility)]
        }
    }


def _json(asset: Asset) -> dict[str, Any]:
    said = {name: value for name, value in asdict(asset).items() if name not in ("from_ns", "until_ns")}
    return said | {"from": rfc3339(asset.from_ns) if asset.from_ns else None}
