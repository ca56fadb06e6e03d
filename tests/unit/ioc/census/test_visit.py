"""What each kind of fact does to a visit: where the patient lies, what counts, what is found wanting."""

import pytest

from ioc.census.model import FindingKind
from ioc.census.replay import replay
from ioc.census.stay import FAR_NS, Stay
from ioc.domain import NOWHERE, Disposition, Fact, FactKind, Spot, VisitClass
from tests.unit.ioc.census.scene import CC1, HOUR, ICU1, NOI1, NOI2, hours, tell

K = FactKind
EMERGENCY, INPATIENT, OUTPATIENT = VisitClass.EMERGENCY, VisitClass.INPATIENT, VisitClass.OUTPATIENT
WARD_ONLY = Spot("NOI")


def stays(*facts: Fact) -> dict[str, Stay]:
    return replay(facts, 24 * HOUR)


def stay(*facts: Fact) -> Stay:
    return stays(*facts)["v"]


def lain(found: Stay) -> list[tuple[Spot, float, float | None]]:
    """Where, from when to when by the clock of the first day, None while it lasts."""
    begin = hours(0)
    return [
        (it.spot, (it.from_ns - begin) / HOUR, None if it.to_ns == FAR_NS else (it.to_ns - begin) / HOUR)
        for it in found.spells
    ]


def counted(found: Stay) -> list[tuple[str, str, str]]:
    """What stands in the balance: the kind and the two wards."""
    return [(it.kind, it.from_spot.ward, it.to_spot.ward) for it in found.moves if it.cancelled_ns is None]


def wanting(found: Stay) -> list[FindingKind]:
    return [note.kind for note in found.notes]


def admitted(clock: float = 8, spot: Spot = NOI1, visit: str = "v", **more: object) -> Fact:
    return tell(K.ADMITTED, clock, visit, spot, **{"visit_class": INPATIENT, **more})


def test_a_stay_from_admission_through_a_transfer_to_its_end() -> None:
    found = stay(admitted(), tell(K.TRANSFERRED, 9, "v", ICU1), tell(K.DISCHARGED, 10, "v", ICU1))
    assert lain(found) == [(NOI1, 8, 9), (ICU1, 9, 10)]
    assert [spell.vacated for spell in found.spells] == [True, True]
    assert counted(found) == [("admitted", "", "NOI"), ("transferred", "NOI", "HSTC"), ("discharged", "HSTC", "")]
    assert (found.opened_ns, found.closed_ns, found.ended) == (hours(8), hours(10), "home")
    assert not found.provisional
    assert wanting(found) == []


@pytest.mark.parametrize(
    ("disposition", "kind"),
    [(Disposition.HOME, "discharged"), (Disposition.ELSEWHERE, "discharged"), (Disposition.DIED, "died")],
)
def test_who_dies_is_counted_apart(disposition: Disposition, kind: str) -> None:
    found = stay(admitted(), tell(K.DISCHARGED, 9, "v", disposition=disposition))
    assert counted(found)[-1] == (kind, "NOI", "")
    assert found.ended == disposition


def test_another_bed_of_the_ward_is_a_move_that_no_balance_counts() -> None:
    found = stay(admitted(), tell(K.TRANSFERRED, 9, "v", NOI2))
    assert lain(found) == [(NOI1, 8, 9), (NOI2, 9, None)]
    assert counted(found) == [("admitted", "", "NOI")]


def test_a_second_admission_is_nothing_where_the_patient_lies_and_a_move_elsewhere() -> None:
    assert stay(admitted(), admitted(9)) == stay(admitted(8))
    assert lain(stay(admitted(), admitted(9, WARD_ONLY))) == [(NOI1, 8, None)]
    found = stay(admitted(), admitted(9, ICU1))
    assert counted(found) == [("admitted", "", "NOI"), ("transferred", "NOI", "HSTC")]


def test_who_comes_again_under_the_same_number_is_admitted_again() -> None:
    found = stay(admitted(), tell(K.DISCHARGED, 9, "v"), admitted(20, ICU1))
    assert lain(found) == [(NOI1, 8, 9), (ICU1, 20, None)]
    assert (found.opened_ns, found.closed_ns, found.ended) == (hours(20), None, "")


