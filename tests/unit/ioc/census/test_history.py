"""Random histories of all kinds of facts: whatever was said, balances close and the order of arrival is no matter."""

import itertools
from collections.abc import Iterator, Sequence
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from ioc.beds import Beds
from ioc.census import Census
from ioc.census.ground import Ground
from ioc.census.history import History, MoveRow, Rules, SpellRow
from ioc.census.replay import replay
from ioc.census.rows import rows_of_moves, rows_of_spells
from ioc.census.tables import bed_statuses, controls, facts, feeds, findings, gaps, moves, places, spells, stays
from ioc.database import make_engine, metadata
from ioc.domain import MINUTE, NOWHERE, BedStatus, Disposition, Fact, FactKind, Spot, VisitClass
from ioc.registry import Facility
from tests.unit.ioc.census.scene import (
    BEDS,
    CC1,
    DAY_BEGINS,
    FACILITY,
    HOUR,
    ICU1,
    KEYS,
    NOI1,
    NOI2,
    PLACES,
    SOURCE,
    Scene,
    hours,
)

TABLES = (facts, controls, stays, spells, moves, bed_statuses, places, feeds, gaps, findings)
GROUND = Ground(Facility(code=FACILITY, places=PLACES, **KEYS), Beds(BEDS), ())
RULES = Rules(ZoneInfo("Asia/Ho_Chi_Minh"), HOUR, 5 * MINUTE)
SPOTS = (NOI1, NOI2, ICU1, CC1, Spot("NOI"), Spot("XX", "P9", "G9"), NOWHERE)
VISITS = ("v1", "v2", "pA", "pB", "pC")
CLOCKS = [half / 2 for half in range(145)]  # three days, their midnights included
LATEST = CLOCKS[-1]
NO_VISIT = (FactKind.BED_STATUS, FactKind.MERGED)


@st.composite
def histories(draw: st.DrawFn, most: int = 25) -> list[Fact]:
    """Facts of a few visits, with a number and without, in no order."""
    return [draw(_facts(number)) for number in range(draw(st.integers(1, most)))]


@st.composite
def _facts(draw: st.DrawFn, number: int) -> Fact:
    kind = draw(st.sampled_from(FactKind))
    at_ns = hours(draw(st.sampled_from(CLOCKS)))
    visit = "" if kind in NO_VISIT else draw(st.sampled_from(VISITS))
    patient, other = draw(st.permutations("ABC"))[:2]
    return Fact(
        message=f"m{number:03}",
        part=0,
        kind=kind,
        facility=FACILITY,
        source=SOURCE,
        occurred_ns=at_ns,
        sent_ns=at_ns + draw(st.sampled_from([0, MINUTE])),
        received_ns=hours(LATEST) + number,
        control=f"c{number:03}",
        sequence=draw(st.integers(0, 2)),
        visit=visit,
        patient=visit[1:] if visit.startswith("p") else patient,
        other_patient=other if kind is FactKind.MERGED else "",
        visit_class=draw(st.sampled_from(VisitClass)),
        spot=draw(st.sampled_from(SPOTS)),
        disposition=draw(st.sampled_from(Disposition)),
        bed_status=draw(st.sampled_from(BedStatus)) if kind is FactKind.BED_STATUS else None,
    )


def history_of(told: Sequence[Fact], emergency_ns: int = 24 * HOUR) -> History:
    """What the database would give for all of time, without one."""
    stays = replay(told, emergency_ns).values()
    statuses: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for fact in sorted(told, key=lambda fact: (fact.occurred_ns, fact.sent_ns, fact.message)):
        if fact.bed_status and fact.spot.bed:
            key = fact.spot.ward, fact.spot.room, fact.spot.bed
            statuses.setdefault(key, []).append((fact.occurred_ns, fact.bed_status.value))
    return History(
        facility=FACILITY,
        from_ns=0,
        to_ns=hours(LATEST),
        now_ns=hours(LATEST),
        feed=None,
        ground=GROUND,
        rules=RULES,
        spells=[SpellRow(*row[3:]) for stay in stays for row in rows_of_spells(FACILITY, stay)],
        moves=[MoveRow(*row[3:]) for stay in stays for row in rows_of_moves(FACILITY, stay)],
        statuses=statuses,
        vacated={},
    )


