"""Roles, what each may do, and the part of the world that a principal may see."""

import re
from dataclasses import dataclass
from enum import StrEnum

from ioc.catalogue import nearest
from ioc.errors import IocError


class Role(StrEnum):
    """From the least to the most: each may do what the former may, and more."""

    SCREEN = "screen"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ONCALL = "oncall"
    STEWARD = "steward"
    ADMIN = "admin"

    @classmethod
    def named(cls, text: str) -> "Role":
        """The role of this name; an IocError that names the nearest one otherwise."""
        try:
            return cls(text)
        except ValueError:
            close = nearest(text, list(cls))
            meant = f"Did you mean {close}? " if close else ""
            raise IocError(f"there is no role {text!r}", f"{meant}The roles are {', '.join(cls)}.") from None

    @property
    def rank(self) -> int:
        """Its place in the order of roles."""
        return list(Role).index(self)


# Every action that a view may ask for, with the least role that may do it.
ACTIONS: dict[str, Role] = {
    "board": Role.SCREEN,
    "history": Role.VIEWER,
    "sources": Role.VIEWER,
    "definitions": Role.VIEWER,
    "metrics": Role.VIEWER,
    "alerts": Role.VIEWER,
    "quality": Role.VIEWER,  # what is wrong with what a hospital sends
    "acknowledge": Role.OPERATOR,
    "stamp": Role.OPERATOR,  # a job that says what it did
    "close": Role.ONCALL,
    "quarantine": Role.STEWARD,
    "registry": Role.STEWARD,  # take places into it
    "admin": Role.ADMIN,
}

_CODE = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_SCOPE = re.compile(rf"\*|facility:(?P<facility>{_CODE})(?:/site:(?P<site>{_CODE}))?", flags=re.ASCII)


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything (both empty), one facility, or one of its sites."""

    facility: str = ""
    site: str = ""

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """``*``, ``facility:CODE`` or ``facility:CODE/site:CODE``; raises IocError for anything else."""
        match = _SCOPE.fullmatch(text)
        if match is None:
            raise IocError(f"{text!r} is not a scope", "Write *, facility:CODE or facility:CODE/site:CODE.")
        return cls(match["facility"] or "", match["site"] or "")

    def __str__(self) -> str:
        if not self.facility:
            return "*"
        return f"facility:{self.facility}" + (f"/site:{self.site}" if self.site else "")

    def covers(self, facility: str, site: str = "") -> bool:
        """Whether all of this facility, or of this site of it, lies within; the empty facility is everything."""
        if not self.facility:
            return True
        return facility == self.facility and (not self.site or site == self.site)

    def narrow(self, facility: str = "", site: str = "") -> tuple[str, str] | None:
        """What of the asked facility and site lies within; None where nothing does."""
        if self.facility and facility and facility != self.facility:
            return None
        if self.site and site and site != self.site:
            return None
        return self.facility or facility, self.site or site


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, or something, whose right has been proved: ``id`` is ``user:3`` or ``token:7``."""

    id: str
    name: str
    role: Role
    scope: Scope

    def may(self, action: str) -> bool:
        """Whether the role includes the action, wherever that may be."""
        return self.role.rank >= ACTIONS[action].rank


def allowed(principal: Principal, action: str, facility: str = "", site: str = "") -> bool:
    """Whether the principal may do this there.

    Without a facility the question is whether it may do this at all: the caller then shows only what
    ``principal.scope`` covers. A facility without a site means all of its sites. An unknown action is a KeyError:
    a view that asks for one is wrong and must not be served to anybody.
    """
    if not principal.may(action):
        return False
    return not facility or principal.scope.covers(facility, site)
