"""Roles and scopes as options of a command: what is mistyped is answered with the nearest name."""

from typing import Any

import click

from ioc.access import Role, Scope
from ioc.catalogue import nearest, read_catalogue
from ioc.config import Settings
from ioc.errors import IocError
from ioc.registry import read_registry


class RoleParam(click.ParamType[Role]):
    """A role by its name."""

    name = "role"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Role:
        """The role, or wrong use."""
        try:
            return Role.named(str(value))
        except IocError as error:
            self.fail(f"{error}. {error.hint}", param, ctx)


class ScopeParam(click.ParamType[Scope]):
    """A scope as it is written."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Scope:
        """The scope, or wrong use."""
        if isinstance(value, Scope):
            return value
        try:
            return Scope.parse(str(value))
        except IocError as error:
            self.fail(f"{error}. {error.hint}", param, ctx)


def known_place(settings: Settings, scope: Scope) -> None:
    """Refuse a scope whose facility or site the registry does not have; ``_self`` is this machine's own."""
    if not scope.facility or scope.facility.startswith("_"):
        return
    catalogue, _ = read_catalogue(settings.config_dir)
    registry, faults = read_registry(settings.config_dir, catalogue)
    facility = registry.facility(scope.facility)
    if facility is None:
        if faults:
            return  # the registry itself cannot be read whole: `ioc check` says why
        raise _unknown("facility", scope.facility, list(registry.facilities))
    if scope.site and scope.site not in facility.sites:
        raise _unknown("site", scope.site, list(facility.sites), f" of {facility.code}")


def _unknown(what: str, word: str, words: list[str], of: str = "") -> click.BadParameter:
    close = nearest(word, words)
    hint = f"Did you mean {close}?" if close else f"There are {', '.join(words)}."
    return click.BadParameter(f"there is no {what} {word!r}{of}. {hint}", param_hint="'--scope'")
