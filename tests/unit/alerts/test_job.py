"""The job: from a value in the present to rows that are written, through faults, restarts and changes of hands."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sql
from sqlalchemy.exc import OperationalError

from alerts.acts import Acts
from alerts.engine import Engine, Step
from alerts.event import Happened
from alerts.incidents import IncidentReader
from alerts.job import AlertJob, in_parts
from alerts.level import Level
from alerts.rules import Read, Rule, RuleSet, Take
from alerts.tables import deliveries, incidents, rule_sets, states
from alerts.windows import Windows
from ioc.domain import MINUTE, SECOND, Frame, Quality, Reading, Series
from ioc.errors import RetryError
from ioc.latest import LatestReader, LatestWriter
from ioc.lease import TTL_NS, Lease
from ioc.timeseries import MemoryStore
from tests.unit.alerts.scene import RULE, SERIES, T0, Scene, catalogue, people, person, registry, rule, state
from tests.unit.alerts.scene import event as happened

PREFIX = "fridge,device=tl-01,facility=bv01,site=cs1,source=mqtt"


class Files:
    """Rules that change when a test says so."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = RuleSet({rule.id: rule for rule in rules}, "1")
        self.new = False
        self.faults: list[str] = []

    def become(self, *rules: Rule) -> None:
        self.rules, self.new = RuleSet({rule.id: rule for rule in rules}, self.rules.digest + "1"), True

    def look(self, _now_ns: int) -> bool:
        new, self.new = self.new, False
        return new

    def row(self) -> dict[str, Any]:
        return {"id": 1, "digest": self.rules.digest, "loaded_at_ns": T0, "document": "[]", "faults": "[]"}


class World(Scene):
    """A scene with a present, and jobs that judge it."""

    def open(self, *rules: Rule) -> "World":
        self.files = Files(*(rules or (RULE,)))
        self.store = MemoryStore()
        self.woken = 0
        self.writer = LatestWriter(self.engine, catalogue(), registry(), self.clock)
        self.job = self.make()
        return self

    def make(self, lease: Lease | None = None, *, watchdog: bool = False) -> AlertJob:
        record = self.record
        if lease is not None:
            record = type(record)(self.engine, lease, lambda: self.people, record._composer)
        self.windows = Windows(self.store)
        return AlertJob(
            LatestReader(self.engine),
            Engine(self.files.rules, registry()),
            record,
            self.files,
            lease or self.lease,
            windows=self.windows,
            watchdog=watchdog,
            wake=self.wake,
        )

    def wake(self) -> None:
        self.woken += 1

    def value(self, value: float, prefix: str = PREFIX, quality: str = "good") -> None:
        now_ns = self.clock.now_ns()
        self.writer.offer([Frame(prefix, {"temp": value}, now_ns, quality, now_ns)])
        self.writer.flush()

    def tick(self, job: AlertJob | None = None, after_ns: int = SECOND) -> None:
        self.clock.advance(after_ns)
        self.lease.renew()
        (job or self.job).tick(self.clock.now_ns())

    def open_ones(self) -> dict[str, str]:
        return {row["rule"]: row["level"] for row in self.rows(incidents) if row["status"] != "resolved"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).open()


class Fault:
    """Makes the database fail where a statement holds a word, as long as it is on."""

    def __init__(self, world: World, word: str, error: type[Exception] = OperationalError) -> None:
        self.on, self.times = True, 0

        @sql.listens_for(world.engine, "before_cursor_execute")
        def _fail(_connection, _cursor, statement, *_rest) -> None:
            if self.on and word in statement:
                self.times += 1
                raise error(statement, {}, Exception("disk I/O error")) if error is OperationalError else error(word)


def test_a_value_past_its_limit_is_told_at_the_next_tick_and_its_return_too(world):
    world.value(5.0)
    world.tick()
    assert world.rows(incidents) == []
    world.value(9.1)
    world.tick()
    assert (world.open_ones(), len(world.sent()), world.woken) == ({"fridge-warm": "warning"}, 3, 1)
    world.value(5.0)
    world.tick()
    assert world.kinds() == ["firing", "resolved"]
    assert world.woken == 2


