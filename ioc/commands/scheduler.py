"""``ioc scheduler``: what is done by the clock, in one process."""

import os

import click

from ioc.config import load_settings
from ioc.scheduler import run_scheduler


@click.command("scheduler")
def command() -> None:
    """Start the scheduler alone: roll-ups, retention, derived values.

    `ioc run` starts one by itself. Several may run: a lease in the database lets one of them work at a time.
    """
    raise SystemExit(run_scheduler(load_settings(os.environ)))
