"""openapi.json: the table of routes as programs read it."""

import re
from collections.abc import Iterable
from typing import Any, Protocol

from ioc.access import ACTIONS
from ioc.domain import Quality, State
from ioc.errors import Reason
from ioc.timeseries import How

Json = dict[str, Any]

QUARANTINE_STATES = ("open", "resent", "discarded")


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


STRING: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
INTEGER: Json = {"type": "integer"}
TRUTH: Json = {"type": "boolean"}
TIME: Json = {"type": "string", "format": "date-time"}
TAGS: Json = {"type": "object", "additionalProperties": STRING}


def _or_null(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def _words(words: Iterable[str]) -> Json:
    return {"type": "string", "enum": list(words)}


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list_of(schema: str) -> Json:
    return _object(items={"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}, next=_or_null(STRING))


SCHEMAS: dict[str, Json] = {
    "Error": _object(error=_object(code=STRING, message=STRING, hint=STRING)),
    "Value": _object(
        metric=STRING,
        tags=TAGS,
        value=_or_null(NUMBER),
        unit=STRING,
        as_of=_or_null(TIME),
        age_s=_or_null(NUMBER),
        state=_words(State),
        quality=_or_null(STRING),
        source=_or_null(STRING),
        n=INTEGER,
        m=INTEGER,
    ),
    "Values": _list_of("Value"),
    "Series": _object(
        metric=STRING,
        tags=TAGS,
        unit=STRING,
        how=_words(How),
        quality=_words(Quality),
        points={
            "type": "array",
            "items": {"type": "array", "prefixItems": [TIME, _or_null(NUMBER)], "minItems": 2, "maxItems": 2},
        },
    ),
    "SeriesList": _list_of("Series"),
    "Item": _object(
        id=INTEGER,
        state=_words(QUARANTINE_STATES),
        source=STRING,
        topic=STRING,
        facility=STRING,
        reason=_words(Reason),
        detail=STRING,
        received_at=TIME,
        last_at=TIME,
        count=INTEGER,
        size=INTEGER,
        truncated=TRUTH,
        resend_requested_at=_or_null(TIME),
        closed_at=_or_null(TIME),
        closed_by=STRING,
    ),
    "Quarantine": _list_of("Item"),
    "Resent": _object(id=INTEGER, state=_words(("resend_requested",))),
    "Source": _object(
        name=STRING,
        kind=STRING,
        connected=TRUTH,
        alive=TRUTH,
        last_message_at=_or_null(TIME),
        received=INTEGER,
        accepted=INTEGER,
        quarantined={"type": "object", "additionalProperties": INTEGER},
        ignored=INTEGER,
        gaps=INTEGER,
        backlog=INTEGER,
        error=STRING,
        updated_at=TIME,
    ),
    "Sources": _list_of("Source"),
    "Description": {"type": "object"},
}

_TIME_NOTE = "RFC 3339 (write + as %2B), `now`, or back from now such as `-24h`"
_QUERY: dict[str, tuple[str, Json]] = {
    "metric": ("Code of the catalogue", STRING),
    "facility": ("Code of a facility", STRING),
    "site": ("Code of one of its sites", STRING),
    "device": ("Code of a device", STRING),
    "source": ("Name of a source", STRING),
    "state": ("Only values in this state", _words(State)),
    "limit": ("Items of one page", INTEGER),
    "cursor": ("`next` of the page before", STRING),
    "start": (f"Begin, included: {_TIME_NOTE}. A day before `stop` where it is not given", STRING),
    "stop": (f"End, excluded: {_TIME_NOTE}. Now where it is not given", STRING),
    "every": ("`raw` for the values as they came, or the length of a window: `5m`, `1h`, `1d`", STRING),
    "how": ("How the values of a window become one; as the metric adds up where it is not given", _words(How)),
    "by": ("Tags to group by, with commas; each series by itself where it is not given", STRING),
    "format": ("Form of the answer", _words(("json", "csv"))),
    "view": ("Page whose parts are wanted instead of values, with its facility, site and lang", STRING),
    "reason": ("Only inputs refused for this reason", _words(Reason)),
    "quarantine_state": ("Only items in this state; open where it is not given", _words(QUARANTINE_STATES)),
    "name": ("Only the source of this name", STRING),
}
_NAMES = {"quarantine_state": "state"}
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
    if "number" in operation.takes:
        responses |= {"404": _failure("There is no such item"), "409": _failure("It has been dealt with already")}
    return {
        "summary": operation.summary,
        "description": f"For the role `{least}` and those above it, within their scope.",
        "parameters": [_parameter(name) for name in operation.takes],
        "responses": _success(operation.answer) | responses,
    }


def _parameter(name: str) -> Json:
    if name == "number":
        return {"name": name, "in": "path", "required": True, "schema": INTEGER}
    if name == "Last-Event-ID":
        return {"name": name, "in": "header", "description": "Go on after this event", "schema": STRING}
    text, schema = _QUERY[name]
    return {"name": _NAMES.get(name, name), "in": "query", "description": text, "schema": schema}


def _success(answer: str) -> Json:
    if answer == "Nothing":
        return {"204": {"description": "Done"}}
    if answer == "Events":
        return {"200": {"description": "Events", "content": {"text/event-stream": {"schema": STRING}}}}
    content: Json = {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}}
    if answer == "SeriesList":
        content["text/csv"] = {"schema": STRING}
    return {"202" if answer == "Resent" else "200": {"description": answer, "content": content}}


def _failure(text: str) -> Json:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
