"""What is written of a step of the engine: incident, timeline, outbox and memory, together or not at all."""

from pathlib import Path

import orjson
import pytest
from sqlalchemy.exc import IntegrityError

from alerts import incidents as words
from alerts.engine import Step
from alerts.event import Happened, TrackState, Why
from alerts.incidents import IncidentReader
from alerts.level import Level
from alerts.rules import Ack, Notify
from alerts.tables import attempts, deliveries, events, incidents, states
from alerts.watchdog import RULE as WATCHDOG_RULE
from alerts.watchdog import sign_of_life
from ioc.database import writing
from ioc.domain import MINUTE, SECOND, Quality
from ioc.lease import TTL_NS, Lease, LeaseLostError
from tests.unit.alerts.scene import INCIDENT, LABELS, LAN, MINH, RULE, T0, Scene, event, people, person, rule, state

DAY = 24 * 60 * MINUTE
ALL = [("lan", "email"), ("lan", "webhook"), ("minh", "email")]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_an_alarm_is_an_incident_a_line_a_message_for_each_channel_and_the_memory(scene):
    scene.clock.advance(3 * SECOND)
    scene.commit(event(Happened.FIRING), states=(state(Level.WARNING, incident=INCIDENT, event_ns=T0),))
    row = scene.incident()
    assert (row["id"], row["status"], row["level"], row["value"]) == (INCIDENT, "firing", "warning", 9.1)
    assert (row["opened_ns"], row["opened_at_ns"], row["seq"], row["change"]) == (T0, T0 + 3 * SECOND, 1, 1)
    assert (row["facility"], row["site"], row["unit"], row["needs_owner"]) == ("bv01", "cs1", "Cel", 0)
    assert scene.kinds() == ["firing"]
    assert scene.sent() == [(f"{INCIDENT}-1", "firing", *who) for who in ALL]
    assert scene.record.states() == [state(Level.WARNING, incident=INCIDENT, event_ns=T0)]


def test_a_message_speaks_the_language_of_its_person_and_leads_to_the_incident(tmp_path):
    scene = Scene(tmp_path, more={"IOC_WEB__URL": "https://ioc.bv01.vn/"})
    scene.commit(event(Happened.FIRING))
    vi, _, en = scene.messages()
    assert vi["title"] == "Tủ vắc xin TL-01 ấm: 9,1\u00a0°C"
    assert "9.1" in en["title"]
    assert vi["url"] == en["url"] == f"https://ioc.bv01.vn/alerts/{INCIDENT}"
    assert (vi["steps"], en["steps"]) == (["Xem cửa tủ"], ["Look at the door"])
    assert (vi["dedup_key"], vi["labels"], vi["event_ns"]) == (f"{INCIDENT}-1", dict(LABELS), T0)


def test_a_simulated_alarm_says_so_first(scene):
    scene.commit(event(Happened.FIRING, quality=Quality.SIM))
    assert [message["title"].split("]")[0] for message in scene.messages()] == ["[Mô phỏng", "[Mô phỏng", "[Simulated"]


def test_without_a_url_of_its_own_the_link_leads_to_where_the_web_server_listens(scene):
    scene.commit(event(Happened.FIRING))
    assert scene.messages()[0]["url"] == f"http://127.0.0.1:8080/alerts/{INCIDENT}"


def test_a_life_with_every_event_tells_each_with_a_key_of_its_own(scene):
    scene.commit(event(Happened.FIRING))
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 1, value=13.0))
    scene.commit(event(Happened.MISSING, Level.CRITICAL, T0 + 2, value=None))
    missing = scene.incident()
    scene.commit(event(Happened.BACK, Level.CRITICAL, T0 + 3))
    back = scene.incident()
    scene.commit(event(Happened.RESOLVED, Level.CRITICAL, T0 + 4, value=5.0, why=Why.VALUE))
    assert (missing["status"], missing["level"], missing["value"], missing["missing_since_ns"]) == (
        *("missing", "critical", 13.0),
        T0 + 2,
    )
    assert (back["status"], back["missing_since_ns"]) == ("firing", 0)
    row = scene.incident()
    assert (row["status"], row["why"], row["resolved_ns"], row["change"]) == ("resolved", "value", T0 + 4, 5)
    assert scene.kinds() == ["firing", "level", "missing", "back", "resolved"]
    told = [(f"{INCIDENT}-{n}", status) for n, status in ((1, "firing"), (2, "level"), (3, "missing"), (5, "resolved"))]
    assert scene.sent() == [(*each, *who) for each in told for who in ALL]