def test_an_idle_tick_asks_one_number_and_writes_nothing(world):
    world.value(5.0)
    world.tick()
    world.tick()
    statements: list[str] = []
    sql.listen(world.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    world.job.tick(world.clock.now_ns() + 1)
    assert [statement.split()[0].lower() for statement in statements] == ["begin", "select"]


def test_after_a_restart_it_goes_on_where_the_record_ends(world):
    world.value(9.1)
    world.tick()
    again = world.make()
    world.tick(again)
    assert world.kinds() == ["firing"]
    world.value(5.0)
    world.tick(again)
    assert world.kinds() == ["firing", "resolved"]


def test_what_changed_while_nobody_judged_is_judged_at_the_start(world):
    world.value(9.1)
    world.tick()
    world.value(13.0)
    world.tick(world.make())
    assert world.kinds() == ["firing", "level"]


def test_a_database_that_fails_loses_nothing_and_holds_up_what_comes_after(world):
    world.value(5.0)
    world.tick()
    fault = Fault(world, "INSERT INTO alert_event")
    world.value(9.1)
    with pytest.raises(OperationalError):
        world.tick()
    world.value(5.0)  # the alarm would not be seen any more
    with pytest.raises(OperationalError):
        world.tick()
    assert (world.rows(incidents), world.woken, fault.times) == ([], 0, 2)
    fault.on = False
    world.tick()
    assert world.kinds() == ["firing", "resolved"]
    assert world.rows(states)


def test_a_commit_whose_answer_was_lost_is_not_done_twice(world, monkeypatch):
    commit = world.record.commit

    def lost(*args: Any, **more: Any) -> None:
        commit(*args, **more)
        monkeypatch.setattr(world.record, "commit", commit)
        raise OperationalError("commit", {}, Exception("connection lost"))

    world.value(9.1)
    monkeypatch.setattr(world.record, "commit", lost)
    with pytest.raises(OperationalError):
        world.tick()
    world.tick()
    assert world.kinds() == ["firing"]


def test_one_that_can_never_be_written_is_left_out_and_holds_up_no_other(world, caplog):
    composed = world.record._composer.opened

    def opened(event: Any, now_ns: int) -> Any:
        made = composed(event, now_ns)
        return replace(made, owner=None) if made.labels["device"] == "tl-02" else made

    world.record._composer.opened = opened
    for device in ("tl-01", "tl-02", "tl-03"):
        world.value(9.1, PREFIX.replace("tl-01", device))
    world.tick()
    found = IncidentReader(world.engine).list().items
    assert sorted(each.labels["device"] for each in found) == ["tl-01", "tl-03"]
    [line] = [record for record in caplog.records if record.name == "alerts.job"]
    assert "tl-02" in line.getMessage()
    assert line.exc_info
    world.value(5.0)
    world.tick()
    assert len(world.open_ones()) == 1


def test_another_scheduler_goes_on_and_the_first_writes_nothing_when_it_wakes(world, caplog):
    world.value(9.1)
    world.tick()
    world.clock.advance(TTL_NS)
    other = Lease(world.engine, "scheduler", "b", world.clock)
    assert other.acquire()
    second = world.make(other)
    world.value(13.0)
    world.job.tick(world.clock.now_ns())  # it was stopped in the middle and knows nothing of it
    assert world.kinds() == ["firing"]
    assert "left to another" in caplog.text
    second.tick(world.clock.now_ns())
    assert world.kinds() == ["firing", "level"]
    world.clock.advance(TTL_NS)
    assert world.lease.acquire()
    world.value(5.0)
    world.tick()
    assert world.kinds() == ["firing", "level", "resolved"]


def test_a_lease_that_ran_out_and_is_ours_again_loses_nothing(world):
    world.value(5.0)
    world.tick()
    fault = Fault(world, "INSERT INTO alert_event")
    world.value(9.1)
    with pytest.raises(OperationalError):
        world.tick()
    world.value(5.0)
    fault.on = False
    world.clock.advance(TTL_NS)
    assert world.lease.acquire()
    world.tick()
    assert world.kinds() == ["firing", "resolved"]


def test_a_fault_of_the_engine_drops_the_memory_and_the_next_tick_begins_anew(world, monkeypatch):
    world.value(9.1)
    world.tick()
    with monkeypatch.context() as patch:
        patch.setattr(world.job._engine, "step", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.tick()
    world.value(5.0)
    world.tick()
    assert world.kinds() == ["firing", "resolved"]


def test_new_rules_are_taken_over_and_told_to_the_pages(world):
    world.value(9.1)
    world.tick()
    assert world.rows(rule_sets)[0]["digest"] == "1"
    world.files.become(rule(levels=RULE.levels[1:]))
    world.tick()
    assert world.rows(rule_sets)[0]["digest"] == "11"
    world.files.become(rule(id="fridge-hot"))
    world.tick()
    assert world.open_ones() == {"fridge-hot": "warning"}


def test_rules_that_changed_while_nobody_judged_end_what_is_not_asked_any_more(world):
    world.value(9.1)
    world.tick()
    world.files.become(rule(id="fridge-hot"))
    world.tick(world.make())
    assert world.open_ones() == {"fridge-hot": "warning"}
    assert {row["why"] for row in world.rows(incidents)} == {"rule-removed", ""}


def test_that_the_rules_could_not_be_told_is_made_good(world):
    fault = Fault(world, "INSERT INTO alert_rules")
    with pytest.raises(OperationalError):
        world.tick()
    fault.on = False
    world.tick()
    assert len(world.rows(rule_sets)) == 1


def test_what_a_person_closed_stays_closed_until_the_series_speaks(world):
    world.value(5.0)
    world.tick()
    world.tick(after_ns=16 * MINUTE)
    [found] = IncidentReader(world.engine).list("missing").items
    Acts(world.engine, world.clock).close(found.id, "Lan", "scrapped")
    world.tick()
    world.tick(after_ns=20 * MINUTE)
    assert world.open_ones() == {}
    world.value(9.1)
    world.tick()
    assert world.open_ones() == {"fridge-warm": "warning"}
    assert len(world.rows(incidents)) == 2


def test_what_a_person_closed_while_nobody_judged_stays_closed(world):
    world.value(5.0)
    world.tick()
    world.tick(after_ns=16 * MINUTE)
    [found] = IncidentReader(world.engine).list("missing").items
    Acts(world.engine, world.clock).close(found.id, "Lan", "scrapped")
    again = world.make()
    world.tick(again)
    world.tick(again, after_ns=20 * MINUTE)
    assert world.open_ones() == {}


def test_a_storm_is_written_some_at_a_time_and_each_incident_as_a_whole():
    labels = [(("device", f"d-{n}"),) for n in range(5)]
    alarms = [happened(Happened.FIRING, labels=each) for each in labels]
    ends = [happened(Happened.RESOLVED, labels=each) for each in labels]
    parts = in_parts(Step([*alarms, *ends], [state(), replace(state(), labels=labels[0])]), 2)
    assert [[it.labels for it in part.events] for part in parts] == [
        [labels[0]] * 2 + [labels[1]] * 2,
        [labels[2]] * 2 + [labels[3]] * 2,
        [labels[4]] * 2,
    ]
    assert [len(part.states) for part in parts] == [1, 0, 1]


def test_an_acknowledgement_that_runs_out_tells_again_and_wakes(world):
    world.value(13.0)
    world.tick()
    [found] = IncidentReader(world.engine).list().items
    Acts(world.engine, world.clock).acknowledge(found.id, "Lan", "on my way", MINUTE)
    world.tick(after_ns=59 * SECOND)
    assert world.kinds() == ["firing", "acked"]
    world.value(13.0)
    world.tick()
    assert world.kinds() == ["firing", "acked", "ack_ended"]
    assert (len(world.sent()), world.woken) == (6, 2)


def test_the_watchdog_gives_a_sign_each_minute_and_none_without_a_receiver(world):
    world.people = people(person("watchdog", "vi", "webhook"), group="watchdog")
    world.tick()
    assert world.sent() == []
    job = world.make(watchdog=True)
    for _ in range(4):
        world.tick(job, 30 * SECOND)
    assert [key for key, *_ in world.sent()] == ["watchdog-1", "watchdog-2"]


def test_old_incidents_are_forgotten_by_and_by(world):
    world.value(9.1)
    world.tick()
    world.value(5.0)
    world.tick()
    world.clock.advance(3 * 365 * 24 * 60 * MINUTE)
    world.lease.acquire()
    world.tick()
    assert [row["status"] for row in world.rows(incidents)] == ["missing"]  # what has said nothing for three years
    assert {row["status"] for row in world.rows(deliveries)} == {"missing"}


def test_a_rule_on_a_window_is_judged_by_what_the_store_says(tmp_path):
    over = rule(read=Read("fridge.temp", RULE.read.by, over_ns=5 * MINUTE, take=Take.MEAN), missing=None)
    world = World(tmp_path).open(over)
    world.value(5.0)
    world.tick()
    series = Series.parse(PREFIX.replace("fridge", "fridge.temp", 1))
    values = [(60, 20.0), (30, 10.0), (20, 8.2)]
    world.store.write([Reading(series, world.clock.now_ns() - ago * SECOND, value) for ago, value in values])
    world.store.write([Reading(series, world.clock.now_ns() - 10 * SECOND, 100.0, Quality.BAD)])
    world.store.write([Reading(series, world.clock.now_ns() - SECOND, 100.0)])  # not settled yet
    world.windows.look(world.clock.now_ns())
    world.tick()
    [found] = IncidentReader(world.engine).list().items
    assert (found.level, round(found.value, 3)) == (Level.CRITICAL, 12.733)


@pytest.mark.parametrize(
    ("take", "value"), [("last", 9.0), ("min", 7.0), ("max", 9.0), ("mean", 8.0), ("sum", 16.0), ("count", 2.0)]
)
def test_a_window_is_taken_together_as_the_rule_says(take, value):
    store = MemoryStore()
    series = Series.of("fridge.temp", device="tl-01", source="mqtt")
    store.write([Reading(series, T0 - MINUTE, 7.0, Quality.SIM), Reading(series, T0 - 6 * SECOND, 9.0)])
    windows = Windows(store)
    asked = rule(read=Read("fridge.temp", ("device",), (("use", ("vaccine",)),), 5 * MINUTE, Take(take)))
    labels: Mapping[str, Any] = {series.key: (("device", "tl-01"),)}
    windows.ask([(asked, labels), (rule(id="quiet"), {})])
    windows.look(T0)
    [found] = windows.taken()
    assert (found.value, found.quality, found.event_ns) == (value, Quality.SIM, T0 - 5 * SECOND)
    assert windows.taken() == []


def test_pages_are_told_that_nobody_judges_where_every_turn_fails(world):
    world.value(5.0)
    world.tick()
    reader = IncidentReader(world.engine)
    assert reader.judged_until_ns() > world.clock.now_ns()
    fault = Fault(world, "FROM latest")
    for _ in range(15):
        with pytest.raises(OperationalError):
            world.tick()
    assert world.lease.held()
    assert reader.judged_until_ns() < world.clock.now_ns()
    fault.on = False
    world.tick()
    assert reader.judged_until_ns() > world.clock.now_ns()


def test_what_alarms_in_the_moment_in_which_a_person_closes_it_ends_with_its_values(world):
    world.value(9.1)
    world.tick()
    world.tick(after_ns=16 * MINUTE)
    world.tick()
    [found] = IncidentReader(world.engine).list("missing").items
    Acts(world.engine, world.clock).close(found.id, "Lan", "scrapped")
    world.value(13.0)
    world.tick(after_ns=SECOND // 5)
    world.tick()
    world.value(5.0)
    world.tick()
    assert world.kinds() == ["firing", "missing", "closed", "level", "resolved"]
    assert world.open_ones() == {}


def test_what_alarms_after_a_person_closed_while_nobody_judged_is_another_incident(world):
    world.value(5.0)
    world.tick()
    world.tick(after_ns=16 * MINUTE)
    [found] = IncidentReader(world.engine).list("missing").items
    Acts(world.engine, world.clock).close(found.id, "Lan", "scrapped")
    world.value(9.1)
    again = world.make()
    world.tick(again)
    world.tick(again)
    assert world.open_ones() == {"fridge-warm": "warning"}
    assert [row["status"] for row in world.rows(incidents) if row["id"] == found.id] == ["resolved"]
    world.value(5.0)
    world.tick(again)
    assert world.open_ones() == {}


def test_a_window_that_cannot_be_read_keeps_no_other_from_being_judged():
    class Store:
        def raw(self, metric, *_):
            if metric == "o2.press":
                raise RetryError("too much")
            return [(Series.parse(SERIES), [(T0, 9.1, Quality.GOOD)])]

    labels = (("device", "tl-01"),)
    bad = replace(RULE, id="bad", read=replace(RULE.read, metric="o2.press", over_ns=MINUTE))
    good = replace(RULE, read=replace(RULE.read, over_ns=MINUTE))
    windows = Windows(Store())
    windows.ask([(bad, {SERIES: labels}), (good, {SERIES: labels})])
    with pytest.raises(RetryError):
        windows.look(T0 + MINUTE)
    assert [(found.rule, found.value) for found in windows.taken()] == [("fridge-warm", 9.1)]
