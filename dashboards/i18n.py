"""The language of a page: ``?lang=`` (kept in a cookie), else the cookie, else the setting."""

from flask import Flask, Response, has_request_context, request
from flask_babel import Babel

from dashboards.services import services
from ioc.catalogue import LANGUAGES

COOKIE = "lang"
YEAR_S = 365 * 24 * 3600

babel = Babel()


def init_app(app: Flask, language: str, timezone: str) -> None:
    """Set up translations, in ``dashboards/translations``."""
    babel.init_app(
        app,
        default_locale=language,
        default_timezone=timezone,
        default_translation_directories="translations",
        locale_selector=current_language,
    )
    app.after_request(_remember)


def current_language() -> str:
    """``vi``, ``en`` or ``fr``, for this request."""
    if has_request_context():
        for asked in (request.args.get("lang"), request.cookies.get(COOKIE)):
            if asked in LANGUAGES:
                return asked
    return services().settings.language


def _remember(response: Response) -> Response:
    asked = request.args.get("lang")
    keep = asked in LANGUAGES and asked != request.cookies.get(COOKIE) and not request.path.startswith("/api/")
    if asked is not None and keep:
        response.set_cookie(COOKIE, asked, max_age=YEAR_S, samesite="Lax", secure=request.is_secure, httponly=True)
    return response
