"""The ledger on a database: what comes twice, late or wrong, and who is told what changed."""

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import OperationalError

from ioc.census import FindingKind, Ledger
from ioc.census.tables import facts, gaps, sampled
from ioc.database import reading, writing
from ioc.domain import MINUTE, SECOND, BedStatus, FactKind, Quality, Spot
from tests.unit.ioc.census.scene import FACILITY, HOUR, ICU1, NOI1, NOI2, SOURCE, Scene, hours, tell

K = FactKind
DAY = "his-bv 2026-11-20"


def rows(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(facts)).scalar_one()


def test_it_tells_what_was_heard_and_where_anything_changed(scene: Scene) -> None:
    kept = scene.ledger.keep(
        [
            tell(K.ADMITTED, 8, "v", NOI1),
            tell(K.HEARD, 8, facility="other"),
            tell(K.REGISTERED, 8, "o"),
        ]
    )
    assert (kept.facilities, kept.changed) == ({FACILITY, "other"}, {FACILITY})
    assert (kept.fresh, kept.doubled, kept.late) == (2, 0, 0)
    assert scene.ledger.keep([]).facilities == frozenset()
    assert scene.ledger.keep([tell(K.UPDATED, 9, "v", NOI1)]).changed == frozenset()
    assert scene.ledger.keep([tell(K.REGISTERED, 9, "p")]).changed == frozenset()
    status = tell(K.BED_STATUS, 9, spot=NOI2, bed_status=BedStatus.CLOSED)
    assert scene.ledger.keep([status]).changed == {FACILITY}


def test_of_two_states_of_a_bed_of_one_moment_the_one_written_last_counts(scene: Scene) -> None:
    dirty = tell(K.BED_STATUS, 9, spot=NOI1, bed_status=BedStatus.HOUSEKEEPING, message="z")
    clean = tell(K.BED_STATUS, 9, spot=NOI1, bed_status=BedStatus.UNOCCUPIED, message="a")
    scene.keep(clean, dirty)
    assert scene.bed(10, NOI1).reported == "U"


def test_a_sign_of_life_is_not_kept(scene: Scene) -> None:
    scene.say(K.HEARD, 8)
    assert rows(scene.engine) == 0
    assert scene.reader.feeds()[FACILITY].as_of_ns == hours(8)


def test_the_same_receipt_once_more_is_not_doubled_and_another_of_the_same_message_is(scene: Scene) -> None:
    fact = tell(K.ADMITTED, 8, "v", NOI1)
    again = [tell(K.ADMITTED, 8, "v", NOI1, message=fact.message, received_ns=hours(8) + n) for n in (1, 2)]
    scene.keep(fact, fact)
    assert scene.found("doubled") == []
    assert scene.ledger.keep([fact, *again]).doubled == 2
    assert scene.found("doubled") == [("doubled", DAY, 2)]
    assert scene.ledger.keep([fact, *again]).doubled == 0  # as after a crash
    assert scene.found("doubled") == [("doubled", DAY, 2)]
    assert scene.reader.counts()[FACILITY, FindingKind.DOUBLED] == 2
    assert rows(scene.engine) == 1


def test_a_message_of_two_facts_is_doubled_once(scene: Scene) -> None:
    swap = [tell(K.TRANSFERRED, 8, visit, NOI1, message="m", part=part) for part, visit in enumerate("ab")]
    scene.keep(*swap)
    again = [
        tell(K.TRANSFERRED, 8, visit, NOI1, message="m", part=part, received_ns=hours(9))
        for part, visit in enumerate("ab")
    ]
    assert scene.ledger.keep(again).doubled == 1


