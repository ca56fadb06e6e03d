"""Logging in and out, and the door of wall screens."""

import logging

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_wtf.csrf import generate_csrf
from gevent.lock import BoundedSemaphore
from werkzeug.wrappers import Response

from dashboards.access.principal import client_address, current_principal
from dashboards.access.session import OurSession
from dashboards.errors import ProblemError
from dashboards.services import services
from ioc.access import Role, User
from ioc.domain import SECOND

_log = logging.getLogger(__name__)

bp = Blueprint("access", __name__)
limiter = Limiter(client_address, storage_uri="memory://", headers_enabled=True)

# argon2 takes 64 MiB and a core: more at once would only make each slower, and the screens with them.
_HASHING = BoundedSemaphore(2)
NAME_MAX = 64


@bp.get("/login")
def login() -> Response | str:
    """The form."""
    if current_principal() is not None:
        return redirect(_next())
    return _form("")


@bp.post("/login")
@limiter.limit("10 per minute; 60 per hour")
def log_in() -> Response | tuple[str, int]:
    """Check name and password; slow by intent, slower with each failure."""
    name = request.form.get("username", "").strip().lower()[:NAME_MAX]
    password = request.form.get("password", "")
    slow_down = services().slow_down
    wait_ns = slow_down.wait_ns(name)
    if wait_ns:
        seconds = -(-wait_ns // SECOND)
        return _form(_("Too many attempts for this name. Try again in %(n)s s.", n=seconds)), 429
    user = _verify(name, password)
    if user is None:
        slow_down.failed(name)
        _log.warning("a login failed, from %s", client_address())
        return _form(_("Name or password do not fit.")), 401
    slow_down.succeeded(name)
    _session().log_in(services(), user, client_address())
    return redirect(_next())


@bp.post("/logout")
def logout() -> Response:
    """End this session."""
    _session().log_out(services())
    return redirect(url_for("access.login"))


@bp.get("/screen")
@limiter.limit("60 per minute")
def screen() -> Response:
    """Open a wall screen with its token: ``/screen?token=…&next=/wall/bv01``.

    The token becomes a session that lasts as long as the token, so that the screen comes back by itself and the
    token leaves the address bar.
    """
    text = request.args.get("token", "")
    token = services().tokens.find(text) if text else None
    if token is None or token.role is not Role.SCREEN:
        hint = "`ioc token create --role screen --scope facility:CODE` makes one."
        raise ProblemError(403, "bad_token", "this is not the token of a screen", hint)
    _session().log_in(services(), token, client_address())
    return redirect(_next())


def _verify(name: str, password: str) -> User | None:
    with _HASHING:
        return services().offload(services().users.verify, name, password)


def _session() -> OurSession:
    assert isinstance(session, OurSession)
    return session


def _form(error: str) -> str:
    generate_csrf()
    return render_template("login.html", error=error, next=request.values.get("next", ""))


def _next() -> str:
    """Where the visitor wanted to go: a path of ours, never another host."""
    target = request.values.get("next", "")
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if ours else "/"
