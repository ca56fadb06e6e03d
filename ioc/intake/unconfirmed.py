"""Devices and places that a known facility uses and the registry does not know yet: shown until somebody adds them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select

from ioc.database import reading, writing
from ioc.domain import Clock, SystemClock
from ioc.intake.batch import Sighting
from ioc.intake.tables import unconfirmed as table
from ioc.upsert import upsert


@dataclass(frozen=True, slots=True)
class UnconfirmedThing:
    """One row; ``example`` says where it was seen last."""

    kind: str
    facility: str
    code: str
    first_ns: int
    last_ns: int
    count: int
    example: str


class Unconfirmed:
    """The table of them."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()

    def add(self, seen: Sequence[Sighting]) -> None:
        """Count what was seen."""
        now_ns = self._clock.now_ns()
        counts = Counter((sighting.kind, sighting.facility, sighting.code[:128]) for sighting in seen)
        examples = {
            (sighting.kind, sighting.facility, sighting.code[:128]): sighting.example[:512] for sighting in seen
        }
        rows = [
            {"kind": key[0], "facility": key[1], "code": key[2], "example": examples[key], "count": count}
            | {"first_ns": now_ns, "last_ns": now_ns}
            for key, count in counts.items()
        ]
        with writing(self._engine) as connection:
            upsert(connection, table, rows, ("last_ns", "count", "example"), add=("count",))

    def list(self, facility: str = "") -> list[UnconfirmedThing]:
        """All of them, or those of one facility, the latest seen first."""
        query = select(table).order_by(table.c.last_ns.desc(), table.c.kind, table.c.code)
        if facility:
            query = query.where(table.c.facility == facility)
        with reading(self._engine) as connection:
            return [UnconfirmedThing(**row) for row in connection.execute(query).mappings()]

    def forget(self, kind: str, facility: str, code: str) -> bool:
        """Take one off the list, as when the registry has it now; it comes back if it is still unknown."""
        where = (table.c.kind == kind) & (table.c.facility == facility) & (table.c.code == code)
        with writing(self._engine) as connection:
            return connection.execute(table.delete().where(where)).rowcount > 0
