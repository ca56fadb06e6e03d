"""What a ward's sheet says: symbols, legend, load and neighbours."""

import pytest

from dashboards.beds.sheet import number_of, sheet_of
from dashboards.beds.words import shape_of, symbol_of
from ioc.catalogue import load_catalogue
from ioc.census import BedNow, Effective, WardNow
from ioc.domain import Spot
from tests.unit.dashboards.conftest import ROOT

METRIC = load_catalogue(ROOT / "configs").metrics["bed.load"]


def bed(room="1", number="1", patients=0, effective=None, known=True, **more):
    state = effective or (Effective.OCCUPIED if patients else Effective.CLEAN)
    given = {"kind": "general", "confirmed": known, "planned": known, "actual": known, "staffed": known, **more}
    return BedNow(Spot("w", room, number), patients=patients, effective=state, **given)


def ward(*beds, code="w", **more):
    given = {
        "patients": sum(one.patients for one in beds),
        "actual": sum(one.actual for one in beds),
        "planned": sum(one.planned for one in beds),
        **more,
    }
    return WardNow(code, "cs1", beds=beds, **given)


def sheet(*beds, others=(), **more):
    own = ward(*beds, **more)
    return sheet_of(own, [own, *others], METRIC)


@pytest.mark.parametrize(
    ("state", "symbol"),
    [
        (Effective.CLEAN, "S"), (Effective.RESERVED, "H"), (Effective.DIRTY, "B"), (Effective.CLEANING, "D"),
        (Effective.BLOCKED, "K"), (Effective.CLOSED, "T"), (Effective.CONTAMINATED, "KK"), (Effective.ISOLATED, "CL"),
    ],
)  # fmt: skip
def test_every_state_of_an_empty_bed_has_letters_of_its_own(state, symbol):
    assert symbol_of(bed(effective=state)) == symbol


def test_who_lies_in_a_bed_is_said_before_its_state():
    assert symbol_of(bed(patients=1, effective=Effective.ISOLATED)) == "N"
    assert [symbol_of(bed(patients=n)) for n in (2, 3, 7)] == ["G2", "G3", "G7"]
    assert [shape_of(f"G{n}") for n in (2, 3, 4, 7)] == ["G2", "G3", "G4", "G4"]


def test_the_legend_adds_up_to_the_actual_beds():
    found = sheet(
        bed(number="1", patients=1), bed(number="2", patients=2), bed(number="3"),
        bed(number="4", known=False, patients=1), bed(number="5", effective=Effective.ISOLATED),
        bed(number="6", actual=False, planned=False, patients=3),
    )  # fmt: skip
    assert sum(n for _, n in found.legend) == found.ward.actual == 4
    assert dict(found.legend) == {"S": 1, "H": 0, "B": 0, "D": 0, "N": 1, "G": 1, "K": 0, "T": 0, "CL": 1}
    assert (found.extra, found.unconfirmed, found.all_unconfirmed) == (2, 1, False)


def test_where_the_register_has_no_beds_the_legend_counts_those_that_are_seen():
    found = sheet(bed(known=False, patients=1), bed(number="2", known=False))
    assert found.load is None
    assert sum(n for _, n in found.legend) == 2
    assert (found.extra, found.all_unconfirmed) == (0, True)


@pytest.mark.parametrize(("patients", "level"), [(36, ""), (37, "warning"), (43, "warning"), (44, "critical")])
def test_the_load_alarms_above_its_limits_and_not_at_them(patients, level):
    found = sheet(*[bed(number=str(n)) for n in range(36)], patients=patients)
    assert found.level == level
    assert round(found.load or 0) == round(100 * patients / 36)


def test_the_rule_ends_at_130_per_cent_and_shows_both_limits():
    full = sheet(*[bed(number=str(n)) for n in range(10)], patients=20)
    assert full.gauge == 1000
    assert full.ticks == (769, 923)
    assert sheet(*[bed(number=str(n)) for n in range(10)], patients=13).gauge == 1000
    assert sheet().gauge is None


def test_planned_beds_make_a_load_of_their_own():
    found = sheet(*[bed(number=str(n), planned=n < 5) for n in range(10)], patients=8)
    assert (found.load, found.planned_load) == (80.0, 160.0)


def test_beds_stand_in_their_rooms_in_the_order_of_the_register():
    found = sheet(bed("302", "1"), bed("301", "1"), bed("302", "2"), bed("", "x", known=False))
    assert [(room.code, len(room.beds)) for room in found.rooms] == [("302", 2), ("301", 1), ("", 1)]
    assert len({room.id for room in found.rooms}) == 3


def test_a_room_says_what_it_is_for_where_that_is_not_what_the_ward_is_for():
    found = sheet(
        bed("1", "1", kind="isolation"), bed("1", "2", kind="isolation"), bed("2", "1"), bed("2", "2", kind="add_on"),
        bed("3", "1"), bed("3", "2", kind="isolation"), bed("4", "1"), bed("4", "2"),
    )  # fmt: skip
    assert [room.kind for room in found.rooms] == ["isolation", "", "", ""]


@pytest.mark.parametrize(
    ("spot", "number"),
    [
        (Spot("w", "301", "301-04"), "04"), (Spot("w", "301", "G4"), "G4"), (Spot("w", "301", "301"), "301"),
        (Spot("w", "", "Bed-1234567"), "Bed-12…"), (Spot("w", "3", "3-"), "3-"),
    ],
)  # fmt: skip
def test_a_bed_is_numbered_within_its_room(spot, number):
    assert number_of(spot) == number


def test_since_when_is_said_of_what_waits_and_not_of_who_lies_there():
    found = sheet(bed(number="1", patients=1, since_ns=5), bed(number="2", effective=Effective.DIRTY, since_ns=7))
    assert [one.since_ns for one in found.beds] == [None, 7]


def test_a_neighbour_is_of_the_same_site_has_a_free_bed_and_takes_such_patients():
    others = [
        ward(bed(), code="free", available=2),
        ward(bed(), code="full", available=0),
        WardNow("elsewhere", "cs2", available=3, beds=(bed(),)),
        ward(bed(kind="icu"), code="icu", available=1),
        ward(bed(kind="icu"), code="same-department", department="d", available=4),
    ]
    found = sheet(bed(patients=1), others=others, department="d")
    assert [(one.code, one.free) for one in found.neighbours] == [("free", 2), ("same-department", 4)]
