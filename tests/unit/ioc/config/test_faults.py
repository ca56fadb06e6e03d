"""Collecting faults, and naming the nearest valid name."""

import pytest

from ioc.config import Faults, hint_for, nearest
from ioc.errors import Fault, RefuseToStartError


def test_the_nearest_name_is_found_where_there_is_one() -> None:
    assert nearest("fridge.tmep", ["fridge.temp", "room.temp"]) == "fridge.temp"
    assert nearest("qqq", ["fridge.temp"]) == ""


def test_a_hint_names_the_nearest_else_the_few_there_are_else_nothing() -> None:
    assert hint_for("gage", ["gauge", "state"]) == "Did you mean 'gauge'?"
    assert hint_for("zzz", ["gauge", "state"]) == "Known: gauge, state."
    assert hint_for("zzz", [f"name{n}" for n in range(50)]) == ""
    assert hint_for("zzz", []) == ""


def test_faults_carry_an_id_of_their_area() -> None:
    faults = Faults("C")
    faults.add(14, "a.yaml:3", "is wrong.", "Mend it.")
    assert str(faults.found[0]) == "a.yaml:3: is wrong. Mend it. [IOC-C014]"


def test_the_same_fault_is_told_once() -> None:
    faults = Faults("C")
    for _ in range(3):
        faults.add(14, "a.yaml:3", "is wrong.")
    assert len(faults.found) == 1


def test_refusing_raises_all_of_them_and_nothing_when_there_is_none() -> None:
    faults = Faults("C")
    faults.refuse()
    faults.add(1, "a", "x")
    faults.add(2, "b", "y")
    with pytest.raises(RefuseToStartError) as refused:
        faults.refuse()
    assert [fault.id for fault in refused.value.faults] == ["IOC-C001", "IOC-C002"]


def test_collecting_takes_over_what_was_refused_inside_and_goes_on() -> None:
    faults = Faults("C")
    with faults.collecting():
        raise RefuseToStartError([Fault("IOC-X001", "x", "y")])
    assert [fault.id for fault in faults.found] == ["IOC-X001"]


def test_collecting_hides_no_other_error() -> None:
    with pytest.raises(KeyError), Faults("C").collecting():
        raise KeyError