def test_of_one_moment_the_beginning_comes_first_and_then_what_was_written_first() -> None:
    end, begin = tell(K.DISCHARGED, 8, "v"), admitted(8)
    assert stay(end, begin).ended == "home"
    there, back = tell(K.TRANSFERRED, 9, "v", ICU1, sequence=7), tell(K.TRANSFERRED, 9, "v", NOI2, sequence=8)
    assert stay(back, there, admitted()).spot == NOI2


def test_of_one_moment_a_move_comes_before_the_end_of_being_an_inpatient() -> None:
    moved = tell(K.TRANSFERRED, 9, "v", ICU1, visit_class=INPATIENT)
    found = stay(admitted(), moved, tell(K.BECAME_OUTPATIENT, 9, "v", visit_class=OUTPATIENT))
    assert (found.visit_class, found.ended, lain(found)) == (OUTPATIENT, "outpatient", [(NOI1, 8, 9)])


# cancels


def test_of_one_moment_with_a_cancel_in_it_what_was_written_last_counts() -> None:
    at_once = [tell(K.DISCHARGED, 9, "v"), tell(K.DISCHARGE_CANCELLED, 9, "v"), tell(K.DISCHARGED, 9, "v")]
    found = stay(admitted(), *at_once)
    assert (lain(found), found.ended) == ([(NOI1, 8, 9)], "home")
    there = tell(K.TRANSFERRED, 9, "v", ICU1)
    back = tell(K.TRANSFER_CANCELLED, 9, "v", NOI1)
    elsewhere = tell(K.TRANSFERRED, 9, "v", CC1)
    assert stay(elsewhere, back, there, admitted()).spot == CC1


def test_a_cancelled_transfer_takes_the_patient_back_and_leaves_the_other_bed_clean() -> None:
    found = stay(admitted(), tell(K.TRANSFERRED, 9, "v", ICU1), tell(K.TRANSFER_CANCELLED, 10, "v", NOI1))
    assert lain(found) == [(NOI1, 8, 9), (ICU1, 9, 10), (NOI1, 10, None)]
    assert [spell.vacated for spell in found.spells] == [True, False, False]
    assert counted(found) == [("admitted", "", "NOI")]
    assert found.moves[1].cancelled_ns == hours(10)


@pytest.mark.parametrize(("said", "lies"), [(NOWHERE, NOI1), (ICU1, NOI1), (NOI1, NOI1), (NOI2, NOI2), (CC1, CC1)])
def test_a_cancelled_transfer_may_repeat_what_it_cancels_or_name_where_the_patient_is(said: Spot, lies: Spot) -> None:
    assert stay(admitted(), tell(K.TRANSFERRED, 9, "v", ICU1), tell(K.TRANSFER_CANCELLED, 10, "v", said)).spot == lies


def test_two_cancels_take_back_two_transfers() -> None:
    there = [admitted(), tell(K.TRANSFERRED, 9, "v", ICU1), tell(K.TRANSFERRED, 10, "v", CC1)]
    cancels = [tell(K.TRANSFER_CANCELLED, clock, "v") for clock in (11, 12, 13)]
    assert [stay(*there, *cancels[:number]).spot for number in range(4)] == [CC1, ICU1, NOI1, NOI1]
    assert wanting(stay(*there, *cancels)) == [FindingKind.CANCELS_NOTHING]


def test_a_cancel_of_a_transfer_that_is_sent_again_takes_back_no_other() -> None:
    there = [admitted(), tell(K.TRANSFERRED, 9, "v", NOI2), tell(K.TRANSFERRED, 10, "v", CC1)]
    cancel, again = (tell(K.TRANSFER_CANCELLED, clock, "v", NOI2, prior=CC1) for clock in (11, 12))
    found = stay(*there, cancel, again)
    assert (found.spot, wanting(found)) == (NOI2, [FindingKind.CANCELS_NOTHING])
    repeats = [
        tell(K.TRANSFER_CANCELLED, 11, "v", CC1, prior=NOI2),
        tell(K.TRANSFER_CANCELLED, 12, "v", NOI2, prior=NOI1),
    ]
    assert stay(*there, *repeats).spot == NOI1  # of a sender that repeats what it cancels


def test_a_cancelled_discharge_begins_a_new_spell_where_the_patient_lay() -> None:
    found = stay(admitted(), tell(K.DISCHARGED, 9, "v"), tell(K.DISCHARGE_CANCELLED, 10, "v"))
    assert lain(found) == [(NOI1, 8, 9), (NOI1, 10, None)]
    assert counted(found) == [("admitted", "", "NOI")]
    assert (found.closed_ns, found.ended) == (None, "")


