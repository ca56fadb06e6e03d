"""What every template can call: static addresses with their version, texts of the catalogue, ages and dates."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Flask, Response, g, request, url_for
from flask_babel import get_locale

from dashboards import format as fmt
from dashboards.access.principal import current_principal
from dashboards.assets import version_of
from dashboards.reckon import Lens
from dashboards.services import services
from ioc.access import Principal
from ioc.catalogue import LANGUAGES, Text
from ioc.domain import MILLISECOND
from ioc.registry import Device

YEAR_S = 365 * 24 * 3600


def language() -> str:
    """The language of what is being rendered: the request's, or the one the hub renders in."""
    locale = get_locale()
    return locale.language if locale else services().settings.language


def now_ns() -> int:
    """One moment for the whole of a page."""
    if "now_ns" not in g:
        g.now_ns = services().clock.now_ns()
    now: int = g.now_ns
    return now


def lens(facility: str, site: str = "") -> Lens:
    """The present of a facility or site, for this request."""
    own = services()
    return own.lens(own.present(), facility, site, language(), now_ns())


def say(text: Text) -> str:
    """A text of the catalogue or registry in the language of the page."""
    return text.in_(language())


def named(device: Device) -> str:
    """The title of a device, with its code where the title does not hold it."""
    title = say(device.title)
    return title if device.code.lower() in title.lower() else f"{title} {device.code}"


def static(name: str) -> str:
    """The address of a static file, which changes with what is in it."""
    return url_for("static", filename=name, v=version_of(name))


def address(endpoint: str, values: Mapping[str, object]) -> str:
    """The address of a page with these parameters; empty ones are left out."""
    query: dict[str, Any] = {name: value for name, value in values.items() if value not in ("", None)}
    return url_for(endpoint, **query)


def ago(ns: int) -> str:
    """How long ago, in words."""
    return fmt.ago(ns, now_ns(), language(), services().settings.timezone)


def moment(ns: int) -> str:
    """Time and date."""
    return fmt.moment(ns, language(), services().settings.timezone)


def ms(ns: int) -> int:
    """Milliseconds, rounded up: a state must not turn before its time."""
    return -(-ns // MILLISECOND)


def number(value: float, decimals: int = 0) -> str:
    """A number in the language of the page."""
    return fmt.number(value, decimals, language())


def span(ns: int) -> str:
    """A length of time, short."""
    return fmt.span(ns, language())


def colon() -> str:
    """The colon of the language: French sets a space before it."""
    return f"{fmt.NBSP}:" if language() == "fr" else ":"


def with_language(code: str) -> str:
    """This page in another language."""
    asked = {name: value for name, value in request.args.items() if not name.startswith("_") and name != "endpoint"}
    return url_for(request.endpoint or "home.index", **asked | (request.view_args or {}) | {"lang": code})


def patterns() -> str:
    """How ages are written, for the browser."""
    return orjson.dumps(fmt.age_patterns(language())).decode()


def _common() -> dict[str, object]:
    principal = _principal()
    zone = services().settings.timezone
    return {
        "principal": principal,
        "language": language(),
        "languages": LANGUAGES,
        "zone": zone,
        "now": now_ns(),
        "clock_now": fmt.clock(now_ns(), zone),
        "date_now": fmt.weekday_date(now_ns(), language(), zone),
    }


def _principal() -> Principal | None:
    return current_principal() if request else None


def _cache(response: Response) -> Response:
    """What carries its version in its address never changes; fonts are as good as that."""
    if request.endpoint == "static" and response.status_code == 200:
        if "v" in request.args or request.path.endswith(".woff2"):
            response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        else:
            response.headers["Cache-Control"] = "no-cache"
    return response


def install(app: Flask) -> None:
    """Give the templates of this application what stands here."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        static=static,
        ago=ago,
        moment=moment,
        ms=ms,
        number=number,
        span=span,
        colon=colon,
        say=say,
        patterns=patterns,
        with_language=with_language,
    )
    app.context_processor(_common)
    app.after_request(_cache)
