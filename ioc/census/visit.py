"""What each kind of fact does to a visit, told in the order in which things happened."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ioc.census.model import FindingKind
from ioc.census.stay import (
    ADMITTED,
    ARRIVED,
    CANCELLED,
    DIED,
    DISCHARGED,
    EXPECTED,
    FAR_NS,
    OUTPATIENT,
    TRANSFERRED,
    Move,
    Note,
    Spell,
    Stay,
)
from ioc.domain import MINUTE, NOWHERE, Disposition, Fact, FactKind, Spot, VisitClass

EXPECTED_FOR = 24 * 60 * MINUTE  # that a bed is kept for somebody after the time of the pre-admission
_DISCHARGED = frozenset(disposition.value for disposition in Disposition)


def _differs(said: Spot, known: Spot) -> bool:
    """Whether what was said of the place is at odds with what is known; what was left out is not."""
    return bool(said.ward) and (
        said.ward != known.ward
        or bool(said.room and said.room != known.room)
        or bool(said.bed and said.bed != known.bed)
    )


class Visit:
    """A visit while it is told. ``open`` is what decides; a class is what it was last."""

    def __init__(self, name: str, emergency_ns: int) -> None:
        self.stay = Stay(name)
        self.open = False
        self._emergency_ns = emergency_ns
        self._emergency_until = FAR_NS
        self._lies: Spell | None = None
        self._kept: Spell | None = None  # a bed, until the patient comes
        self._elsewhere: list[Fact] = []  # updates that name another bed than the one known
        self._faults: dict[FindingKind, list[Fact]] = {}

    def tell(self, fact: Fact) -> None:
        """What happened next."""
        if fact.patient:
            self.stay.patient = fact.patient
        act = _ACTS.get(fact.kind)
        if act is not None:
            act(self, fact)

    def told(self, merges: Sequence[Fact]) -> Stay:
        """The stay, after the last fact; ``merges`` in their order."""
        stay = self.stay
        for merge in merges:
            if stay.patient == merge.other_patient:
                stay.patient = merge.patient
        stay.spells = [spell for spell in stay.spells if spell.from_ns < spell.to_ns]
        stay.moves = [m for m in stay.moves if m.kind != TRANSFERRED or m.from_spot.ward != m.to_spot.ward]
        stay.notes = [Note(kind, facts) for kind, facts in self._faults.items()]
        if self._elsewhere:
            stay.notes.append(Note(FindingKind.MOVED_SILENTLY, self._elsewhere, stay.spot))
        return stay

    # what each kind of fact does: named as they are

    def admitted(self, fact: Fact) -> None:
        self._begin(fact, fact.visit_class or VisitClass.INPATIENT)

    def became_inpatient(self, fact: Fact) -> None:
        self._begin(fact, VisitClass.INPATIENT)

    def registered(self, fact: Fact) -> None:
        now = self.stay.visit_class if self.open else VisitClass.UNSAID
        if now is not VisitClass.INPATIENT:
            self._begin(fact, fact.visit_class or now or VisitClass.OUTPATIENT)

    def _begin(self, fact: Fact, visit_class: VisitClass) -> None:
        """A visit begins, or goes on as one of another class; an inpatient is only moved."""
        if not self.open:
            self._open(fact, visit_class)
        elif self.stay.visit_class in (visit_class, VisitClass.INPATIENT):
            if _differs(fact.spot, self.stay.spot):
                self._move(fact.spot, fact.occurred_ns)
        else:
            self._become(fact, visit_class)

    def became_outpatient(self, fact: Fact) -> None:
        if not self.open:
            if self._never_began:
                self._fault(FindingKind.NO_BEGINNING, fact)
                self._open(fact, VisitClass.OUTPATIENT)
            return
        if self.stay.visit_class is VisitClass.INPATIENT:
            self._count(fact.occurred_ns, DISCHARGED, self.stay.spot, NOWHERE)
            self.stay.closed_ns, self.stay.ended = fact.occurred_ns, OUTPATIENT
        self._rise(fact.occurred_ns, vacated=True)
        self.stay.visit_class = VisitClass.OUTPATIENT

    def transferred(self, fact: Fact) -> None:
        if not self.open:
            if self._never_began:
                self._open_provisionally(fact)
            else:
                self._fault(FindingKind.NO_BEGINNING, fact)
        elif fact.visit_class not in (VisitClass.UNSAID, VisitClass.OUTPATIENT, self.stay.visit_class) and (
            self.stay.visit_class is not VisitClass.INPATIENT
        ):
            self._become(fact, fact.visit_class)
        elif fact.spot.ward and fact.spot != self.stay.spot:
            self._move(fact.spot, fact.occurred_ns)

    def updated(self, fact: Fact) -> None:
        if not self.open:
            self._open_by_update(fact)
        elif self.stay.visit_class is VisitClass.INPATIENT and fact.spot.ward:
            if _differs(fact.spot, self.stay.spot):
                self._elsewhere.append(fact)
            else:
                self._elsewhere = []

    def moved_by_update(self, fact: Fact) -> None:
        if not self.open:
            self._open_by_update(fact)
        elif _differs(fact.spot, self.stay.spot):
            self.transferred(fact)

    def discharged(self, fact: Fact) -> None:
        at_ns = fact.occurred_ns
        if self.open:
            if self.stay.visit_class is VisitClass.INPATIENT:
                kind = DIED if fact.disposition is Disposition.DIED else DISCHARGED
                self._count(at_ns, kind, self.stay.spot, NOWHERE)
            self._close(at_ns, fact.disposition, vacated=True)
        elif self._never_began:
            self.stay.visit_class = fact.visit_class or VisitClass.INPATIENT
            self.stay.spot = fact.spot
            if self.stay.visit_class is not VisitClass.OUTPATIENT:
                self._fault(FindingKind.NO_BEGINNING, fact)
            self._close(at_ns, fact.disposition, vacated=False)

    def expected(self, fact: Fact) -> None:
        if self.open:
            return
        self._unexpect(fact.occurred_ns)
        self._kept = Spell(EXPECTED, fact.spot, fact.occurred_ns, fact.occurred_ns + EXPECTED_FOR)
        self.stay.spells.append(self._kept)
        self.stay.expected_ns, self.stay.spot = fact.occurred_ns, fact.spot

    def expected_cancelled(self, fact: Fact) -> None:
        if self._kept is None:
            self._fault(FindingKind.CANCELS_NOTHING, fact)
            return
        if self._never_began:
            self.stay.closed_ns, self.stay.ended = fact.occurred_ns, CANCELLED
        self._unexpect(fact.occurred_ns)

    def admit_cancelled(self, fact: Fact) -> None:
        if self._kept is not None:
            self.expected_cancelled(fact)
        elif self.stay.opened_ns is None or self.stay.ended == CANCELLED:
            self._fault(FindingKind.CANCELS_NOTHING, fact)
        else:
            first = {VisitClass.INPATIENT: ADMITTED, VisitClass.EMERGENCY: ARRIVED}.get(self.stay.visit_class)
            for move in reversed(self.stay.moves if first else []):
                if move.cancelled_ns is None:
                    move.cancelled_ns = fact.occurred_ns
                if move.kind == first:
                    break
            self._close(fact.occurred_ns, CANCELLED, vacated=False)

    def transfer_cancelled(self, fact: Fact) -> None:
        if self._never_began:
            self._fault(FindingKind.CANCELS_NOTHING, fact)
            self._open_by_update(fact)
            return
        if self.open and self.stay.visit_class is not VisitClass.INPATIENT:
            if _differs(fact.spot, self.stay.spot):
                self._move(fact.spot, fact.occurred_ns)
            return
        last = self._last_move
        if not self.open or last is None or last.kind != TRANSFERRED or self._is_back(fact, last):
            self._fault(FindingKind.CANCELS_NOTHING, fact)
            return
        last.cancelled_ns = fact.occurred_ns
        self._rise(fact.occurred_ns, vacated=False)
        self._lie(last.from_spot, fact.occurred_ns)
        self._correct(fact, last.to_spot)

    def discharge_cancelled(self, fact: Fact) -> None:
        at_ns, stay = fact.occurred_ns, self.stay
        if self.open or stay.ended not in _DISCHARGED:
            self._fault(FindingKind.CANCELS_NOTHING, fact)
            if self._never_began:
                self._open_by_update(fact)
        elif stay.opened_ns is None:  # its end was heard of, its beginning never
            self._open_provisionally(fact)
        else:
            self.open, stay.closed_ns, stay.ended = True, None, ""
            last = self._last_move
            if stay.visit_class is VisitClass.INPATIENT and last is not None:
                last.cancelled_ns = at_ns
                self._lie(last.from_spot, at_ns)
                self._correct(fact, last.from_spot)
            elif stay.visit_class is VisitClass.EMERGENCY:
                self._lie(fact.spot if fact.spot.ward else stay.spot, at_ns)

    # what facts do is made of these

    @property
    def _never_began(self) -> bool:
        return self.stay.opened_ns is None and self.stay.closed_ns is None

    @property
    def _last_move(self) -> Move | None:
        """The last that stands."""
        return next((move for move in reversed(self.stay.moves) if move.cancelled_ns is None), None)

    def _fault(self, kind: FindingKind, fact: Fact) -> None:
        self._faults.setdefault(kind, []).append(fact)

    def _open(self, fact: Fact, visit_class: VisitClass, *, provisional: bool = False) -> None:
        at_ns, stay = fact.occurred_ns, self.stay
        self._unexpect(at_ns)
        self.open = True
        stay.visit_class, stay.opened_ns, stay.closed_ns, stay.ended = visit_class, at_ns, None, ""
        stay.provisional = provisional
        self._emergency_until = at_ns + self._emergency_ns
        self._lie(fact.spot, at_ns)
        if visit_class is not VisitClass.OUTPATIENT:
            kind = ADMITTED if visit_class is VisitClass.INPATIENT else ARRIVED
            self._count(at_ns, kind, NOWHERE, fact.spot)

    def _open_provisionally(self, fact: Fact) -> None:
        """Something happened to somebody of whom nobody said that he came."""
        visit_class = fact.visit_class or VisitClass.INPATIENT
        if visit_class is not VisitClass.OUTPATIENT:
            self._fault(FindingKind.NO_BEGINNING, fact)
        self._open(fact, visit_class, provisional=True)

    def _open_by_update(self, fact: Fact) -> None:
        """The same where only a place is told: not before an expected patient comes, and not after the end."""
        said = fact.spot.ward or fact.visit_class is VisitClass.EMERGENCY
        if said and self._never_began and self._kept is None and fact.visit_class is not VisitClass.OUTPATIENT:
            self._open_provisionally(fact)

    def _become(self, fact: Fact, visit_class: VisitClass) -> None:
        """Another class from now on; who says nothing of the place lies where he lay."""
        self._rise(fact.occurred_ns, vacated=False)
        self._open(fact if fact.spot.ward else replace(fact, spot=self.stay.spot), visit_class)

    def _close(self, at_ns: int, ended: str, *, vacated: bool) -> None:
        self._unexpect(at_ns)
        self._rise(at_ns, vacated=vacated)
        self._elsewhere = []
        self.open = False
        self.stay.closed_ns, self.stay.ended = at_ns, ended

    def _move(self, spot: Spot, at_ns: int) -> None:
        if self.stay.visit_class is VisitClass.INPATIENT:
            self._count(at_ns, TRANSFERRED, self.stay.spot, spot)
        self._rise(at_ns, vacated=True)
        self._lie(spot, at_ns)

    def _is_back(self, fact: Fact, last: Move) -> bool:
        """Whether this cancel of a transfer says again what one before it has done, and not what ``last`` did."""
        return fact.spot == self.stay.spot and _differs(fact.prior, last.from_spot)

    def _correct(self, fact: Fact, wrong: Spot) -> None:
        """After a cancel: the patient is where the cancel says, unless it repeats what it cancels."""
        if fact.spot != wrong and _differs(fact.spot, self.stay.spot):
            self._move(fact.spot, fact.occurred_ns)

    def _count(self, at_ns: int, kind: str, from_spot: Spot, to_spot: Spot) -> None:
        self.stay.moves.append(Move(at_ns, kind, from_spot, to_spot))

    def _lie(self, spot: Spot, at_ns: int) -> None:
        self.stay.spot = spot
        self._elsewhere = []
        if self.stay.visit_class is not VisitClass.OUTPATIENT:
            emergency = self.stay.visit_class is VisitClass.EMERGENCY
            self._lies = Spell(self.stay.visit_class, spot, at_ns, self._emergency_until if emergency else FAR_NS)
            self.stay.spells.append(self._lies)

    def _rise(self, at_ns: int, *, vacated: bool) -> None:
        if self._lies is not None:
            self._lies.to_ns = min(self._lies.to_ns, at_ns)
            self._lies.vacated = vacated and self._lies.visit_class == VisitClass.INPATIENT
            self._lies = None

    def _unexpect(self, at_ns: int) -> None:
        if self._kept is not None:
            self._kept.to_ns = min(self._kept.to_ns, at_ns)
            self._kept = None
            self.stay.expected_ns = None


_ACTS: dict[FactKind, Callable[[Visit, Fact], None]] = {
    FactKind.EXPECTED: Visit.expected,
    FactKind.REGISTERED: Visit.registered,
    FactKind.ADMITTED: Visit.admitted,
    FactKind.BECAME_INPATIENT: Visit.became_inpatient,
    FactKind.BECAME_OUTPATIENT: Visit.became_outpatient,
    FactKind.TRANSFERRED: Visit.transferred,
    FactKind.UPDATED: Visit.updated,
    FactKind.MOVED_BY_UPDATE: Visit.moved_by_update,
    FactKind.DISCHARGED: Visit.discharged,
    FactKind.ADMIT_CANCELLED: Visit.admit_cancelled,
    FactKind.TRANSFER_CANCELLED: Visit.transfer_cancelled,
    FactKind.DISCHARGE_CANCELLED: Visit.discharge_cancelled,
    FactKind.EXPECTED_CANCELLED: Visit.expected_cancelled,
}
