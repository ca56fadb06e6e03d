"""openapi.json: the table of routes as programs read it."""

import re
from collections.abc import Iterable
from typing import Protocol

from dashboards.api.schemas import (
    ALERT_STATES,
    INTEGER,
    LEVELS,
    QUARANTINE_STATES,
    SCHEMAS,
    STRING,
    TRUTH,
    Json,
    words_of,
)
from ioc.access import ACTIONS
from ioc.domain import State
from ioc.errors import Reason
from ioc.timeseries import How


class Described(Protocol):
    """What the description needs to know of an operation."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def takes(self) -> tuple[str, ...]: ...
    @property
    def body(self) -> str: ...


_TIME_NOTE = "RFC 3339 (write + as %2B), `now`, or back from now such as `-24h`"
_QUERY: dict[str, tuple[str, Json]] = {
    "metric": ("Code of the catalogue", STRING),
    "facility": ("Code of a facility", STRING),
    "site": ("Code of one of its sites", STRING),
    "ward": ("Code of a ward; without it a figure of the census is that of the facility or site", STRING),
    "province": ("Code of a province, for its own figures of the census", STRING),
    "device": ("Code of a device", STRING),
    "source": ("Name of a source", STRING),
    "state": ("Only values in this state", words_of(State)),
    "limit": ("Items of one page", INTEGER),
    "cursor": ("`next` of the page before", STRING),
    "start": (f"Begin, included: {_TIME_NOTE}. A day before `stop` where it is not given", STRING),
    "stop": (f"End, excluded: {_TIME_NOTE}. Now where it is not given", STRING),
    "at": (f"The moment asked for: {_TIME_NOTE}. Now where it is not given; never in the future", STRING),
    "every": ("`raw` for the values as they came, or the length of a window: `5m`, `1h`, `1d`", STRING),
    "how": ("How the values of a window become one; as the metric adds up where it is not given", words_of(How)),
    "by": ("Tags to group by, with commas; each series by itself where it is not given", STRING),
    "format": ("Form of the answer", words_of(("json", "csv"))),
    "view": ("Page whose parts are wanted instead of values, with its facility, site and lang", STRING),
    "reason": ("Only inputs refused for this reason", words_of(Reason)),
    "quarantine_state": ("Only items in this state; open where it is not given", words_of(QUARANTINE_STATES)),
    "alert_status": ("Only those that are open (as where it is not given) or resolved, or all", words_of(ALERT_STATES)),
    "level": ("Only those of this level or a higher one", words_of(LEVELS)),
    "unowned": ('Only those of which somebody has to say "mine", and nobody has', TRUTH),
    "name": ("Only the source of this name", STRING),
}
_NAMES = {"quarantine_state": "state", "alert_status": "status", "place": "facility"}
_IN_PATH = {"number": INTEGER, "incident": STRING, "place": STRING, "job": STRING}
_TEXTS = {
    "400": "A parameter cannot be understood",
    "401": "Nobody is logged in, or the token does not open",
    "403": "The role or scope does not include this",
}


def document(operations: Iterable[Described]) -> Json:
    """The OpenAPI 3.1 description of these operations, of /healthz and of /metrics."""
    paths: dict[str, Json] = {}
    for operation in operations:
        path = "/api/v1" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    health = {"200": {"description": "All parts work"}, "503": {"description": "One does not: `checks` says which"}}
    paths["/healthz"] = {"get": {"summary": "Whether the centre works", "security": [], "responses": health}}
    paths["/metrics"] = {
        "get": {
            "summary": "Counters in Prometheus' text format; open to this machine",
            "responses": {"200": {"description": "Text", "content": {"text/plain": {"schema": STRING}}}},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hospital operations centre", "version": "1"},
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`ioc token create` makes one"},
                "session": {"type": "apiKey", "in": "cookie", "name": "ioc_session"},
            },
        },
    }


def _operation(operation: Described) -> Json:
    least = ACTIONS[operation.action]
    responses = {status: _failure(text) for status, text in _TEXTS.items()}
    if not _IN_PATH.keys().isdisjoint(operation.takes):
        responses["404"] = _failure("There is no such item")
        if operation.method != "GET":
            responses["409"] = _failure("It has been dealt with already, or there is one too many")
    described: Json = {
        "summary": operation.summary,
        "description": f"For the role `{least}` and those above it, within their scope.",
        "parameters": [_parameter(name) for name in operation.takes],
    }
    if operation.body:
        responses["422"] = _failure("A reason is needed, or the text is too long")
        described["requestBody"] = {"content": {"application/json": {"schema": _schema(operation.body)}}}
    return described | {"responses": _success(operation.answer) | responses}


def _parameter(name: str) -> Json:
    if name in _IN_PATH:
        return {"name": _NAMES.get(name, name), "in": "path", "required": True, "schema": _IN_PATH[name]}
    if name == "Last-Event-ID":
        return {"name": name, "in": "header", "description": "Go on after this event", "schema": STRING}
    text, schema = _QUERY[name]
    return {"name": _NAMES.get(name, name), "in": "query", "description": text, "schema": schema}


def _success(answer: str) -> Json:
    if answer == "Nothing":
        return {"204": {"description": "Done"}}
    if answer == "Events":
        return {"200": {"description": "Events", "content": {"text/event-stream": {"schema": STRING}}}}
    content: Json = {"application/json": {"schema": _schema(answer)}}
    if answer == "SeriesList":
        content["text/csv"] = {"schema": STRING}
    return {"202" if answer == "Resent" else "200": {"description": answer, "content": content}}


def _failure(text: str) -> Json:
    return {
        "description": text,
        "content": {"application/json": {"schema": _schema("Error")}},
    }


def _schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