def test_a_resolve_says_what_the_person_was_told_last_and_the_value_that_ended_it(scene):
    scene.commit(event(Happened.FIRING), event(Happened.RESOLVED, at_ns=T0 + 5, value=5.0, why=Why.VALUE))
    first, last = scene.messages()[0], scene.messages()[-3]
    assert (last["title"], last["language"], last["level"]) == (first["title"], "vi", "warning")
    assert (last["status"], last["value"], last["event_ns"], last["since_ns"]) == ("resolved", 5.0, T0 + 5, T0)


def test_a_resolve_reaches_whoever_was_told_even_when_nobody_is_in_the_group_any_more(scene):
    scene.commit(event(Happened.FIRING))
    scene.people = people()
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 1))
    scene.commit(event(Happened.RESOLVED, at_ns=T0 + 2, why=Why.VALUE))
    assert scene.sent()[3:] == [(f"{INCIDENT}-4", "resolved", *who) for who in ALL]
    assert scene.kinds() == ["firing", "level", "untold", "resolved"]


def test_below_the_least_level_nobody_is_told_and_the_way_down_is_told_to_those_who_know(scene):
    asked = rule(notify=Notify("pharmacy", Level.CRITICAL))
    scene.commit(event(Happened.FIRING, rule=asked))
    assert scene.sent() == []
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 1, rule=asked))
    scene.people = people(LAN, MINH, person("hoa", "vi", "email"))
    scene.commit(event(Happened.LEVEL, Level.WARNING, T0 + 2, rule=asked))
    told = [(f"{INCIDENT}-2", "level", *who) for who in ALL] + [(f"{INCIDENT}-3", "level", *who) for who in ALL]
    assert scene.sent() == told


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (people(), "group-empty:pharmacy"),
        (people(LAN, group="it"), "group-unknown:pharmacy"),
        (people(person("lan", "vi")), "no-channel:Lan"),
    ],
)
def test_whoever_cannot_be_told_stands_in_the_timeline_once(scene, known, why):
    scene.people = known
    scene.commit(event(Happened.FIRING))
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 1))
    assert [row["text"] for row in scene.rows(events) if row["kind"] == "untold"] == [why]
    assert scene.sent() == []
    [untold] = IncidentReader(scene.engine).untold()
    assert f"{untold.why}:{untold.whom}" == why


def test_one_without_a_channel_keeps_no_other_from_being_told(scene):
    scene.people = people(person("hoa", "vi"), MINH)
    scene.commit(event(Happened.FIRING))
    assert scene.sent() == [(f"{INCIDENT}-1", "firing", "minh", "email")]
    assert scene.kinds() == ["firing", "untold"]


def test_a_rise_ends_the_acknowledgement_and_asks_for_an_owner(scene):
    scene.commit(event(Happened.FIRING))
    acknowledge(scene, until_ns=T0 + MINUTE)
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 1))
    row = scene.incident()
    assert (row["acked_by"], row["ack_until_ns"], row["ack_reason"], row["needs_owner"]) == ("", None, "", 1)
    assert scene.kinds() == ["firing", "ack_ended", "level"]
    assert scene.rows(events)[1]["who"] == "Lan"


def test_a_fall_and_a_silence_leave_the_acknowledgement(scene):
    scene.commit(event(Happened.FIRING, Level.CRITICAL))
    acknowledge(scene, until_ns=T0 + MINUTE)
    scene.commit(event(Happened.LEVEL, Level.WARNING, T0 + 1), event(Happened.MISSING, at_ns=T0 + 2))
    assert scene.incident()["acked_by"] == "Lan"


