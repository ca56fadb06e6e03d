"""What the census of a moment holds, and what is found wanting in it."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from ioc.beds import Bed, Ward
from ioc.catalogue import Catalogue
from ioc.census import UNPLACED, Balance, CensusReader, Effective, Ledger
from ioc.domain import MINUTE, BedStatus, FactKind, Spot, State, VisitClass
from ioc.registry import Registry
from tests.unit.ioc.census.scene import (
    CC1,
    FACILITY,
    ICU1,
    NOI1,
    NOI2,
    NOI3,
    TEXT,
    Listed,
    Scene,
    hours,
    settings,
    tell,
)

K = FactKind
EMERGENCY = VisitClass.EMERGENCY
STRANGE = Spot("NGOAI", "P9", "G9")


# beds and wards


def test_a_ward_counts_its_patients_and_its_beds(scene: Scene) -> None:
    scene.register.all[2] = replace(scene.register.all[2], staffed=False)
    scene.keep(
        *(tell(K.ADMITTED, 8, visit, spot) for visit, spot in zip("abc", (NOI1, NOI1, Spot("NOI")), strict=True))
    )
    ward = scene.ward(9, "NOI")
    assert (ward.patients, ward.occupied, ward.shared, ward.without_bed) == (3, 1, 1, 1)
    assert (ward.planned, ward.actual, ward.staffed, ward.available) == (3, 3, 2, 1)
    assert (ward.site, ward.confirmed) == ("cs1", True)
    assert [(bed.spot.bed, bed.patients, bed.effective) for bed in ward.beds] == [
        ("G1", 2, Effective.OCCUPIED),
        ("G2", 0, Effective.CLEAN),
        ("G3", 0, Effective.CLEAN),
    ]


def test_beds_that_cannot_be_used_are_not_staffed(scene: Scene) -> None:
    scene.status(8, NOI1, BedStatus.CLOSED)
    scene.status(8, NOI2, BedStatus.HOUSEKEEPING)
    scene.status(8, NOI3, BedStatus.OCCUPIED)
    ward = scene.ward(8.5, "NOI")
    assert (ward.staffed, ward.blocked, ward.dirty, ward.available) == (1, 2, 1, 0)
    assert scene.ward(9, "NOI").available == 1  # clean by then
    assert [bed.reported for bed in ward.beds] == ["C", "H", "O"]


def test_a_bed_is_dirty_when_it_is_left_and_clean_after_an_hour(scene: Scene) -> None:
    scene.keep(tell(K.ADMITTED, 8, "v", NOI1), tell(K.TRANSFERRED, 9, "v", NOI2), tell(K.DISCHARGED, 12, "v"))
    left = scene.bed(9.5, NOI1)
    assert (left.effective, left.since_ns, left.inferred, left.reported) == (Effective.DIRTY, hours(9), False, "")
    clean = scene.bed(10, NOI1)
    assert (clean.effective, clean.since_ns, clean.inferred) == (Effective.CLEAN, hours(10), True)
    assert scene.bed(40, NOI2).since_ns == hours(13)


def test_a_bed_that_is_never_clean_by_itself_is_dirty_weeks_later(engine: Engine) -> None:
    scene = Scene(engine, clean_after_minutes=0)
    scene.keep(tell(K.ADMITTED, 8, "v", NOI1), tell(K.DISCHARGED, 9, "v"))
    assert scene.bed(9 + 24 * 50, NOI1).effective is Effective.DIRTY


def test_what_was_said_last_of_a_bed_holds_and_the_past_keeps_what_it_knew(scene: Scene) -> None:
    scene.status(8, NOI1, BedStatus.CLOSED)
    scene.status(10, NOI1, BedStatus.UNOCCUPIED)
    scene.status(9, NOI1, BedStatus.CONTAMINATED, received_ns=hours(11))
    assert [scene.bed(clock, NOI1).reported for clock in (7, 8, 9, 10, 50)] == ["", "C", "K", "U", "U"]
    scene.status(10, NOI1, BedStatus.ISOLATED, sent_ns=hours(10) + 1)
    assert scene.bed(10, NOI1).effective is Effective.ISOLATED


def test_a_kept_bed_is_reserved_and_not_available(scene: Scene) -> None:
    scene.say(K.EXPECTED, 8, "v", NOI1)
    census = scene.at(9)
    assert (census.expected, census.expected_by_site) == (1, {"cs1": 1})
    assert (scene.bed(9, NOI1).effective, scene.ward(9, "NOI").available) == (Effective.RESERVED, 2)
    assert scene.at(32).expected == 0
    scene.say(K.ADMITTED, 10, "v", NOI2)
    assert scene.bed(10, NOI1).effective is Effective.CLEAN
    assert scene.bed(9.5, NOI1).effective is Effective.RESERVED


def test_inpatients_without_a_ward_are_a_ward_of_their_own(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v")
    scene.say(K.TRANSFERRED, 9, "v", NOI1)
    ward = scene.ward(8.5, UNPLACED)
    assert (ward.patients, ward.without_bed, ward.site, ward.confirmed) == (1, 1, "cs1", False)
    assert scene.balance(9, UNPLACED) == Balance(admitted=1, transferred_out=1)
    assert scene.balance(9, "NOI") == Balance(transferred_in=1, end=1)
    assert scene.at(8.5).wards[-1] == ward
    assert scene.found() == []


def test_an_unknown_ward_counts_and_is_shown_last(scene: Scene) -> None:
    scene.keep(tell(K.ADMITTED, 8, "v", STRANGE), tell(K.ADMITTED, 8, "w", Spot("NOI", "P7", "G7")))
    assert [ward.code for ward in scene.at(9).wards] == ["NOI", "HSTC", "CC", "NGOAI"]
    ward = scene.ward(9, "NGOAI")
    assert (ward.patients, ward.occupied, ward.confirmed, ward.site, ward.actual) == (1, 1, False, "cs1", 0)
    assert [(bed.spot.bed, bed.confirmed) for bed in scene.ward(9, "NOI").beds][-2:] == [("G3", True), ("G7", False)]


def test_an_unknown_bed_is_shown_for_a_day_after_it_was_heard_of(scene: Scene) -> None:
    scene.keep(tell(K.ADMITTED, 8, "v", STRANGE), tell(K.DISCHARGED, 9, "v"))
    assert scene.bed(9.5, STRANGE).effective is Effective.DIRTY
    assert scene.bed(32.9, STRANGE).effective is Effective.CLEAN
    assert all(ward.code != "NGOAI" for ward in scene.at(33.1).wards)


def test_beds_come_and_go_with_the_register(scene: Scene) -> None:
    scene.register.all[1] = replace(scene.register.all[1], until_ns=hours(10))
    scene.register.all[2] = replace(scene.register.all[2], from_ns=hours(10))
    assert [[bed.spot.bed for bed in scene.ward(clock, "NOI").beds] for clock in (9, 10)] == [
        ["G1", "G2"],
        ["G1", "G3"],
    ]
    span = scene.reader.history(FACILITY, hours(9), hours(11), hours(11))
    assert hours(10) in span.changes()


def test_a_hospital_whose_beds_nobody_listed_shows_its_wards(engine: Engine) -> None:
    scene = Scene(engine, Listed([]))
    assert [ward.code for ward in scene.at(8).wards] == ["NOI", "HSTC", "CC"]
    scene.say(K.ADMITTED, 8, "v", NOI1)
    assert scene.bed(9, NOI1).confirmed is False


def test_a_ward_that_was_taken_in_is_known_and_has_its_site(engine: Engine) -> None:
    scene = Scene(engine, Listed(wards=[Ward(FACILITY, "NGOAI", TEXT, "cs2", "ngoai", taken_in=True)]))
    scene.say(K.ADMITTED, 8, "v", STRANGE)
    ward = scene.ward(9, "NGOAI")
    assert (ward.confirmed, ward.site, ward.department) == (True, "cs2", "ngoai")


def test_a_facility_that_is_not_in_the_registry_has_nothing_but_what_it_sends(engine: Engine, scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v", NOI1, facility="gone")
    reader = CensusReader(engine, Registry({}, {}, {}), Listed([]), scene.settings, Catalogue({}))
    [ward] = reader.at("gone", hours(9), hours(9)).wards
    assert (ward.code, ward.site, ward.confirmed, ward.patients) == ("NOI", "", False, 1)


# the emergency department


def test_emergency_visits_are_counted_for_a_day_and_arrivals_for_an_hour(scene: Scene) -> None:
    scene.say(K.REGISTERED, 8, "v", Spot("CC"), visit_class=EMERGENCY)
    scene.say(K.REGISTERED, 8.5, "w", visit_class=EMERGENCY)
    scene.say(K.REGISTERED, 8.5, "x", visit_class=EMERGENCY)
    scene.say(K.ADMIT_CANCELLED, 9, "x")
    census = scene.at(8.75)
    assert (census.emergency, census.arrivals) == (3, 3)
    assert census.emergency_by_site == {"cs1": (2, 2), "cs2": (1, 1)}
    assert [(scene.at(clock).emergency, scene.at(clock).arrivals) for clock in (9, 9.5, 31.9, 32, 32.5)] == [
        (2, 1),
        (2, 0),
        (2, 0),
        (1, 0),
        (0, 0),
    ]
    assert scene.at(0).emergency_by_site == {"cs1": (0, 0), "cs2": (0, 0)}


def test_an_arrival_before_midnight_is_one_of_the_last_hour_after_it(scene: Scene) -> None:
    scene.say(K.REGISTERED, 23.75, "v", visit_class=EMERGENCY)
    assert scene.at(24.5).arrivals == 1


# balances


def test_a_day_counts_what_happened_after_its_midnight_and_at_the_one_that_ends_it(scene: Scene) -> None:
    scene.say(K.ADMITTED, 0, "v", NOI1)
    scene.say(K.ADMITTED, 8, "w", NOI2)
    scene.say(K.TRANSFERRED, 9, "w", ICU1)
    scene.say(K.DISCHARGED, 24, "v")
    assert scene.balance(24, "NOI") == Balance(start=1, admitted=1, transferred_out=1, discharged=1, end=0)
    assert scene.balance(24, "HSTC") == Balance(transferred_in=1, end=1)
    assert scene.balance(8, "NOI") == Balance(start=1, admitted=1, end=2)
    assert scene.balance(24.1, "HSTC") == Balance(start=1, end=1)
    assert scene.at(24).day_from_ns == hours(0)
    assert scene.at(24.1).day_from_ns == hours(24)


def test_what_is_cancelled_on_its_day_is_in_no_balance_and_later_it_corrects(scene: Scene) -> None:
    scene.keep(tell(K.ADMITTED, 8, "v", NOI1), tell(K.ADMIT_CANCELLED, 9, "v"))
    scene.keep(tell(K.ADMITTED, 8, "w", NOI1), tell(K.TRANSFERRED, 9, "w", ICU1), tell(K.TRANSFER_CANCELLED, 33, "w"))
    scene.keep(tell(K.ADMITTED, 8, "x", NOI2), tell(K.DISCHARGED, 9, "x"), tell(K.DISCHARGE_CANCELLED, 34, "x"))
    scene.keep(tell(K.ADMITTED, 8, "y", NOI2), tell(K.ADMIT_CANCELLED, 35, "y"))
    assert scene.balance(8.5, "NOI") == Balance(admitted=4, end=4)
    assert scene.balance(24, "NOI") == Balance(admitted=3, transferred_out=1, discharged=1, end=1)
    assert scene.balance(36, "NOI") == Balance(start=1, corrected=1, end=2)
    assert scene.balance(36, "HSTC") == Balance(start=1, corrected=-1, end=0)


# how old it is


def test_the_present_ages_with_its_feed(scene: Scene) -> None:
    assert (scene.at(8).state, scene.at(8).as_of_ns) == (State.MISSING, None)
    scene.say(K.ADMITTED, 8, "v", NOI1)
    states = [(minutes, scene.at(8 + minutes / 60)) for minutes in (0, 5, 6, 15, 16)]
    assert [census.state for _, census in states] == [State.FRESH, State.FRESH, State.LATE, State.LATE, State.STALE]
    assert {census.as_of_ns for _, census in states} == {hours(8)}


def test_the_past_is_known_once_something_later_was_heard(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v", NOI1)
    scene.say(K.HEARD, 12)
    past = scene.at(10, now=13)
    assert (past.state, past.as_of_ns) == (State.FRESH, hours(10))
    behind = scene.at(12.5, now=13)
    assert (behind.state, behind.as_of_ns) == (State.STALE, hours(12))
    before = scene.at(7, now=13)
    assert (before.state, before.as_of_ns) == (State.MISSING, None)


def test_a_moment_of_the_past_knows_nothing_of_what_came_after_it(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v", NOI1)
    scene.say(K.HEARD, 9)
    before = scene.at(9, now=20)
    scene.say(K.DISCHARGED, 10, "v")
    scene.say(K.ADMITTED, 11, "w", NOI1)
    assert scene.at(9, now=20) == before


# what is found wanting


def test_an_unknown_ward_is_found_once_and_an_unknown_bed_of_a_known_ward_each(scene: Scene) -> None:
    scene.keep(
        *(tell(K.ADMITTED, 8, visit, Spot("NGOAI", "P1", bed)) for visit, bed in zip("ab", "12", strict=True)),
        *(tell(K.ADMITTED, 9, visit, Spot("NOI", "P7", bed)) for visit, bed in zip("cd", "12", strict=True)),
        tell(K.REGISTERED, 9, "o", Spot("PK01"), visit_class=VisitClass.OUTPATIENT),
    )
    last = tell(K.BED_STATUS, 10, spot=Spot("NGOAI", "P1", "3"), bed_status=BedStatus.CLOSED)
    scene.keep(last)
    assert scene.found() == [
        ("unknown_ward", "NGOAI", 1),
        ("unknown_bed", "NOI^P7^2", 1),
        ("unknown_bed", "NOI^P7^1", 1),
    ]
    [ward] = scene.reader.findings(FACILITY, "unknown_ward").items
    assert (ward.spot, ward.detail, ward.message) == (Spot("NGOAI"), {"beds": 3}, last.message)
    assert (ward.first_ns, ward.last_ns, ward.source) == (hours(8), hours(10), "his-bv")
    assert scene.reader.counts() == {(FACILITY, "unknown_ward"): 1, (FACILITY, "unknown_bed"): 2}


def test_what_is_taken_into_the_register_is_found_no_more(scene: Scene) -> None:
    scene.say(K.ADMITTED, 8, "v", STRANGE)
    scene.register.taken_in.append(Ward(FACILITY, "NGOAI", TEXT, "cs1", taken_in=True))
    assert scene.found() == [("unknown_bed", "NGOAI^P9^G9", 1)]
    scene.register.all.append(Bed(FACILITY, "cs1", "ngoai", STRANGE, from_ns=hours(9)))
    assert scene.found() == []


def test_where_no_bed_is_listed_a_ward_is_found_once(engine: Engine) -> None:
    scene = Scene(engine, Listed([]))
    scene.keep(tell(K.ADMITTED, 8, "v", NOI1), tell(K.ADMITTED, 8, "w", NOI2))
    assert scene.found() == [("unknown_bed", "NOI", 1)]


def test_an_unknown_place_of_a_month_ago_is_found_no_more(scene: Scene) -> None:
    scene.keep(tell(K.ADMITTED, 8, "v", STRANGE), tell(K.DISCHARGED, 9, "v"))
    scene.say(K.HEARD, 8 + 30 * 24)
    assert scene.found("unknown_ward") == []


def test_two_patients_are_a_conflict_only_in_a_bed_that_is_not_shared_by_habit(scene: Scene) -> None:
    spots = (NOI1, NOI1, ICU1, ICU1)
    scene.keep(*(tell(K.ADMITTED, 8 + n, visit, spots[n]) for n, visit in enumerate("abcd")))
    [finding] = scene.reader.findings(FACILITY).items
    assert (finding.kind, finding.subject, finding.spot) == ("conflict", "HSTC^P1^G1", ICU1)
    assert (finding.visit, finding.first_ns, finding.detail) == ("d", hours(11), {"patients": 2})
    scene.say(K.DISCHARGED, 12, "c")
    assert scene.found() == []


def test_a_stay_of_which_nothing_is_heard_for_a_month_has_no_end(scene: Scene) -> None:
    month = 30 * 24
    scene.keep(*(tell(K.ADMITTED, 8, visit, NOI1) for visit in "vwx"))
    scene.say(K.UPDATED, 20, "w", NOI1)
    scene.say(K.DISCHARGED, 20, "x")
    scene.say(K.HEARD, 8 + month)
    [finding] = scene.reader.findings(FACILITY).items
    assert (finding.kind, finding.visit, finding.spot) == ("no_end", "v", NOI1)
    assert finding.detail == {"class": "inpatient", "silent_s": month * 3600}


def test_an_emergency_visit_past_its_time_has_no_end(scene: Scene) -> None:
    scene.say(K.REGISTERED, 8, "v", CC1, visit_class=EMERGENCY)
    scene.say(K.REGISTERED, 8, "w", visit_class=EMERGENCY)
    scene.say(K.DISCHARGED, 9, "w")
    assert scene.found() == []
    scene.say(K.HEARD, 32)
    assert scene.found() == [("no_end", "v", 1)]
    scene.say(K.HEARD, 8 + 30 * 24)
    assert scene.found() == []


def test_findings_come_in_pages(scene: Scene) -> None:
    scene.keep(*(tell(K.DISCHARGED, 8 + n // 2, f"v{n}", NOI1) for n in range(5)))
    scene.say(K.ADMITTED, 9, "w", STRANGE)
    scene.say(K.DISCHARGED, 9, "x", facility="other")
    whole = scene.reader.findings(limit=50)
    assert (len(whole.items), whole.next) == (7, "")
    paged, before = [], ""
    while True:
        page = scene.reader.findings(before=before, limit=2)
        paged += page.items
        if not (before := page.next):
            break
    assert tuple(paged) == whole.items
    assert len(scene.reader.findings(FACILITY, "no_beginning", limit=50).items) == 5
    with pytest.raises(ValueError, match="no page"):
        scene.reader.findings(before="7")


def test_a_finding_leads_to_the_facts_behind_it(scene: Scene) -> None:
    first = scene.say(K.TRANSFERRED, 9, "v", NOI1)
    second = scene.say(K.UPDATED, 8.5, "v", NOI1, prior=NOI2)
    assert scene.reader.facts_of(FACILITY, "v") == [second, first]
    assert scene.reader.facts_of("other", "v") == []
    assert scene.reader.facts_of_message(FACILITY, first.message) == [first]
    assert scene.reader.facts_of_message("other", first.message) == []


# cost


def test_no_question_walks_through_a_table_that_grows(engine: Engine, scene: Scene) -> None:
    asked: list[tuple[str, object]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if not statement.startswith(("begin", "pragma")):
            asked.append((statement, parameters))

    scene.say(K.MERGED, 8, patient="A", other_patient="B")
    scene.keep(tell(K.ADMITTED, 8, "v", NOI1), tell(K.BED_STATUS, 8, spot=NOI2, bed_status=BedStatus.CLOSED))
    scene.reader.history(FACILITY, hours(8), hours(9), hours(9))
    scene.reader.findings(FACILITY)
    event.remove(engine, "before_cursor_execute", _note)
    walked: set[str] = set()
    with engine.connect() as connection:
        for statement, parameters in asked:
            given = parameters[0] if isinstance(parameters, list) else parameters
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
            walked.update(row.detail for row in plan if row.detail.startswith("SCAN"))
    assert len(asked) > 25
    assert walked <= {"SCAN census_feed"}


def test_days_begin_at_the_midnight_of_the_settings_zone(engine: Engine) -> None:
    scene = Scene(engine)
    scene.say(K.ADMITTED, 1, "v", NOI1)
    london = replace(settings(), timezone="Europe/London")
    reader = CensusReader(engine, scene.registry, scene.register, london, Catalogue({}))
    census = reader.at(FACILITY, hours(9), hours(9))
    assert census.day_from_ns == hours(7)
    assert census.wards[0].balance == Balance(start=1, end=1)
    Ledger(engine, london, Catalogue({})).keep([tell(K.DISCHARGED, 2, "v", received_ns=hours(6.9))])
    assert scene.found("late") == [("late", "his-bv 2026-11-19", 1)]


def test_gaps_of_a_span_are_given_with_it(scene: Scene) -> None:
    scene.say(K.HEARD, 8)
    scene.say(K.HEARD, 9)
    silence = (hours(8.25), hours(9))
    assert scene.reader.history(FACILITY, hours(7), hours(10), hours(10)).gaps == (silence,)
    assert scene.reader.history(FACILITY, hours(7), hours(8.25) - MINUTE, hours(10)).gaps == ()