def shapes(census: Census) -> object:
    """All of a census but the age of its feed."""
    return (
        census.wards,
        census.emergency_by_site,
        census.expected_by_site,
        census.emergency,
        census.arrivals,
        census.expected,
    )


@given(histories(most=60))
@settings(deadline=None, max_examples=25)
def test_every_balance_closes_at_every_moment(told: list[Fact]) -> None:
    history = history_of(told)
    for clock in (*CLOCKS[::7], 24.0, 48.0, 72.0):
        for ward in history.at(hours(clock)).wards:
            day = ward.balance
            gone = day.transferred_out + day.discharged + day.died
            assert day.start + day.admitted + day.transferred_in - gone + day.corrected == day.end, (clock, ward.code)
            assert day.end == ward.patients == ward.without_bed + sum(bed.patients for bed in ward.beds)


@given(histories(most=60))
@settings(deadline=None, max_examples=25)
def test_a_day_begins_with_what_the_one_before_ended_with(told: list[Fact]) -> None:
    history = history_of(told)
    for midnight in (24.0, 48.0):
        ended = {ward.code: ward.balance.end for ward in history.at(hours(midnight)).wards}
        begun = {ward.code: ward.balance.start for ward in history.at(hours(midnight) + 1).wards}
        for code in ended.keys() | begun.keys():
            assert ended.get(code, 0) == begun.get(code, 0)


@given(histories(most=15))
@settings(deadline=None, max_examples=25)
def test_between_two_changes_nothing_changes(told: list[Fact]) -> None:
    history = history_of(told)
    changes = history.changes()
    assert changes == sorted(set(changes))
    for before, after in zip([DAY_BEGINS, *changes], [*changes, hours(LATEST)], strict=True):
        if before < after - 1 and before >= DAY_BEGINS:
            assert shapes(history.at(before)) == shapes(history.at(after - 1))


@given(histories(most=40), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_stays_are_the_same_in_whatever_order_and_however_often_they_are_told(told: list[Fact], chance: Random) -> None:
    shuffled = [*told, *told[::2]]
    chance.shuffle(shuffled)
    assert replay(shuffled, HOUR) == replay(told, HOUR)


@given(histories(most=40))
@settings(max_examples=25)
def test_nobody_lies_in_two_places_and_no_stay_is_lost(told: list[Fact]) -> None:
    visits = replay(told, 24 * HOUR)
    for stay in visits.values():
        lain = sorted((spell.from_ns, spell.to_ns) for spell in stay.spells if spell.visit_class != "expected")
        assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(lain))
        assert not stay.ended or stay.closed_ns is not None
    begun = {fact.visit for fact in told if fact.kind is FactKind.ADMITTED and fact.visit.startswith("v")}
    assert begun <= visits.keys()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('census')}/ioc.sqlite")
    metadata.create_all(engine)
    with engine.connect():
        yield Scene(engine)
    engine.dispose()


def emptied(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(delete(table))


@given(histories(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_shuffled_doubled_and_in_any_batches_the_database_gives_the_same_census(
    scene: Scene, told: list[Fact], chance: Random
) -> None:
    shuffled = [*told, *told[::3]]
    chance.shuffle(shuffled)
    emptied(scene.engine)
    while shuffled:
        size = chance.randint(1, 10)
        scene.ledger.keep(shuffled[:size])
        del shuffled[:size]
    alone = history_of(told)
    span = scene.reader.history(FACILITY, hours(5), hours(40), hours(LATEST))
    for clock in (5.0, 23.5, 24.0, 24.5, 40.0):
        expected = shapes(alone.at(hours(clock)))
        assert shapes(scene.at(clock, LATEST)) == expected
        assert shapes(span.at(hours(clock))) == expected
    assert scene.ledger.keep(told).changed == frozenset()