@pytest.mark.parametrize(("last", "status"), [(Happened.FIRING, "firing"), (Happened.MISSING, "missing")])
def test_an_acknowledgement_that_runs_out_tells_again(scene, last, status):
    scene.commit(event(last))
    acknowledge(scene, until_ns=T0 + MINUTE)
    rules = {RULE.id: RULE}
    assert scene.record.expire(rules, scene.lease.token, T0 + MINUTE - 1) == 0
    assert scene.record.expire(rules, scene.lease.token, T0 + MINUTE) == 1
    assert scene.record.expire(rules, scene.lease.token, T0 + MINUTE) == 0
    assert scene.sent()[3:] == [(f"{INCIDENT}-2", status, *who) for who in ALL]
    assert [message["again"] for message in scene.messages()] == [False] * 3 + [True] * 3
    assert scene.incident()["acked_by"] == ""
    assert scene.kinds()[1:] == ["ack_ended"]


def test_a_group_that_is_silent_in_part_stays_missing_when_its_level_changes(scene):
    scene.commit(event(Happened.FIRING), event(Happened.MISSING, at_ns=T0 + 1, silent=2))
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 2, silent=2))
    row = scene.incident()
    assert (row["status"], row["silent"], row["level"], row["missing_since_ns"]) == ("missing", 2, "critical", T0 + 1)


def test_an_incident_that_opens_with_silence_is_missing_since_then(scene):
    scene.commit(event(Happened.MISSING, value=None))
    row = scene.incident()
    assert (row["status"], row["value"], row["missing_since_ns"], row["opened_ns"]) == ("missing", None, T0, T0)
    assert "–" in scene.messages()[0]["title"]


def test_what_a_person_has_closed_is_not_touched_by_an_end_and_opened_again_by_an_alarm(scene):
    scene.commit(event(Happened.MISSING))
    with writing(scene.engine) as connection:
        connection.execute(
            incidents.update().values(status="resolved", why="closed", resolved_ns=T0, resolved_at_ns=T0)
        )
    scene.commit(event(Happened.BACK, at_ns=T0 + 1), event(Happened.RESOLVED, at_ns=T0 + 1, why=Why.BACK))
    assert scene.kinds() == ["missing"]
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 2))
    row = scene.incident()
    assert (row["status"], row["why"], row["resolved_at_ns"], row["level"]) == ("firing", "", None, "critical")


def test_the_end_of_an_incident_that_nobody_knows_is_nothing(scene):
    scene.commit(event(Happened.RESOLVED, why=Why.VALUE))
    assert scene.rows(incidents) == scene.rows(events) == []


def test_a_fault_in_the_middle_leaves_nothing_behind(scene):
    bad = event(Happened.FIRING, incident="i2", rule=rule(owner=None))
    with pytest.raises(IntegrityError):
        scene.commit(event(Happened.FIRING), bad, states=(state(Level.WARNING),))
    assert all(scene.rows(table) == [] for table in (incidents, events, deliveries, states))


def test_what_was_written_and_not_answered_is_not_written_twice(scene):
    scene.commit(event(Happened.FIRING))
    scene.clock.advance(1)
    scene.commit(event(Happened.FIRING), tried_ns=T0)
    assert scene.kinds() == ["firing"]
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 1), tried_ns=T0)
    assert scene.kinds() == ["firing", "level"]
    scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 1), tried_ns=T0 + 2)  # like one of before, and yet new
    assert scene.kinds() == ["firing", "level", "level"]


def test_what_was_written_beside_an_event_that_left_no_line_is_not_written_twice(scene):
    scene.commit(event(Happened.MISSING))
    with writing(scene.engine) as connection:
        connection.execute(incidents.update().values(status="resolved", why="closed"))
    step = event(Happened.BACK), event(Happened.FIRING, incident="i2", labels=(("device", "tl-02"),))
    scene.commit(*step)
    scene.commit(*step, tried_ns=T0)
    assert [row["incident"] for row in scene.rows(events)] == [INCIDENT, "i2"]


