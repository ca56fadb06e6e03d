"""A present, a clock and a record around the engine: what the tests of it stand on. Times are minutes since T0."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.engine import Engine, Observation, Step, is_quiet
from alerts.event import Event, Labels, TrackState
from alerts.level import Level
from alerts.rules import Ack, Condition, Kind, LevelRule, Missing, Notify, Op, Read, Rule, Runbook
from ioc.catalogue import Text
from ioc.domain import MINUTE, SECOND, Quality
from ioc.latest import Present
from ioc.registry import Device, Facility, Place, Registry, Site, Stand

T0 = 1_763_859_600 * SECOND
MAX_AGE = 5 * MINUTE
TAGS = {"facility": "bv01", "site": "cs1", "source": "mqtt"}


def condition(text: str) -> Condition:
    op, _, number = text.partition(" ")
    return Condition(Op(op), float(number))


def level(name: str, enter: str, leave: str = "", *, for_: float = 0, hold: float = 0) -> LevelRule:
    """A level; durations in minutes."""
    left = condition(leave) if leave else None
    return LevelRule(Level.of(name), condition(enter), left, ns(for_), ns(hold))


def rule(*levels: LevelRule, missing: tuple[float, str] | None = None, **more: object) -> Rule:
    """A rule on fridge.temp by facility and device; ``missing`` is minutes and the level that is raised."""
    plain = Rule(
        id="fridge-warm",
        title=Text("ấm", "warm"),
        kind=Kind.THRESHOLD if levels else Kind.ABSENCE,
        read=Read("fridge.temp", ("facility", "device")),
        levels=levels,
        missing=Missing(ns(missing[0]), Level.of(missing[1])) if missing else None,
        notify=Notify("pharmacy"),
        ack=Ack(Level.CRITICAL, 30 * MINUTE, reason=True),
        owner="pharmacy",
        runbook=Runbook("", {}, {}),
        review_by="2027-06-30",
        where="rules.yaml:1",
    )
    return replace(plain, **more)


def device(code: str, area: str = "kho", **more: object) -> Device:
    stands = (Stand(area, 0),)
    return Device(code, "bv01", Text(code, code), "fridge", ("temp",), 20 * SECOND, stands, **more)  # type: ignore[arg-type]


def registry(*devices: Device) -> Registry:
    text = Text("", "")
    places = {area: Place(area, text, "area", site) for area, site in (("kho", "cs1"), ("kho-2", "cs2"))}
    sites = {site: Site(site, text) for site in ("cs1", "cs2")}
    facility = Facility("bv01", text, text, "p", "basic", sites, places)
    return Registry({}, {"bv01": facility}, {("bv01", each.code): each for each in devices})


def ns(minutes: float) -> int:
    return round(minutes * 60) * SECOND


def said(event: Event) -> str:
    """``6m firing warning``; of a resolve also why."""
    minutes = (event.event_ns - T0) / MINUTE
    return " ".join(word for word in (f"{minutes:g}m", event.kind, event.level.word, event.why) if word)


class World:
    """The present as the database has it, what the record keeps, and everything that was said."""

    def __init__(self, *rules: Rule, registry: Registry | None = None) -> None:
        self.rules = {each.id: each for each in rules}
        self.registry = registry or Registry({}, {}, {})
        self.present: dict[str, Present] = {}
        self.changed: dict[str, Present] = {}
        self.kept: dict[tuple[str, Labels], TrackState] = {}
        self.events: list[Event] = []
        self.now = T0
        self.engine = Engine(self.rules, self.registry)

    def value(
        self,
        value: float,
        at: float,
        device: str = "tl-01",
        *,
        came: float | None = None,
        quality: Quality = Quality.GOOD,
        max_age: float | None = None,
        **tags: str,
    ) -> Present:
        """One value enters the present: it was so ``at``, and came then too where ``came`` does not say otherwise."""
        tags = TAGS | {"device": device} | tags
        key = "fridge.temp," + ",".join(f"{name}={tags[name]}" for name in sorted(tags))
        as_of, received = T0 + ns(at), T0 + ns(at if came is None else came)
        row = Present(key, value, quality, as_of, received, MAX_AGE if max_age is None else ns(max_age), 1)
        self.present[key] = self.changed[key] = row
        return row

    def step(self, at: float, *observations: Observation, changes: Sequence[Present] | None = None) -> list[str]:
        """Judge what changed; what was said."""
        self.now = T0 + ns(at)
        rows = list(self.changed.values()) if changes is None else list(changes)
        self.changed = {}
        return self.take(self.engine.step(rows, self.now, observations))

    def at(self, at: float, value: float, device: str = "tl-01", **more: object) -> list[str]:
        """A value comes and is judged at once."""
        self.value(value, at, device, **more)  # type: ignore[arg-type]
        return self.step(at)

    def take(self, step: Step) -> list[str]:
        keys = [(state.rule, state.labels) for state in step.states]
        assert len(keys) == len(set(keys)), "a state was handed over twice"
        assert bool(step) == bool(step.events or step.states)
        for state in step.states:
            assert is_quiet(state) or (state.rule in self.rules)
            self.kept[state.rule, state.labels] = state
            if is_quiet(state):
                del self.kept[state.rule, state.labels]
        self.events.extend(step.events)
        return [said(event) for event in step.events]

    def restart(self, *rules: Rule) -> None:
        """The program ends and begins again, perhaps with other rules; the next step has the whole present."""
        self.rules = {each.id: each for each in rules} or self.rules
        self.engine = Engine(self.rules, self.registry)
        self.engine.restore(self.kept.values())
        self.changed = dict(self.present)

    def replace(self, at: float, *rules: Rule, registry: Registry | None = None) -> list[str]:
        self.now = T0 + ns(at)
        self.rules = {each.id: each for each in rules}
        return self.take(self.engine.replace(self.rules, self.now, registry))

    def close(self, at: float, rule: str = "fridge-warm", device: str = "tl-01") -> None:
        self.now = T0 + ns(at)
        labels = (("device", device), ("facility", "bv01")) if device else (("facility", "bv01"),)
        assert self.take(self.engine.close(rule, labels, self.now)) == []

    def play(self, values: str, every: float = 1.0, tick: float = 0.25) -> list[str]:
        """Values as ``70 82x9 _x12``: one each ``every`` minutes, ``_`` none; the clock ticks in between."""
        told: list[str] = []
        at = 0.0
        for word in values.split():
            what, _, times = word.partition("x")
            for _ in range(int(times or 1)):
                if what != "_":
                    self.value(float(what), at)
                for part in range(round(every / tick)):
                    told += self.step(at + part * tick)
                at += every
        return told
