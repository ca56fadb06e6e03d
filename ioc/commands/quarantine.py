"""``ioc quarantine``: what could not be understood, and what to do about it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy import Engine

from ioc.access import record
from ioc.commands.common import database, operator, print_json, print_table, settings_of_environment
from ioc.config import read_secret
from ioc.database import writing
from ioc.domain import SystemClock, rfc3339
from ioc.errors import IocError, Reason
from ioc.intake import Item, Quarantine, Sealer

PAGE = 500
REASONS = [reason.value for reason in Reason]
STATES = ("open", "resent", "discarded")


@contextmanager
def opened() -> Iterator[tuple[Engine, Quarantine]]:
    """The quarantine of the settings."""
    settings = settings_of_environment()
    with database(settings) as engine:
        sealer = Sealer(read_secret(settings, "quarantine").reveal())
        yield engine, Quarantine(engine, sealer)


def as_json(item: Item) -> dict[str, Any]:
    """An item for a program; its bytes are asked for by `show --raw`."""
    return {
        "id": item.id,
        "state": item.state,
        "reason": item.reason.value,
        "detail": item.detail,
        "source": item.source,
        "topic": item.topic,
        "facility": item.facility,
        "received_at": rfc3339(item.received_ns),
        "last_at": rfc3339(item.last_ns),
        "count": item.count,
        "size": item.size,
        "truncated": item.truncated,
        "resend_requested_at": _time(item.resend_requested_ns),
        "closed_at": _time(item.closed_ns),
        "closed_by": item.closed_by,
    }


def _time(ns: int | None) -> str | None:
    return None if ns is None else rfc3339(ns)


def _plain(text: str) -> str:
    """A sender's text as it may stand on a terminal."""
    return "".join(char if char.isprintable() else "�" for char in text)


@click.group("quarantine")
def command() -> None:
    """List, show, send again or discard what could not be understood.

    Nothing that a device sends is thrown away unseen: what breaks a rule is kept here with the reason.
    Mend the cause (the device, the registry, the catalogue), then send it through again.
    """


@command.command("list")
@click.option("--state", type=click.Choice([*STATES, "all"]), default="open", show_default=True)
@click.option("--reason", type=click.Choice(REASONS), help="Only these.")
@click.option("--facility", default="", metavar="CODE", help="Only what this facility sent.")
@click.option("--source", default="", metavar="NAME", help="Only what came by this source.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def list_(state: str, reason: str | None, facility: str, source: str, limit: int, *, json_: bool) -> None:
    """List items, the newest first."""
    with opened() as (_, quarantine):
        state = "" if state == "all" else state
        items = quarantine.list(state=state, reason=reason or "", facility=facility, source=source, limit=limit)
        counts = quarantine.counts(facility)
    if json_:
        print_json({"items": [as_json(item) for item in items], "open": counts})
        return
    if not items:
        click.echo("Nothing is quarantined." if state == "open" else "There is no such item.")
        return
    rows = [(i.id, rfc3339(i.last_ns)[:19] + "Z", i.count, i.reason, _plain(i.topic), _plain(i.detail)) for i in items]
    print_table(("id", "last", "count", "reason", "topic", "what is wrong"), rows)
    click.echo(f"{sum(counts.values())} messages open: " + ", ".join(f"{n} {why}" for why, n in sorted(counts.items())))


@command.command("show")
@click.argument("id_", metavar="ID", type=int)
@click.option("--raw", is_flag=True, help="Print the message byte for byte, and nothing else. Noted in the audit log.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def show(id_: int, *, raw: bool, json_: bool) -> None:
    """Show one item. Its content may name a patient: it is printed with --raw only, and that is noted."""
    with opened() as (engine, quarantine):
        item = quarantine.get(id_, raw=raw)
        if item is None:
            raise IocError(
                f"There is no item {id_} in the quarantine.", "`ioc quarantine list --state all` shows them."
            )
        if raw:
            if item.raw is None:
                why = "it was forgotten when the item was closed" if item.state != "open" else "the key is another one"
                raise IocError(f"The content of item {id_} cannot be read: {why}.")
            with writing(engine) as connection:
                record(connection, SystemClock().now_ns(), operator(), "quarantine.read", f"quarantine:{id_}")
            sys.stdout.buffer.write(item.raw)
            sys.stdout.buffer.flush()
            return
    if json_:
        print_json(as_json(item))
        return
    for name, value in as_json(item).items():
        if value not in (None, ""):
            click.echo(f"{name + ':':<21}{_plain(str(value))}")


@command.command("resend")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--reason", type=click.Choice(REASONS), help="All open ones of this reason.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def resend(ids: tuple[int, ...], reason: str | None, *, json_: bool) -> None:
    """Ask the worker to send items through again, once their cause is mended.

    The worker does it within seconds; what still breaks a rule stays in the quarantine with what is wrong now.
    """
    done, failed = _each("quarantine.resend", Quarantine.resend, ids, reason)
    _say(f"{len(done)} asked to be sent through again.", done, failed, json_=json_)


@command.command("discard")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--reason", type=click.Choice(REASONS), help="All open ones of this reason.")
@click.option("--yes", is_flag=True, help="Do not ask before discarding all of one reason.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def discard(ids: tuple[int, ...], reason: str | None, *, yes: bool, json_: bool) -> None:
    """Close items without using them; their content is forgotten, that they were there is not."""
    if reason and not ids and not yes:
        click.confirm(f"Discard every open item with the reason {reason}?", abort=True, err=True)
    done, failed = _each("quarantine.discard", lambda q, id_: q.discard(id_, operator()), ids, reason)
    _say(f"{len(done)} discarded.", done, failed, json_=json_)


def _each(
    action: str, act: Callable[[Quarantine, int], None], ids: tuple[int, ...], reason: str | None
) -> tuple[list[int], dict[int, str]]:
    """Do it to every item that is named and note it in the audit log; gives what went well and why the rest did not."""
    if bool(ids) == bool(reason):
        raise click.UsageError("Name the items by their ids, or all of one reason with --reason.")
    done: list[int] = []
    failed: dict[int, str] = {}
    with opened() as (engine, quarantine):
        for id_ in ids or _ids_of(quarantine, reason or ""):
            try:
                act(quarantine, id_)
            except IocError as error:
                failed[id_] = f"{error} {error.hint}".strip()
            else:
                done.append(id_)
        if done:
            with writing(engine) as connection:
                for id_ in done:
                    record(connection, SystemClock().now_ns(), operator(), action, f"quarantine:{id_}")
    return done, failed


def _say(text: str, done: list[int], failed: dict[int, str], *, json_: bool) -> None:
    if json_:
        print_json({"done": done, "failed": [{"id": id_, "error": why} for id_, why in failed.items()]})
    else:
        click.echo(text)
        for why in failed.values():
            click.echo(f"  {why}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


def _ids_of(quarantine: Quarantine, reason: str) -> Iterator[int]:
    before: int | None = None
    while items := quarantine.list(reason=reason, before_id=before, limit=PAGE):
        yield from [item.id for item in items]
        before = items[-1].id
