"""Whatever hypothesis thinks of, the engine says what the model says, restarted or not, and nothing else."""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts.engine import is_quiet
from alerts.event import Event, Labels
from alerts.level import Level
from alerts.rules import Read, Rule, Take
from ioc.domain import MINUTE, SECOND, STALE_AFTER, Quality
from ioc.latest import Present
from tests.unit.alerts.engine.model import Model, Steps
from tests.unit.alerts.engine.world import MAX_AGE, T0, World, level
from tests.unit.alerts.engine.world import rule as make_rule

WARNING, CRITICAL = Level.WARNING, Level.CRITICAL
ONE, ALL = Read("fridge.temp", ("device",)), Read("fridge.temp", ("facility",), take=Take.MAX)
TEN = Steps(10, 8, 2 * MINUTE, 3 * MINUTE), Steps(20, 18, MINUTE, 4 * MINUTE)
AT_ONCE = Steps(10, 10), Steps(20, 20)


def made(name: str, read: Read, levels: tuple[Steps, ...], missing: tuple[float, str] | None) -> tuple[Rule, Model]:
    """The same rule for the engine and for the model."""
    words = ("warning", "critical")
    written = [
        level(word, f">= {it.enter}", f"< {it.leave}", for_=it.for_ns / MINUTE, hold=it.hold_ns / MINUTE)
        for word, it in zip(words, levels, strict=False)
    ]
    stale = STALE_AFTER * MAX_AGE
    after, raises = (round(missing[0] * MINUTE), Level.of(missing[1])) if missing else (stale, Level.NONE)
    model = Model(dict(zip((WARNING, CRITICAL), levels, strict=False)), after, raises, stale)
    return make_rule(*written, id=name, read=read, missing=missing), model


RULES = [
    ("slow", ONE, TEN, (6, "warning")),
    ("slow-untold", ONE, TEN, (6, "")),
    ("at-once", ONE, AT_ONCE, None),
    ("patient", ONE, TEN, (20, "critical")),
    ("absent", ONE, (), (7, "critical")),
    ("group", ALL, TEN, (8, "warning")),
    ("group-at-once", ALL, AT_ONCE, None),
]
DEVICES = ["a", "b", "c"]
Told = tuple[str, Labels, str, Level, int]


