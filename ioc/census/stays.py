"""Stays in the database: all facts of the visits that were touched are told again."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam, literal_column, select, union_all

from ioc.census.replay import replay
from ioc.census.rows import Values, fact_of_row, row_of_stay, rows_of_moves, rows_of_spells
from ioc.census.statements import put, remove
from ioc.census.stay import Stay
from ioc.census.tables import facts, moves, spells, stays
from ioc.domain import Fact, FactKind

Visit = tuple[str, str]  # facility and visit
Told = dict[Visit, Stay]

VISITS: Any = bindparam("visits", expanding=True)
PATIENTS: Any = bindparam("patients", expanding=True)

_FACTS = select(facts).where(facts.c.visit.in_(VISITS))
_MERGED = select(facts).where(facts.c.kind == literal_column("'merged'"))  # no parameter: as the indexes have it
_MERGES = union_all(_MERGED.where(facts.c.other_patient.in_(PATIENTS)), _MERGED.where(facts.c.patient.in_(PATIENTS)))
_VISITS_OF = select(stays.c.facility, stays.c.visit).where(stays.c.patient.in_(PATIENTS))


class StayBook:
    """Reads facts, writes stays, spells and moves: only the rows that are others than before."""

    def __init__(self, engine: Engine, emergency_ns: int) -> None:
        self._emergency_ns = emergency_ns
        self._stays = _Rows(engine, stays, lambda facility, stay: (row_of_stay(facility, stay),))
        self._spells = _Rows(engine, spells, rows_of_spells)
        self._moves = _Rows(engine, moves, rows_of_moves)

    def tell(self, connection: Connection, fresh: Sequence[Fact]) -> tuple[Told, set[str]]:
        """Write what follows from these facts, which are in the database already.

        Gives every visit touched as it is now, and the facilities in which anybody lies elsewhere, or counts
        otherwise, than before. A visit that became another's by a merge is an empty stay.
        """
        visits = {(fact.facility, fact.visit) for fact in fresh if fact.visit}
        known = _load(connection, visits)
        merges = _merges(connection, [*known, *(fact for fact in fresh if fact.kind is FactKind.MERGED)])
        if merges:
            more = _visits_of(connection, merges) - visits
            known += _load(connection, more)
            visits |= more
        by_facility: dict[str, list[Fact]] = {}
        for fact in (*known, *merges):
            by_facility.setdefault(fact.facility, []).append(fact)
        told = {
            (facility, visit): stay
            for facility, its in by_facility.items()
            for visit, stay in replay(its, self._emergency_ns).items()
        }
        self._stays.rewrite(connection, visits, told)
        changed = {*self._spells.rewrite(connection, visits, told), *self._moves.rewrite(connection, visits, told)}
        return {visit: told.get(visit, Stay(visit[1])) for visit in visits}, changed


def _load(connection: Connection, visits: set[Visit]) -> list[Fact]:
    if not visits:
        return []
    rows = connection.execute(_FACTS, {"visits": [visit for _, visit in visits]}).all()
    return [fact for fact in map(fact_of_row, rows) if (fact.facility, fact.visit) in visits]


def _merges(connection: Connection, found: Sequence[Fact]) -> list[Fact]:
    """Every merge of the patients of these facts, of those that they were merged with, and so on."""
    merges: dict[tuple[str, int], Fact] = {}
    asked: set[str] = set()
    while patients := {patient for fact in found for patient in (fact.patient, fact.other_patient)} - asked - {""}:
        found = [fact_of_row(row) for row in connection.execute(_MERGES, {"patients": list(patients)})]
        merges |= {(fact.message, fact.part): fact for fact in found}
        asked |= patients
    return list(merges.values())


def _visits_of(connection: Connection, merges: Iterable[Fact]) -> set[Visit]:
    """The visits of all patients of these merges, with a number and without."""
    joined = {(fact.facility, patient) for fact in merges for patient in (fact.patient, fact.other_patient)}
    rows = connection.execute(_VISITS_OF, {"patients": [patient for _, patient in joined]})
    return {(row.facility, row.visit) for row in rows} | {(facility, "p" + patient) for facility, patient in joined}


class _Rows:
    """One of the tables that follow from facts; its key begins with visit and facility."""

    def __init__(self, engine: Engine, table: Table, rows_of: Callable[[str, Stay], Iterable[Values]]) -> None:
        self._rows_of = rows_of
        self._key = len(table.primary_key.columns)
        self._select = select(table).where(table.c.visit.in_(VISITS))
        self._put = put(engine, table)
        self._remove = remove(engine, table)

    def rewrite(self, connection: Connection, visits: set[Visit], told: Told) -> set[str]:
        """Make the rows of these visits those that were told; gives the facilities where any is another than before."""
        if not visits:
            return set()
        found = connection.execute(self._select, {"visits": [visit for _, visit in visits]}).all()
        old = {row[: self._key]: row for row in found if (row[1], row[0]) in visits}
        new = {row[: self._key]: row for (facility, _), stay in told.items() for row in self._rows_of(facility, stay)}
        changed = [row for key, row in new.items() if old.get(key) != row]
        gone = [key for key in old if key not in new]
        self._remove.run(connection, gone)
        self._put.run(connection, changed)
        return {row[1] for row in (*changed, *gone)}
