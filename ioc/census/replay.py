"""Facts become stays: a pure function, the same whatever the order in which they came in, and however often.

They are put in the order in which things happened and told from the beginning. A cancel acts at its own time, so that
a moment before it is what it was taken for then.
"""

from collections.abc import Iterable

from ioc.census.stay import Stay
from ioc.census.visit import Visit
from ioc.domain import Fact, FactKind

_ORDER = (
    FactKind.EXPECTED,
    FactKind.REGISTERED,
    FactKind.ADMITTED,
    FactKind.BECAME_INPATIENT,
    FactKind.TRANSFERRED,
    FactKind.UPDATED,
    FactKind.MOVED_BY_UPDATE,
    FactKind.BECAME_OUTPATIENT,
    FactKind.DISCHARGED,
    FactKind.ADMIT_CANCELLED,
    FactKind.TRANSFER_CANCELLED,
    FactKind.DISCHARGE_CANCELLED,
    FactKind.EXPECTED_CANCELLED,
    FactKind.MERGED,
)
_TURNS = frozenset(kind for kind in _ORDER if kind is FactKind.MERGED or kind.value.endswith("_cancelled"))
RANK = {kind: rank for rank, kind in enumerate(_ORDER)} | {FactKind.BED_STATUS: 99, FactKind.HEARD: 99}


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """As they are told: the same wherever and whenever they came in.

    Of one moment the kinds decide, and then which was written first. Where a visit has a cancel or a merge in it, only
    the latter: what is done once more comes after the cancel of what was done before, and what is said under a new
    number after the merge that gave it.
    """
    found = list(facts)
    turned = {
        (visit, fact.occurred_ns, fact.sent_ns) for fact in found if fact.kind in _TURNS for visit in _touched(fact)
    }

    def order(fact: Fact) -> tuple[int, int, int, int, int, str, int]:
        rank, at = RANK[fact.kind], (fact.occurred_ns, fact.sent_ns)
        return *at, 0 if turned and (fact.visit, *at) in turned else rank, fact.sequence, rank, fact.message, fact.part

    return sorted(found, key=order)


def _touched(turn: Fact) -> tuple[str, ...]:
    """The visits whose order of telling a cancel or a merge decides; a merge is of none itself."""
    return (turn.visit, *_unnumbered(turn)) if turn.kind is FactKind.MERGED else (turn.visit,)


def _unnumbered(merge: Fact) -> tuple[str, str]:
    """Both patients' visits without a number: of who is left, and of who is no more."""
    return "p" + merge.patient, "p" + merge.other_patient


def replay(facts: Iterable[Fact], emergency_ns: int) -> dict[str, Stay]:
    """The stays of these facts, by visit: all facts of each visit, in any order and doubled or not.

    Merges among them (of the same facility) make the stays of patients without a visit number follow the one who is
    left. ``emergency_ns`` is how long an emergency visit without an end lasts.
    """
    visits: dict[str, Visit] = {}
    route: dict[str, str] = {}
    merges: list[Fact] = []
    told: tuple[str, int] | None = None
    for fact in in_order(facts):
        if (fact.message, fact.part) == told:
            continue
        told = fact.message, fact.part
        if fact.kind is FactKind.MERGED:
            merges.append(fact)
            _follow(fact, route, visits)
        elif fact.visit:
            name = route.get(fact.visit, fact.visit)
            visit = visits.get(name)
            if visit is None:
                visit = visits[name] = Visit(name, emergency_ns)
            visit.tell(fact)
    return {name: visit.told(merges) for name, visit in visits.items()}


def _follow(merge: Fact, route: dict[str, str], visits: dict[str, Visit]) -> None:
    """From now on both patients' visits without a number are one: the open one, or the only one there is, as its end
    may be cancelled. Two open ones are both kept.
    """
    kept, gone = (route.get(visit, visit) for visit in _unnumbered(merge))
    kept_open, gone_open = (name in visits and visits[name].open for name in (kept, gone))
    if kept == gone or (kept_open and gone_open):
        return
    old, new = (kept, gone) if gone_open or (gone in visits and kept not in visits) else (gone, kept)
    for visit in {old, *(visit for visit, name in route.items() if name == old)}:
        route[visit] = new
