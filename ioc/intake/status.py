"""What each source does: connected or not, when it last spoke, how much of it was taken."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import Engine, RowMapping, select

from ioc.database import reading, writing
from ioc.domain import FactKind
from ioc.intake.batch import Batch
from ioc.intake.tables import source_status
from ioc.upsert import upsert

COLUMNS = [column.name for column in source_status.columns]


@dataclass(frozen=True, slots=True)
class Health:
    """What a collector says of itself. ``error`` is one sentence for people, empty when all is well;
    ``queued`` the messages it holds and has not committed yet.
    """

    connected: bool
    error: str = ""
    queued: int = 0


@dataclass(slots=True)
class SourceStatus:
    """One source as pages and ``ioc doctor`` see it. Counts go on through restarts; times are ns.

    ``updated_ns`` is the worker's heartbeat: where it stands still for over 10 s, the worker does.
    """

    name: str
    kind: str
    connected: bool = False
    last_message_ns: int | None = None
    received: int = 0
    accepted: int = 0
    ignored: int = 0
    gaps: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    backlog: int = 0
    error: str = ""
    updated_ns: int = 0

    def count(self, batch: Batch, now_ns: int) -> None:
        """Add what a committed batch brought."""
        self.last_message_ns = now_ns
        self.received += batch.counts.received
        self.ignored += batch.counts.ignored
        self.gaps += batch.counts.gaps
        told = sum(fact.part == 0 and fact.kind is not FactKind.HEARD for fact in batch.facts)  # messages, not facts
        self.accepted += len(batch.frames) + told
        for reject in batch.rejects:
            self.quarantined[reject.reason.value] += 1


class SourceStatuses:
    """The table of sources."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, statuses: Sequence[SourceStatus], now_ns: int) -> None:
        """Write these, with the time."""
        rows = []
        for status in statuses:
            row = {name: getattr(status, name) for name in COLUMNS}
            rows.append(row | {"quarantined": orjson.dumps(status.quarantined).decode(), "updated_ns": now_ns})
        with writing(self._engine) as connection:
            upsert(connection, source_status, rows)

    def all(self) -> list[SourceStatus]:
        """Every source ever seen, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(source_status).order_by(source_status.c.name)).mappings().all()
        return [_from_row(row) for row in rows]


def _from_row(row: RowMapping) -> SourceStatus:
    fields = dict(row)
    return SourceStatus(**fields | {"quarantined": Counter(orjson.loads(row["quarantined"]))})
