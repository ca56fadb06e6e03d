"""Balances and what is counted beside them over any length of time."""

import pytest

from ioc.census import Balance, Lengths, Period
from ioc.domain import Disposition, FactKind, Spot, VisitClass
from tests.unit.ioc.census.scene import CC1, FACILITY, HOUR, ICU1, NOI1, NOI2, Scene, hours, tell

K = FactKind
EMERGENCY = VisitClass.EMERGENCY


def period(scene: Scene, begins: float, ends: float, now: float | None = None) -> Period:
    return scene.reader.periods(FACILITY, [(hours(begins), hours(ends))], hours(ends if now is None else now))[0]


def balance(found: Period, ward: str) -> Balance:
    return next(one.balance for one in found.census.wards if one.code == ward)


def test_a_balance_may_begin_at_any_hour_and_pass_midnight(scene: Scene) -> None:
    scene.keep(
        tell(K.ADMITTED, 3, "a", NOI1),
        tell(K.ADMITTED, 8, "b", NOI2),
        tell(K.TRANSFERRED, 23, "b", ICU1, prior=NOI2),
        tell(K.DISCHARGED, 26, "a", NOI1),
        tell(K.HEARD, 31),
    )
    found = period(scene, 7, 31)
    assert balance(found, "NOI") == Balance(start=1, admitted=1, transferred_out=1, discharged=1, end=0)
    assert balance(found, "HSTC") == Balance(transferred_in=1, end=1)
    assert found.census.day_from_ns == hours(7)


def test_what_happens_at_the_beginning_belongs_to_the_time_before(scene: Scene) -> None:
    scene.keep(tell(K.ADMITTED, 7, "a", NOI1), tell(K.ADMITTED, 9, "b", NOI2), tell(K.HEARD, 10))
    assert balance(period(scene, 7, 9), "NOI") == Balance(start=1, admitted=1, end=2)


def test_of_the_discharged_those_who_went_to_another_hospital_are_counted_by_ward(scene: Scene) -> None:
    scene.keep(
        *(tell(K.ADMITTED, 8, visit, NOI1) for visit in "abc"),
        tell(K.DISCHARGED, 9, "a", NOI1, disposition=Disposition.ELSEWHERE),
        tell(K.DISCHARGED, 9, "b", NOI1),
        tell(K.DISCHARGED, 9, "c", NOI1, disposition=Disposition.DIED),
    )
    found = period(scene, 0, 10)
    assert found.elsewhere == {"NOI": 1}
    assert balance(found, "NOI") == Balance(admitted=3, discharged=2, died=1, end=0)


def test_who_came_back_and_went_home_later_went_to_no_other_hospital(scene: Scene) -> None:
    scene.keep(
        tell(K.ADMITTED, 8, "a", NOI1),
        tell(K.DISCHARGED, 9, "a", NOI1, disposition=Disposition.ELSEWHERE),
        tell(K.DISCHARGE_CANCELLED, 10, "a", NOI1),
        tell(K.DISCHARGED, 11, "a", NOI1),
    )
    found = period(scene, 0, 12)
    assert (found.elsewhere, found.lengths) == ({}, {"NOI": Lengths(1, 3 * HOUR)})


def test_a_stay_lasts_from_its_admission_to_its_end(scene: Scene) -> None:
    scene.keep(
        tell(K.ADMITTED, 1, "a", NOI1),
        tell(K.ADMITTED, 2, "b", NOI2),
        tell(K.DISCHARGED, 25, "a", NOI1),
        tell(K.DISCHARGED, 30, "b", NOI2, disposition=Disposition.DIED),
        tell(K.TRANSFERRED, 26, "c", ICU1, prior=NOI1),  # of whose beginning nobody has told
        tell(K.DISCHARGED, 28, "c", ICU1),
    )
    assert period(scene, 24, 48).lengths == {"NOI": Lengths(2, 52 * HOUR)}
    assert period(scene, 0, 24).lengths == {}


def test_emergency_visits_are_counted_by_the_site_where_they_began(scene: Scene) -> None:
    scene.keep(
        tell(K.ADMITTED, 8, "a", CC1, visit_class=EMERGENCY),
        tell(K.ADMITTED, 9, "b", CC1, visit_class=EMERGENCY),
        tell(K.ADMITTED, 9, "c", Spot("NOI"), visit_class=EMERGENCY),
        tell(K.ADMIT_CANCELLED, 9.5, "b", CC1, visit_class=EMERGENCY),
    )
    assert period(scene, 0, 12).arrived == {"cs2": 1, "cs1": 1}
    assert period(scene, 8, 12).arrived == {"cs1": 1}


def test_silence_the_time_before_the_first_word_and_after_the_last_are_not_known(scene: Scene) -> None:
    scene.keep(tell(K.HEARD, 2), *(tell(K.HEARD, 2 + minutes / 60) for minutes in range(4, 61, 4)))
    scene.keep(tell(K.HEARD, 5), tell(K.HEARD, 5.05))
    known = period(scene, 0, 8).known_ns / HOUR
    assert known == pytest.approx(1 + 0.25 + 0.05 + 0.25, abs=0.01)  # a feed is stale after a quarter of an hour
    assert period(scene, 0, 1).known_ns == 0


def test_of_a_facility_that_was_never_heard_of_nothing_is_known(scene: Scene) -> None:
    found = period(scene, 0, 8)
    assert (found.known_ns, found.census.as_of_ns, found.arrived) == (0, None, {})


def test_several_spans_are_read_once_and_are_each_as_if_asked_alone(scene: Scene) -> None:
    scene.keep(
        tell(K.ADMITTED, 3, "a", NOI1),
        tell(K.ADMITTED, 30, "b", NOI2),
        tell(K.DISCHARGED, 50, "a", NOI1),
        tell(K.DISCHARGED, 55, "b", NOI2),
        tell(K.DISCHARGE_CANCELLED, 60, "b", NOI2),
        tell(K.HEARD, 72),
    )
    spans = [(hours(begin), hours(begin + 24)) for begin in (0, 24, 48)]
    together = scene.reader.periods(FACILITY, spans, hours(72))
    assert together == [scene.reader.periods(FACILITY, [span], hours(72))[0] for span in spans]
    days = [balance(found, "NOI") for found in together]
    assert [day.end for day in days[:-1]] == [day.start for day in days[1:]]
