"""The command line ``ioc``: which commands there are, and how what goes wrong is said.

A command is loaded when it is used, so that `ioc --help` is quick and one broken part does not take the others along.
"""

import importlib
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from ioc.errors import IocError, RefuseToStartError
from ioc.logs import TEXT, set_up_logging

EXIT_FAULTS = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table: where the command is, and what the overview says of it."""

    path: str
    help: str
    hidden: bool = False
    service: bool = False  # runs on, and logs what it does


COMMANDS: Mapping[str, Entry] = {
    "run": Entry("ioc.commands.run:command", "Start the whole centre and keep it running.", service=True),
    "worker": Entry("ioc.commands.worker:command", "Start the worker alone: collectors and intake.", service=True),
    "scheduler": Entry(
        "ioc.commands.scheduler:command", "Start the scheduler alone: roll-ups, retention.", service=True
    ),
    "check": Entry("ioc.commands.check:command", "Check settings and every file of configs/."),
    "doctor": Entry("ioc.commands.doctor:command", "Say what is down, late, stale or missing, and how to mend it."),
    "probe": Entry("ioc.commands.probe:command", "Ask the configured servers and services once, now."),
    "send": Entry("ioc.commands.send:command", "Play a file of messages into a door."),
    "import": Entry("ioc.commands.importing:command", "Take in lists that people keep: beds and assets."),
    "token": Entry("ioc.commands.token:command", "Make, list and revoke tokens for programs and screens."),
    "user": Entry("ioc.commands.user:command", "Add people, set passwords and roles."),
    "quarantine": Entry(
        "ioc.commands.quarantine:command", "List, show, send again or discard what was not understood."
    ),
    "notify": Entry("ioc.commands.notify:command", "Try the channels by which people are told."),
    "backup": Entry("ioc.commands.backup:command", "Copy the database and the configuration while everything runs."),
    "restore": Entry("ioc.commands.restore:command", "Put a copy of `ioc backup` back."),
    "database": Entry("ioc.commands.database:command", "Move people, alerts and census to PostgreSQL and back."),
    "timeseries": Entry(
        "ioc.commands.timeseries:command", "Set up InfluxDB, and move the values over time to it and back."
    ),
    "simulator": Entry(
        "ioc.commands.simulator:command", "Simulate the devices of the demo registry.", hidden=True, service=True
    ),
}


class Commands(click.Group):
    """Loads commands by the table, and turns errors into sentences and exit codes."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return [name for name, entry in COMMANDS.items() if not entry.hidden]

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None where there is none of this name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.path.partition(":")
        loaded = getattr(importlib.import_module(module), attribute)
        assert isinstance(loaded, click.Command)
        return loaded

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a wrong name is answered with the nearest one."""
        from ioc.catalogue import nearest  # noqa: PLC0415 (costs time that `ioc --help` need not spend)

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = nearest(args[0], self.list_commands(ctx))
            hint = f"Did you mean '{near}'?" if near else f"There are: {', '.join(self.list_commands(ctx))}."
            ctx.fail(f"No such command '{args[0]}'. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, from the table: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items() if not entry.hidden])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every error ends in a sentence, never in a traceback that nobody asked for."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            if _debug(ctx):
                raise
            for line in describe(error):
                click.echo(line, err=True)
            ctx.exit(EXIT_FAULTS)


def describe(error: Exception) -> list[str]:
    """What went wrong and how to mend it, as lines for a person."""
    if isinstance(error, RefuseToStartError):
        count = len(error.faults)
        return [f"Error: {count} fault{'s' if count != 1 else ''} found:", *(f"  {fault}" for fault in error.faults)]
    if isinstance(error, IocError):
        return [f"Error: {error}", *([f"  {error.hint}"] if error.hint else [])]
    if isinstance(error, OSError) and error.filename:
        return [f"Error: {error.filename}: {error.strerror}"]
    cause = getattr(error, "orig", error)  # of SQLAlchemy's, which most commands do not load
    if cause is not error or isinstance(error, sqlite3.Error):
        return [f"Error: a database cannot be used: {cause}.", "  Is the disk full or read-only, or the server away?"]
    return [
        f"Error: unexpected {type(error).__name__}: {error}",
        "  This is a fault of the program. Run `ioc --debug …` to see where, and report it with what it prints.",
    ]


def _debug(ctx: click.Context) -> bool:
    return bool(ctx.params.get("debug")) or os.environ.get("IOC_LOG__LEVEL") == "debug"


def _how_to_log(ctx: click.Context) -> tuple[str, str]:
    """Level and format: of services as the settings say; a command that answers and ends says only what is wrong."""
    entry = COMMANDS.get(ctx.invoked_subcommand or "")
    if entry is None or not entry.service:
        return ("debug" if _debug(ctx) else "warning"), TEXT
    from ioc.config import load_settings  # noqa: PLC0415 (as above)

    try:
        log = load_settings(os.environ).log
    except IocError:
        return "info", TEXT  # the command itself says what is wrong with the settings
    return ("debug" if _debug(ctx) else log.level), log.format


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Log everything, and show the traceback of an unexpected error.")
@click.version_option(package_name="ioc-hospital", prog_name="ioc", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, *, debug: bool) -> None:  # noqa: ARG001 (read from the context, where errors are caught)
    """The hospital operations centre on the command line.

    `ioc COMMAND --help` explains a command. Settings come from the environment (IOC_…) over
    configs/ioc.yaml; docs/settings.md lists them.

    Exit codes: 0 fine, 1 faults were found, 2 wrong use.
    """
    set_up_logging(*_how_to_log(ctx))


if __name__ == "__main__":
    main()
