"""Sessions of the browser. Who is logged in is a row on the server; the cookie holds a random id and no more.

A visitor who is not logged in needs a CSRF token only: that lies in a signed cookie, so that nobody fills the
database by asking for the login page.
"""

from typing import Any

from flask import Flask, Request, Response
from flask import request as current_request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

from dashboards.services import Services
from ioc.access import Principal, Session, Token, User

KEY_COOKIE = "ioc_session"


class OurSession(SecureCookieSession):
    """What flask calls ``session``. ``principal`` is who is logged in, ``key`` the id of the row."""

    key: str | None = None
    principal: Principal | None = None
    ends_ns: int | None = None  # set when the cookie has to be sent: a new session, or one that was prolonged
    lasting: bool = False  # a screen's: survives the end of the browser
    gone: bool = False  # the cookie is to be taken back

    def log_in(self, services: Services, owner: User | Token, address: str) -> None:
        """Start a session of this user or screen; what the visitor had before is dropped."""
        csrf = {name: value for name, value in self.items() if name == "csrf_token"}
        self.log_out(services)
        self.key, self.ends_ns = services.offload(services.sessions.open, owner, csrf, address)
        self.principal, self.gone = owner.principal, False
        self.lasting = isinstance(owner, Token)
        self.update(csrf)

    def log_out(self, services: Services) -> None:
        """End the session."""
        if self.key:
            services.offload(services.sessions.close, self.key)
        self.clear()
        self.key, self.principal, self.gone = None, None, True


class Interface(SecureCookieSessionInterface):
    """Opens and saves ``OurSession`` for flask."""

    session_class = OurSession

    def open_session(self, app: Flask, request: Request) -> OurSession:
        """The session of this request, from its row, else from the signed cookie."""
        key = request.cookies.get(KEY_COOKIE)
        found = _services(app).sessions.find(key) if key else None
        if key is None or found is None:
            visitor = super().open_session(app, request)
            ours = visitor if isinstance(visitor, OurSession) else OurSession()
            ours.gone = key is not None
            return ours
        ours = OurSession(found.data)
        ours.key, ours.principal, ours.lasting = key, found.principal, found.of_screen
        _prolong(_services(app), key, found)
        return ours

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookies that have changed; a logged-in session's data goes to its row."""
        if not isinstance(session, OurSession):
            return
        if session.gone:
            response.delete_cookie(KEY_COOKIE, path="/")
        if session.key is None:
            super().save_session(app, session, response)
            return
        services = _services(app)
        if session.ends_ns is not None:
            self._send_key(app, session, session.key, session.ends_ns, response)
        elif session.modified:
            services.offload(services.sessions.save, session.key, dict(session))

    def _send_key(self, app: Flask, session: OurSession, key: str, ends_ns: int, response: Response) -> None:
        left_s = (ends_ns - _services(app).clock.now_ns()) // 1_000_000_000
        cookie: dict[str, Any] = {"secure": self.get_cookie_secure(app), "httponly": True, "samesite": "Lax"}
        response.set_cookie(KEY_COOKIE, key, max_age=left_s if session.lasting else None, path="/", **cookie)
        response.delete_cookie(self.get_cookie_name(app), path="/")

    def get_cookie_secure(self, _app: Flask) -> bool:
        """Over https only, where the visitor came over https."""
        return current_request.is_secure


def _prolong(services: Services, key: str, found: Session) -> None:
    if services.sessions.ageing(found):
        services.in_background(services.sessions.prolong, key)


def _services(app: Flask) -> Services:
    found: Services = app.extensions["ioc"]
    return found
