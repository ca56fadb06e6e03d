import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.census.model import Balance, Census, WardNow
from ioc.census.numbers import FIELDS, line_of, numbers_of, prefix_of, sums_of, ward_tag
from ioc.domain import Frame, State
from ioc.timeseries import MemoryStore

DAY = Balance(start=8, admitted=4, transferred_in=3, transferred_out=2, discharged=1, died=1, end=11)
ICU = WardNow(
    "icu",
    "cs1",
    patients=11,
    occupied=10,
    shared=1,
    planned=12,
    actual=14,
    staffed=13,
    available=2,
    blocked=1,
    dirty=3,
    without_bed=5,
    balance=DAY,
)


def census(*wards: WardNow, **more) -> Census:
    return Census("bv02", 100, 90, State.FRESH, wards=wards, emergency_by_site={"cs1": (7, 2), "cs2": (0, 0)}, **more)


def test_a_ward_gives_its_beds_and_its_patients() -> None:
    numbers = numbers_of(census(ICU))
    assert numbers["bed,facility=bv02,site=cs1,source=census,ward=icu"] == {
        "planned": 12.0,
        "actual": 14.0,
        "staffed": 13.0,
        "occupied": 10.0,
        "shared": 1.0,
        "avail": 2.0,
        "blocked": 1.0,
        "dirty": 3.0,
    }
    assert numbers["pt,facility=bv02,site=cs1,source=census,ward=icu"] == {
        "inpatient": 11.0,
        "admitted": 4.0,
        "discharged": 1.0,
        "died": 1.0,
        "transfer_in": 3.0,
        "transfer_out": 2.0,
        "without_bed": 5.0,
    }


def test_a_site_gives_its_emergency_visits() -> None:
    numbers = numbers_of(census())
    assert numbers == {
        "ed,facility=bv02,site=cs1,source=census": {"census": 7.0, "arr": 2.0},
        "ed,facility=bv02,site=cs2,source=census": {"census": 0.0, "arr": 0.0},
    }


def test_an_empty_ward_has_zeros_and_every_number_that_the_others_have() -> None:
    for prefix, fields in numbers_of(census(WardNow("loc-mau", "cs1"))).items():
        assert tuple(fields) == FIELDS[prefix.partition(",")[0]]
        assert set(fields.values()) == {0.0} or prefix.startswith("ed")


def test_sums_are_by_measurement_and_under_other_tags() -> None:
    sums = sums_of(numbers_of(census(ICU, WardNow("noi", "cs2", patients=9, staffed=20))), facility="bv02")
    assert sums["pt,facility=bv02,source=census"]["inpatient"] == 20.0
    assert sums["bed,facility=bv02,source=census"]["staffed"] == 33.0
    assert sums["ed,facility=bv02,source=census"] == {"census": 7.0, "arr": 2.0}


def test_its_lines_are_those_of_a_frame() -> None:
    prefix = prefix_of("ed", site="cs1", facility="bv02")
    fields = {"census": 7.0, "arr": 0.1}
    assert f"{line_of(prefix, fields, 'sim')} 12" == Frame(prefix, fields, 12, "sim", 0).line()


@pytest.mark.parametrize("code", ["NOI", "icu", "hoi-suc.2", "unplaced", "7A_b"])
def test_a_ward_whose_code_fits_a_tag_keeps_it(code: str) -> None:
    assert ward_tag(code) == code


def test_other_wards_keep_what_can_be_read_of_their_code() -> None:
    assert ward_tag("Nội 1").startswith("N-i-1-")
    assert ward_tag("Nội 1") != ward_tag("Nới 1")
    assert ward_tag("Khoa Sản^2").startswith("Khoa-S-n-2-")
    assert ward_tag("産").startswith("ward-")
    assert ward_tag("-icu") != ward_tag("icu")


@given(st.lists(st.text(max_size=64), unique=True, max_size=8))
def test_whatever_a_ward_is_called_the_store_takes_its_numbers_and_no_two_become_one(codes: list[str]) -> None:
    numbers = numbers_of(census(*(WardNow(code, "cs1", patients=1) for code in codes)))
    assert len(numbers) == 2 * len(codes) + 2
    MemoryStore().write_lines([f"{line_of(prefix, fields, 'good')} 5" for prefix, fields in numbers.items()])
