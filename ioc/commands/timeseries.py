"""``ioc timeseries``: the server that keeps the values over time, and moving the values to it and back."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import click

from ioc.commands.common import print_json, settings_of_environment
from ioc.config import Secret, Settings
from ioc.domain import SystemClock, rfc3339
from ioc.errors import IocError, MisconfiguredError
from ioc.timeseries import DAY
from ioc.timeseries.copying import Copying, Difference, Progress, Tiered
from ioc.timeseries.influx import Server
from ioc.timeseries.influx_roll import GRACE
from ioc.timeseries.opening import access_of, open_influx, open_sqlite, retention_of

NAMED = 10
PROGRESS = "timeseries-copy.json"
STORES = ("sqlite", "influx")


@click.group("timeseries")
def command() -> None:
    """Set up InfluxDB for the values over time, and move the values to it or back. docs/move-to-influxdb.md"""


@command.command("init")
@click.option(
    "--admin-token-file", type=click.File("r"), metavar="FILE",
    help="File with a token that may make buckets and tokens; - is standard input. Without: you are asked.",
)  # fmt: skip
@click.option("--set-up", is_flag=True, help="The server is new: make its first user, organisation and token too.")
@click.option("--reader", is_flag=True, help="Make also a token that may only read: for Grafana, or for pages alone.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def init(admin_token_file: IO[str] | None, *, set_up: bool, reader: bool, json_: bool) -> None:
    """Make the buckets at IOC_INFLUXDB__URL, and a token that may read and write these and nothing else.

    Four buckets: the single values, the five-minute values, the hourly values, and notes that the store makes for
    itself. Those that are there keep what is in them and are given the retention of the settings; so do it again after
    a change of IOC_RETENTION__RAW_DAYS, __FIVE_MINUTES_DAYS or __ONE_HOUR_DAYS. The token is written to
    `secrets/influxdb.token` in the data folder; one that is set or lies there already, and works, is left as it is.
    """
    settings = _with_url(settings_of_environment())
    first = _set_up(settings) if set_up else None
    if first is None:
        text = admin_token_file.read() if admin_token_file else click.prompt("Admin token", hide_input=True, err=True)
        admin = Secret(text.strip())
    else:
        admin = first[1]
    buckets = _make_buckets(settings, admin)
    file = None if _works(settings, settings.influxdb.token) else _token_file(settings, admin)
    reading = _token_file(settings, admin, write=False) if reader else None
    variables = {
        "IOC_INFLUXDB__URL": settings.influxdb.url,
        "IOC_INFLUXDB__ORG": settings.influxdb.org,
        "IOC_INFLUXDB__BUCKET": settings.influxdb.bucket,
    } | ({"IOC_INFLUXDB__TOKEN_FILE": str(file)} if file else {})
    if json_:
        files = {"first_user_file": first and first[0], "reader_token_file": reading}
        print_json({"buckets": buckets, "set": variables} | {name: str(path) for name, path in files.items() if path})
        return
    for bucket in buckets:
        kept = f"{bucket['days']} days" if bucket["days"] else "for ever"
        click.echo(f"Bucket {bucket['name']}: {'made' if bucket['new'] else 'there already'}, keeps {kept}.")
    if first:
        click.echo(f"The first user of the server, with password and token, is in {first[0]}: keep it elsewhere.")
    if reading:
        click.echo(f"A token that may read these buckets and write nothing is in {reading}.")
    click.echo("Set in the centre's environment, and start it again:" if file else "The token that is set works.")
    for name, text in variables.items():
        click.echo(f"  {name}={text}")


@command.command("copy")
@click.option("--from", "source", type=click.Choice(STORES), required=True, help="Where the values are.")
@click.option("--to", "target", type=click.Choice(STORES), required=True, help="Where they are to be.")
@click.option("--restart", is_flag=True, help="Begin anew, also where a copy was stopped before its end.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def copy(source: str, target: str, *, restart: bool, json_: bool) -> None:
    """Copy all values over time from one store to the other, then compare count and sum of each series and day.

    SQLite is the file in the data folder, InfluxDB the server at IOC_INFLUXDB__URL. First let the centre run on the
    new store, then copy: it may run meanwhile. A copy that was stopped goes on where it was; what is copied twice is
    there once. Exit code 1 where the comparison finds a difference.
    """
    if source == target:
        raise click.UsageError("--from and --to are the same.")
    settings = _with_url(settings_of_environment())
    progress = Progress(settings.data_dir / PROGRESS, f"{source} to {target} {settings.influxdb.url}")
    if restart:
        progress.over()
    with _opened(settings, source) as old, _opened(settings, target) as new:
        click.echo("Rolling up what is there.", err=True)
        copying = Copying(old, new, SystemClock().now_ns(), progress).prepare()
        counts = _copied(copying)
        click.echo("Rolling up what was copied.", err=True)
        copying.finish()
        differences = _verified(copying)
    progress.over()
    if json_:
        print_json(counts | {"differences": [_as_json(one) for one in differences]})
    else:
        click.echo(
            f"{counts['values']:,} single values and {counts['rows']:,} five-minute and hourly values copied, "
            f"{counts['refused']:,} refused; {len(differences):,} differences."
        )
    if differences:
        raise click.exceptions.Exit(1)


def _copied(copying: Copying) -> dict[str, int]:
    days = copying.days()
    counts = {"values": 0, "rows": 0, "refused": 0}
    for day in copying.copy():
        for name in counts:
            counts[name] += getattr(day, name)
        if day.values or day.rows:
            share = (days.index(day.start) + 1) / len(days)
            click.echo(f"{rfc3339(day.start)[:10]}  {share:4.0%}  {day.values + day.rows:,} values", err=True)
    return counts


def _verified(copying: Copying) -> list[Difference]:
    differences: list[Difference] = []
    metrics = sum(len(names) for names in copying.metrics.values())
    for number, (metric, found) in enumerate(copying.verify(), 1):
        click.echo(f"{metric} compared, {number} of {metrics}", err=True)
        for one in found[: max(0, NAMED - len(differences))]:
            what = f"{one.source[0]:g} values, sum {one.source[1]:g}; there {one.target[0]:g}, {one.target[1]:g}"
            click.echo(f"{rfc3339(one.day_ns)[:10]}  {one.series}: {what}", err=True)
        differences += found
    return differences


@contextmanager
def _opened(settings: Settings, name: str) -> Iterator[Tiered]:
    with ExitStack() as ends:
        store: Tiered = open_sqlite(settings) if name == "sqlite" else open_influx(settings)
        ends.callback(store.close)
        yield store


def _with_url(settings: Settings) -> Settings:
    if not settings.influxdb.url:
        raise IocError("IOC_INFLUXDB__URL is not set.", "Set it to the server's address, http://127.0.0.1:8086 maybe.")
    return settings


def _set_up(settings: Settings) -> tuple[Path, Secret] | None:
    """The file with the first user of a new server, and the operator's token; None where it is set up already."""
    password, token = secrets.token_urlsafe(18), Secret(secrets.token_urlsafe(32))
    server = Server(replace(access_of(settings), token=token))
    try:
        if not server.set_up("admin", password, token.reveal()):
            raise MisconfiguredError("The server is set up already.", "Leave --set-up out and give its admin token.")
    finally:
        server.close()
    text = f"user=admin\npassword={password}\ntoken={token.reveal()}\n"
    return _write_secret(settings, "influxdb-admin", text), token