class Life(RuleBasedStateMachine):
    """The present changes, time passes, the program ends and begins again, people close what is missing."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(*(made(*each)[0] for each in RULES))
        self.models: dict[tuple[str, Labels], Model] = {}
        self.minutes = 0.0
        self.failed = False

    @property
    def now(self) -> int:
        return T0 + round(self.minutes * 60) * SECOND

    @initialize(after=st.sampled_from([0.0, 1.0]))
    def begin(self, after: float) -> None:
        self.minutes = after

    @rule(
        device=st.sampled_from(DEVICES),
        value=st.sampled_from([5.0, 8.0, 9.0, 10.0, 15.0, 18.0, 20.0, 30.0]),
        age=st.sampled_from([0.0, 0.0, 0.0, 0.25, 1.0, 5.0, 5.25, 7.0, -2.0]),
        quality=st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.GOOD, Quality.TEST, Quality.BAD]),
        judged=st.booleans(),
    )
    def speak(self, device: str, value: float, age: float, quality: Quality, judged: bool) -> None:
        """A value enters the present, where it is newer; the engine may see it only later, or never."""
        self._publish(device, value, age, quality)
        if judged:
            self.tick(0.0)

    @rule(minutes=st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.0, 1.0, 2.0, 3.0, 4.5, 6.0, 9.0, 16.0, 25.0]))
    def tick(self, minutes: float) -> None:
        """In quarters, so that the end of each duration is met, or at one go, as if the program had been stopped."""
        self.minutes += minutes
        self._step()

    @rule(quarters=st.integers(1, 48))
    def wait(self, quarters: int) -> None:
        for _ in range(quarters):
            self.tick(0.25)

    @rule(device=st.sampled_from(DEVICES), values=st.lists(st.sampled_from([5.0, 9.0, 15.0, 30.0]), max_size=12))
    def report(self, device: str, values: list[float]) -> None:
        """One device as it should be, a value each half minute."""
        for value in values:
            self.minutes += 0.5
            self._publish(device, value)
            self._step()

    @rule()
    def again(self) -> None:
        """The whole present once more, as after a copy of the database was put back."""
        self.world.changed = dict(self.world.present)
        self._step()

    @rule()
    def restart(self) -> None:
        self.minutes += 0.25
        self._forget_what_is_not_kept()
        self.world.restart()
        self._step()

    @rule()
    def reload(self) -> None:
        self._step()
        assert self.world.replace(self.minutes, *self.world.rules.values()) == []

    @precondition(lambda self: any(model.silent for model in self.models.values()))
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        missing = sorted(key for key, model in self.models.items() if model.silent)
        name, labels = data.draw(st.sampled_from(missing))
        self.models[name, labels].close(self.now)
        assert self.world.take(self.world.engine.close(name, labels, self.now)) == []

    @invariant()
    def what_is_kept_is_what_is_open(self) -> None:
        for key, model in self.models.items():
            state = self.world.kept.get(key)
            assert bool(state and state.incident) == model.open
            assert (state.level if state else Level.NONE) == model.level
            assert (state.missing_since_ns if state else 0) == model.silent
        assert not any(is_quiet(state) for state in self.world.kept.values())

    def each_incident_is_a_life(self) -> None:
        """Opened once, told in order, ended once; only one at a time; and no end in silence."""
        running: dict[tuple[str, Labels], tuple[str, bool]] = {}
        seen = Counter[str]()
        for event in self.world.events:
            key = event.rule.id, event.labels
            incident, silent = running.get(key, ("", False))
            opens = event.incident not in seen
            seen[event.incident] += 1
            told = [heard(each) for each in self.world.events if each.incident == event.incident]
            assert opens or incident == event.incident, f"what is over says nothing more: {told}"
            assert event.kind in ({"firing", "missing"} if opens else {"level", "missing", "back", "resolved"})
            assert event.kind != "missing" or not silent or opens
            assert event.level
            silent = event.kind == "missing" or (silent and not opens and event.kind != "back")
            running[key] = event.incident, silent
            if event.kind == "resolved":
                assert event.why == "back" or not silent
                del running[key]

    def teardown(self) -> None:
        """Whatever happened, all of it ends when all is well for long enough."""
        if self.failed:
            return
        for _ in range(60):
            self.minutes += 0.5
            for device in DEVICES:
                self._publish(device, 5.0)
            self._step()
        assert self.world.kept == {}
        self.each_incident_is_a_life()

    def _publish(self, device: str, value: float, age: float = 0.0, quality: Quality = Quality.GOOD) -> None:
        """The present takes what is newer."""
        world = self.world
        before = dict(world.present), dict(world.changed)
        row = world.value(value, self.minutes - age, device, came=self.minutes, quality=quality)
        known = before[0].get(row.key)
        if known is not None and known.as_of_ns >= row.as_of_ns:
            world.present, world.changed = before

    def _step(self) -> None:
        for row in self.world.changed.values():
            self._hear(row)
        before = len(self.world.events)
        self.world.step(self.minutes)
        told = sorted(heard(event) for event in self.world.events[before:])
        due = [
            (name, labels, kind, level, at)
            for (name, labels), model in self.models.items()
            for kind, level, at in model.look(self.now)
        ]
        self.failed = told != sorted(due)
        assert not self.failed, f"said: {set(told) - set(due)}, not said: {set(due) - set(told)}"

    def _hear(self, row: Present) -> None:
        usable = row.quality is not Quality.BAD and row.received_ns - row.as_of_ns <= row.max_age_ns
        at = min(row.as_of_ns, row.received_ns)
        tags = dict(row.series.tags)
        for each in RULES:
            name, read = each[:2]
            labels = tuple((tag, tags[tag]) for tag in read.by)
            model = self.models.setdefault((name, labels), made(*each)[1])
            member = model.members.get(tags["device"])
            if member is None:
                model.members[tags["device"]] = at, row.value if usable else None
            elif usable and (member[1] is None or at >= member[0]):
                model.members[tags["device"]] = at, row.value

    def _forget_what_is_not_kept(self) -> None:
        """Where the present is bad or came late, a new engine knows only that there is such a series."""
        for row in self.world.changed.values():
            self._hear(row)
        for model in self.models.values():
            for device in list(model.members):
                row = next(row for key, row in self.world.present.items() if f"device={device}," in key)
                if row.quality is Quality.BAD or row.received_ns - row.as_of_ns > row.max_age_ns:
                    mute = model.silent or model.closed >= 0
                    model.members[device] = (0 if mute else min(row.as_of_ns, row.received_ns)), None


def heard(event: Event) -> Told:
    return event.rule.id, event.labels, str(event.kind), event.level, event.event_ns


Life.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
TestLife = Life.TestCase
