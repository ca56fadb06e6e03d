"""The demo registry that ships is tested like code."""

from collections import Counter
from pathlib import Path

import pytest

from ioc.catalogue import Catalogue, load_catalogue
from ioc.domain import SECOND
from ioc.registry import Registry, load_registry

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "configs")


@pytest.fixture(scope="module")
def registry(catalogue: Catalogue) -> Registry:
    return load_registry(ROOT / "configs", catalogue)


def test_there_are_six_demo_facilities_and_the_second_has_two_sites(registry: Registry) -> None:
    assert list(registry.hospitals) == [f"bv0{n}" for n in range(1, 7)]
    assert registry.demo
    assert all(facility.demo for facility in registry.hospitals.values())
    sites = {code: list(facility.sites) for code, facility in registry.facilities.items()}
    assert sites.pop("bv02") == ["cs1", "cs2"]
    assert all(codes == ["cs1"] for codes in sites.values())


def test_the_facilities_for_trying_hl7_stand_behind_the_hospitals_and_have_no_devices(registry: Registry) -> None:
    assert list(registry.facilities)[6:] == ["bv-mau", "simulated-hospital"]
    for code in ("bv-mau", "simulated-hospital"):
        facility = registry.facilities[code]
        assert facility.test
        assert not facility.demo
        assert list(registry.devices_of(code)) == []
    wards = {code: [ward.code for ward in facility.wards] for code, facility in registry.facilities.items()}
    assert wards["bv-mau"] == ["NOI", "NGOAI", "HSTC", "SAN", "NHI", "CC"]
    assert wards["simulated-hospital"] == []


def test_every_ward_has_a_department_and_a_name_in_three_languages(registry: Registry) -> None:
    for facility in registry.facilities.values():
        for ward in facility.wards:
            assert facility.places[ward.department].kind == "department"
            assert all((ward.title.vi, ward.title.en, ward.title.fr)), f"{facility.code}/{ward.code}"
    assert all("cap-cuu" in facility.places for facility in registry.hospitals.values())


def test_every_file_says_that_it_is_invented() -> None:
    for path in [path for path in (ROOT / "configs" / "registry").glob("*.yaml") if path.stem != "kinds"]:
        text = path.read_text(encoding="utf-8")
        assert "no such hospital exists" in text.splitlines()[0]


def test_there_are_about_four_hundred_devices_and_the_first_hospital_is_the_largest(registry: Registry) -> None:
    counts = Counter(device.facility for device in registry.devices.values())
    assert 380 <= sum(counts.values()) <= 420
    assert counts.most_common(1)[0][0] == "bv01"
    assert 110 <= counts["bv01"] <= 140
    assert min(counts.values()) >= 20


def test_the_first_hospital_has_one_of_everything_that_a_board_shows(registry: Registry) -> None:
    classes = Counter(device.device_class for device in registry.devices_of("bv01"))
    uses = Counter((device.device_class, device.use) for device in registry.devices_of("bv01"))
    assert classes["fridge"] >= 30
    assert all(uses["fridge", use] >= 5 for use in ("vaccine", "blood", "drug"))
    assert uses["o2", "lox"] == 2
    assert uses["o2", "psa"] == uses["o2", "manifold"] == 1
    assert all(uses["gas", use] >= 2 for use in ("oxygen", "air", "vacuum"))
    assert classes["ups"] >= 6
    assert classes["gen"] == 2
    assert classes["mains"] == 1
    assert all(uses["room", use] for use in ("server", "theatre", "isolation"))
    assert classes["vent"] >= 25
    assert all(classes[cls] >= 5 for cls in ("monitor", "pump", "dialysis", "imaging"))


def test_every_class_of_the_catalogue_that_devices_give_has_devices(registry: Registry, catalogue: Catalogue) -> None:
    given = {metric.measurement for metric in catalogue if "mqtt" in metric.producers and "device" in metric.tags}
    assert {device.device_class for device in registry.devices.values()} == given  # the others are told of assets


def test_every_key_is_a_metric_that_comes_by_mqtt_and_every_computed_one_does_not(
    registry: Registry, catalogue: Catalogue
) -> None:
    for device in registry.devices.values():
        fields = catalogue.fields_of(device.device_class)
        assert all("mqtt" in fields[key].producers for key in device.keys)
        assert all(fields[key].producers == ("derive",) for key in device.derived)


def test_every_series_has_an_age_at_which_it_is_late(registry: Registry) -> None:
    assert all(expected.max_age_ns >= 15 * SECOND for expected in registry.expected())


def test_refrigerators_pipelines_and_rooms_with_a_pressure_have_a_range(registry: Registry) -> None:
    for device in registry.devices.values():
        if device.device_class in ("fridge", "gas"):
            assert device.low is not None, device.code
            assert device.high is not None, device.code
        if device.use in ("theatre", "isolation"):
            assert device.keys[0] == "press"


def test_every_tank_and_manifold_gets_the_time_until_it_is_empty(registry: Registry) -> None:
    for device in registry.devices.values():
        if device.device_class == "o2" and "stock" in device.keys:
            assert device.derived == ("burn", "tte")


def test_all_devices_together_send_less_than_forty_messages_a_second(registry: Registry) -> None:
    rate = sum(SECOND / device.interval_ns for device in registry.devices.values())
    assert 10 < rate < 40


def test_some_devices_speak_so_often_that_their_silence_shows_soon(registry: Registry) -> None:
    assert {5, 10, 30, 60} == {device.interval_ns // SECOND for device in registry.devices.values()}


def test_short_names_fit_on_a_wall(registry: Registry) -> None:
    for facility in registry.facilities.values():
        assert 0 < len(facility.short.vi) <= 18
        assert 0 < len(facility.short.en) <= 18


def test_the_places_that_other_pages_name_are_there(registry: Registry) -> None:
    assert {"kho-vac-xin", "icu", "phong-may", "tram-oxy", "khu-mo"} <= set(registry.facilities["bv01"].places)


def test_both_sites_of_the_second_hospital_have_oxygen_and_mains_of_their_own(registry: Registry) -> None:
    for site in ("cs1", "cs2"):
        classes = {device.device_class for device in registry.devices_of("bv02", site)}
        assert {"fridge", "o2", "gas", "ups", "gen", "mains", "vent"} <= classes


def test_at_least_one_device_has_moved(registry: Registry) -> None:
    moved = [device for device in registry.devices.values() if len(device.stands) > 1]
    assert moved
    assert all(device.area == device.stands[-1].area for device in moved)


def test_titles_are_unique_within_a_facility(registry: Registry) -> None:
    for code in registry.hospitals:
        titles = Counter(device.title.vi for device in registry.devices_of(code))
        assert titles.most_common(1)[0][1] == 1
