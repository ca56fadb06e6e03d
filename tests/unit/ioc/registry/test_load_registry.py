"""What the registry makes of its files."""

import shutil
from pathlib import Path

import pytest

from ioc.catalogue import Catalogue, Text, load_catalogue
from ioc.domain import MINUTE, SECOND, parse_rfc3339
from ioc.registry import SELF, Device, Expected, Registry, Stand, load_registry

ROOT = Path(__file__).parents[4]
BASE = Path(__file__).parent / "cases" / "base"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "configs")


@pytest.fixture
def registry(tmp_path: Path, catalogue: Catalogue) -> Registry:
    shutil.copytree(BASE, tmp_path / "registry")
    return load_registry(tmp_path, catalogue)


def device(registry: Registry, code: str) -> Device:
    found = registry.device("bv01", code)
    assert found is not None
    return found


def expected(registry: Registry) -> dict[str, Expected]:
    return {one.series.key: one for one in registry.expected()}


def test_a_facility_has_its_names_and_sites(registry: Registry) -> None:
    facility = registry.facility("bv01")
    assert facility is not None
    assert facility.title == Text("Bệnh viện Mẫu", "Sample Hospital")
    assert facility.short.vi == "BV Mẫu"
    assert (facility.province, facility.level, facility.demo) == ("song-may", "basic", False)
    assert list(facility.sites) == ["cs1", "cs2"]
    assert registry.provinces["song-may"].vi == "Tỉnh Sông Mây"
    assert not registry.demo
    assert registry.facility("bv09") is None


def test_site_department_and_ward_follow_from_what_a_place_lies_in(registry: Registry) -> None:
    places = registry.facilities["bv01"].places
    room = places["icu-1"]
    assert (room.kind, room.site, room.department, room.ward, room.parent) == ("room", "cs2", "khoa-hstc", "icu", "icu")
    ward = places["icu"]
    assert (ward.department, ward.ward) == ("khoa-hstc", "icu")
    store = places["kho-vac-xin"]
    assert (store.site, store.department, store.ward) == ("cs1", "khoa-duoc", "")


def test_a_device_is_its_kind_with_what_it_says_itself(registry: Registry) -> None:
    plain, other = device(registry, "tl-01"), device(registry, "tl-02")
    assert (plain.device_class, plain.use, plain.keys) == ("fridge", "vaccine", ("temp", "door"))
    assert (plain.low, plain.high, plain.interval_ns) == (2, 8, 60 * SECOND)
    assert (other.low, other.high, other.interval_ns) == (2, 6, 2 * MINUTE)
    assert other.keys == ("temp",)
    assert other.title.en == "Big fridge"


def test_a_device_without_a_name_of_its_own_is_named_after_kind_and_code(registry: Registry) -> None:
    assert device(registry, "tl-01").title == Text("Tủ vắc xin TL-01", "Vaccine fridge TL-01")
    assert device(registry, "ox-icu").title.fr == "Oxygène OX-ICU"


def test_a_value_is_late_after_three_intervals_of_its_device(registry: Registry) -> None:
    assert device(registry, "ox-icu").max_age_ns == {"press": 30 * SECOND}
    assert device(registry, "tl-02").max_age_ns["temp"] == 6 * MINUTE


def test_what_the_centre_computes_is_late_with_its_inputs(registry: Registry) -> None:
    fridge = device(registry, "tl-01")
    assert fridge.derived == ("breach",)
    assert fridge.max_age_ns == {"temp": 3 * MINUTE, "door": 3 * MINUTE, "breach": 3 * MINUTE}


def test_a_device_stands_where_it_stood_at_the_time(registry: Registry) -> None:
    moved = device(registry, "tl-03")
    assert moved.area == "icu"
    assert registry.site_of(moved) == "cs2"
    assert moved.area_at(parse_rfc3339("2026-01-01T00:00:00Z")) == "kho-vac-xin"
    assert moved.area_at(parse_rfc3339("2026-04-01T00:00:00Z")) == "icu"
    assert moved.area_at(0) == "kho-vac-xin"


def test_days_begin_at_midnight_in_vietnam(registry: Registry) -> None:
    first, second = device(registry, "tl-03").stands
    assert first == Stand("kho-vac-xin", parse_rfc3339("2024-12-31T17:00:00Z"), parse_rfc3339("2026-02-28T17:00:00Z"))
    assert second.from_ns == parse_rfc3339("2026-03-15T00:00:00+07:00")
    assert second.until_ns is None


