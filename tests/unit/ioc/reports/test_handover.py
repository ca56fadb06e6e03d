"""The handover of a span: ward by ward and all together."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ioc.census import Balance, Census, Period, WardNow
from ioc.domain import State
from ioc.reports import Line, handover_of

COUNTS = st.integers(0, 60)


def ward(code: str = "noi", site: str = "cs1", **changes: object) -> WardNow:
    given = {"patients": 43, "actual": 42, "staffed": 40, "occupied": 39, "available": 1, **changes}
    day = Balance(start=40, admitted=6, transferred_in=2, transferred_out=1, discharged=3, died=1, end=43)
    return WardNow(code=code, site=site, **{"balance": day, **given})  # type: ignore[arg-type]


def period(*wards: WardNow, **changes: object) -> Period:
    census = Census(
        "bv",
        at_ns=100,
        as_of_ns=100,
        state=State.FRESH,
        wards=wards,
        emergency=7,
        emergency_by_site={"cs1": (5, 2), "cs2": (2, 0)},
    )
    given = {"elsewhere": {"noi": 2}, "arrived": {"cs1": 9, "cs2": 3}, "known_ns": 75, **changes}
    return Period(0, 100, census, **given)  # type: ignore[arg-type]


def test_who_went_to_another_hospital_is_no_more_among_those_sent_home():
    line = handover_of(period(ward())).lines[0]
    assert (line.elsewhere, line.home, line.closes) == (2, 1, True)


def test_patients_beyond_the_actual_beds_are_too_many():
    assert [handover_of(period(ward(actual=n))).total.excess for n in (42, 43, 50)] == [1, 0, -7]


def test_all_wards_together_are_the_sum_of_each():
    found = handover_of(period(ward("noi"), ward("ngoai", patients=10, available=4)))
    assert (found.total.ward.patients, found.total.ward.available, found.total.elsewhere) == (53, 5, 2)
    assert (found.total.balance.start, found.total.balance.end) == (80, 86)


def test_a_site_has_its_own_wards_and_its_own_emergency():
    found = handover_of(period(ward("noi"), ward("san", "cs2")), "cs2")
    assert [line.ward.code for line in found.lines] == ["san"]
    assert (found.emergency, found.arrived, found.total.elsewhere) == (2, 3, 0)
    whole = handover_of(period(ward("noi"), ward("san", "cs2")))
    assert (whole.emergency, whole.arrived) == (7, 12)


def test_it_says_for_how_much_of_the_time_something_is_known():
    assert handover_of(period(ward())).known == 0.75
    assert handover_of(replace(period(ward()), to_ns=0)).known == 0.0


def test_a_sum_that_does_not_come_out_is_seen():
    line = handover_of(period(ward())).lines[0]
    wrong = replace(line.ward, balance=replace(line.balance, end=44))
    assert not Line(wrong, line.elsewhere).closes


@given(st.lists(COUNTS, min_size=6, max_size=6), st.integers(-5, 5))
def test_whoever_comes_and_goes_the_sum_comes_out(counts, corrected):
    start, admitted, came, left, home, elsewhere = counts
    end = start + admitted + came + corrected - left - home - elsewhere
    day = Balance(
        start=start,
        admitted=admitted,
        transferred_in=came,
        transferred_out=left,
        discharged=home + elsewhere,
        corrected=corrected,
        end=end,
    )
    line = Line(ward(balance=day), elsewhere)
    assert line.closes
    assert line.home == home
