"""The one gate. No view decides by itself, and none by its path."""

from dashboards.access.principal import bearer, current_principal
from dashboards.errors import ProblemError
from ioc.access import Principal, allowed


def authorise(action: str, facility: str = "", site: str = "", *, everywhere: bool = False) -> Principal:
    """Go on only if whoever is asking may do ``action`` there; gives who it is.

    Without a facility the view shows only what the principal's ``scope`` covers, or says ``everywhere`` when it
    cannot tell facilities apart. A facility without a site means all its sites. Answers 401 to nobody, 403 to
    whoever may not; to who may not see a facility it does not tell whether there is one of that name.
    """
    principal = _known()
    if not allowed(principal, action, facility, site):
        raise _forbidden(principal, action)
    if everywhere and principal.scope.facility:
        raise _forbidden(principal, action)
    return principal


def narrowed(action: str, facility: str = "", site: str = "") -> tuple[Principal, str, str]:
    """As ``authorise``, for lists: gives the facility and site that the answer has to be restricted to."""
    principal = _known()
    within = principal.scope.narrow(facility, site)
    if within is None or not allowed(principal, action):
        raise _forbidden(principal, action)
    return principal, *within


def _known() -> Principal:
    principal = current_principal()
    if principal is not None:
        return principal
    if bearer() is not None:
        problem = ProblemError(
            401, "bad_token", "this token does not open", "It may be mistyped, revoked or past its end."
        )
    else:
        hint = "Send Authorization: Bearer TOKEN (`ioc token create` makes one), or log in."
        problem = ProblemError(401, "unauthenticated", "nobody is logged in", hint)
    problem.headers["WWW-Authenticate"] = "Bearer"
    raise problem


def _forbidden(principal: Principal, action: str) -> ProblemError:
    message = f"{principal.name} (role {principal.role}, scope {principal.scope}) may not do this"
    return ProblemError(403, "forbidden", message, f"It needs the right to {action!r} in this place.")
