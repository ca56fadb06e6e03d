"""``ioc check``: reads everything that an operator writes, and tells every fault at once."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import click
import orjson

from alerts.people import read_people
from alerts.rules import load_rules
from collectors.hl7.sources import read_sources
from collectors.registry import ASKING, reader
from dashboards.boards import load_boards
from ioc.assets import read_first_assets
from ioc.beds import read_first_beds
from ioc.catalogue import Catalogue, read_catalogue
from ioc.config import Settings, load_settings, nearest
from ioc.errors import Fault, RefuseToStartError
from ioc.polling import Target, TargetShape, faults_of_files
from ioc.registry import Registry, read_registry

FAULTY = 1
ZONE = "Asia/Ho_Chi_Minh"  # where the settings cannot be read


@dataclass
class Found:
    """What there is, what is wrong with it, and what is allowed and yet looks wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Read settings, catalogue, registry, beds, senders, targets, boards, people and rules, and list every fault.

    Exits with 0 when all is well and with 1 when there are faults. Warnings, on standard error, are no faults.
    Starts nothing and changes nothing.
    """
    found = examine(dict(os.environ), datetime.now(UTC).date())
    if as_json:
        result = {"ok": not found.faults, **asdict(found)}
        click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
        ctx.exit(FAULTY if found.faults else 0)
    for warning in found.warnings:
        click.echo(f"Warning: {warning}", err=True)
    for fault in found.faults:
        click.echo(str(fault))
    if found.faults:
        click.echo(f"{len(found.faults)} fault{'s' if len(found.faults) > 1 else ''}.")
        ctx.exit(FAULTY)
    click.echo(f"No faults: {', '.join(f'{number} {what}' for what, number in found.counts.items())}.")


def check(environ: dict[str, str]) -> tuple[dict[str, int], list[Fault]]:
    """How many of what there are, and every fault of the settings and of all files."""
    found = examine(environ)
    return found.counts, found.faults


def examine(environ: dict[str, str], today: date | None = None) -> Found:
    """Everything that an operator writes; with ``today`` also rules that should have been looked at again."""
    found = Found()
    settings: Settings | None = None
    try:
        settings = load_settings(environ)
    except RefuseToStartError as error:
        found.faults += error.faults
    config_dir = settings.config_dir if settings else Path(environ.get("IOC_CONFIG_DIR") or "configs")
    catalogue, faults = read_catalogue(config_dir)
    found.faults += faults
    registry, faults = read_registry(config_dir, catalogue)
    found.faults += faults
    found.counts = {
        "metrics": len(catalogue.metrics),
        "facilities": len(registry.facilities),
        "places": sum(len(facility.places) for facility in registry.facilities.values()),
        "devices": len(registry.devices),
        "series": len(list(registry.expected())),
        "boards": 0,
    }
    try:
        found.counts["boards"] = len(load_boards(config_dir, catalogue))
    except RefuseToStartError as error:
        found.faults += error.faults
    assets = _his(found, config_dir, settings, registry)
    _targets(found, config_dir, registry, catalogue, assets)
    _alerts(found, config_dir, settings, (catalogue, registry), today)
    return found


def _his(
    found: Found, config_dir: Path, settings: Settings | None, registry: Registry
) -> Mapping[str, Collection[str]]:
    """Who may send HL7, and the first beds and assets of each facility; gives the codes of those assets."""
    if not registry.facilities:
        return {}  # what is wrong with it is said already, and every name would be unknown
    zone = settings.timezone if settings else ZONE
    sources, faults = read_sources(config_dir, registry, zone)
    found.faults += faults
    found.counts |= {"senders": len(sources), "beds": 0}
    for path in sorted(config_dir.glob("beds/*.csv")):
        try:
            found.counts["beds"] += len(read_first_beds(path, registry, zone).beds)
        except RefuseToStartError as error:
            found.faults += error.faults
    found.counts["assets"] = 0
    codes: dict[str, Collection[str]] = {}
    for path in sorted(config_dir.glob("assets/*.csv")):
        try:
            assets = read_first_assets(path, registry, zone)
        except RefuseToStartError as error:
            found.faults += error.faults
        else:
            found.counts["assets"] += len(assets)
            codes[path.stem] = {asset.code for asset in assets}
    return codes


def _targets(
    found: Found, config_dir: Path, registry: Registry, catalogue: Catalogue, assets: Mapping[str, Collection[str]]
) -> None:
    """What the collectors ask that ask."""
    if not registry.facilities:
        return  # as above
    found.counts["targets"] = 0
    for kind in ASKING:
        targets, faults = reader(kind)(config_dir, registry, catalogue)
        found.faults += faults
        found.counts["targets"] += len(targets)
        for target in targets:
            found.warnings += faults_of_files(target)
            found.warnings += _unknown_asset(target, assets)


def _unknown_asset(target: Target[TargetShape], assets: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    """An asset that the first list of its facility does not have: it may be in the register all the same."""
    codes = assets.get(target.facility)
    if not target.ask.asset or codes is None or target.ask.asset in codes:
        return  # without a list that can be read nobody knows
    what = f"{target.name}: configs/assets has no asset {target.ask.asset!r} of {target.facility}."
    more = "If it is in the register (page Assets), all is well; else its values belong to no asset."
    like = nearest(target.ask.asset, codes)
    yield Fault("IOC-N016", target.where("asset"), what, f"Did you mean {like!r}? {more}" if like else more)


def _alerts(
    found: Found, config_dir: Path, settings: Settings | None, known: tuple[Catalogue, Registry], today: date | None
) -> None:
    """Rules and people."""
    people, faults = read_people(config_dir, settings)
    found.faults += faults
    found.warnings += people.warnings
    groups = None if faults and not people.groups else people.groups  # what cannot be read is told once
    found.counts |= {"rules": 0, "groups": len(people.groups)}
    try:
        rules = load_rules(config_dir, *known, groups, today=today)
    except RefuseToStartError as error:
        found.faults += error.faults
    else:
        found.counts["rules"] = len(rules.rules)
        found.warnings += rules.warnings
