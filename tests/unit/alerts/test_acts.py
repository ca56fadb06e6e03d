"""What people do with incidents: one at a time, whatever has happened in between."""

import threading
from pathlib import Path

import pytest

from alerts import Acts, IncidentBook, IncidentReader, RefusedError
from alerts.acts import TEXT_LIMIT
from alerts.event import Happened, Why
from alerts.level import Level
from alerts.tables import events
from ioc.domain import MINUTE, SECOND
from tests.unit.alerts.scene import INCIDENT, T0, Scene, event


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.commit(event(Happened.FIRING, Level.CRITICAL))
    scene.clock.advance(SECOND)
    return scene


@pytest.fixture
def acts(scene: Scene) -> Acts:
    return Acts(scene.engine, scene.clock)


def refused(code: str) -> pytest.RaisesExc[RefusedError]:
    return pytest.RaisesExc(RefusedError, check=lambda error: error.code == code)


def test_whoever_says_mine_owns_it_for_as_long_as_they_say(scene, acts):
    found = acts.acknowledge(INCIDENT, "Lan", " on my way ", 10 * MINUTE)
    assert (found.acked_by, found.ack_reason, found.unowned) == ("Lan", "on my way", False)
    assert (found.acked_at_ns, found.ack_until_ns) == (T0 + SECOND, T0 + SECOND + 10 * MINUTE)
    assert found.first_acked_at_ns == T0 + SECOND
    line = scene.rows(events)[-1]
    assert (line["kind"], line["who"], line["text"], line["seq"]) == ("acked", "Lan", "on my way", 2)
    assert found == IncidentReader(scene.engine).find(INCIDENT).incident


@pytest.mark.parametrize("asked", [0, -1, 31 * MINUTE])
def test_it_lasts_no_longer_than_the_rule_allows(acts, asked):
    assert acts.acknowledge(INCIDENT, "Lan", "x", asked).ack_until_ns == T0 + SECOND + 30 * MINUTE


def test_a_second_person_takes_over_and_the_first_time_is_kept(scene, acts):
    acts.acknowledge(INCIDENT, "Lan", "x")
    scene.clock.advance(MINUTE)
    found = acts.acknowledge(INCIDENT, "Minh", "y")
    assert (found.acked_by, found.first_acked_at_ns) == ("Minh", T0 + SECOND)
    assert [row["who"] for row in scene.rows(events)] == ["", "Lan", "Minh"]


def test_a_reason_is_needed_where_the_rule_wants_one(scene, acts):
    with refused("reason_needed"):
        acts.acknowledge(INCIDENT, "Lan", "  ")
    assert scene.kinds() == ["firing"]


def test_what_is_over_can_be_noted_and_nothing_else(scene, acts):
    scene.commit(event(Happened.RESOLVED, Level.CRITICAL, why=Why.VALUE))
    with refused("closed"):
        acts.acknowledge(INCIDENT, "Lan", "x")
    with refused("closed"):
        acts.close(INCIDENT, "Lan", "x")
    acts.note(INCIDENT, "Lan", "the seal was worn")
    assert scene.kinds() == ["firing", "resolved", "note"]


@pytest.mark.parametrize("act", ["acknowledge", "note", "close"])
def test_what_is_not_there_and_what_is_too_long_is_refused(acts, act):
    with refused("unknown"):
        getattr(acts, act)("i-other", "Lan", "x")
    with refused("too_long"):
        getattr(acts, act)(INCIDENT, "Lan", "x" * (TEXT_LIMIT + 1))


def test_an_empty_note_is_none(acts):
    with refused("reason_needed"):
        acts.note(INCIDENT, "Lan", " \n")


def test_only_what_is_silent_is_closed_and_with_a_reason(scene, acts):
    with refused("not_silent"):
        acts.close(INCIDENT, "Lan", "x")
    with refused("reason_needed"):
        acts.close(INCIDENT, "Lan", "")


def test_closing_ends_it_and_tells_everybody_who_was_told(scene, acts):
    scene.commit(event(Happened.MISSING, Level.CRITICAL, T0 + 1, value=None))
    found = acts.close(INCIDENT, "Lan", "scrapped")
    assert (found.status, found.why, found.resolved_ns, found.open) == ("resolved", "closed", T0 + SECOND, False)
    assert found.missing_since_ns == T0 + 1
    assert scene.kinds() == ["firing", "missing", "closed"]
    told = [("lan", "email"), ("lan", "webhook"), ("minh", "email")]
    assert scene.sent()[-3:] == [(f"{INCIDENT}-3", "resolved", *who) for who in told]
    assert scene.messages()[-1]["event_ns"] == T0 + SECOND


def test_each_act_has_a_change_number_that_a_book_sees(scene, acts):
    book = IncidentBook(scene.engine, scene.clock)
    book.refresh()
    before = book.change
    acts.note(INCIDENT, "Lan", "x")
    assert [each.id for each in book.refresh()] == [INCIDENT]
    assert book.change == before + 1


def test_acts_of_many_at_once_all_stand_in_the_timeline(scene, acts):
    def note(number: int) -> None:
        for n in range(5):
            acts.note(INCIDENT, f"p{number}", f"{n}")

    threads = [threading.Thread(target=note, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    scene.commit(event(Happened.LEVEL, Level.WARNING, T0 + 1))
    for thread in threads:
        thread.join()
    assert sorted(row["seq"] for row in scene.rows(events)) == list(range(1, 23))
    assert scene.incident()["seq"] == 22
