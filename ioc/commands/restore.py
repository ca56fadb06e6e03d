"""``ioc restore``: put a copy of ``ioc backup`` back."""

import os
from dataclasses import replace
from pathlib import Path

import click

from ioc.backup import CONFIGS, DATABASE, SECRETS, SERIES
from ioc.commands.common import print_json, settings_of_environment
from ioc.config import Settings, load_settings
from ioc.domain import SystemClock, rfc3339
from ioc.errors import IocError
from ioc.restore import Restored, in_the_way, look_through, restore


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="BACKUP")
@click.option("--yes", is_flag=True, help="Replace what is there; it is set aside in the data folder.")
@click.option("--check", "only_check", is_flag=True, help="Look the copy through and change nothing.")
@click.option("--keep-configs", is_flag=True, help="Leave the folder of the configuration as it is.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def command(folder: Path, *, yes: bool, only_check: bool, keep_configs: bool, json_: bool) -> None:
    """Put a copy that `ioc backup` made back, with the centre stopped.

    BACKUP is its folder, such as data/backup/2026-11-23T02-00-00Z. Every file is compared with its check sum before
    anything is touched. Where something is there already, --yes is needed; that is moved to `before-restore-TIME` of
    the data folder and not deleted. docs/back-up-and-restore.md says what else to think of.
    """
    found = look_through(folder)
    settings = settings_of_environment() if keep_configs else settings_to_be(dict(os.environ), folder)
    facts = {"path": str(found.path), "made_at": rfc3339(found.time_ns), "version": found.version, "parts": found.parts}
    if only_check:
        if json_:
            print_json(facts)
        else:
            click.echo(f"{found.path} is whole: {', '.join(found.parts)}; made {rfc3339(found.time_ns)[:19]}Z.")
        return
    if not yes and (taken := in_the_way(settings, found, configs=not keep_configs)):
        raise IocError(f"This would replace {', '.join(taken)}.", "Nothing was changed. To do it: the same with --yes.")

    def say(line: str) -> None:
        click.echo(line, err=True)

    done = restore(settings, found, SystemClock().now_ns(), configs=not keep_configs, say=say)
    if json_:
        print_json(facts | {"restored": done.parts, "aside": None if done.aside is None else str(done.aside)})
    else:
        for line in _told(settings, done):
            click.echo(line)


def settings_to_be(environ: dict[str, str], folder: Path) -> Settings:
    """The settings once the copy's configuration is in place: that of today may be what has to be mended."""
    ours = Path(environ.get("IOC_CONFIG_DIR", "configs")).expanduser().absolute()
    found = load_settings(environ | {"IOC_CONFIG_DIR": str(folder.absolute() / CONFIGS)})
    return replace(found, config_dir=ours)


def _told(settings: Settings, done: Restored) -> list[str]:
    """What a person has to know now."""
    lines = [f"Put back: {', '.join(done.parts)}, as of {rfc3339(done.backup.time_ns)[:19]}Z."]
    folders = [settings.data_dir, *([settings.config_dir] if CONFIGS in done.parts else [])]
    lines.append(f"Its folders: {', '.join(map(str, folders))}.")
    if done.aside is not None:
        lines.append(f"What was there before is in {done.aside}.")
    if DATABASE in done.parts:
        lines.append("People, tokens and sessions are those of the copy: see `ioc user list` and `ioc token list`.")
    if SERIES not in done.parts:
        lines.append(
            "The values over time are in InfluxDB, which was not touched."
            if settings.influxdb.url
            else "The copy has no values over time: those that are there stay, and none come back."
        )
    if SECRETS not in done.parts and not (settings.data_dir / "secrets" / "quarantine.key").exists():
        lines.append("The copy has no keys and none are there: what is quarantined cannot be read again.")
    return [*lines, "Now start the centre, and ask `ioc doctor`."]