def test_a_cancelled_discharge_that_names_another_bed_is_a_transfer_to_it() -> None:
    found = stay(admitted(), tell(K.DISCHARGED, 9, "v"), tell(K.DISCHARGE_CANCELLED, 10, "v", ICU1))
    assert lain(found) == [(NOI1, 8, 9), (ICU1, 10, None)]
    assert counted(found) == [("admitted", "", "NOI"), ("transferred", "NOI", "HSTC")]


def test_a_cancelled_admission_takes_back_all_that_followed_it() -> None:
    found = stay(admitted(), tell(K.TRANSFERRED, 9, "v", ICU1), tell(K.ADMIT_CANCELLED, 10, "v"))
    assert lain(found) == [(NOI1, 8, 9), (ICU1, 9, 10)]
    assert counted(found) == []
    assert found.ended == "cancelled"
    assert not found.spells[-1].vacated


def test_an_admission_can_be_cancelled_after_the_discharge_but_not_twice() -> None:
    facts = [admitted(), tell(K.DISCHARGED, 9, "v"), tell(K.ADMIT_CANCELLED, 10, "v")]
    assert counted(stay(*facts)) == []
    assert wanting(stay(*facts)) == []
    found = stay(*facts, tell(K.ADMIT_CANCELLED, 11, "v"), tell(K.DISCHARGE_CANCELLED, 12, "v"))
    assert wanting(found) == [FindingKind.CANCELS_NOTHING]
    assert found.notes[0].facts[-1].kind is K.DISCHARGE_CANCELLED
    assert counted(found) == []


def test_cancelling_the_second_admission_leaves_the_first() -> None:
    found = stay(admitted(), tell(K.DISCHARGED, 9, "v"), admitted(10), tell(K.ADMIT_CANCELLED, 11, "v"))
    assert counted(found) == [("admitted", "", "NOI"), ("discharged", "NOI", "")]


@pytest.mark.parametrize("kind", [K.ADMIT_CANCELLED, K.TRANSFER_CANCELLED, K.DISCHARGE_CANCELLED, K.EXPECTED_CANCELLED])
def test_what_cancels_nothing_is_found(kind: FactKind) -> None:
    assert wanting(stay(tell(kind, 8, "v"))) == [FindingKind.CANCELS_NOTHING]
    if kind is not K.ADMIT_CANCELLED:
        found = stay(admitted(), tell(kind, 9, "v"))
        assert wanting(found) == [FindingKind.CANCELS_NOTHING]
        assert lain(found) == [(NOI1, 8, None)]


# beginnings that nobody told


@pytest.mark.parametrize("kind", [K.TRANSFERRED, K.UPDATED, K.MOVED_BY_UPDATE])
def test_who_never_came_is_there_from_the_first_that_is_heard(kind: FactKind) -> None:
    found = stay(tell(kind, 9, "v", NOI1))
    assert lain(found) == [(NOI1, 9, None)]
    assert found.provisional
    assert counted(found) == [("admitted", "", "NOI")]
    assert wanting(found) == [FindingKind.NO_BEGINNING]


@pytest.mark.parametrize("kind", [K.TRANSFER_CANCELLED, K.DISCHARGE_CANCELLED])
def test_a_cancel_tells_where_a_stranger_lies(kind: FactKind) -> None:
    found = stay(tell(kind, 9, "v", NOI1))
    assert lain(found) == [(NOI1, 9, None)]
    assert wanting(found) == [FindingKind.CANCELS_NOTHING, FindingKind.NO_BEGINNING]


def test_an_end_without_a_beginning_counts_nowhere() -> None:
    found = stay(tell(K.DISCHARGED, 9, "v", NOI1))
    assert (found.spells, found.moves, found.ended) == ([], [], "home")
    assert wanting(found) == [FindingKind.NO_BEGINNING]
    assert wanting(stay(tell(K.DISCHARGED, 9, "v", visit_class=OUTPATIENT))) == []


def test_an_end_taken_back_tells_that_a_stranger_is_there() -> None:
    found = stay(tell(K.DISCHARGED, 9, "v", NOI1), tell(K.DISCHARGE_CANCELLED, 10, "v", NOI1))
    assert lain(found) == [(NOI1, 10, None)]
    assert found.provisional


