"""Keeps facts: one transaction from what was said to beds, stays, balances and findings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, bindparam, delete, select

from ioc.catalogue import Catalogue
from ioc.census.faults import FaultBook, is_late
from ioc.census.feeds import FeedBook
from ioc.census.names import HOUR, LANE, max_age_ns
from ioc.census.rows import Values, row_of_fact, spot_values
from ioc.census.statements import add, put
from ioc.census.stays import StayBook, Told
from ioc.census.tables import bed_statuses, controls, facts, findings, places
from ioc.config import Settings
from ioc.database import writing
from ioc.domain import MILLISECOND, STALE_AFTER, Fact, FactKind

KEEP_FINDINGS = 30 * 24 * HOUR

_KNOWN = select(facts.c.message, facts.c.part, facts.c.received_ns).where(
    facts.c.message.in_(bindparam("messages", expanding=True))
)
_CONTROLS = select(controls).where(controls.c.control.in_(bindparam("controls", expanding=True)))


@dataclass(frozen=True, slots=True)
class Kept:
    """What a batch of facts did: which ``facilities`` were heard of, and in which of them anything is ``changed``.

    ``fresh`` facts were not known before; ``doubled`` messages were; ``late`` facts came minutes after they happened.
    """

    facilities: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    fresh: int = 0
    doubled: int = 0
    late: int = 0


class Ledger:
    """Takes facts in any order and as often as they come: what follows is the same.

    Two ledgers may write the same database: they take turns.
    """

    def __init__(self, engine: Engine, settings: Settings, catalogue: Catalogue) -> None:
        self._engine = engine
        self._stays = StayBook(engine, settings.census.emergency_hours * HOUR)
        self._feeds = FeedBook(engine, STALE_AFTER * max_age_ns(catalogue))
        self._faults = FaultBook(engine, settings.timezone)
        self._add_facts = add(engine, facts)
        self._add_controls = add(engine, controls)
        self._add_statuses = add(engine, bed_statuses)
        self._put_places = put(
            engine, places, ("source", "last_ns", "message"), lambda new: new.last_ns > places.c.last_ns
        )

    def keep(self, given: Sequence[Fact]) -> Kept:
        """Keep these facts, all or none. Errors of the database pass through, and nothing is kept then."""
        if not given:
            return Kept()
        with writing(self._engine, LANE) as connection:
            return self._keep(connection, given)

    def prune(self, now_ns: int) -> int:
        """Forget findings of which nothing was heard for 30 days; gives how many."""
        with writing(self._engine, LANE) as connection:
            return connection.execute(delete(findings).where(findings.c.last_ns < now_ns - KEEP_FINDINGS)).rowcount

    def _keep(self, connection: Connection, given: Sequence[Fact]) -> Kept:
        heard = frozenset(fact.facility for fact in given)
        feeds = self._feeds.known(connection, heard)
        fresh, doubled = _sorted_out(connection, given)
        same_control = self._same_control(connection, fresh)
        self._add_facts.run(connection, map(row_of_fact, fresh))
        now_ns = max(fact.received_ns for fact in given)
        stays, changed = self._stays.tell(connection, fresh)
        self._faults.of_visits(connection, stays, now_ns)
        changed |= self._note_places(connection, fresh, stays)
        again = self._faults.of_messages(connection, fresh, doubled, same_control)
        self._feeds.write(connection, feeds, given, changed)
        self._feeds.sample_again(connection, fresh, changed)
        return Kept(heard, frozenset(changed), len(fresh), again, sum(map(is_late, fresh)))

    def _same_control(self, connection: Connection, fresh: Iterable[Fact]) -> dict[str, str]:
        """The messages whose control id another one had before, and which; the others are its first from now on."""
        given = {fact.message: fact.control for fact in fresh if fact.control}
        rows = connection.execute(_CONTROLS, {"controls": list(set(given.values()))}).all() if given else ()
        first = {row.control: row.message for row in rows}
        known = set(first)
        for message, control in given.items():
            first.setdefault(control, message)
        self._add_controls.run(connection, [item for item in first.items() if item[0] not in known])
        return {message: first[control] for message, control in given.items() if first[control] != message}

    def _note_places(self, connection: Connection, fresh: Sequence[Fact], stays: Told) -> set[str]:
        """Write the states of beds, and where anything was; gives the facilities that told of a bed."""
        statuses = [fact for fact in fresh if fact.bed_status and fact.spot.bed]
        self._add_statuses.run(connection, map(_status_row, statuses))
        self._put_places.run(connection, _place_rows(fresh, stays))
        return {fact.facility for fact in statuses}


def _sorted_out(connection: Connection, given: Sequence[Fact]) -> tuple[list[Fact], list[Fact]]:
    """The facts that are new, and one fact of each message that came again; what was only heard is neither."""
    wanted = list({fact.message for fact in given})
    known = {(row.message, row.part): row.received_ns for row in connection.execute(_KNOWN, {"messages": wanted}).all()}
    fresh: list[Fact] = []
    doubled: dict[tuple[str, int], Fact] = {}
    for fact in given:
        if fact.kind is FactKind.HEARD:
            continue
        key = fact.message, fact.part
        if key not in known:
            known[key] = fact.received_ns
            fresh.append(fact)
        elif known[key] != fact.received_ns:  # not the same receipt once more, as after a crash
            doubled.setdefault((fact.message, fact.received_ns), fact)
    return fresh, list(doubled.values())


def _status_row(fact: Fact) -> Values:
    assert fact.bed_status is not None
    # of one moment the last one written counts: its number stands where its sender has no digits
    when = fact.occurred_ns, fact.message, fact.sent_ns + fact.sequence % MILLISECOND
    return (fact.facility, *spot_values(fact.spot), *when, fact.bed_status.value)


def _place_rows(fresh: Iterable[Fact], stays: Told) -> list[Values]:
    """The places at which the new facts put somebody, or of which they tell the state."""
    lain = {(facility, *spot_values(it.spot)) for (facility, _), stay in stays.items() for it in stay.spells}
    newest: dict[Values, Values] = {}
    for fact in sorted(fresh, key=lambda fact: fact.occurred_ns):
        key = fact.facility, *spot_values(fact.spot)
        if fact.spot.ward and (fact.bed_status or key in lain):
            newest[key] = (*key, fact.source, fact.occurred_ns, fact.occurred_ns, fact.message)
    return list(newest.values())