def _make_buckets(settings: Settings, admin: Secret) -> list[dict[str, object]]:
    access, kept = replace(access_of(settings), token=admin), retention_of(settings)
    tiers = zip((access.bucket, access.five_minutes, access.one_hour), kept.tiers, strict=True)
    retention = {name: ns + 2 * GRACE for name, ns in tiers} | {access.notes: 0}
    server = Server(access)
    try:
        return [
            {"name": name, "new": server.make_bucket(name, ns), "days": ns // DAY} for name, ns in retention.items()
        ]
    finally:
        server.close()


def _token_file(settings: Settings, admin: Secret, *, write: bool = True) -> Path:
    """The file of a token that works, made where there is none."""
    name = "influxdb" if write else "influxdb-reader"
    file = settings.data_dir / "secrets" / f"{name}.token"
    if file.exists() and _works(settings, Secret(file.read_text(encoding="utf-8").strip()), write=write):
        return file
    server = Server(replace(access_of(settings), token=admin))
    try:
        what = "operations centre" if write else "readers of the operations centre"
        made = server.make_token(f"{what}: {settings.influxdb.bucket}", write=write)
    finally:
        server.close()
    return _write_secret(settings, name, f"{made.reveal()}\n")


def _works(settings: Settings, token: Secret, *, write: bool = True) -> bool:
    if not token.reveal():
        return False
    server = Server(replace(access_of(settings), token=token))
    try:
        return server.may_use_buckets() if write else server.may_read_buckets()
    finally:
        server.close()


def _write_secret(settings: Settings, name: str, text: str) -> Path:
    folder = settings.data_dir / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.token"
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
    return path


def _as_json(one: Difference) -> dict[str, object]:
    return {
        "day": rfc3339(one.day_ns)[:10],
        "series": one.series,
        "source": {"count": one.source[0], "sum": one.source[1]},
        "target": {"count": one.target[0], "sum": one.target[1]},
    }
