"""A facility over a length of time: what its balances come to, and what is counted beside them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from ioc.census.ground import Ground
from ioc.census.history import History
from ioc.census.model import Census
from ioc.census.stay import ARRIVED, DIED, DISCHARGED
from ioc.census.tables import moves, stays
from ioc.domain import STALE_AFTER, Disposition

Span = tuple[int, int]

# What ended or came within a span and stands at its end, with the stay that it belongs to as it is known today.
_ENDS = (
    select(
        moves.c.at_ns,
        moves.c.kind,
        moves.c.from_ward,
        moves.c.to_ward,
        moves.c.cancelled_ns,
        stays.c.ended,
        stays.c.opened_ns,
        stays.c.closed_ns,
        stays.c.provisional,
    )
    .join(stays, (stays.c.visit == moves.c.visit) & (stays.c.facility == moves.c.facility))
    .where(
        moves.c.facility == bindparam("facility"),
        moves.c.at_ns > bindparam("from_ns"),
        moves.c.at_ns <= bindparam("to_ns"),
        moves.c.kind.in_((ARRIVED, DISCHARGED, DIED)),
        or_(moves.c.cancelled_ns.is_(None), moves.c.cancelled_ns > moves.c.at_ns),
    )
)


@dataclass(frozen=True, slots=True)
class Lengths:
    """Stays that ended: how many of those whose beginning is known, and how long they lasted together, ns."""

    stays: int = 0
    together_ns: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """A facility from ``from_ns`` (excluded) to ``to_ns``: ``census`` is that of the end, its balances of the whole.

    ``elsewhere`` counts, by ward, who of the discharged went to another hospital; ``arrived``, by site, the emergency
    visits that began; ``lengths`` the stays that ended, by ward. ``known_ns`` is for how much of it its feed spoke:
    silences, the time before its first word and the time since it is stale are left out.
    """

    from_ns: int
    to_ns: int
    census: Census
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    arrived: Mapping[str, int] = field(default_factory=dict)
    lengths: Mapping[str, Lengths] = field(default_factory=dict)
    known_ns: int = 0


def periods(history: History, connection: Connection, spans: Sequence[Span]) -> Iterator[Period]:
    """Each span, of which all lie within ``history``; what is counted beside is read here, once."""
    asked = {"facility": history.facility, "from_ns": history.from_ns, "to_ns": history.to_ns}
    ends = connection.execute(_ENDS, asked).all()
    for from_ns, to_ns in spans:
        own = [end for end in ends if from_ns < end.at_ns <= to_ns and _stands(end, to_ns)]
        gone = [end for end in own if end.kind != ARRIVED]
        yield Period(
            from_ns,
            to_ns,
            history.at(to_ns, from_ns),
            Counter(end.from_ward for end in gone if _is_end(end) and end.ended == Disposition.ELSEWHERE.value),
            _arrived(own, history.ground),
            _lengths(gone),
            known_ns(history, from_ns, to_ns),
        )


def known_ns(history: History, from_ns: int, to_ns: int) -> int:
    """For how long, of a span, its feed spoke."""
    if history.feed is None:
        return 0
    heard_ns = history.feed.as_of_ns + STALE_AFTER * history.rules.max_age_ns
    from_ns, to_ns = max(from_ns, history.feed.first_ns), min(to_ns, heard_ns)
    silent = sum(max(0, min(end, to_ns) - max(begin, from_ns)) for begin, end in history.gaps)
    return max(0, to_ns - from_ns - silent)


def _stands(end: Any, at_ns: int) -> bool:
    return end.cancelled_ns is None or end.cancelled_ns > at_ns


def _is_end(end: Any) -> bool:
    """Whether the stay ended by this move, and by no later one."""
    return bool(end.closed_ns == end.at_ns)


def _arrived(own: Sequence[Any], ground: Ground) -> dict[str, int]:
    return dict(Counter(ground.site_of(end.to_ward) for end in own if end.kind == ARRIVED))


def _lengths(gone: Sequence[Any]) -> dict[str, Lengths]:
    found: dict[str, Lengths] = {}
    for end in gone:
        if _is_end(end) and end.opened_ns is not None and not end.provisional:
            before = found.get(end.from_ward, Lengths())
            found[end.from_ward] = Lengths(before.stays + 1, before.together_ns + end.at_ns - end.opened_ns)
    return found
