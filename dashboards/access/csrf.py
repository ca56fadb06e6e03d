"""Requests that change something have to come from our own pages, or carry a token of the API."""

from flask import Flask, request
from flask_wtf import CSRFProtect

from dashboards.access.principal import bearer, current_principal

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Check every unsafe request; a browser sends no Authorization header by itself, so those need none."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # as long as the session
    csrf.init_app(app)
    app.before_request(_check)


def _check() -> None:
    if request.method in SAFE or request.endpoint is None or bearer() is not None:
        return
    if request.path.startswith("/api/") and current_principal() is None:
        return  # authorise answers that nobody is logged in
    csrf.protect()
