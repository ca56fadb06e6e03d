"""``ioc backup``: copy the database and the configuration while everything runs."""

from pathlib import Path

import click

from ioc.backup import SECRETS, SERIES, Backup, back_up
from ioc.commands.common import print_json, settings_of_environment
from ioc.domain import SystemClock, rfc3339


@click.command("backup")
@click.option(
    "--to", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Folder to write to, on another disk for instance. Without: `backup` in the data folder.",
)  # fmt: skip
@click.option("--all", "series", is_flag=True, help="Also the values over time, which may be large.")
@click.option("--with-secrets", "secrets", is_flag=True, help="Also the centre's keys: keep such a copy under lock.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def command(to: Path | None, *, series: bool, secrets: bool, json_: bool) -> None:
    """Copy the database and the configuration, while the centre runs or not.

    `ioc run` does so by itself each day (IOC_BACKUP__EVERY_HOURS) and keeps the last seven (IOC_BACKUP__KEEP).
    `ioc restore` puts a copy back; docs/back-up-and-restore.md says what else to think of.
    """
    settings = settings_of_environment()
    made = back_up(settings, SystemClock().now_ns(), to, series=series, secrets=secrets)
    if json_:
        print_json(as_json(made))
        return
    click.echo(f"{made.path}: {', '.join(made.parts)}; {len(made.files)} files, {made.size / 2**20:.1f} MiB.")
    if settings.influxdb.url:
        click.echo("The values over time are in InfluxDB and not in this copy: `influx backup` copies them.")
    elif not series:
        click.echo("The values over time are not in it; --all copies them too.")
    click.echo(
        "The centre's keys are in it: who has this copy can read everything."
        if secrets
        else "The centre's keys are not in it: without them, what is quarantined cannot be read again (--with-secrets)."
    )


def as_json(made: Backup) -> dict[str, object]:
    """The copy for a program."""
    return {
        "path": str(made.path),
        "made_at": rfc3339(made.time_ns),
        "version": made.version,
        "bytes": made.size,
        "parts": made.parts,
        "with_series": SERIES in made.parts,
        "with_secrets": SECRETS in made.parts,
    }
