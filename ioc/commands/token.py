"""``ioc token``: the keys of programs and wall screens."""

import click

from ioc.access import Role, Scope, Token, Tokens
from ioc.commands.common import database, operator, print_json, print_table, settings_of_environment
from ioc.commands.rights import RoleParam, ScopeParam, known_place
from ioc.domain import MINUTE, SystemClock, rfc3339

DAY_NS = 24 * 60 * MINUTE


@click.group("token")
def command() -> None:
    """Make, list and revoke tokens: the keys of programs and of wall screens.

    A program sends one as `Authorization: Bearer TOKEN`; a wall screen opens `/screen?token=TOKEN&next=/wall/CODE`
    once.
    """


@command.command("create")
@click.option("--role", type=RoleParam(), required=True, help="screen, viewer, operator, oncall, steward or admin.")
@click.option("--scope", type=ScopeParam(), required=True, help="*, facility:CODE or facility:CODE/site:CODE.")
@click.option("--name", default="", metavar="TEXT", help="What it is for; shown in lists and in the audit log.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days after which it ends. Without: when it is revoked.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object instead of the token alone.")
def create(role: Role, scope: Scope, name: str, days: int | None, *, json_: bool) -> None:
    """Make a token and print it, once: only its hash is kept."""
    settings, clock = settings_of_environment(), SystemClock()
    known_place(settings, scope)
    expires_ns = clock.now_ns() + days * DAY_NS if days else None
    with database(settings) as engine:
        text, token = Tokens(engine, clock).create(role, scope, name, expires_ns, actor=operator())
    if json_:
        print_json({"token": text, **_as_json(token, clock.now_ns())})
    else:
        click.echo(text)


@command.command("list")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def list_(*, json_: bool) -> None:
    """List tokens, also those that have ended. What opens with them is not kept and cannot be shown."""
    now_ns = SystemClock().now_ns()
    with database(settings_of_environment()) as engine:
        items = [_as_json(token, now_ns) for token in Tokens(engine, SystemClock()).list()]
    if json_:
        print_json({"items": items})
    elif items:
        titles = ("id", "name", "role", "scope", "state", "expires_at", "last_used_at")
        print_table(titles, [[item[title] or "-" for title in titles] for item in items])
    else:
        click.echo("There are no tokens. `ioc token create --role viewer --scope '*'` makes one.")


@command.command("revoke")
@click.argument("token", metavar="ID|NAME")
def revoke(token: str) -> None:
    """End a token, by its number or its name. Streams and screens that use it stop within a minute."""
    with database(settings_of_environment()) as engine:
        ended = Tokens(engine, SystemClock()).revoke(token, actor=operator())
    click.echo(f"Token {ended.id} ({ended.name}) does not open any more.")


def _as_json(token: Token, now_ns: int) -> dict[str, object]:
    standing = "valid" if token.valid_at(now_ns) else "expired"
    return {
        "id": token.id,
        "name": token.name,
        "role": str(token.role),
        "scope": str(token.scope),
        "state": standing if token.revoked_ns is None else "revoked",
        "created_at": rfc3339(token.created_ns),
        "expires_at": _time(token.expires_ns),
        "revoked_at": _time(token.revoked_ns),
        "last_used_at": _time(token.last_used_ns),
    }


def _time(ns: int | None) -> str | None:
    return None if ns is None else rfc3339(ns)
