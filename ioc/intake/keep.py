"""What the writer of a lane does with what its journal holds: lines go to the store, facts to the census."""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from ioc.domain import Fact
from ioc.errors import Reason, RejectError, RetryError
from ioc.failpoints import failpoint
from ioc.intake.batch import Entry, Reject
from ioc.intake.facts import pack_facts, unpack_facts
from ioc.intake.seal import Sealer, SealError
from ioc.timeseries import Rejected, Store

log = logging.getLogger(__name__)

FACTS_TOPIC = "census"  # of what the census refused: its quarantined bytes are facts, no message

Owned = tuple[int, str, Reject]  # the journal entry and the source that a reject comes from
KeepFacts = Callable[[Sequence[Fact]], object]


class LineKeeper:
    """Lines of line protocol, into the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, entries: Sequence[Entry]) -> list[Owned]:
        """Store their lines; gives those that can never be stored. Raises RetryError as the store does."""
        bodies = [entry.body.decode().split("\n") for entry in entries]
        lines = [line for body in bodies for line in body]
        try:
            self._store.write_lines(lines)
        except Rejected as error:
            owners = [entry for entry, body in zip(entries, bodies, strict=True) for _ in body]
            log.warning("The store refused %d of %d lines; they are quarantined.", len(error.lines), len(lines))
            return [_refused_line(owners[index], lines[index], reason) for index, reason in error.lines]
        return []

    def again(self, raw: bytes) -> None:
        """Store a line that was refused before; raises Rejected where it still is, RetryError as the store does."""
        self._store.write_lines([raw.decode()])


class FactKeeper:
    """Sealed facts, into the census. ``ledger`` keeps all the facts it is given in one transaction, or none."""

    def __init__(self, ledger: KeepFacts, sealer: Sealer) -> None:
        self._ledger = ledger
        self._sealer = sealer

    def keep(self, entries: Sequence[Entry]) -> list[Owned]:
        """Keep the facts of these entries; gives what cannot be opened, and the facts that the census fails on.

        Raises RetryError while the database cannot be written.
        """
        owned: list[tuple[Entry, Fact]] = []
        rejects: list[Owned] = []
        for entry in entries:
            try:
                owned += [(entry, fact) for fact in unpack_facts(self._sealer.open(entry.body))]
            except SealError as error:
                reject = Reject(Reason.INTERNAL, f"{error} {error.hint}", "", entry.body, entry.received_ns)
                rejects.append((entry.id, entry.source, reject))
        if owned:
            rejects += self._kept(owned)
            failpoint("after-census")
        return rejects

    def again(self, raw: bytes) -> None:
        """Keep facts that were refused before; raises RejectError where they still are, RetryError as ``keep`` does."""
        try:
            self._take(unpack_facts(raw))
        except RetryError:
            raise
        except Exception as error:
            raise RejectError(Reason.STORE, _why(error)) from error

    def _kept(self, owned: Sequence[tuple[Entry, Fact]]) -> list[Owned]:
        """All together; where that fails, each by itself, so that one fact does not stop all that follow."""
        try:
            self._take([fact for _, fact in owned])
        except RetryError:
            raise
        except Exception as error:
            entry, fact = owned[0]
            if len(owned) > 1:
                middle = len(owned) // 2
                return self._kept(owned[:middle]) + self._kept(owned[middle:])
            log.exception("The census fails on a fact (%s of %s); it is quarantined", fact.kind, fact.source)
            raw = pack_facts([fact])
            reject = Reject(Reason.STORE, _why(error), FACTS_TOPIC, raw, entry.received_ns, fact.facility)
            return [(entry.id, entry.source, reject)]
        return []

    def _take(self, facts: Sequence[Fact]) -> None:
        try:
            self._ledger(facts)
        except (DataError, IntegrityError):
            raise  # the fault of what was written
        except DBAPIError as error:  # locked, full, away
            raise RetryError(f"The census cannot be written to the database: {error.orig}.") from error


def _refused_line(entry: Entry, line: str, reason: str) -> Owned:
    series = line.partition(" ")[0]
    tags = dict(pair.partition("=")[::2] for pair in series.split(",")[1:])
    reject = Reject(Reason.STORE, reason, series, line.encode(), entry.received_ns, tags.get("facility", ""))
    return entry.id, entry.source, reject


def _why(error: Exception) -> str:
    """Without the error's own words: they may repeat what they are about."""
    return f"The census fails on it ({type(error).__name__}); the worker's log says where."