def test_the_beginning_puts_it_right_however_late_it_comes() -> None:
    found = stay(tell(K.DISCHARGED, 10, "v"), tell(K.TRANSFERRED, 9, "v", ICU1), admitted(8))
    assert lain(found) == [(NOI1, 8, 9), (ICU1, 9, 10)]
    assert wanting(found) == []


def test_a_move_after_the_end_moves_nobody() -> None:
    found = stay(admitted(), tell(K.DISCHARGED, 9, "v"), tell(K.TRANSFERRED, 10, "v", ICU1))
    assert lain(found) == [(NOI1, 8, 9)]
    assert wanting(found) == [FindingKind.NO_BEGINNING]


def test_a_second_end_is_nothing() -> None:
    found = stay(admitted(), tell(K.DISCHARGED, 9, "v"), tell(K.DISCHARGED, 10, "v"))
    assert found.closed_ns == hours(9)
    assert len(found.moves) == 2


# updates


def test_an_update_that_names_another_bed_moves_nobody_and_is_found_until_it_is_settled() -> None:
    facts = [admitted(), tell(K.UPDATED, 9, "v", ICU1), tell(K.UPDATED, 10, "v", ICU1)]
    found = stay(*facts)
    assert lain(found) == [(NOI1, 8, None)]
    assert wanting(found) == [FindingKind.MOVED_SILENTLY]
    assert (len(found.notes[0].facts), found.notes[0].known) == (2, NOI1)
    for settled in (
        tell(K.UPDATED, 11, "v", NOI1),
        tell(K.TRANSFERRED, 11, "v", ICU1),
        tell(K.DISCHARGED, 11, "v", ICU1),
        tell(K.UPDATED, 11, "v", WARD_ONLY),
    ):
        assert wanting(stay(*facts, settled)) == []


def test_an_update_of_a_source_that_moves_patients_so_moves_them() -> None:
    found = stay(admitted(), tell(K.MOVED_BY_UPDATE, 9, "v", ICU1), tell(K.MOVED_BY_UPDATE, 10, "v", Spot("HSTC")))
    assert lain(found) == [(NOI1, 8, 9), (ICU1, 9, None)]
    assert counted(found)[-1] == ("transferred", "NOI", "HSTC")


@pytest.mark.parametrize("kind", [K.UPDATED, K.MOVED_BY_UPDATE])
def test_an_update_opens_nothing_that_ended_is_only_expected_or_is_nowhere(kind: FactKind) -> None:
    update = tell(kind, 10, "v", ICU1)
    assert stay(admitted(), tell(K.DISCHARGED, 9, "v"), update).ended == "home"
    assert wanting(stay(admitted(), tell(K.DISCHARGED, 9, "v"), update)) == []
    assert stay(tell(K.EXPECTED, 9, "v", NOI1), update).opened_ns is None
    assert stay(tell(K.EXPECTED, 8, "v"), tell(K.EXPECTED_CANCELLED, 9, "v"), update).opened_ns is None
    assert stay(tell(kind, 9, "v")).opened_ns is None
    assert stay(tell(kind, 9, "v", CC1, visit_class=OUTPATIENT)).opened_ns is None


# classes


def test_an_emergency_visit_arrives_lasts_at_most_a_day_and_counts_in_no_balance() -> None:
    found = stay(tell(K.REGISTERED, 8, "v", CC1, visit_class=EMERGENCY))
    assert lain(found) == [(CC1, 8, 32)]
    assert counted(found) == [("arrived", "", "CC")]
    assert found.closed_ns is None
    ended = stay(tell(K.REGISTERED, 8, "v", CC1, visit_class=EMERGENCY), tell(K.DISCHARGED, 9, "v"))
    assert lain(ended) == [(CC1, 8, 9)]
    assert not ended.spells[0].vacated
    again = stay(
        tell(K.REGISTERED, 8, "v", visit_class=EMERGENCY),
        tell(K.DISCHARGED, 9, "v"),
        tell(K.DISCHARGE_CANCELLED, 10, "v", CC1),
    )
    assert lain(again) == [(NOWHERE, 8, 9), (CC1, 10, 32)]
    assert counted(stay(tell(K.REGISTERED, 8, "v", visit_class=EMERGENCY), tell(K.ADMIT_CANCELLED, 9, "v"))) == []


