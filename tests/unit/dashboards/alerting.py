"""Incidents as the scheduler would have written them, for tests of pages and API."""

from collections.abc import Mapping
from typing import Any

import orjson

from alerts.change import next_change
from alerts.tables import attempts, deliveries, events, incidents, rule_sets
from ioc.database import writing
from ioc.domain import MINUTE, SECOND

SERIES = "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"
TITLE = {"vi": "{device} {value:.1f} °C", "en": "{device} is at {value:.1f} °C", "fr": "{device} à {value:.1f} °C"}


def row_of(now_ns: int, **changes: Any) -> dict[str, Any]:
    """A critical incident of the fridge tl-01 in bv01 that opened ten minutes ago and that nobody has taken."""
    facility, site = changes.get("facility", "bv01"), changes.get("site", "cs1")
    device = changes.pop("device", "tl-01")
    labels = {"device": device, "facility": facility, "site": site}
    opened_ns = changes.get("opened_ns", now_ns - 10 * MINUTE)
    return {
        "id": "i0123456789abcde",
        "rule": "fridge-warm",
        "labels": text({name: label for name, label in sorted(labels.items()) if label}),
        "facility": facility,
        "site": site,
        "series": SERIES,
        "metric": "fridge.temp",
        "unit": "Cel",
        "title": text(TITLE),
        "limits": text([["warning", ">", 8.0], ["critical", ">", 10.0]]),
        "status": "firing",
        "level": "critical",
        "quality": "good",
        "value": 12.4,
        "silent": 0,
        "opened_ns": opened_ns,
        "opened_at_ns": opened_ns + SECOND,
        "event_ns": opened_ns,
        "needs_owner": 1,
        "notify": "cold-chain",
        "owner": "pharmacy",
        "runbook": text({"path": "runbooks/fridge.md", "steps": {"vi": ["Đóng cửa"], "en": ["Shut the door"]},
                         "source": {"vi": "WHO", "en": "WHO"}}),
        "ack_expires_ns": 30 * MINUTE,
        "ack_needs_reason": 0,
        "seq": 1,
        **changes,
    }  # fmt: skip


def raise_incident(web: Any, **changes: Any) -> str:
    """Write it with the event that opened it; gives its id."""
    now_ns = web.clock.now_ns()
    row = row_of(now_ns, **changes)
    with writing(web.services.engine) as connection:
        connection.execute(incidents.insert().values(**row, change=next_change(connection)))
        for seq in range(1, row["seq"] + 1):
            connection.execute(
                events.insert().values(
                    incident=row["id"], seq=seq, kind="firing", level=row["level"], value=row["value"], limit=10.0,
                    quality=row["quality"], event_ns=row["event_ns"], at_ns=row["opened_at_ns"],
                )
            )  # fmt: skip
    return str(row["id"])


def deliver(web: Any, incident: str, *, tries: int = 0, **changes: Any) -> int:
    """A message to one person that was tried so many times; gives its number."""
    now_ns = web.clock.now_ns()
    row = {
        "incident": incident, "dedup_key": f"{incident}-1", "status": "firing", "level": "critical", "person": "lan",
        "person_name": "Lan", "channel": "email", "message": "{}", "state": "due", "attempts": tries,
        "created_ns": now_ns, "due_ns": now_ns, **changes,
    }  # fmt: skip
    with writing(web.services.engine) as connection:
        number = connection.execute(deliveries.insert().values(**row)).inserted_primary_key[0]
        for each in range(1, tries + 1):
            connection.execute(
                attempts.insert().values(
                    delivery=number, number=each, began_ns=now_ns, ended_ns=now_ns + SECOND, outcome="failed",
                    detail="refused",
                )
            )  # fmt: skip
    return int(number)


def hold_rules(web: Any, document: list[Mapping[str, Any]], **changes: Any) -> None:
    """The rules in force."""
    row = {"id": 1, "digest": "d1", "loaded_at_ns": web.clock.now_ns(), "document": text(document), **changes}
    with writing(web.services.engine) as connection:
        connection.execute(rule_sets.insert().values(**row))


def text(content: object) -> str:
    return orjson.dumps(content).decode()
