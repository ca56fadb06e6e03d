"""The forms of what the API takes and gives, as JSON Schema."""

from collections.abc import Iterable
from typing import Any

from alerts import Happened
from ioc.census import Effective
from ioc.domain import BedStatus, Quality, State
from ioc.errors import Reason
from ioc.timeseries import How

Json = dict[str, Any]

QUARANTINE_STATES = ("open", "resent", "discarded")
ALERT_STATES = ("open", "resolved", "all")
LEVELS = ("warning", "critical")

STRING: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
INTEGER: Json = {"type": "integer"}
TRUTH: Json = {"type": "boolean"}
TIME: Json = {"type": "string", "format": "date-time"}
TAGS: Json = {"type": "object", "additionalProperties": STRING}


def or_null(schema: Json) -> Json:
    """This, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def words_of(words: Iterable[str]) -> Json:
    """One of these words."""
    return {"type": "string", "enum": list(words)}


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _some(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(name: str, **more: Json) -> Json:
    return _object(items=_some(_ref(name)), next=or_null(STRING), **more)


def _with(schema: Json, **properties: Json) -> Json:
    """The same with properties that need not be there."""
    return {**schema, "properties": schema["properties"] | properties}


def _optional(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


_VALUE = _object(
    metric=STRING,
    tags=TAGS,
    value=or_null(NUMBER),
    unit=STRING,
    as_of=or_null(TIME),
    age_s=or_null(NUMBER),
    state=words_of(State),
    quality=or_null(STRING),
    source=or_null(STRING),
    n=INTEGER,
    m=INTEGER,
)
_LIMIT = _object(level=words_of(LEVELS), op=STRING, limit=NUMBER)
_ALERT: dict[str, Json] = {
    "id": STRING,
    "rule": STRING,
    "title": STRING,
    "labels": TAGS,
    "facility": STRING,
    "site": STRING,
    "metric": STRING,
    "series": STRING,
    "level": words_of(LEVELS),
    "status": words_of(("firing", "missing", "resolved")),
    "value": or_null(NUMBER),
    "unit": STRING,
    "quality": words_of(Quality),
    "limit": or_null(NUMBER),
    "limits": _some(_LIMIT),
    "silent": INTEGER,
    "opened_at": TIME,
    "noticed_at": TIME,
    "event_time": TIME,
    "age_s": NUMBER,
    "missing_since": or_null(TIME),
    "resolved_at": or_null(TIME),
    "why": STRING,
    "needs_owner": TRUTH,
    "unowned": TRUTH,
    "acked_by": or_null(STRING),
    "acked_at": or_null(TIME),
    "ack_until": or_null(TIME),
    "ack_reason": STRING,
    "owner": STRING,
    "notify": STRING,
    "not_reached": _some(_object(whom=STRING, channel=STRING, why=STRING, error=STRING)),
    "url": STRING,
    "history_url": STRING,
}


_BED = _object(
    room=STRING,
    bed=STRING,
    kind=STRING,
    confirmed=TRUTH,
    patients=INTEGER,
    reported={"type": ["string", "null"], "enum": [*BedStatus, None]},
    effective=words_of(Effective),
    inferred=TRUTH,
    since=or_null(TIME),
)
_WARD = _object(
    ward=STRING,
    title=STRING,
    site=STRING,
    department=STRING,
    confirmed=TRUTH,
    patients=INTEGER,
    beds_occupied=INTEGER,
    shared=INTEGER,
    planned=INTEGER,
    actual=INTEGER,
    staffed=INTEGER,
    available=INTEGER,
    without_bed=INTEGER,
    beds=_some(_BED),
)
_BALANCE = _object(
    start=INTEGER,
    admitted=INTEGER,
    transferred_in=INTEGER,
    transferred_out=INTEGER,
    discharged=INTEGER,
    died=INTEGER,
    corrected=INTEGER,
    end=INTEGER,
)

SCHEMAS: dict[str, Json] = {
    "Error": _object(error=_object(code=STRING, message=STRING, hint=STRING)),
    "Value": _with(_VALUE, level=words_of(LEVELS)),
    "Values": _list_of("Value"),
    "Census": _object(
        facility=STRING,
        at=TIME,
        as_of=or_null(TIME),
        state=words_of(State),
        quality=words_of(Quality),
        wards=_some(_WARD),
        balance={"type": "object", "additionalProperties": _BALANCE},
        emergency=_object(patients=INTEGER, arrivals_1h=INTEGER),
        expected=INTEGER,
    ),
    "Series": _with(
        _object(
            metric=STRING,
            tags=TAGS,
            unit=STRING,
            how=words_of(How),
            quality=words_of(Quality),
            points=_some({"type": "array", "prefixItems": [TIME, or_null(NUMBER)], "minItems": 2, "maxItems": 2}),
        ),
        error=NUMBER,
    ),
    "SeriesList": _list_of("Series"),
    "Item": _object(
        id=INTEGER,
        state=words_of(QUARANTINE_STATES),
        source=STRING,
        topic=STRING,
        facility=STRING,
        reason=words_of(Reason),
        detail=STRING,
        received_at=TIME,
        last_at=TIME,
        count=INTEGER,
        size=INTEGER,
        truncated=TRUTH,
        resend_requested_at=or_null(TIME),
        closed_at=or_null(TIME),
        closed_by=STRING,
    ),
    "Quarantine": _list_of("Item"),
    "Resent": _object(id=INTEGER, state=words_of(("resend_requested",))),
    "Source": _object(
        name=STRING,
        kind=STRING,
        connected=TRUTH,
        alive=TRUTH,
        last_message_at=or_null(TIME),
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
    "Alert": _object(**_ALERT),
    "Alerts": _list_of("Alert"),
    "AlertDetail": _object(
        **_ALERT,
        titles=TAGS,
        runbook=_object(path=STRING, steps=_some(STRING), source=STRING),
        ack=_object(longest_s=NUMBER, reason=TRUTH),
        timeline=_some(
            _object(
                seq=INTEGER,
                kind=words_of(Happened),
                level=STRING,
                value=or_null(NUMBER),
                limit=or_null(NUMBER),
                quality=words_of(Quality),
                event_time=TIME,
                at=TIME,
                who=STRING,
                text=STRING,
            )
        ),
        deliveries=_some(
            _object(
                dedup_key=STRING,
                status=STRING,
                level=words_of(LEVELS),
                person=STRING,
                channel=STRING,
                state=words_of(("due", "sent", "given_up")),
                created_at=TIME,
                due_at=or_null(TIME),
                done_at=or_null(TIME),
                error=STRING,
                attempts=_some(
                    _object(number=INTEGER, began_at=TIME, ended_at=TIME, outcome=STRING, detail=STRING),
                ),
            )
        ),
    ),
    "Rule": {"type": "object"},
    "Rules": _list_of(
        "Rule", digest=STRING, loaded_at=or_null(TIME), refused_at=or_null(TIME), faults=_some({"type": "object"})
    ),
    "Acknowledgement": _optional(reason=STRING, minutes=INTEGER, expires=STRING),
    "Note": _object(text=STRING),
    "Closing": _object(reason=STRING),
    "BackupSaid": _optional(what=words_of(("backup", "restore")), at=TIME),
    "BackupStamp": _object(facility=STRING, job=STRING, backup_at=or_null(TIME), restore_at=or_null(TIME)),
    "Description": {"type": "object"},
}
