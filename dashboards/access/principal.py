"""Finding out who is asking: a token in the header, else the session of the cookie."""

import ipaddress
from collections.abc import Callable

from flask import g, request, session

from dashboards.access.session import OurSession
from dashboards.services import services
from ioc.access import Principal


def bearer() -> str | None:
    """The token of the Authorization header, empty where the header is not one of ours; None without a header."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def current_principal() -> Principal | None:
    """Who is asking; None for nobody. A header that does not fit is nobody, whatever the cookie says."""
    if "principal" not in g:
        g.principal = _find()
    found: Principal | None = g.principal
    return found


def _find() -> Principal | None:
    text = bearer()
    if text is None:
        return session.principal if isinstance(session, OurSession) else None
    tokens = services().tokens
    token = tokens.find(text) if text else None
    if token is None:
        return None
    if tokens.used(token):
        services().in_background(tokens.mark_used, token)
    return token.principal


def watch() -> Callable[[], Principal | None]:
    """A question for later, without a request: who is asking now, as the database says then. Streams outlive
    many changes of rights."""
    text, ours = bearer(), _ours()
    tokens, sessions = services().tokens, services().sessions
    key = ours.key if ours is not None and text is None else None

    def look() -> Principal | None:
        found = tokens.find(text) if text else sessions.find(key) if key else None
        return found.principal if found else None

    return look


def client_address() -> str:
    """Whose request this is, for limits: a proxy of this machine, or one that is set, says for whom it asks."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if forwarded and (is_loopback(request.remote_addr) or _is_proxy(request.remote_addr)):
        return forwarded.rpartition(",")[2].strip()
    return request.remote_addr or "unknown"


def asked_here() -> bool:
    """Whether a program of this machine asks for itself, and not a proxy for somebody elsewhere."""
    for_others = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Forwarded-Host", "Via")
    return is_loopback(request.remote_addr) and not any(name in request.headers for name in for_others)


def is_loopback(address: str | None) -> bool:
    """Whether an address is this machine's own."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return bool((getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback)


def _is_proxy(address: str | None) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return any(parsed in network for network in services().settings.web.proxies)


def _ours() -> OurSession | None:
    # ``session`` is a proxy: isinstance looks through it, and its object outlives the request
    return session if isinstance(session, OurSession) else None
