"""The catalogue as the other parts ask it."""

import shutil
from pathlib import Path

import pytest

from ioc.catalogue import Adds, Catalogue, Kind, Text, Thresholds, load_catalogue
from ioc.domain import MINUTE, SECOND

BASE = Path(__file__).parent / "cases" / "base"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    shutil.copytree(BASE, tmp_path / "catalogue")
    return load_catalogue(tmp_path)


def test_a_metric_has_what_its_file_says(catalogue: Catalogue) -> None:
    temp = catalogue.metrics["fridge.temp"]
    assert temp.title == Text("Nhiệt độ", "Temperature", "Température")
    assert (temp.measurement, temp.field, temp.unit, temp.decimals) == ("fridge", "temp", "Cel", 1)
    assert (temp.kind, temp.over_time, temp.over_places) == (Kind.GAUGE, Adds.MEAN, Adds.NEVER)
    assert temp.thresholds == Thresholds(warn_high=8, crit_high=10, warn_low=2, crit_low=0)
    assert temp.reference == "WHO"


def test_what_a_metric_does_not_say_it_takes_from_its_file(catalogue: Catalogue) -> None:
    temp, door, share = catalogue
    assert temp.max_age_ns == 10 * MINUTE
    assert door.max_age_ns == 90 * SECOND
    assert temp.tags == ("device", "facility", "site")
    assert share.tags == ("facility",)
    assert temp.producers == ("mqtt",)
    assert share.producers == ("derive",)


def test_states_are_numbered_by_their_place_in_the_list(catalogue: Catalogue) -> None:
    assert [state.code for state in catalogue.metrics["fridge.door"].states] == ["closed", "open"]


def test_metrics_are_found_by_code_and_by_class(catalogue: Catalogue) -> None:
    assert "fridge.temp" in catalogue
    assert catalogue.get("fridge.tmep") is None
    assert catalogue.nearest("fridge.tmep") == "fridge.temp"
    assert list(catalogue.fields_of("fridge")) == ["temp", "door", "open_share"]
    assert catalogue.fields_of("freezer") == {}
    assert catalogue.class_titles["fridge"].vi == "Tủ lạnh"


def test_a_text_falls_back_to_english_and_then_to_vietnamese() -> None:
    assert Text("một", "one", "un").in_("fr") == "un"
    assert Text("một", "one").in_("fr") == "one"
    assert Text("một", "").in_("en") == "một"
    assert Text("một", "one").in_("vi") == "một"
