"""The audit log: append-only, each entry's hash covers the hash of the one before it.

Whoever changes, drops or slips in an entry breaks the chain from there on, which ``verify_audit`` finds. The last
entries can still be cut off unseen: whoever must rule that out keeps the newest hash elsewhere.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from ioc.access.tables import audit
from ioc.database import reading

START = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, and when. ``detail`` is JSON."""

    id: int
    at_ns: int
    actor: str
    action: str
    subject: str
    detail: str
    previous: str
    hash: str

    def reckoned(self) -> str:
        """The hash that this entry should have."""
        parts = [self.previous, self.id, self.at_ns, self.actor, self.action, self.subject, self.detail]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def record(connection: Connection, at_ns: int, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Append an entry within the transaction that makes the change (one of ``writing``: it holds the lock)."""
    last = connection.execute(select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1)).first()
    number, previous = (last.id + 1, last.hash) if last else (1, START)
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)
    entry = AuditEntry(number, at_ns, actor, action, subject, text, previous, "")
    connection.execute(
        audit.insert().values(
            id=number,
            at_ns=at_ns,
            actor=actor,
            action=action,
            subject=subject,
            detail=text,
            previous=previous,
            hash=entry.reckoned(),
        )
    )


def audit_entries(engine: Engine, limit: int = 1000) -> list[AuditEntry]:
    """The newest entries, newest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit))
        return [AuditEntry(*row) for row in rows]


def verify_audit(engine: Engine) -> int | None:
    """The id of the first entry that does not fit the chain; None where all do."""
    previous, number = START, 0
    with reading(engine) as connection:
        for row in connection.execute(select(audit).order_by(audit.c.id)):
            entry = AuditEntry(*row)
            number += 1
            if entry.id != number or entry.previous != previous or entry.hash != entry.reckoned():
                return number
            previous = entry.hash
    return None
