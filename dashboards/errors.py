"""Every error is a designed page or ``{error: {code, message, hint}}``; none shows what lies behind."""

import logging

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from jinja2 import TemplateError
from markupsafe import escape
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from ioc.errors import IocError, MisconfiguredError, RetryError

_log = logging.getLogger(__name__)

_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
}
SET_UP = "misconfigured"  # the code of what whoever runs the centre has to mend


class ProblemError(Exception):
    """What a view raises to answer with an error: ``code`` for programs, ``message`` and ``hint`` for people."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers: dict[str, str] = {}


def bad_request(where: str, what: str, hint: str = "") -> ProblemError:
    """A parameter that cannot be understood: where it stands, what is wrong, and how to mend it."""
    return ProblemError(400, "bad_parameter", f"{where}: {what}", hint)


def not_found(what: str, hint: str = "") -> ProblemError:
    """Nothing of that name."""
    return ProblemError(404, "not_found", what, hint)


def speaks_json() -> bool:
    """Whether who asked is a program: then errors are JSON."""
    if request.path.startswith("/api/") or request.path in {"/healthz", "/metrics"}:
        return True
    kinds = request.accept_mimetypes
    if _has_key():
        return kinds["application/json"] >= kinds["text/html"]
    return kinds["application/json"] > kinds["text/html"]


def _has_key() -> bool:
    """Whether a key came with the request itself: no browser sends one, and a login form helps no program."""
    return "Authorization" in request.headers


def init_app(app: Flask) -> None:
    """Answer every error of this application."""
    app.register_error_handler(ProblemError, _problem)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    for kind in (OperationalError, InternalError, PoolTimeoutError):
        app.register_error_handler(kind, _database)
    app.register_error_handler(IocError, _ours)
    app.register_error_handler(Exception, _unexpected)


def _problem(problem: ProblemError) -> BaseResponse:
    if problem.status == 401 and request.method == "GET" and not speaks_json() and not _has_key():
        here = request.full_path.rstrip("?")
        return redirect(url_for("access.login", next=here if here != "/" else None))
    return answer(problem)


def _http(error: HTTPException) -> BaseResponse:
    if isinstance(error.response, BaseResponse):  # one that was made on purpose, such as a redirect
        return error.response
    status = error.code or 500
    if status < 400:
        return BaseResponse(response=error.get_response(request.environ).response, status=status)
    problem = ProblemError(status, _CODES.get(status, f"http_{status}"), error.description or error.name)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        problem.hint = f"Use {', '.join(sorted(error.valid_methods))}."
        problem.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    elif status == 404:
        problem.message, problem.hint = f"there is nothing at {request.path}", "See /api/v1/openapi.json."
    return answer(problem)


def _csrf(error: CSRFError) -> BaseResponse:
    hint = "Load the page again; a program sends a token as Authorization: Bearer."
    return answer(ProblemError(400, "csrf", error.description or "the form is too old", hint))


def _database(error: SQLAlchemyError) -> BaseResponse:
    _log.warning("the database does not answer: %s", getattr(error, "orig", error))
    problem = ProblemError(503, "database_busy", "the database does not answer", "Try again in a few seconds.")
    problem.headers["Retry-After"] = "5"
    return answer(problem)


def _ours(error: IocError) -> BaseResponse:
    if isinstance(error, MisconfiguredError):  # it stays so until somebody mends it: nobody is told to try again
        _log.error("%s %s: %s %s", request.method, request.path, error, error.hint)
        return answer(ProblemError(503, SET_UP, str(error), error.hint))
    if isinstance(error, RetryError):
        _log.warning("%s %s: %s %s", request.method, request.path, error, error.hint)
        return answer(ProblemError(503, "unavailable", str(error), error.hint))
    return answer(ProblemError(400, "rejected", str(error), error.hint))


def _unexpected(error: Exception) -> BaseResponse:
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return answer(ProblemError(500, "internal", "something went wrong in the server", "The server's log says what."))


def answer(problem: ProblemError) -> Response:
    """The response: JSON for programs, a page for people, and plain HTML when even the page fails."""
    if speaks_json():
        error = {"code": problem.code, "message": problem.message, "hint": problem.hint}
        response = jsonify({"error": error})
    else:
        title, message = _for_people(problem)
        try:
            page = render_template("error.html", code=problem.status, title=title, message=message, problem=problem)
        except (TemplateError, OSError, LookupError):
            _log.exception("the error page itself fails")
            page = f"<!doctype html><title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(message)}"
        response = make_response(page)
    response.status_code = problem.status
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def _for_people(problem: ProblemError) -> tuple[str, str]:
    if problem.code == "csrf":
        return _("The page is too old"), _("Load it again and repeat what you did.")
    texts = {
        400: (_("That cannot be read"), _("Something in the address or the form is not as it should be.")),
        401: (_("Please log in"), _("This page is for people who are logged in.")),
        403: (_("Not for this account"), _("Your role or your facility does not include this page.")),
        404: (_("Nothing here"), _("There is no such page, or it has moved.")),
        429: (_("Too many attempts"), _("Wait a little, then try again.")),
        503: (_("Not available right now"), _("A part of the centre does not answer. Try again in a few seconds.")),
    }
    fallback = (
        _("Something went wrong"),
        _("The fault is on our side and has been written to the log. Nothing that was received is lost."),
    )
    if problem.code == SET_UP:
        return fallback
    return texts.get(problem.status) or (texts[400] if problem.status < 500 else fallback)
