"""Server-sent events: their text, and what stands in each."""

from collections.abc import Mapping
from typing import Any

import orjson

from dashboards.live.view import Payload
from ioc.domain import MILLISECOND, SECOND, parse_rfc3339, rfc3339


def event(name: str, data: Mapping[str, Any], number: str = "") -> bytes:
    """One event of the stream."""
    head = f"id: {number}\nevent: {name}\ndata: " if number else f"event: {name}\ndata: "
    return head.encode() + orjson.dumps(data) + b"\n\n"


def times(now_ns: int) -> dict[str, Any]:
    """The server's time, in every event: the browser reckons ages in it."""
    now_ms = now_ns // MILLISECOND
    return {"now": rfc3339(now_ms * MILLISECOND), "now_ms": now_ms}


def content(parts: Mapping[str, Payload], change: int, now_ns: int) -> dict[str, Any]:
    """What a snapshot or delta says: the parts of a page, or the values of an API stream."""
    body: dict[str, Any] = {"change": change, **times(now_ns)}
    pages = {name: payload for name, payload in parts.items() if isinstance(payload, str)}
    if pages:
        body["parts"] = pages
    else:
        body["values"] = [
            _aged(value, now_ns) for payload in parts.values() if not isinstance(payload, str) for value in payload
        ]
    return body


def _aged(value: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
    """The value with its age at this moment: what was rendered earlier is older now."""
    as_of = value.get("as_of")
    age = None if as_of is None else max(0, round((now_ns - parse_rfc3339(as_of)) / SECOND, 3))
    return {**value, "age_s": age}
