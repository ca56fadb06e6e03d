"""One rule on one set of labels: the life of an incident (docs/decisions/0007-one-incident.md)."""

from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from math import inf

from alerts.engine.group import Feed, Group, Sight, Thing
from alerts.engine.limits import NOTHING, Band, bounds_of, quiet_band
from alerts.engine.step import Step, is_quiet
from alerts.event import Event, Happened, Labels, TrackState, Why
from alerts.level import Level
from alerts.rules import Read, Rule, Take
from ioc.domain import MINUTE
from ioc.latest import Present
from ioc.registry import Registry

_REMEMBERED: Thing = (("", ""),)  # the place of a series that is known from a kept state only
_USUAL_AGE = 5 * MINUTE  # of such a series


def identity(rule: Rule) -> str:
    """What a rule reads: as long as it stays the same, what is known of its tracks holds."""
    return _written(rule.read)


@lru_cache(maxsize=10_000)
def _written(read: Read) -> str:
    return repr(read)


def let_go(state: TrackState, now_ns: int) -> TrackState:
    """What is left of it when a person has closed its incident: silences up to now raise nothing."""
    return TrackState(state.rule, state.labels, state.read, leaving={Level.NONE: now_ns})


class Track:
    """What is known of one rule on one set of labels.

    ``state.level`` is what values say. An incident without a level is about silence only; it has the level that the
    rule raises. Silences from before ``closed_ns`` are let go: a person has closed their incident. It is kept as
    the time since when the level "none" is left.
    """

    __slots__ = (
        "_closed_ns",
        "_kept",
        "_silent",
        "_waking",
        "bounds",
        "due_ns",
        "group",
        "labels",
        "opened",
        "rule",
        "state",
    )

    def __init__(self, rule: Rule, labels: Labels, registry: Registry, state: TrackState | None = None) -> None:
        self.rule = rule
        self.labels = labels
        self.state = state = replace(state) if state else TrackState(rule.id, labels, identity(rule))
        self.due_ns = inf  # when time alone may end something
        self.opened = 0  # incidents, by this object
        self._silent = 0
        self.bounds = bounds_of(rule, labels, registry)
        self._closed_ns = state.leaving.get(Level.NONE, 0)
        state.leaving = {level: since_ns for level, since_ns in state.leaving.items() if level}
        self._kept = _signature(state, self._closed_ns)
        judged = {bound.level for bound in self.bounds}
        state.pending = {level: since_ns for level, since_ns in state.pending.items() if level in judged}
        missing_after_ns = rule.missing.after_ns if rule.missing else 0
        # What the store has counted over a window is added up over the members.
        take = Take.SUM if rule.read.over_ns and rule.read.take is Take.COUNT else rule.read.take
        self.group = Group(take, missing_after_ns)
        self._waking = bool(state.missing_since_ns or self._closed_ns)

    def add(self, thing: Thing, feed: Feed) -> None:
        """One more series to judge; what was only remembered gives way to it."""
        self.group.members.pop(_REMEMBERED, None)
        if self._waking and not feed.usable:
            self.group.mute.add(thing)
        self.group.add(thing, feed)

    def adopt(self, now_ns: int) -> None:
        """Nothing of the present belongs to it: as if what was judged last had been heard now, it may fall silent."""
        if not self.group.members:
            row = Present("", self.state.value or 0.0, self.state.quality, now_ns, now_ns, _USUAL_AGE, 0)
            self.add(_REMEMBERED, Feed(row, usable=False))

    def band(self, value: float) -> Band:
        """Values around this one that change nothing, as long as nothing is open and a silence will be noticed."""
        watched = self.due_ns < inf or not self._raises
        quiet = watched and not self._closed_ns and is_quiet(self.state)
        return quiet_band(self.bounds, value) if quiet and self.group.alone else NOTHING

    def follows(self, before: "Track") -> bool:
        """Take the place of this one, of the same rule and labels; whether values mean the same as they did to it."""
        self.group.mute = before.group.mute
        self.opened = before.opened
        return self.bounds == before.bounds

    def kept(self) -> TrackState | None:
        """What has to be kept anew; None where nothing that matters has changed since it was asked last."""
        signature = _signature(self.state, self._closed_ns)
        if signature == self._kept:
            return None
        self._kept = signature
        return self.export()

    def export(self) -> TrackState:
        """A copy of all that has to survive the program."""
        leaving = dict(self.state.leaving)
        if self._closed_ns:
            leaving[Level.NONE] = self._closed_ns
        return replace(self.state, pending=dict(self.state.pending), leaving=leaving)

    def look(self, now_ns: int, out: Step, *, anew: bool = False) -> None:
        """Judge what is there now, and what time alone has ended.

        ``anew``: judge a value that was judged before too, since the rule is another.
        """
        state = self.state
        sight = self.group.sight(now_ns, self._closed_ns, alarming=bool(state.level))
        sight.event_ns = min(sight.event_ns, now_ns) if sight.live else now_ns
        at_ns = max(sight.event_ns, state.missing_since_ns)  # a value from before it may come after it
        self._silent = sight.silent
        self._waking = False
        if not sight.closed:
            self._closed_ns = 0
        back = bool(state.missing_since_ns) and not sight.silent
        if back:
            state.missing_since_ns = 0
        if not sight.live:
            self._note()
        elif anew or back or self._is_news(sight):
            self._judge(sight)
        if sight.silent:
            state.leaving.clear()  # silence ends nothing
        if back and (state.level or (state.incident and state.pending)):
            self._say(out, Happened.BACK, at_ns)
        if sight.live:
            self._rise(now_ns, sight, out)
            if sight.whole:
                self._fall(sight.event_ns, out)
        self._end_of_silence(at_ns, out)
        if sight.silent and not state.missing_since_ns:
            self._fall_silent(now_ns, sight, out)
        self.due_ns = self._due(now_ns, sight)

    def end(self, why: Why, at_ns: int, out: Step) -> None:
        """The rule is gone or has become another."""
        if self.state.incident:
            self._resolve(out, why, at_ns)
        self.state = TrackState(self.rule.id, self.labels, identity(self.rule))
        self._closed_ns = 0

    def close(self, now_ns: int) -> None:
        """A person has closed the incident: silences up to now are let go, and what speaks is judged anew."""
        self.state = TrackState(self.rule.id, self.labels, identity(self.rule))
        self._closed_ns = now_ns

    def _is_news(self, sight: Sight) -> bool:
        state = self.state
        return sight.event_ns >= state.event_ns and (sight.event_ns, sight.value) != (state.event_ns, state.value)

    def _note(self) -> None:
        """Remember the value of the only series where none is known, though it is too old to be judged."""
        feed = self.group.only()
        if feed and feed.usable and not self.state.event_ns:
            self.state.value, self.state.event_ns, self.state.quality = feed.row.value, feed.event_ns, feed.row.quality

    def _judge(self, sight: Sight) -> None:
        """Since when each level's conditions hold, with this value."""
        state, value = self.state, sight.value
        if sight.event_ns - state.event_ns > sight.after_ns:
            state.pending.clear()
            state.leaving.clear()
        state.value, state.event_ns, state.quality = value, sight.event_ns, sight.quality
        for bound in self.bounds:
            level = bound.level
            holding, holds = (
                (state.pending, bound.enter.holds(value)) if level > state.level else (state.leaving, bound.left(value))
            )
            if holds:
                holding.setdefault(level, sight.event_ns)
            else:
                holding.pop(level, None)

    def _rise(self, now_ns: int, sight: Sight, out: Step) -> None:
        """To the worst level whose condition has held long enough, before its value was out of date."""
        state = self.state
        for bound in reversed(self.bounds):
            if bound.level <= state.level or bound.level not in state.pending:
                continue
            entered_ns = state.pending[bound.level] + bound.for_ns
            if entered_ns > now_ns or entered_ns >= sight.event_ns + sight.after_ns:
                continue
            state.level = bound.level
            state.pending = {level: since_ns for level, since_ns in state.pending.items() if level > bound.level}
            state.leaving.clear()
            if state.incident:
                self._say(out, Happened.LEVEL, entered_ns, limit=bound.enter.limit)
                return
            if sight.silent and not self._raises and sight.next_ns < inf:
                self._closed_ns, sight.silent = now_ns, 0  # what was silent before has no part in it
            self._open(entered_ns, now_ns)
            self._say(out, Happened.FIRING, entered_ns, limit=bound.enter.limit)
            return

    def _fall(self, at_ns: int, out: Step) -> None:
        """To the worst level that has not been left for long enough."""
        state = self.state
        if not state.level or not self._left(state.level, at_ns):
            return
        bounds = {bound.level: bound for bound in self.bounds}
        rest = (level for level in sorted(bounds, reverse=True) if level < state.level)
        before, after = bounds.get(state.level), next((it for it in rest if not self._left(it, at_ns)), Level.NONE)
        limit = (before.leave or before.enter).limit if before else None
        if after:
            state.level = after
            state.leaving = {level: since_ns for level, since_ns in state.leaving.items() if level <= after}
            self._say(out, Happened.LEVEL, at_ns, limit=limit)
        else:
            self._resolve(out, Why.VALUE if before else Why.RULE_CHANGED, at_ns, limit)

    def _left(self, level: Level, at_ns: int) -> bool:
        """Whether it has been left for long enough; one that the rule does not judge any more has been."""
        bound = next((bound for bound in self.bounds if bound.level is level), None)
        since_ns = self.state.leaving.get(level)
        return bound is None or (since_ns is not None and at_ns >= since_ns + bound.hold_ns)

    def _fall_silent(self, now_ns: int, sight: Sight, out: Step) -> None:
        state = self.state
        since_ns = min(now_ns, max(sight.silent_ns, state.event_ns))
        if not state.incident:
            if not self._raises:
                return
            self._open(since_ns, now_ns)
        state.missing_since_ns = since_ns
        self._say(out, Happened.MISSING, since_ns)

    def _end_of_silence(self, at_ns: int, out: Step) -> None:
        """An incident about silence only is over when all speak, and nothing waits to become a level."""
        state = self.state
        if not state.incident or state.level:
            return
        if not (state.missing_since_ns or state.pending or self._silent):
            self._resolve(out, Why.BACK, at_ns)
        elif not self._raises and not state.pending:
            self._resolve(out, Why.RULE_CHANGED, at_ns)

    def _resolve(self, out: Step, why: Why, at_ns: int, limit: float | None = None) -> None:
        self._say(out, Happened.RESOLVED, at_ns, limit=limit, why=why)
        state = self.state
        state.level, state.incident, state.missing_since_ns = Level.NONE, "", 0
        state.leaving.clear()

    def _due(self, now_ns: int, sight: Sight) -> float:
        state = self.state
        due = inf
        if sight.live and state.pending:
            until_ns = sight.event_ns + sight.after_ns
            ends = [state.pending[bound.level] + bound.for_ns for bound in self.bounds if bound.level in state.pending]
            due = min((end for end in ends if now_ns < end < until_ns), default=inf)
        if not state.missing_since_ns and (state.incident or self._raises):
            due = min(due, sight.next_ns)
        if not self.group.alone:
            due = min(due, sight.stale_ns)
        return due

    @property
    def _raises(self) -> Level:
        """The level that silence alone raises."""
        return self.rule.missing.raise_level if self.rule.missing else Level.NONE

    def _open(self, event_ns: int, now_ns: int) -> None:
        """The id is new even where the same value opens one again: a rule was taken away and has come back."""
        self.opened += 1
        what = f"{self.rule.id}\n{self.labels}\n{event_ns}\n{now_ns}\n{self.opened}"
        self.state.incident = "i" + blake2b(what.encode()).hexdigest()[:15]

    def _say(
        self,
        out: Step,
        kind: Happened,
        at_ns: int,
        *,
        limit: float | None = None,
        why: Why | None = None,
    ) -> None:
        state = self.state
        feed = self.group.only()
        out.events.append(
            Event(
                kind=kind,
                rule=self.rule,
                labels=self.labels,
                incident=state.incident,
                level=state.level or self._raises or Level.WARNING,
                event_ns=at_ns,
                value=state.value,
                limit=limit,
                quality=state.quality,
                why=why,
                series=feed.row.key if feed else "",
                silent=self._silent if state.missing_since_ns else 0,
                limits=tuple((bound.level.word, str(bound.enter.op), bound.enter.limit) for bound in self.bounds),
            )
        )


def _signature(state: TrackState, closed_ns: int) -> tuple[object, ...]:
    """What makes it worth keeping: the last value only where a duration runs from it."""
    return (
        state.level,
        state.incident,
        tuple(state.pending.items()),
        tuple(state.leaving.items()),
        closed_ns,
        state.missing_since_ns,
        state.event_ns if state.pending or state.leaving else 0,
    )