def test_an_acknowledgement_from_before_the_clock_was_set_back_ends(scene):
    scene.commit(event(Happened.FIRING, Level.CRITICAL))
    acknowledge(scene, T0 + RULE.ack.expires_ns)
    assert scene.record.expire({}, scene.lease.token, T0 - MINUTE) == 0
    assert scene.record.expire({}, scene.lease.token, T0 - MINUTE - 1) == 1
    assert scene.kinds() == ["firing", "ack_ended"]


def test_a_scheduler_that_has_lost_the_lease_writes_nothing(scene):
    scene.commit(event(Happened.FIRING))
    token = scene.lease.token
    scene.clock.advance(TTL_NS)
    assert Lease(scene.engine, "scheduler", "b", scene.clock).acquire()
    acknowledge(scene, until_ns=T0)
    rules = {RULE.id: RULE}
    for write in (
        lambda: scene.commit(event(Happened.LEVEL, Level.CRITICAL, T0 + 1), states=(state(Level.CRITICAL),)),
        lambda: scene.record.expire(rules, token, scene.clock.now_ns()),
        lambda: scene.record.keep_rules({"id": 1, "digest": "", "loaded_at_ns": 0, "document": "[]"}, token),
        lambda: scene.record.prune(token, scene.clock.now_ns()),
        lambda: scene.record.forget_signs(token, scene.clock.now_ns()),
    ):
        with pytest.raises(LeaseLostError):
            write()
    assert scene.kinds() == ["firing"]
    assert scene.record.states() == []


def test_a_state_comes_back_as_it_was_kept(scene):
    kept = TrackState(
        *(RULE.id, LABELS, repr(RULE.read), Level.CRITICAL, INCIDENT),
        pending={Level.WARNING: 1, Level.CRITICAL: 2},
        leaving={Level.WARNING: 3},
        value=9.5,
        event_ns=T0,
        quality=Quality.SIM,
        missing_since_ns=4,
    )
    scene.commit(states=(kept,))
    assert scene.record.states() == [kept]
    scene.commit(states=(state(event_ns=T0 + 1),))
    assert scene.record.states() == [state(event_ns=T0 + 1)]


def test_closing_is_found_once_and_only_by_those_who_ask_from_before(scene):
    scene.commit(event(Happened.MISSING))
    before = scene.record.last_act()
    with writing(scene.engine) as connection:
        line = {"incident": INCIDENT, "seq": 2, "level": "warning", "quality": "good", "event_ns": T0, "at_ns": T0}
        connection.execute(events.insert().values(kind="closed", **line))
        connection.execute(events.insert().values(kind="note", **line | {"seq": 3}))
        connection.execute(incidents.update().values(status="resolved"))
    closed, after = scene.record.closed_since(before)
    assert closed == [(RULE.id, LABELS, INCIDENT)]
    assert scene.record.closed_since(after) == ([], after)
    assert scene.record.over_among([INCIDENT, "i-other"]) == {INCIDENT}
    with writing(scene.engine) as connection:  # it has alarmed before the engine heard of it
        connection.execute(incidents.update().values(status="firing"))
    assert scene.record.closed_since(before) == ([], after)


def test_after_two_years_an_incident_is_forgotten_with_all_that_hangs_on_it(scene):
    scene.commit(event(Happened.FIRING), event(Happened.RESOLVED, why=Why.VALUE))
    scene.commit(event(Happened.FIRING, incident="i2", labels=(("device", "tl-02"),)))
    with writing(scene.engine) as connection:
        proof = {"number": 1, "began_ns": T0, "ended_ns": T0, "outcome": "sent", "detail": ""}
        connection.execute(attempts.insert(), [{"delivery": row, **proof} for row in (1, 4, 7)])
    scene.record.prune(scene.lease.token, T0 + 2 * 365 * DAY)
    assert len(scene.rows(incidents)) == 2
    scene.record.prune(scene.lease.token, T0 + 2 * 365 * DAY + 1)
    assert [row["id"] for row in scene.rows(incidents)] == ["i2"]
    assert {row["incident"] for table in (events, deliveries) for row in scene.rows(table)} == {"i2"}
    assert [row["delivery"] for row in scene.rows(attempts)] == [7]