def test_days_begin_at_midnight_of_another_zone_where_it_is_named(tmp_path: Path, catalogue: Catalogue) -> None:
    shutil.copytree(BASE, tmp_path / "registry")
    registry = load_registry(tmp_path, catalogue, "UTC")
    assert device(registry, "tl-01").stands[0].from_ns == parse_rfc3339("2025-01-01T00:00:00Z")


def test_a_stand_without_an_end_lasts_until_the_next_and_a_moment_may_be_given(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    shutil.copytree(BASE, tmp_path / "registry")
    path = tmp_path / "registry" / "bv01.yaml"
    text = path.read_text(encoding="utf-8").replace(", until: 2026-03-01", "")
    path.write_text(text.replace("from: 2026-03-15", "from: '2026-03-15T08:30:00+07:00'"), encoding="utf-8")
    first, second = device(load_registry(tmp_path, catalogue), "tl-03").stands
    assert first.until_ns == second.from_ns == parse_rfc3339("2026-03-15T01:30:00Z")


def test_a_facility_with_one_site_need_not_name_it(tmp_path: Path, catalogue: Catalogue) -> None:
    shutil.copytree(BASE, tmp_path / "registry")
    path = tmp_path / "registry" / "bv01.yaml"
    text = path.read_text(encoding="utf-8").replace("site: cs1, ", "").replace("site: cs2, ", "")
    path.write_text(text.replace("  cs2: {vi: Cơ sở 2, en: Site 2}\n", ""), encoding="utf-8")
    registry = load_registry(tmp_path, catalogue)
    assert {place.site for place in registry.facilities["bv01"].places.values()} == {"cs1"}


def test_the_devices_of_a_site_are_those_that_stand_there_now(registry: Registry) -> None:
    assert [found.code for found in registry.devices_of("bv01")] == ["tl-01", "tl-02", "tl-03", "ox-icu"]
    assert [found.code for found in registry.devices_of("bv01", "cs2")] == ["tl-03", "ox-icu"]
    assert list(registry.devices_of("bv09")) == []


def test_what_should_come_is_every_key_and_every_computed_value_of_every_device(registry: Registry) -> None:
    keys = expected(registry)
    assert len(keys) == 2 + 1 + 2 + 1 + 3  # keys of the four devices, and a breach for each refrigerator
    assert keys["fridge.temp,device=tl-01,facility=bv01,site=cs1"].max_age_ns == 3 * MINUTE
    assert keys["fridge.breach,device=tl-03,facility=bv01,site=cs2"].device.code == "tl-03"
    assert list(registry.expected("bv09")) == []


def test_a_facility_for_tests_stands_last_and_is_no_hospital(tmp_path: Path, catalogue: Catalogue) -> None:
    shutil.copytree(BASE, tmp_path / "registry")
    text = (BASE / "bv01.yaml").read_text(encoding="utf-8")
    head = text[: text.index("places:")].replace("level:", "test: true\nlevel:")
    (tmp_path / "registry" / "a-test.yaml").write_text(head, encoding="utf-8")
    registry = load_registry(tmp_path, catalogue)
    assert list(registry.facilities) == ["bv01", "a-test"]
    assert list(registry.hospitals) == ["bv01"]
    assert registry.facilities["a-test"].test
    assert registry.facilities["a-test"].places == {}  # a facility may be known before any of its places is


def test_the_wards_of_a_facility_are_its_places_of_that_kind(registry: Registry) -> None:
    assert [ward.code for ward in registry.facilities["bv01"].wards] == ["icu"]


def test_this_machine_is_known_and_stands_in_no_list(registry: Registry) -> None:
    assert registry.facility("_self") is SELF
    assert Registry({}, {}, {}).facility("_self") is SELF
    assert SELF.code not in registry.facilities
    assert [one.series.tag("facility") for one in registry.expected("_self")] == []
    assert len(SELF.sites) == 1
    assert not SELF.demo
    for text in (SELF.title, SELF.short):
        assert [text.in_(language) for language in ("vi", "en", "fr")] == ["Máy này", "This machine", "Cette machine"]
