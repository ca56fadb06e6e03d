"""A facility over a span of time: its rows, read once, and what they make of any moment in it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ioc.census.ground import Ground, Key
from ioc.census.model import Census, Feed
from ioc.census.names import HOUR, day_before, next_day
from ioc.census.stay import ADMITTED, ARRIVED, EXPECTED, FAR_NS, TRANSFERRED
from ioc.census.wards import UNLISTED_FOR, Lying, wards_at
from ioc.domain import Quality, State, VisitClass, state_at

_INPATIENT = VisitClass.INPATIENT.value  # a member of an enum is slow to reach


class SpellRow(NamedTuple):
    """Where somebody lay; see ``ioc.census.tables.spells``."""

    visit_class: str
    ward: str
    room: str
    bed: str
    from_ns: int
    to_ns: int
    vacated: bool


class MoveRow(NamedTuple):
    """What counts in the balance; see ``ioc.census.tables.moves``."""

    at_ns: int
    kind: str
    from_ward: str
    to_ward: str
    cancelled_ns: int | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What is reckoned with: when days begin, when beds are clean again, when a census is late."""

    zone: ZoneInfo
    clean_after_ns: int
    max_age_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of a facility from ``from_ns`` to ``to_ns``, both included, and as of ``now_ns``.

    ``statuses`` are the A20 of each bed, oldest first: the last one before the span and all within it.
    ``vacated`` is when each bed was last left before the span. ``gaps`` are the silences of its feed in the span.
    """

    facility: str
    from_ns: int
    to_ns: int
    now_ns: int
    feed: Feed | None
    ground: Ground
    rules: Rules
    spells: Sequence[SpellRow] = ()
    moves: Sequence[MoveRow] = ()
    statuses: Mapping[Key, Sequence[tuple[int, str]]]
    vacated: Mapping[Key, int]
    gaps: tuple[tuple[int, int], ...] = ()

    def at(self, at_ns: int, since_ns: int | None = None) -> Census:
        """The facility at one moment of the span, its balances since ``since_ns``, else since midnight."""
        day_from_ns = day_before(at_ns, self.rules.zone) if since_ns is None else since_ns
        lying = self._lying(at_ns, day_from_ns)
        days, arrivals = self._days(at_ns, day_from_ns)
        as_of_ns, state = self._age(at_ns)
        sites = dict.fromkeys([self.ground.first_site, *self.ground.sites_of_emergency, *lying.emergency, *arrivals])
        wards = wards_at(self.ground, lying, days, at_ns, self.rules.clean_after_ns)
        return Census(
            facility=self.facility,
            at_ns=at_ns,
            as_of_ns=as_of_ns,
            state=state,
            quality=self.feed.quality if self.feed else Quality.GOOD,
            source=self.feed.source if self.feed else "",
            wards=tuple(wards),
            emergency=lying.emergency.total(),
            arrivals=arrivals.total(),
            expected=lying.expected.total(),
            emergency_by_site={site: (lying.emergency[site], arrivals[site]) for site in sites},
            expected_by_site=dict(lying.expected),
            day_from_ns=day_from_ns,
        )

    def changes(self) -> list[int]:
        """The times in the span, its beginning left out, from which on ``at`` may give something else."""
        after = (0, self.rules.clean_after_ns, UNLISTED_FOR)
        times = {time_ns + later for time_ns in self.vacated.values() for later in after}
        for statuses in self.statuses.values():
            times.update(time_ns + later for time_ns, _ in statuses for later in after)
        for spell in self.spells:
            times.update((spell.from_ns, *(spell.to_ns + later for later in after)))
        for move in self.moves:
            times.update((move.at_ns, move.at_ns + HOUR, move.cancelled_ns or 0))
        for _, bed in self.ground.beds:
            times.update((bed.from_ns, bed.until_ns or 0))
        midnight = next_day(day_before(self.from_ns, self.rules.zone), self.rules.zone)
        while midnight < self.to_ns:
            times.add(midnight + 1)  # midnight itself belongs to the day that ends
            midnight = next_day(midnight, self.rules.zone)
        return sorted(time_ns for time_ns in times if self.from_ns < time_ns <= self.to_ns)

    def _age(self, at_ns: int) -> tuple[int | None, State]:
        """Of the past, all is known once a message of later came."""
        feed = self.feed
        if feed is None or at_ns < feed.first_ns:
            return None, State.MISSING
        as_of_ns = feed.as_of_ns if at_ns >= self.now_ns else min(feed.as_of_ns, at_ns)
        return as_of_ns, state_at(as_of_ns, self.rules.max_age_ns, at_ns)

    def _lying(self, at_ns: int, day_from_ns: int) -> Lying:
        lying = Lying(vacated=dict(self.vacated), reported=self._reported(at_ns))
        site_of = self.ground.site_of
        for visit_class, ward, room, bed, from_ns, to_ns, vacated in self.spells:
            key = ward, room, bed
            if visit_class == _INPATIENT and from_ns <= day_from_ns < to_ns:
                lying.start[ward] += 1
            if from_ns > at_ns:
                continue
            if to_ns <= at_ns:
                if vacated and bed:
                    lying.vacated[key] = max(to_ns, lying.vacated.get(key, 0))
            elif visit_class == _INPATIENT:
                lying.patients[key] += 1
                lying.since[key] = min(from_ns, lying.since.get(key, FAR_NS))
            elif visit_class == EXPECTED:
                lying.expected[site_of(ward)] += 1
                lying.reserved[key] = max(from_ns, lying.reserved.get(key, 0))
            else:
                lying.emergency[site_of(ward)] += 1
        return lying

    def _reported(self, at_ns: int) -> dict[Key, tuple[int, str]]:
        """The last A20 of each bed."""
        last = ((key, [one for one in statuses if one[0] <= at_ns][-1:]) for key, statuses in self.statuses.items())
        return {key: one for key, found in last for one in found}

    def _days(self, at_ns: int, day_from_ns: int) -> tuple[dict[str, Counter[str]], Counter[str]]:
        """What happened on the day so far, by ward and kind; and arrivals of the last hour, by site."""
        days: dict[str, Counter[str]] = {}
        arrivals: Counter[str] = Counter()
        for move in self.moves:
            stands = move.cancelled_ns is None or move.cancelled_ns > at_ns
            if move.at_ns > at_ns:
                continue
            if move.kind == ARRIVED:
                if stands and move.at_ns > at_ns - HOUR:
                    arrivals[self.ground.site_of(move.to_ward)] += 1
            elif move.at_ns > day_from_ns:
                for ward, what, _ in _effects(move) if stands else ():
                    days.setdefault(ward, Counter())[what] += 1
            elif not stands and (move.cancelled_ns or 0) > day_from_ns:
                for ward, _, difference in _effects(move):
                    days.setdefault(ward, Counter())["corrected"] -= difference
        return days, arrivals


def _effects(move: MoveRow) -> Iterator[tuple[str, str, int]]:
    """What a move does to the wards it touches: the ward, what it counts as there, and by how much patients change."""
    if move.kind == TRANSFERRED:
        yield move.from_ward, "transferred_out", -1
        yield move.to_ward, "transferred_in", 1
    elif move.kind == ADMITTED:
        yield move.to_ward, move.kind, 1
    else:
        yield move.from_ward, move.kind, -1
