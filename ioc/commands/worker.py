"""``ioc worker``: the collectors, the intake and the writer, in one process."""

import os

import click

from ioc.config import load_settings
from ioc.worker import run_worker


@click.command("worker")
def command() -> None:
    """Start the worker alone: it receives, journals, acknowledges and stores.

    `ioc run` starts one by itself. It runs until SIGTERM or Ctrl-C; what it has acknowledged is in its journal.
    """
    raise SystemExit(run_worker(load_settings(os.environ)))
