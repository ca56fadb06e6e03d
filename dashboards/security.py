"""Headers of every answer, and the content security policy: no inline script or style, nobody else's host."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import plotly
from flask import Flask, Response, g

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

_BASE = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# plotly.js makes <style> elements: an empty one that it fills through CSSOM, and MapLibre's, whose text is a literal.
_STYLE_TEXT = re.compile(
    r"""createElement\("style"\);?.{0,200}?\.textContent=(?P<quote>['"`])(?P<text>(?:[^\\]|\\.)*?)(?P=quote)""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "\n": ""}


def init_app(app: Flask) -> None:
    """Give every answer its headers."""
    app.after_request(_harden)


def use_csp(page: str) -> None:
    """Say in a view that its page needs the policy of ``page``: ``history`` is one that loads plotly.js."""
    g.csp = page


@cache
def csp_for(page: str = "page") -> str:
    """The policy of a kind of page: ``history`` allows what plotly.js needs, every other nothing but our own."""
    policy = dict(_BASE)
    if page == "history":
        policy["style-src"] = " ".join(["'self'", *plotly_style_hashes()])
        policy["img-src"] = "'self' data: blob:"
    return "; ".join(f"{name} {value}" for name, value in policy.items())


@cache
def plotly_style_hashes(script: Path = PLOTLY) -> tuple[str, ...]:
    """Hashes of the styles that the installed plotly.js makes; they change with its version."""
    source = script.read_text(encoding="utf-8")
    return tuple(_hash(text) for text in ("", *(_text(match) for match in _STYLE_TEXT.finditer(source))))


def _text(match: re.Match[str]) -> str:
    def unescape(escape: re.Match[str]) -> str:
        code = escape[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else _SIMPLE.get(code, code)

    return _ESCAPE.sub(unescape, match["text"])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", csp_for(g.get("csp", "page")))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if "Cache-Control" not in headers:  # static files bring their own
        headers["Cache-Control"] = "no-store"
    return response
