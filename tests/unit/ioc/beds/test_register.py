"""The register: what a list changes, from when, and that the past stays as it was."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from ioc.access import audit_entries, verify_audit
from ioc.beds import Bed, BedKind, BedRegister, Beds, Ward, wards_of
from ioc.beds.differences import compare
from ioc.catalogue import Text
from ioc.domain import SECOND, Spot, VirtualClock
from ioc.errors import IocError
from ioc.registry import Facility

NOW = 1_800_000_000 * SECOND
DAY = 24 * 3_600 * SECOND
WHO = "cli:test"


def bed(name: str = "G1", facility: str = "bv01", **more: object) -> Bed:
    return replace(Bed(facility, "cs1", "khoa-noi", Spot("noi", "P01", name)), **more)


def imported(register: BedRegister, *beds: Bed) -> None:
    register.apply(register.preview(beds), WHO)


def in_force(register: BedRegister, at_ns: int) -> list[tuple[str, BedKind]]:
    return [(one.spot.bed, one.kind) for one in register.beds("bv01").at(at_ns)]


def test_the_first_list_of_a_facility_holds_since_ever(register: BedRegister) -> None:
    imported(register, bed("G2"), bed("G1"))
    assert in_force(register, 0) == in_force(register, NOW) == [("G2", BedKind.GENERAL), ("G1", BedKind.GENERAL)]
    assert register.version("bv01") == 1
    assert register.version("bv02") == 0
    assert register.beds("bv02") == Beds()


def test_a_change_holds_from_now_on_and_the_past_stays(register: BedRegister) -> None:
    imported(register, bed("G1"), bed("G2"))
    imported(register, bed("G1", kind=BedKind.ICU), bed("G2"))
    assert in_force(register, NOW - 1) == [("G1", BedKind.GENERAL), ("G2", BedKind.GENERAL)]
    assert in_force(register, NOW) == [("G1", BedKind.ICU), ("G2", BedKind.GENERAL)]


def test_a_bed_that_the_list_lacks_is_gone_and_one_that_comes_back_is_there_again(
    register: BedRegister, clock: VirtualClock
) -> None:
    imported(register, bed("G1"), bed("G2"))
    imported(register, bed("G1"))
    clock.advance(DAY)
    imported(register, bed("G1"), bed("G2"))
    assert [name for name, _ in in_force(register, NOW - 1)] == ["G1", "G2"]
    assert [name for name, _ in in_force(register, NOW)] == ["G1"]
    assert [name for name, _ in in_force(register, NOW + DAY)] == ["G1", "G2"]


def test_a_line_that_says_from_when_changes_the_register_from_then(register: BedRegister) -> None:
    imported(register, bed())
    imported(register, bed(kind=BedKind.ICU, from_ns=NOW + DAY))
    assert in_force(register, NOW + DAY - 1) == [("G1", BedKind.GENERAL)]
    assert in_force(register, NOW + DAY) == [("G1", BedKind.ICU)]
    imported(register, bed(kind=BedKind.DAY, from_ns=NOW - DAY))  # what was said of later times is taken back
    assert in_force(register, NOW - DAY - 1) == [("G1", BedKind.GENERAL)]
    assert in_force(register, NOW - DAY) == in_force(register, NOW + 2 * DAY) == [("G1", BedKind.DAY)]


def test_the_same_list_again_changes_nothing(register: BedRegister, engine: Engine, clock: VirtualClock) -> None:
    beds = (bed("G1"), bed("G2", kind=BedKind.ICU, from_ns=NOW + DAY))
    imported(register, *beds)
    entries, rows = audit_entries(engine), register.beds("bv01")
    clock.advance(2 * DAY)
    differences = register.preview(beds)
    assert differences.empty
    assert differences.unchanged == 2
    register.apply(differences, WHO)
    assert (audit_entries(engine), register.beds("bv01"), register.version("bv01")) == (entries, rows, 1)


def test_another_order_is_kept_and_is_no_difference_of_any_bed(register: BedRegister) -> None:
    imported(register, bed("G1"), bed("G2"))
    differences = register.preview((bed("G2"), bed("G1")))
    assert differences.empty
    register.apply(differences, WHO)
    assert [name for name, _ in in_force(register, NOW)] == ["G2", "G1"]
    assert register.version("bv01") == 2


def test_a_preview_says_what_is_added_changed_and_removed_and_changes_nothing(register: BedRegister) -> None:
    imported(register, bed("G1"), bed("G2"), bed("G3"))
    differences = register.preview((bed("G1"), bed("G2", staffed=False), bed("G4")))
    assert [one.spot.bed for one in differences.added] == ["G4"]
    assert [one.spot.bed for one in differences.removed] == ["G3"]
    assert [(one.old.staffed, one.new.staffed) for one in differences.changed] == [(True, False)]
    assert (differences.unchanged, len(differences.before), len(differences.after)) == (1, 3, 3)
    assert register.version("bv01") == 1
    assert len(in_force(register, NOW)) == 3


def test_facilities_that_a_list_does_not_name_stay_as_they_are(register: BedRegister) -> None:
    imported(register, bed("G1"), bed("G1", "bv02"))
    differences = register.preview((bed("G2", "bv02"),))
    assert list(differences.versions) == ["bv02"]
    register.apply(differences, WHO)
    assert len(in_force(register, NOW)) == 1
    assert (register.version("bv01"), register.version("bv02")) == (1, 2)


def test_what_was_changed_meanwhile_is_not_written_over(register: BedRegister) -> None:
    differences = register.preview((bed("G1"),))
    imported(register, bed("G2"))
    with pytest.raises(IocError, match="changed by somebody else"):
        register.apply(differences, WHO)
    assert [name for name, _ in in_force(register, NOW)] == ["G2"]


def test_every_change_stands_in_the_audit_log(register: BedRegister, engine: Engine) -> None:
    imported(register, bed("G1"), bed("G2"))
    register.accept([bed("G3")], "user:tam", Ward("bv01", "X 1", Text("Nhà X", "Nhà X"), "cs1"))
    said = [(entry.actor, entry.action, entry.subject, entry.detail) for entry in reversed(audit_entries(engine))]
    assert said == [
        (WHO, "beds.import", "facility:bv01",
         '{"added": 2, "changed": 0, "removed": 0, "unchanged": 0, "wards": 0}'),
        ("user:tam", "beds.accept_ward", "facility:bv01/ward:X 1", '{"site": "cs1", "title": "Nhà X"}'),
        ("user:tam", "beds.accept_beds", "facility:bv01/ward:noi", '{"count": 1, "kinds": ["general"]}'),
    ]  # fmt: skip
    assert verify_audit(engine) is None


def test_a_ward_and_its_beds_are_taken_in_from_now_on_behind_the_others(register: BedRegister) -> None:
    imported(register, bed("G1"))
    ward = Ward("bv01", "X1", Text("Nhà X", "Nhà X"), "cs2", "khoa-san", taken_in=True)
    new = [bed(f"G{n}", spot=Spot("X1", "", f"G{n}"), site="cs2") for n in (2, 3)]
    assert register.accept(new, WHO, ward) == 2
    assert register.wards("bv01") == (ward,)
    assert [one.spot.bed for one in register.beds("bv01").all] == ["G1", "G2", "G3"]
    assert [name for name, _ in in_force(register, NOW - 1)] == ["G1"]


def test_what_is_there_already_is_left_as_it_is(register: BedRegister, engine: Engine) -> None:
    imported(register, bed("G1"))
    ward = Ward("bv01", "X1", Text("Nhà X", "Nhà X"), "cs1", taken_in=True)
    register.accept([], WHO, ward)
    entries = audit_entries(engine)
    assert register.accept([bed("G1", kind=BedKind.ICU)], WHO, replace(ward, site="cs2")) == 0
    assert register.accept([], WHO) == 0
    assert (register.wards("bv01"), audit_entries(engine)) == ((ward,), entries)


def test_a_bed_that_is_gone_can_be_taken_in_again(register: BedRegister, clock: VirtualClock) -> None:
    imported(register, bed("G1"), bed("G2"))
    imported(register, bed("G1"))
    clock.advance(DAY)
    assert register.accept([bed("G2", from_ns=NOW - DAY)], WHO) == 0  # it was there then
    assert register.accept([bed("G2")], WHO) == 1
    assert [name for name, _ in in_force(register, NOW + DAY - 1)] == ["G1"]
    assert [name for name, _ in in_force(register, NOW + DAY)] == ["G1", "G2"]


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb"])
def test_a_name_that_cannot_be_kept_is_refused(register: BedRegister, name: str) -> None:
    with pytest.raises(IocError, match="is no name"):
        register.accept([bed(name)], WHO)
    with pytest.raises(IocError, match="is no name"):
        register.accept([], WHO, Ward("bv01", name, Text("x", "x"), "cs1"))
    assert register.version("bv01") == 0


def test_wards_of_a_list_are_taken_in_with_it_and_once(register: BedRegister) -> None:
    ward = Ward("bv01", "TIM", Text("TIM", "TIM"), "cs1", taken_in=True)
    for _ in range(2):
        register.apply(register.preview((bed("G1", spot=Spot("TIM", "", "G1")),), (ward,)), WHO)
    assert register.wards("bv01") == (ward,)
    assert register.version("bv01") == 1


def test_readers_see_what_another_process_changes_and_read_nothing_again_before(
    register: BedRegister, engine: Engine, clock: VirtualClock
) -> None:
    other = BedRegister(engine, clock)
    imported(register, bed("G1"))
    assert len(other.beds("bv01").all) == 1
    assert other.beds("bv01") is other.beds("bv01")
    imported(register, bed("G1"), bed("G2"))
    assert len(other.beds("bv01").all) == 2


def test_wards_of_the_file_come_first_and_win(facility: Facility) -> None:
    taken_in = [Ward("bv01", code, Text("x", "x"), "cs1", taken_in=True) for code in ("noi", "TIM")]
    known = wards_of(facility, taken_in)
    assert [(ward.code, ward.site, ward.department, ward.taken_in) for ward in known.values()] == [
        ("noi", "cs1", "khoa-noi", False),
        ("san", "cs2", "khoa-san", False),
        ("TIM", "cs1", "", True),
    ]


listed = st.lists(
    st.builds(
        bed,
        st.sampled_from(["G1", "G2", "G3"]),
        kind=st.sampled_from([BedKind.GENERAL, BedKind.ICU]),
        from_ns=st.sampled_from([0, NOW - DAY, NOW + DAY]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one.spot,
)


@given(listed, listed)
def test_what_was_compared_adds_up(first: list[Bed], second: list[Bed]) -> None:
    known = Beds(compare(first, Beds(), NOW).after)
    differences = compare(second, known, NOW)
    assert [one.spot for one in differences.after] == [one.spot for one in second]
    assert differences.unchanged + len(differences.added) + len(differences.changed) == len(second)
    assert {one.spot for one in differences.removed} == {one.spot for one in first} - {one.spot for one in second}
    assert all(change.old.spot == change.new.spot for change in differences.changed)
