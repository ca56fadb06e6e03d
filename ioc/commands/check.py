"""``ioc check``: reads everything that an operator writes, and tells every fault at once."""

import os
from dataclasses import asdict
from pathlib import Path

import click
import orjson

from dashboards.boards import load_boards
from ioc.catalogue import read_catalogue
from ioc.config import Settings, load_settings
from ioc.errors import Fault, RefuseToStartError
from ioc.registry import read_registry

FAULTY = 1


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Read settings, catalogue, registry and boards, and list every fault.

    Exits with 0 when all is well and with 1 when there are faults. Starts nothing and changes nothing.
    """
    counts, faults = check(dict(os.environ))
    if as_json:
        result = {"ok": not faults, "counts": counts, "faults": [asdict(fault) for fault in faults]}
        click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
    elif faults:
        for fault in faults:
            click.echo(str(fault))
        click.echo(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}.")
    else:
        click.echo(f"No faults: {', '.join(f'{number} {what}' for what, number in counts.items())}.")
    if faults:
        ctx.exit(FAULTY)


def check(environ: dict[str, str]) -> tuple[dict[str, int], list[Fault]]:
    """How many of what there are, and every fault of the settings and of all files."""
    faults: list[Fault] = []
    settings: Settings | None = None
    try:
        settings = load_settings(environ)
    except RefuseToStartError as error:
        faults += error.faults
    config_dir = settings.config_dir if settings else Path(environ.get("IOC_CONFIG_DIR") or "configs")
    catalogue, found = read_catalogue(config_dir)
    faults += found
    registry, found = read_registry(config_dir, catalogue)
    faults += found
    counts = {
        "metrics": len(catalogue.metrics),
        "facilities": len(registry.facilities),
        "places": sum(len(facility.places) for facility in registry.facilities.values()),
        "devices": len(registry.devices),
        "series": len(list(registry.expected())),
        "boards": 0,
    }
    try:
        counts["boards"] = len(load_boards(config_dir, catalogue))
    except RefuseToStartError as error:
        faults += error.faults
    return counts, faults