def test_another_body_under_a_control_id_that_was_used_is_kept_and_found(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v", NOI1, control="MSG00001", message="a")
    scene.say(K.ADMITTED, 8, "w", NOI2, control="MSG00001", message="b")
    assert scene.patients(9) == {"NOI^P1^G1": 1, "NOI^P1^G2": 1}
    [finding] = scene.reader.findings(FACILITY, "same_control_id").items
    assert (finding.subject, finding.count, finding.message, finding.visit) == (DAY, 1, "b", "w")
    assert finding.detail == {"other": "a"}
    scene.keep(*(tell(K.UPDATED, 9, "v", control="new", message=message) for message in "cd"))
    assert scene.found("same_control_id") == [("same_control_id", DAY, 2)]


def test_late_facts_are_counted_by_source_and_day_with_the_newest_as_example(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v", NOI1, received_ns=hours(8) + 5 * MINUTE)
    assert scene.found() == []
    scene.keep(*(tell(K.UPDATED, 8, "v", NOI1, received_ns=hours(9) + n) for n in (2, 1)))
    last = scene.say(K.UPDATED, 8, "v", NOI1, received_ns=hours(10))
    [finding] = scene.reader.findings(FACILITY).items
    assert (finding.kind, finding.subject, finding.count) == ("late", DAY, 3)
    assert (finding.message, finding.visit, finding.detail) == (last.message, "v", {"late_s": 7200})
    assert (finding.first_ns, finding.last_ns) == (hours(9) + 1, hours(10))
    scene.say(K.UPDATED, 9, "v", NOI1, received_ns=hours(24) + 1)
    assert scene.found() == [("late", "his-bv 2026-11-21", 1), ("late", DAY, 3)]


def test_a_clock_that_is_ahead_is_counted(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v", NOI1, skewed=True)
    assert scene.found() == [("future", DAY, 1)]


def test_what_is_wrong_with_a_visit_is_cleared_when_it_is_settled(scene: Scene) -> None:
    scene.say(K.DISCHARGED, 10, "v", NOI1)
    assert scene.found() == [("no_beginning", "v", 1)]
    scene.say(K.ADMITTED, 8, "v", NOI1)
    assert scene.found() == []
    [finding] = scene.reader.findings(FACILITY, open_only=False).items
    assert finding.cleared_ns == hours(8)
    scene.say(K.UPDATED, 9, "v", ICU1)  # before the end: settled by it
    assert scene.found() == []
    scene.say(K.DISCHARGE_CANCELLED, 11, "v", NOI1)
    update = scene.say(K.UPDATED, 12, "v", ICU1)
    [finding] = scene.reader.findings(FACILITY).items
    assert (finding.kind, finding.visit, finding.spot) == ("moved_silently", "v", ICU1)
    assert (finding.message, finding.first_ns) == (update.message, hours(12))
    assert finding.detail == {"said": "updated", "ward": "NOI", "room": "P1", "bed": "G1"}


def test_findings_of_long_ago_are_forgotten(scene: Scene) -> None:
    scene.say(K.DISCHARGED, 10, "v", NOI1)
    month = 30 * 24 * HOUR
    assert scene.ledger.prune(hours(10) + month) == 0
    assert scene.ledger.prune(hours(10) + month + 1) == 1
    assert scene.found(open_only=False) == []


# how old it is


def test_a_feed_is_as_old_as_its_newest_message_and_never_newer_than_its_receipt(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v", NOI1, sent_ns=hours(8) + SECOND, received_ns=hours(9))
    feed = scene.reader.feed(FACILITY)
    assert feed is not None
    assert (feed.first_ns, feed.as_of_ns, feed.received_ns) == (hours(8) + SECOND, hours(8) + SECOND, hours(9))
    scene.say(K.UPDATED, 7, "v", NOI1, received_ns=hours(9) + 1)
    scene.say(K.HEARD, 9, sent_ns=hours(20), quality=Quality.SIM, received_ns=hours(9) + 2)
    feed = scene.reader.feed(FACILITY)
    assert feed is not None
    assert (feed.first_ns, feed.as_of_ns, feed.received_ns) == (hours(7), hours(9) + 2, hours(9) + 2)
    assert feed.quality is Quality.SIM


def test_two_sources_of_a_facility_are_one_feed(scene: Scene) -> None:
    scene.say(K.HEARD, 8)
    scene.say(K.HEARD, 9, source="lab")
    scene.say(K.ADMITTED, 8, "v", NOI1)
    feed = scene.reader.feed(FACILITY)
    assert feed is not None
    assert (feed.source, feed.as_of_ns, feed.first_ns, feed.changed) == ("lab", hours(9), hours(8), 1)
    assert scene.reader.feed("other") is None
    assert list(scene.reader.feeds()) == [FACILITY]


def test_the_number_of_changes_rises_with_beds_and_stays_alone(scene: Scene) -> None:
    seen = []
    for fact in (
        tell(K.ADMITTED, 8, "v", NOI1),
        tell(K.UPDATED, 9, "v", NOI1),
        tell(K.HEARD, 9),
        tell(K.TRANSFERRED, 9, "v", NOI2, source="second"),
        tell(K.DISCHARGED, 10, "v"),
    ):
        scene.keep(fact)
        feed = scene.reader.feed(FACILITY)
        assert feed is not None
        seen.append(feed.changed)
    assert seen == [1, 1, 1, 2, 3]


def test_a_silence_is_a_gap_unless_what_was_said_in_it_comes_with_the_next(scene: Scene) -> None:
    scene.say(K.HEARD, 8)
    scene.say(K.HEARD, 8.25)  # three times the age at which it is late: no silence yet
    scene.say(K.HEARD, 9)
    assert scene.reader.gaps(FACILITY, 0, hours(20)) == ((hours(8.5), hours(9)),)
    scene.keep(*(tell(K.HEARD, clock, received_ns=hours(10)) for clock in (10, 9.75, 9.5, 9.25)))
    assert len(scene.reader.gaps(FACILITY, 0, hours(20))) == 1
    scene.say(K.HEARD, 8.75, received_ns=hours(10))
    with reading(scene.engine) as connection:
        assert connection.execute(select(gaps.c.from_ns, gaps.c.to_ns)).all() == [(hours(8.5), hours(9))]


def test_samples_that_are_written_are_asked_for_again_from_the_first_fact_that_changes_them(scene: Scene) -> None:
    with writing(scene.engine) as connection:
        connection.execute(insert(sampled).values(facility=FACILITY, to_ns=hours(10)))

    def again() -> int | None:
        with reading(scene.engine) as connection:
            return connection.execute(select(sampled.c.again_from_ns)).scalar_one()

    scene.say(K.ADMITTED, 11, "v", NOI1)
    scene.say(K.REGISTERED, 9, "o")
    assert again() is None
    scene.say(K.ADMITTED, 10, "w", NOI2)
    assert again() == hours(10)
    scene.keep(tell(K.ADMITTED, 9, "x", NOI2), tell(K.TRANSFERRED, 9.5, "x", NOI1))
    assert again() == hours(9)
    scene.say(K.ADMITTED, 9.5, "y", NOI2)
    assert again() == hours(9)


# whole or not at all


def test_a_batch_is_kept_whole_or_not_at_all(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("", {}, Exception("disk full"))

    batch = [tell(K.ADMITTED, 8, "v", NOI1), tell(K.BED_STATUS, 8, spot=NOI2, bed_status=BedStatus.CLOSED)]
    with monkeypatch.context() as patch:
        patch.setattr(scene.ledger._feeds, "write", fail)
        with pytest.raises(OperationalError):
            scene.ledger.keep(batch)
    assert (rows(scene.engine), scene.reader.feeds()) == (0, {})
    assert scene.ledger.keep(batch).changed == {FACILITY}


def test_one_visit_in_two_facilities_is_two_visits(scene: Scene) -> None:
    scene.keep(tell(K.ADMITTED, 8, "v", NOI1), tell(K.ADMITTED, 8, "v", NOI2, facility="other"))
    scene.say(K.DISCHARGED, 9, "v", facility="other")
    assert scene.patients(10) == {"NOI^P1^G1": 1}


def test_a_merge_reaches_stays_that_are_in_the_database(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "pA", NOI1, patient="A")
    scene.say(K.ADMITTED, 8, "v", NOI2, patient="A")
    scene.say(K.MERGED, 9, patient="B", other_patient="A")
    scene.say(K.MERGED, 10, patient="C", other_patient="B")
    scene.say(K.DISCHARGED, 11, "pC", patient="C")
    assert scene.patients(10) == {"NOI^P1^G1": 1, "NOI^P1^G2": 1}
    assert scene.patients(12) == {"NOI^P1^G2": 1}
    late = scene.ledger.keep([tell(K.ADMITTED, 10.5, "pB", Spot("CC"), patient="B", received_ns=hours(13))])
    assert late.changed == {FACILITY}
    assert scene.patients(10.5) == {"CC": 1, "NOI^P1^G2": 1}


def test_a_merge_in_another_facility_touches_nobody_here(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "pA", NOI1, patient="A")
    scene.say(K.MERGED, 9, patient="B", other_patient="A", facility="other")
    scene.say(K.DISCHARGED, 11, "pB", patient="B")
    assert scene.patients(12) == {"NOI^P1^G1": 1}


def test_two_ledgers_take_turns(scene: Scene) -> None:
    second = Ledger(scene.engine, scene.settings, scene.catalogue)
    scene.say(K.ADMITTED, 8, "v", NOI1)
    second.keep([tell(K.TRANSFERRED, 9, "v", NOI2)])
    scene.say(K.DISCHARGED, 10, "v", source=SOURCE)
    assert [scene.patients(clock) for clock in (8, 9, 10)] == [{"NOI^P1^G1": 1}, {"NOI^P1^G2": 1}, {}]