@pytest.mark.parametrize(
    "becomes",
    [
        tell(K.BECAME_INPATIENT, 9, "v", NOI1),
        tell(K.ADMITTED, 9, "v", NOI1),
        tell(K.ADMITTED, 9, "v", NOI1, visit_class=INPATIENT),
        tell(K.TRANSFERRED, 9, "v", NOI1, visit_class=INPATIENT),
    ],
)
@pytest.mark.parametrize("first", [EMERGENCY, OUTPATIENT])
def test_a_visit_becomes_an_inpatients(becomes: Fact, first: VisitClass) -> None:
    found = stay(tell(K.REGISTERED, 8, "v", CC1, visit_class=first), becomes)
    assert lain(found)[-1] == (NOI1, 9, None)
    assert found.visit_class is INPATIENT
    assert counted(found)[-1] == ("admitted", "", "NOI")
    assert wanting(found) == []
    if first is EMERGENCY:
        assert lain(found)[0] == (CC1, 8, 9)


def test_who_becomes_an_inpatient_without_a_new_place_lies_where_he_lay() -> None:
    assert stay(tell(K.REGISTERED, 8, "v", CC1, visit_class=EMERGENCY), tell(K.BECAME_INPATIENT, 9, "v")).spot == CC1


def test_becoming_an_outpatient_ends_the_stay_and_a_later_end_is_nothing() -> None:
    found = stay(admitted(), tell(K.BECAME_OUTPATIENT, 9, "v"))
    assert lain(found) == [(NOI1, 8, 9)]
    assert counted(found)[-1] == ("discharged", "NOI", "")
    assert found.ended == "outpatient"
    after = stay(admitted(), tell(K.BECAME_OUTPATIENT, 9, "v"), tell(K.DISCHARGED, 10, "v"))
    assert counted(after) == counted(found)
    assert wanting(after) == []
    back = stay(admitted(), tell(K.BECAME_OUTPATIENT, 9, "v"), tell(K.BECAME_INPATIENT, 10, "v", ICU1))
    assert lain(back) == [(NOI1, 8, 9), (ICU1, 10, None)]
    assert wanting(stay(tell(K.BECAME_OUTPATIENT, 9, "v"))) == [FindingKind.NO_BEGINNING]


@pytest.mark.parametrize(
    ("kind", "visit_class"),
    [
        (K.ADMITTED, INPATIENT),
        (K.BECAME_INPATIENT, INPATIENT),
        (K.TRANSFERRED, INPATIENT),
        (K.UPDATED, INPATIENT),
        (K.REGISTERED, OUTPATIENT),
    ],
)
def test_where_no_class_is_said_the_event_tells(kind: FactKind, visit_class: VisitClass) -> None:
    assert stay(tell(kind, 8, "v", NOI1)).visit_class is visit_class


def test_an_outpatient_lies_nowhere_and_counts_nowhere() -> None:
    found = stay(tell(K.REGISTERED, 8, "v", CC1), tell(K.TRANSFERRED, 9, "v", NOI1), tell(K.UPDATED, 10, "v", NOI2))
    assert (found.spells, found.moves, wanting(found)) == ([], [], [])
    assert wanting(stay(tell(K.TRANSFERRED, 9, "v", NOI1, visit_class=OUTPATIENT))) == []


def test_a_registration_does_not_touch_an_inpatient() -> None:
    registered = tell(K.REGISTERED, 9, "v", CC1, visit_class=EMERGENCY)
    assert lain(stay(admitted(), registered)) == [(NOI1, 8, None)]


def test_an_emergency_patient_moves_without_a_balance() -> None:
    found = stay(
        tell(K.ADMITTED, 8, "v", CC1, visit_class=EMERGENCY),
        tell(K.TRANSFERRED, 9, "v", ICU1),
        tell(K.TRANSFER_CANCELLED, 10, "v", CC1),
    )
    assert [spot for spot, _, _ in lain(found)] == [CC1, ICU1, CC1]
    assert counted(found) == [("arrived", "", "CC")]


# pre-admissions


def test_a_bed_is_kept_for_a_day_or_until_the_patient_comes() -> None:
    expected = tell(K.EXPECTED, 8, "v", NOI1)
    assert lain(stay(expected)) == [(NOI1, 8, 32)]
    assert stay(expected).expected_ns == hours(8)
    came = stay(expected, admitted(10, NOI2))
    assert [(spell.visit_class, spell.spot) for spell in came.spells] == [("expected", NOI1), (INPATIENT, NOI2)]
    assert lain(came) == [(NOI1, 8, 10), (NOI2, 10, None)]
    assert came.expected_ns is None
    assert not came.spells[0].vacated


