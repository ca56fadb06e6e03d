"""``ioc import``: lists that people keep elsewhere, shown first as what they would change."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

import click

from ioc.beds import Bed, BedRegister, Differences, read_sheet
from ioc.catalogue import load_catalogue
from ioc.commands.common import agreed, database, operator, print_json, print_table, settings_of_environment
from ioc.commands.findings import counted
from ioc.commands.import_assets import assets
from ioc.domain import SECOND, Spot, rfc3339
from ioc.registry import load_registry

NAMED = 10
COUNTS = ("planned", "actual", "staffed")


@click.group("import")
def command() -> None:
    """Take in lists that people keep elsewhere. What a list would change is shown before it is done."""


command.add_command(assets)


@command.command("beds")
@click.argument("file", metavar="FILE.csv", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before changing.")
@click.option("--new-wards", is_flag=True, help="Take in wards that the registry does not know yet.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def beds(file: IO[bytes], *, dry_run: bool, yes: bool, new_wards: bool, json_: bool) -> None:
    """Bring the register of beds to the list in FILE.csv (or - for standard input).

    One bed a line, under a first line with the names of the columns, in any order:

    \b
      facility,site,department,ward,room,bed,kind,planned,actual,staffed
      bv01,cs1,khoa-noi,noi-1,P01,G1,general,1,1,1

    Site, department and ward are codes of the registry (configs/registry); room and bed are written as the HIS
    writes them. planned, actual, staffed: 1 or 0, yes or no, có or không. kind: general, icu, emergency, neonatal,
    isolation, negative, maternity, paediatric, day or add_on. Columns site, department, room and kind may be left
    out. A column `from` (2026-12-01) says from when a line holds; without, it is from now on, and since ever
    where the facility has had no beds yet. Comma, semicolon or tab; UTF-8.

    The list replaces all beds of the facilities that it names, and touches no other. What held before stays known.
    """
    name = getattr(file, "name", "<stdin>")
    if name == "<stdin>" and not (yes or dry_run):
        raise click.UsageError("Standard input holds the list, so that nobody can be asked: add --yes or --dry-run.")
    settings = settings_of_environment()
    registry = load_registry(settings.config_dir, load_catalogue(settings.config_dir), settings.timezone)
    with database(settings) as engine:
        register = BedRegister(engine)
        data = file.read()
        sheet = read_sheet(data, name, registry, register.wards, zone=settings.timezone, new_wards=new_wards)
        differences = register.preview(sheet.beds, sheet.wards)
        if not json_:
            dated = {bed.from_ns for bed in sheet.beds if bed.from_ns}
            print_differences(differences, {ns: _moment(ns, settings.timezone) for ns in dated})
        apply = not dry_run and (yes or differences.empty or agreed("Apply this?"))
        if apply:
            register.apply(differences, operator())
    if json_:
        print_json(as_json(differences) | {"applied": apply})
    elif apply and not differences.empty:
        click.echo("Done. Boards and pages follow within seconds.")


def print_differences(differences: Differences, dates: Mapping[int, str]) -> None:
    """What would change, by ward, with the beds of each facility before and after.

    ``dates`` names the moments that lines of the list give.
    """
    for facility in differences.versions:
        part = differences.of(facility)
        click.echo(f"{facility}: {', '.join(_words(part))}.")
        if part.empty:
            continue
        click.echo()
        print_table(("ward", "added", "removed", "changed", "beds", *COUNTS), _by_ward(part))
        click.echo()
        for line in _details(part, dates):
            click.echo(f"  {line}")


def _words(part: Differences) -> Iterator[str]:
    if part.empty:
        yield f"{counted(len(part.after), 'bed')}, nothing to change"
        return
    for number, what in ((part.added, "added"), (part.removed, "removed"), (part.changed, "changed")):
        if number:
            yield f"{counted(len(number), 'bed')} {what}"
    yield f"{part.unchanged} unchanged"
    if part.wards:
        yield f"wards taken in: {', '.join(ward.code for ward in part.wards)}"


def _by_ward(part: Differences) -> Iterator[tuple[object, ...]]:
    """A row for each ward in which something changes, and one for the whole facility."""
    changed = [change.new for change in part.changed]
    touched = {bed.spot.ward for bed in (*part.added, *part.removed, *changed)}
    touched |= {change.old.spot.ward for change in part.changed}
    order = dict.fromkeys(bed.spot.ward for bed in (*part.after, *part.removed))
    for ward in [ward for ward in order if ward in touched]:
        groups = (part.added, part.removed, changed, part.before, part.after)
        added, removed, new, before, after = ([bed for bed in group if bed.spot.ward == ward] for group in groups)
        yield (ward, *_numbers(added, removed, new), *_totals(before, after))
    yield ("all", *_numbers(part.added, part.removed, changed), *_totals(part.before, part.after))


def _numbers(*groups: Iterable[Bed]) -> Iterator[object]:
    return (len(list(group)) or "" for group in groups)


def _totals(before: Iterable[Bed], after: Iterable[Bed]) -> Iterator[str]:
    """How many beds there are, and of each sort: ``40 → 42``, or the one number where it stays."""
    old, new = list(before), list(after)
    pairs = [(len(old), len(new))]
    pairs += [(sum(getattr(bed, name) for bed in old), sum(getattr(bed, name) for bed in new)) for name in COUNTS]
    return (f"{one} → {other}" if one != other else str(one) for one, other in pairs)


def _details(part: Differences, dates: Mapping[int, str]) -> Iterator[str]:
    """The removed and the changed beds by name, and what does not begin now: all that the numbers do not show."""
    if part.removed:
        yield f"removed: {_named(bed.spot for bed in part.removed)}"
    changes: dict[str, list[Spot]] = {}
    for change in part.changed:
        what = [
            f"{name} {_word(getattr(change.old, name))} → {_word(getattr(change.new, name))}"
            for name in ("site", "department", "kind", *COUNTS)
            if getattr(change.old, name) != getattr(change.new, name)
        ]
        changes.setdefault(", ".join(what), []).append(change.new.spot)
    for what_changed, spots in changes.items():
        yield f"{what_changed}: {_named(spots)}"
    new = [*part.added, *(change.new for change in part.changed)]
    for at in sorted({bed.from_ns for bed in new if bed.from_ns in dates}):
        yield f"from {dates[at]}: {_named(bed.spot for bed in new if bed.from_ns == at)}"


def _moment(ns: int, zone: str) -> str:
    return datetime.fromtimestamp(ns // SECOND, ZoneInfo(zone)).isoformat(" ", "minutes")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none"


def _named(spots: Iterable[Spot]) -> str:
    names = [" ".join(filter(None, (spot.ward, spot.room, spot.bed))) for spot in spots]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def as_json(differences: Differences) -> dict[str, Any]:
    """The differences for a program."""
    return {
        "facilities": {
            facility: {
                "unchanged": part.unchanged,
                "before": _json_totals(part.before),
                "after": _json_totals(part.after),
                "added": [_json_bed(bed) for bed in part.added],
                "removed": [_json_bed(bed) for bed in part.removed],
                "changed": [{"old": _json_bed(one.old), "new": _json_bed(one.new)} for one in part.changed],
                "wards": [ward.code for ward in part.wards],
            }
            for facility in differences.versions
            for part in [differences.of(facility)]
        }
    }


def _json_totals(beds: Iterable[Bed]) -> dict[str, int]:
    found = list(beds)
    return {"beds": len(found)} | {name: sum(getattr(bed, name) for bed in found) for name in COUNTS}


def _json_bed(bed: Bed) -> dict[str, Any]:
    said = {"site": bed.site, "department": bed.department, "ward": bed.spot.ward, "room": bed.spot.room}
    said |= {"bed": bed.spot.bed, "kind": bed.kind.value}
    flags = {name: getattr(bed, name) for name in COUNTS}
    return said | flags | {"from": rfc3339(bed.from_ns) if bed.from_ns else None}
