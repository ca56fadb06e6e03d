"""Incidents in memory and as the database has them."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sql

from alerts import Acts, IncidentBook, IncidentReader
from alerts.event import Event, Happened, Why
from alerts.level import Level
from alerts.tables import attempts, deliveries, rule_sets
from alerts.watchdog import sign_of_life
from ioc.database import writing
from ioc.domain import MINUTE, SECOND, Quality
from tests.unit.alerts.scene import INCIDENT, RULE, T0, Scene, event, people, rule

DAY = 24 * 60 * MINUTE


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def book(scene: Scene) -> IncidentBook:
    return IncidentBook(scene.engine, scene.clock)


@pytest.fixture
def reader(scene: Scene) -> IncidentReader:
    return IncidentReader(scene.engine)


def of(number: int, kind: Happened = Happened.FIRING, level: Level = Level.WARNING, **more: Any) -> Event:
    facility, site = more.pop("facility", "bv01"), more.pop("site", "cs1")
    labels = (("device", f"d-{number}"), ("facility", facility), ("site", site))
    return event(kind, level, incident=f"i{number}", labels=labels, **more)


def test_an_empty_book_is_filled_once_and_then_told_what_changes(scene, book):
    assert book.refresh() == []
    scene.commit(of(1), of(2))
    assert [each.id for each in book.refresh()] == ["i1", "i2"]
    assert book.refresh() == []
    scene.commit(of(2, Happened.RESOLVED, why=Why.VALUE))
    assert [(each.id, each.status) for each in book.refresh()] == [("i2", "resolved")]
    assert [each.id for each in book.open()] == ["i1"]
    assert [each.id for each in book.done()] == ["i2"]
    assert book.get("i2").why == "value"


def test_nothing_new_costs_one_number(scene, book):
    scene.commit(of(1))
    book.refresh()
    statements: list[str] = []
    sql.listen(scene.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    book.refresh()
    assert sum(statement.startswith("SELECT") for statement in statements) == 1


def test_it_says_what_is_urgent_first(scene, book):
    scene.commit(of(1), of(2, level=Level.CRITICAL))
    scene.clock.advance(SECOND)
    scene.commit(of(3, level=Level.CRITICAL), of(4), of(5, level=Level.CRITICAL))
    Acts(scene.engine, scene.clock).acknowledge("i2", "Lan", "x")
    book.refresh()
    assert [each.id for each in book.open()] == ["i3", "i5", "i1", "i4", "i2"]
    assert [each.unowned for each in book.open()] == [True, True, False, False, False]


def test_a_facility_and_a_site_have_their_own(scene, book, reader):
    scene.commit(of(1), of(2, site="cs2"), of(3, facility="bv02"), of(3, Happened.RESOLVED, facility="bv02"))
    book.refresh()
    assert [each.id for each in book.open("bv01")] == ["i1", "i2"]
    assert [each.id for each in book.open("bv01", "cs2")] == ["i2"]
    assert [each.id for each in book.done("bv02")] == ["i3"]
    assert [each.id for each in reader.list(facility="bv01", site="cs2").items] == ["i2"]
    assert [each.id for each in reader.done_since(0, "bv02")] == ["i3"]
    assert reader.done_since(0, "bv01") == []


def test_what_has_been_over_for_a_day_is_remembered_no_more(scene, book):
    scene.commit(of(1), of(1, Happened.RESOLVED))
    book.refresh()
    scene.clock.advance(DAY + 1)
    scene.commit(of(2))
    book.refresh()
    assert (book.get("i1"), book.done()) == (None, [])
    assert IncidentBook(scene.engine, scene.clock).refresh()[0].id == "i2"


def test_a_database_of_before_is_read_anew(scene, book, tmp_path):
    scene.commit(of(1))
    scene.commit(of(2))
    book.refresh()
    older = Scene(tmp_path / "older")
    older.folder.mkdir()
    older.commit(of(3))
    book._engine = older.engine
    book.refresh()
    assert [each.id for each in book.open()] == ["i3"]


def test_signs_of_life_stand_in_no_book(scene, book):
    scene.people = people(group="watchdog")
    scene.commit(sign_of_life(T0))
    assert book.refresh() == []
    assert book.open() == []


def test_an_incident_is_read_with_all_that_its_rule_said(scene, reader):
    scene.commit(event(Happened.FIRING, quality=Quality.SIM))
    found = reader.find(INCIDENT).incident
    assert (found.title, found.labels["device"], found.metric) == (RULE.title, "tl-01", "fridge.temp")
    assert found.limits == (("warning", ">", 8.0), ("critical", ">", 12.0))
    assert (found.runbook, found.steps["vi"], found.source) == ("runbooks/fridge.md", ("Xem cửa tủ",), {"en": "WHO"})
    assert (found.level, found.quality, found.simulated) == (Level.WARNING, Quality.SIM, True)
    assert (found.ack_expires_ns, found.ack_needs_reason) == (30 * MINUTE, True)
    assert reader.find("i-other") is None


def test_a_page_of_the_list_leads_to_the_next(scene, reader):
    for number in range(5):
        scene.commit(of(number), of(number + 10))
        scene.clock.advance(SECOND)
    scene.commit(of(2, Happened.RESOLVED))
    seen, before, pages = [], "", 0
    while pages == 0 or before:
        page = reader.list(before=before, limit=3)
        seen += [each.id for each in page.items]
        before, pages = page.next, pages + 1
    assert (seen, pages) == (["i4", "i14", "i3", "i13", "i2", "i12", "i11", "i1", "i10", "i0"], 4)
    assert len(reader.list("open").items) == 9
    assert [each.id for each in reader.list("resolved").items] == ["i2"]
    with pytest.raises(ValueError, match="invalid literal"):
        reader.list(before="yesterday")


def test_the_list_may_be_asked_for_what_is_bad_and_for_what_is_silent(scene, reader):
    scene.commit(of(1), of(2, level=Level.CRITICAL), of(3, Happened.MISSING))
    assert [each.id for each in reader.list(level=Level.CRITICAL).items] == ["i2"]
    assert [each.id for each in reader.list("missing", level=Level.WARNING).items] == ["i3"]


def test_the_proof_of_each_attempt_stands_with_its_message(scene, reader):
    scene.commit(event(Happened.FIRING))
    attempt(scene, 1, 1, "failed", "no answer")
    attempt(scene, 1, 2, "sent", "250 OK")
    detail = reader.find(INCIDENT)
    first, second, third = detail.deliveries
    assert [(each.number, each.outcome, each.detail) for each in first.attempts] == [
        (1, "failed", "no answer"),
        (2, "sent", "250 OK"),
    ]
    assert (first.person_name, first.channel, first.state, first.dedup_key) == ("Lan", "email", "due", f"{INCIDENT}-1")
    assert second.attempts == third.attempts == ()
    [line] = detail.timeline
    assert (line.kind, line.value, line.limit, line.text) == (Happened.FIRING, 9.1, 8.0, "")


def test_who_was_not_reached_is_known_until_they_are_or_it_is_over(scene, reader):
    scene.commit(event(Happened.FIRING))
    assert reader.untold() == []  # nothing was tried yet
    mark(scene, 1, attempts=2, error="no answer")
    mark(scene, 2, attempts=1, state="given_up", error="gone")
    mark(scene, 3, attempts=3, state="sent")
    assert [(each.why, each.whom, each.channel, each.error) for each in reader.untold("bv01", "cs1")] == [
        ("failing", "Lan", "email", "no answer"),
        ("given-up", "Lan", "webhook", "gone"),
    ]
    assert reader.untold("bv02") == []
    scene.commit(event(Happened.RESOLVED))
    assert [each.why for each in reader.untold()] == ["failing"]


def test_a_group_of_nobody_is_not_reached(scene, reader):
    scene.people = people()
    scene.commit(event(Happened.FIRING, rule=rule()))
    [found] = reader.untold()
    assert (found.why, found.whom, found.incident.id, found.at_ns) == ("group-empty", "pharmacy", INCIDENT, T0)


def test_which_rules_are_in_force_and_whether_anybody_judges(scene, reader):
    assert (reader.rules(), reader.judged_until_ns()) == (None, 0)
    assert scene.lease.held()
    assert reader.judged_until_ns() == T0 + 5 * SECOND
    fault = {"id": "IOC-A012", "where": "rules/a.yaml:3", "what": "wrong", "hint": ""}
    with writing(scene.engine) as connection:
        row = {"id": 1, "digest": "d", "loaded_at_ns": T0, "document": '[{"id":"x"}]', "refused_at_ns": T0 + 1}
        connection.execute(rule_sets.insert().values(faults=f"[{fault}]".replace("'", '"'), **row))
    found = reader.rules()
    assert (found.document, found.refused_at_ns, found.faults) == ([{"id": "x"}], T0 + 1, [fault])


def attempt(scene: Scene, delivery: int, number: int, outcome: str, detail: str) -> None:
    with writing(scene.engine) as connection:
        row = {"delivery": delivery, "number": number, "began_ns": T0, "ended_ns": T0 + 1}
        connection.execute(attempts.insert().values(outcome=outcome, detail=detail, **row))


def mark(scene: Scene, delivery: int, **values: Any) -> None:
    with writing(scene.engine) as connection:
        connection.execute(deliveries.update().where(deliveries.c.id == delivery).values(values))