def test_after_a_week_a_quiet_state_is_forgotten_and_none_other(scene):
    quiet, alarming = state(event_ns=T0), state(Level.WARNING, incident=INCIDENT, event_ns=T0)
    alarming.labels = (("device", "tl-02"),)
    scene.commit(states=(quiet, alarming))
    scene.record.prune(scene.lease.token, T0 + 7 * DAY)
    assert len(scene.record.states()) == 2
    scene.record.prune(scene.lease.token, T0 + 7 * DAY + 1)
    assert scene.record.states() == [alarming]


def test_signs_of_life_go_one_a_minute_to_their_receiver_and_stand_in_no_list(scene):
    scene.people = people(person("watchdog", "vi", "webhook"), group="watchdog")
    for minute in range(3):
        scene.commit(sign_of_life(T0 + minute * MINUTE))
    assert scene.sent() == [(f"watchdog-{n}", "firing", "watchdog", "webhook") for n in (1, 2, 3)]
    reader = IncidentReader(scene.engine)
    assert reader.list().items == []
    assert reader.untold() == []
    assert (WATCHDOG_RULE.ack, scene.incident()["needs_owner"]) == (Ack(Level.CRITICAL, 0, reason=False), 0)


def test_a_sign_of_life_that_did_not_arrive_is_replaced_and_old_ones_are_forgotten(scene):
    scene.people = people(person("watchdog", "vi", "webhook"), group="watchdog")
    scene.commit(sign_of_life(T0), sign_of_life(T0 + 1))
    with writing(scene.engine) as connection:
        connection.execute(deliveries.update().where(deliveries.c.id == 1).values(attempts=1))
        proof = {"number": 1, "began_ns": T0, "ended_ns": T0, "outcome": "failed", "detail": "refused"}
        connection.execute(attempts.insert().values(delivery=1, **proof))
    scene.record.forget_signs(scene.lease.token, T0 + MINUTE)
    assert [row["state"] for row in scene.rows(deliveries)] == [words.GIVEN_UP, words.DUE]
    scene.record.forget_signs(scene.lease.token, T0 + 61 * MINUTE)
    assert [row["state"] for row in scene.rows(deliveries)] == [words.DUE]
    assert scene.rows(attempts) == scene.rows(events) == []


def test_a_thousand_alarms_at_once_are_one_transaction(scene):
    many = [event(Happened.FIRING, incident=f"i{n}", labels=(("device", f"d-{n}"),)) for n in range(1_100)]
    scene.commit(*many)
    ends = [event(Happened.RESOLVED, incident=f"i{n}", labels=(("device", f"d-{n}"),)) for n in range(1_100)]
    scene.commit(*ends)
    assert {row["change"] for row in scene.rows(incidents)} == {2}
    assert len(scene.rows(deliveries)) == 2 * 3 * 1_100


def test_nothing_in_a_message_tells_who_is_told(scene):
    scene.commit(event(Happened.FIRING))
    assert not any("Lan" in text or "email:" in text for text in map(str, scene.messages()))
    assert orjson.loads(scene.incident()["title"])["en"] == RULE.title.en


def acknowledge(scene: Scene, until_ns: int) -> None:
    with writing(scene.engine) as connection:
        values = {"acked_by": "Lan", "acked_at_ns": T0, "ack_until_ns": until_ns, "ack_reason": "on my way"}
        connection.execute(incidents.update().values(values))


def test_an_empty_step_changes_nothing(scene):
    scene.record.commit(Step(), scene.lease.token, T0)
    assert scene.rows(incidents) == []
