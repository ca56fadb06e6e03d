"""``ioc simulator``: the devices and the HIS of the demo registry, simulated."""

import os

import click

from collectors.simulator import Options, run_simulator
from ioc.config import load_settings

DEFAULT = Options()


@click.command("simulator")
@click.option("--url", default="", metavar="URL", help="The broker, mqtt://HOST:PORT. Default: that of the settings.")
@click.option("--seed", default=DEFAULT.seed, show_default=True, help="The same seed gives the same values.")
@click.option("--facility", default="", metavar="CODE", help="Only this facility, which must be marked demo.")
@click.option("--no-history", is_flag=True, help="Do not make the past 24 hours at the first start.")
@click.option(
    "--history-rate",
    type=click.FloatRange(1, 10_000),
    default=DEFAULT.history_rate,
    show_default=True,
    help="Messages of history a second.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 1_000),
    default=DEFAULT.speed,
    show_default=True,
    help="Let every device report this many times as often, and hospitals live this many times as fast.",
)
@click.option(
    "--his-url", default="", metavar="URL", help="The door for HL7, mllp://HOST:PORT. Default: the settings'."
)
@click.option("--no-his", is_flag=True, help="Simulate devices only.")
@click.option(
    "--his-late",
    type=click.FloatRange(0, 1),
    default=DEFAULT.his_late,
    show_default=True,
    help="Share of HL7 messages that come up to 15 minutes late.",
)
@click.option(
    "--his-doubled",
    type=click.FloatRange(0, 1),
    default=DEFAULT.his_doubled,
    show_default=True,
    help="Share of HL7 messages that come twice.",
)
def command(
    url: str,
    seed: int,
    facility: str,
    history_rate: float,
    speed: float,
    *,
    his_url: str,
    his_late: float,
    his_doubled: float,
    no_his: bool,
    no_history: bool,
) -> None:
    """Simulate the devices and the HIS of the demo registry.

    It is a client like any other: it only publishes over MQTT and sends HL7 over MLLP, and everything it sends has
    the quality `sim`, which every screen shows. It refuses to run for a facility that is not marked demo.
    """
    options = Options(
        url, seed, facility, not no_history, history_rate, speed, not no_his, his_url, his_late, his_doubled
    )
    run_simulator(load_settings(os.environ), options)
