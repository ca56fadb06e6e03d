"""``ioc user``: the people who may log in."""

import sys

import click

from ioc.access import EVERYTHING, Role, Scope, User, Users
from ioc.commands.common import database, operator, print_json, print_table, settings_of_environment
from ioc.commands.rights import RoleParam, ScopeParam, known_place
from ioc.domain import SystemClock, rfc3339


@click.group("user")
def command() -> None:
    """Add people, set their passwords, roles and scopes, and shut them out.

    Whatever changes a person's rights ends that person's sessions at once.
    """


@command.command("add")
@click.argument("name")
@click.option("--role", type=RoleParam(), required=True, help="screen, viewer, operator, oncall, steward or admin.")
@click.option("--scope", type=ScopeParam(), default=str(EVERYTHING), show_default=True, help="What the person may see.")
def add(name: str, role: Role, scope: Scope) -> None:
    """Add a person; asks for the password, or reads it from standard input where that is not a terminal."""
    settings = settings_of_environment()
    known_place(settings, scope)
    with database(settings) as engine:
        user = Users(engine, SystemClock()).add(name, _password(), role, scope, actor=operator())
    click.echo(f"{user.name} may log in as {user.role}, scope {user.scope}.")


@command.command("passwd")
@click.argument("name")
def passwd(name: str) -> None:
    """Set a person's password; asks for it, or reads it from standard input where that is not a terminal."""
    with database(settings_of_environment()) as engine:
        users = Users(engine, SystemClock())
        users.named(name)
        users.set_password(name, _password(), actor=operator())
    click.echo(f"{name} has a new password; every session of {name} has ended.")


@command.command("rights")
@click.argument("name")
@click.option("--role", type=RoleParam(), help="The new role; as it is where it is not given.")
@click.option("--scope", type=ScopeParam(), help="The new scope; as it is where it is not given.")
def rights(name: str, role: Role | None, scope: Scope | None) -> None:
    """Give a person another role or scope."""
    if role is None and scope is None:
        raise click.UsageError("Say what changes: --role, --scope, or both.")
    settings = settings_of_environment()
    known_place(settings, scope or EVERYTHING)
    with database(settings) as engine:
        users = Users(engine, SystemClock())
        before = users.named(name)
        users.set_rights(name, role or before.role, scope or before.scope, actor=operator())
    click.echo(f"{name} is {role or before.role} now, scope {scope or before.scope}.")


@command.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Shut a person out, at once."""
    _set_disabled(name, disabled=True)
    click.echo(f"{name} may not log in any more; `ioc user enable {name}` undoes it.")


@command.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Let a person in again."""
    _set_disabled(name, disabled=False)
    click.echo(f"{name} may log in again.")


@command.command("list")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def list_(*, json_: bool) -> None:
    """List everybody, with role and scope."""
    with database(settings_of_environment()) as engine:
        items = [_as_json(user) for user in Users(engine, SystemClock()).list()]
    if json_:
        print_json({"items": items})
    else:
        titles = ("name", "role", "scope", "state", "created_at")
        print_table(titles, [[item[title] for title in titles] for item in items])


def _set_disabled(name: str, *, disabled: bool) -> None:
    with database(settings_of_environment()) as engine:
        Users(engine, SystemClock()).set_disabled(name, disabled=disabled, actor=operator())


def _password() -> str:
    """Never an argument: those are seen by everybody on the machine, and kept in the shell's history."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _as_json(user: User) -> dict[str, str]:
    return {
        "name": user.name,
        "role": str(user.role),
        "scope": str(user.scope),
        "state": "disabled" if user.disabled else "active",
        "created_at": rfc3339(user.created_ns),
    }