@pytest.mark.parametrize("kind", [K.EXPECTED_CANCELLED, K.ADMIT_CANCELLED])
def test_a_pre_admission_is_cancelled(kind: FactKind) -> None:
    found = stay(tell(K.EXPECTED, 8, "v", NOI1), tell(kind, 9, "v"))
    assert lain(found) == [(NOI1, 8, 9)]
    assert (found.expected_ns, found.ended, wanting(found)) == (None, "cancelled", [])


def test_a_pre_admission_that_is_told_again_names_another_bed() -> None:
    found = stay(tell(K.EXPECTED, 8, "v", NOI1), tell(K.EXPECTED, 9, "v", NOI2))
    assert lain(found) == [(NOI1, 8, 9), (NOI2, 9, 33)]
    assert lain(stay(admitted(), tell(K.EXPECTED, 9, "v", NOI2))) == [(NOI1, 8, None)]


# merges


def merged(clock: float, patient: str, other: str) -> Fact:
    return tell(K.MERGED, clock, patient=patient, other_patient=other)


def test_a_stay_without_a_number_follows_the_patient_who_is_left() -> None:
    found = stays(
        admitted(8, NOI1, "pA", patient="A"),
        merged(9, "B", "A"),
        tell(K.TRANSFERRED, 10, "pB", ICU1, patient="B"),
        tell(K.DISCHARGED, 11, "pB", patient="B"),
    )
    assert list(found) == ["pA"]
    assert lain(found["pA"]) == [(NOI1, 8, 10), (ICU1, 10, 11)]
    assert (found["pA"].patient, found["pA"].ended) == ("B", "home")


def test_who_is_called_by_the_old_number_still_is_meant() -> None:
    found = stays(admitted(8, NOI1, "pB", patient="B"), merged(9, "B", "A"), tell(K.DISCHARGED, 10, "pA", patient="A"))
    assert found["pB"].ended == "home"
    assert list(found) == ["pB"]


def test_of_two_open_stays_none_is_dropped() -> None:
    facts = [admitted(8, NOI1, "pA", patient="A"), admitted(8, NOI2, "pB", patient="B"), merged(9, "B", "A")]
    found = stays(*facts)
    assert [lain(found[visit]) for visit in ("pA", "pB")] == [[(NOI1, 8, None)], [(NOI2, 8, None)]]
    ended = stays(*facts, tell(K.DISCHARGED, 10, "pB", patient="B"), tell(K.DISCHARGED, 11, "pA", patient="A"))
    assert [ended[visit].closed_ns for visit in ("pA", "pB")] == [hours(11), hours(10)]


def test_the_end_of_a_stay_may_be_cancelled_under_the_number_that_its_patient_has_got_since() -> None:
    ended = [admitted(8, NOI1, "pA", patient="A"), tell(K.DISCHARGED, 9, "pA", patient="A")]
    back = tell(K.DISCHARGE_CANCELLED, 11, "pB", NOI1, patient="B")
    (found,) = stays(*ended, merged(10, "B", "A"), back).values()
    assert lain(found) == [(NOI1, 8, 9), (NOI1, 11, None)]
    assert (counted(found), wanting(found)) == ([("admitted", "", "NOI")], [])


def test_of_one_moment_what_is_said_under_the_new_number_comes_after_the_merge() -> None:
    first = admitted(8, NOI1, "pA", patient="A")
    found = stays(first, merged(9, "B", "A"), tell(K.DISCHARGED, 9, "pB", patient="B"))
    assert [(name, lain(it), it.ended) for name, it in found.items()] == [("pA", [(NOI1, 8, 9)], "home")]


def test_a_stay_follows_through_two_merges() -> None:
    found = stays(
        admitted(8, NOI1, "pA", patient="A"),
        merged(9, "B", "A"),
        merged(10, "C", "B"),
        tell(K.DISCHARGED, 11, "pC", patient="C"),
    )
    assert (found["pA"].ended, found["pA"].patient) == ("home", "C")


def test_a_stay_with_a_number_keeps_it_and_its_patient_is_the_one_who_is_left() -> None:
    found = stays(admitted(8, patient="A"), admitted(8, NOI2, "w", patient="B"), merged(9, "B", "A"))
    assert {visit: it.patient for visit, it in found.items()} == {"v": "B", "w": "B"}
    assert lain(found["v"]) == [(NOI1, 8, None)]
