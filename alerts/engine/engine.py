"""The engine: a pure function of rules, kept state, what changed, and now. No I/O, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from math import inf

from alerts.engine.gone import gone_rule
from alerts.engine.group import Feed, Thing, may_be_judged
from alerts.engine.limits import EVERYTHING, NOTHING
from alerts.engine.step import Observation, Step, is_quiet
from alerts.engine.track import Track, identity, let_go
from alerts.event import Labels, TrackState, Why
from alerts.rules import Rule, RuleSet
from ioc.domain import Quality, Series
from ioc.latest import Present
from ioc.registry import Registry

TrackKey = tuple[str, Labels]  # id of the rule, and labels


class _Pass:
    """What one step gathers."""

    __slots__ = ("due", "looked", "now_ns", "out")

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self.out = Step()
        self.due: dict[Track, None] = {}  # groups, looked at once all of the step has come in
        self.looked: dict[Track, None] = {}

    def gathered(self) -> Step:
        """With the states that have to be kept, each once."""
        kept = {(track.rule.id, track.labels): state for track in self.looked if (state := track.kept())}
        self.out.states.extend(kept.values())
        return self.out


class Engine:
    """Judges every series by every rule that reads it.

    Use: make it, ``restore`` what was kept, then a first ``step`` with the whole present in one call, later ones with
    what changed. Every step that is not falsy has to be committed before the next. All observations of one rule
    belong into one step.
    """

    def __init__(self, rules: RuleSet | Mapping[str, Rule], registry: Registry) -> None:
        self._registry = registry
        self._rules: Mapping[str, Rule] = {}
        self._by_metric: dict[str, list[Rule]] = {}
        self._feeds: dict[str, Feed] = {}
        self._readers: dict[str, list[Track]] = {}  # by key of the series
        self._observed: dict[tuple[TrackKey, str], Feed] = {}  # by track and series
        self._asked: dict[str, dict[str, Labels]] = {}  # of rules with ``over``: labels by key
        self._tracks: dict[TrackKey, Track] = {}
        self._restored: dict[TrackKey, TrackState] = {}  # what no series has claimed yet
        self._timers: list[tuple[float, int, Track]] = []
        self._armed: dict[Track, float] = {}
        self._number = count()
        self._take_rules(rules)

    def restore(self, states: Iterable[TrackState]) -> None:
        """Forget everything and begin with these. The next ``step`` has to be given the whole present, in one call."""
        self._feeds = {}
        self._observed = {}
        self._forget_tracks()
        self._restored = {(state.rule, state.labels): state for state in states}

    def step(self, changes: Sequence[Present], now_ns: int, observations: Sequence[Observation] = ()) -> Step:
        """Judge what changed, and what time alone has ended by now."""
        this = _Pass(now_ns)
        feeds = self._feeds
        bad = Quality.BAD
        self._meet([row for row in changes if row.key not in feeds], this)
        for row in changes:
            feed = feeds[row.key]
            low, high = feed.band
            if (
                low < row.value < high
                and row.as_of_ns > feed.row.as_of_ns
                and row.received_ns - row.as_of_ns <= row.max_age_ns
                and row.quality is not bad
            ):
                feed.row = row
            else:
                self._hear(feed, row, this)
        for observation in observations:
            self._observe(observation, this)
        return self._finish(this)

    def replace(self, rules: RuleSet | Mapping[str, Rule], now_ns: int, registry: Registry | None = None) -> Step:
        """Go on with other rules: state is kept where ``read`` is the same, and the present is judged at once.

        Incidents of rules that are gone or read something else are resolved (why ``rule-removed``,
        ``rule-changed``).
        """
        this = _Pass(now_ns)
        self._registry = registry or self._registry
        old, old_feeds, old_observed = self._tracks, self._feeds, self._observed
        self._take_rules(rules)
        for key, track in old.items():
            rule = self._rules.get(track.rule.id)
            if rule is None or identity(rule) != track.state.read:
                track.end(Why.RULE_CHANGED if rule else Why.RULE_REMOVED, now_ns, this.out)
                this.looked[track] = None
            elif not is_quiet(state := track.export()):
                self._restored[key] = state
        self._forget_tracks()
        self._feeds, self._observed = {}, {}
        for feed in old_feeds.values():
            self._index(feed.row, usable=feed.usable)
        for (key, series), feed in old_observed.items():
            rule = self._rules.get(key[0])
            if rule and rule.read.over_ns and (key in self._restored or key in self._tracks):
                self._index_observed(key, series, feed.row)
        self._settle(this)
        for key, track in self._tracks.items():
            before = old.get(key)
            self._look(track, this, anew=before is None or not track.follows(before))
        return self._finish(this)

    def close(self, rule: str, labels: Labels, now_ns: int, incident: str = "") -> Step:
        """A person has closed the incident: forget its level; what is silent now raises nothing until it speaks.

        ``incident``: which one; where it is given and another is open by now, nothing is done. It may be called
        between ``restore`` and the first ``step`` as well, so that this goes on from what the person did.

        No events, but a state that has to be kept. What else there is to say of it the next step says.
        """
        this = _Pass(now_ns)
        key = rule, labels
        track, restored = self._tracks.get(key), self._restored.get(key)
        if restored is not None and restored.incident and incident in {"", restored.incident}:
            self._restored[key] = let_go(restored, now_ns)
            this.out.states.append(self._restored[key])
        elif track is not None and track.state.incident and incident in {"", track.state.incident}:
            track.close(now_ns)
            this.looked[track] = None
            self._arm(track, now_ns)
        return this.gathered()

    def windows(self) -> tuple[Rule, ...]:
        """The rules with ``over``, which are judged by observations."""
        return tuple(rule for rule in self._rules.values() if rule.read.over_ns)

    def series_of(self, rule: str) -> Mapping[str, Labels]:
        """The series (by key) that a rule with ``over`` reads, as far as they have spoken, with their labels."""
        return self._asked.get(rule, {})

    def _take_rules(self, rules: RuleSet | Mapping[str, Rule]) -> None:
        self._rules = rules.rules if isinstance(rules, RuleSet) else rules
        self._by_metric = {}
        for rule in self._rules.values():
            self._by_metric.setdefault(rule.read.metric, []).append(rule)

    def _forget_tracks(self) -> None:
        self._tracks, self._readers, self._asked = {}, {}, {}
        self._timers, self._armed = [], {}

    def _hear(self, feed: Feed, row: Present, this: _Pass) -> None:
        """A value that may change something."""
        if not may_be_judged(row) or (feed.usable and row.as_of_ns <= feed.row.as_of_ns):
            return
        feed.row, feed.usable = row, True
        self._look_or_wait(self._readers[row.key], this)

    def _meet(self, rows: Sequence[Present], this: _Pass) -> None:
        """Series that were not seen before: all of them are known before the first is judged."""
        for row in rows:
            if row.key not in self._feeds:
                self._index(row, usable=may_be_judged(row))
        if self._restored:
            self._settle(this)
        for row in rows:
            self._look_or_wait(self._readers[row.key], this)

    def _index(self, row: Present, *, usable: bool) -> None:
        """Find out, once, which rules read this series."""
        series = row.series
        tags = dict(series.tags)
        device = self._registry.device(tags.get("facility", ""), tags.get("device", ""))
        moved = device is not None and "site" in tags and tags["site"] != self._registry.site_of(device)
        feed = self._feeds[row.key] = Feed(row, usable, moved)
        readers = self._readers[row.key] = []
        tags["use"] = device.use if device else ""
        for rule in self._by_metric.get(series.metric, ()):
            if any(tags.get(name, "") not in values for name, values in rule.read.where):
                continue
            labels = tuple(sorted((name, tags[name]) for name in rule.read.by if tags.get(name)))
            if rule.read.over_ns:
                self._asked.setdefault(rule.id, {})[row.key] = labels
                continue
            track = self._track(rule, labels)
            self._join(track, feed, series)
            readers.append(track)
        if readers or not usable:
            feed.band = NOTHING

    def _join(self, track: Track, feed: Feed, series: Series) -> None:
        by_source = "source" in track.rule.read.by
        thing: Thing = tuple(pair for pair in series.tags if by_source or pair[0] != "source")
        if track.group.alone:  # it is not any more
            for other in track.group.feeds():
                other.band = NOTHING
        track.add(thing, feed)

    def _track(self, rule: Rule, labels: Labels) -> Track:
        """The one of this rule and these labels, with what is remembered of it where it reads the same."""
        key = rule.id, labels
        track = self._tracks.get(key)
        if track is None:
            state = self._restored.get(key)
            if state is not None and state.read == identity(rule):
                del self._restored[key]
            else:
                state = None
            track = self._tracks[key] = Track(rule, labels, self._registry, state)
        return track

    def _settle(self, this: _Pass) -> None:
        """What is remembered and was claimed by no series: its rule is gone, or it has to wait for its series."""
        for (rule_id, labels), state in list(self._restored.items()):
            rule = self._rules.get(rule_id)
            if rule is not None and identity(rule) == state.read:
                track = self._track(rule, labels)
                track.adopt(this.now_ns)
                self._look_or_wait([track], this)
            else:
                track = Track(rule or gone_rule(rule_id), labels, self._registry, state)
                track.end(Why.RULE_CHANGED if rule else Why.RULE_REMOVED, this.now_ns, this.out)
                this.looked[track] = None
        self._restored = {}

    def _observe(self, observation: Observation, this: _Pass) -> None:
        rule = self._rules.get(observation.rule)
        if rule is None or not rule.read.over_ns:
            return
        at_ns = observation.event_ns
        row = Present(observation.series, observation.value, observation.quality, at_ns, at_ns, rule.read.over_ns, 0)
        key = rule.id, observation.labels
        feed = self._observed.get((key, row.key))
        if feed is None:
            self._index_observed(key, row.key, row)
        elif may_be_judged(row) and (row.as_of_ns > feed.row.as_of_ns or not feed.usable):
            feed.row, feed.usable = row, True
        this.due[self._tracks[key]] = None

    def _index_observed(self, key: TrackKey, series: str, row: Present) -> None:
        known = self._feeds.get(series)
        feed = Feed(row, may_be_judged(row), known is not None and known.moved)
        self._observed[key, series] = feed
        self._join(self._track(self._rules[key[0]], key[1]), feed, row.series)

    def _look_or_wait(self, tracks: Iterable[Track], this: _Pass) -> None:
        """Every value of a single series is judged; a group once all of the step has come in."""
        for track in tracks:
            if track.group.alone:
                self._look(track, this)
            else:
                this.due[track] = None

    def _look(self, track: Track, this: _Pass, *, anew: bool = False) -> None:
        track.look(this.now_ns, this.out, anew=anew)
        this.looked[track] = None
        self._arm(track, track.due_ns)
        feed = track.group.only()
        if feed is not None and track.group.alone:
            feed.band = EVERYTHING if feed.usable else NOTHING
            for reader in self._readers.get(feed.row.key, ()):
                low, high = reader.band(feed.row.value)
                feed.band = max(feed.band[0], low), min(feed.band[1], high)

    def _finish(self, this: _Pass) -> Step:
        for track in this.due:
            self._look(track, this)
        timers = self._timers
        while timers and timers[0][0] <= this.now_ns:
            due_ns, _, track = heappop(timers)
            if self._armed.get(track) == due_ns:
                del self._armed[track]
                self._look(track, this)
        return this.gathered()

    def _arm(self, track: Track, due_ns: float) -> None:
        """The clock calls it then, or earlier."""
        if due_ns < self._armed.get(track, inf):
            self._armed[track] = due_ns
            heappush(self._timers, (due_ns, next(self._number), track))
