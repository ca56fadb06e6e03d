"""The lists of beds that ship are tested like code."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from ioc.beds import Bed, BedKind, read_first_beds
from ioc.catalogue import load_catalogue
from ioc.registry import Registry, load_registry

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The one that ships."""
    return load_registry(ROOT / "configs", load_catalogue(ROOT / "configs"))


def beds_of(registry: Registry, code: str) -> Sequence[Bed]:
    return read_first_beds(ROOT / "configs" / "beds" / f"{code}.csv", registry, "Asia/Ho_Chi_Minh").beds


def test_the_lists_of_beds_are_those_of_plausible_hospitals(registry: Registry) -> None:
    totals = {}
    for code, facility in registry.hospitals.items():
        beds = beds_of(registry, code)
        planned, staffed, actual = (
            sum(getattr(bed, what) for bed in beds) for what in ("planned", "staffed", "actual")
        )
        assert planned < staffed <= actual < len(beds), code  # some hold add-on beds, which count as none of them
        wards = Counter(bed.spot.ward for bed in beds)
        assert set(wards) <= {ward.code for ward in facility.wards}
        assert {bed.site for bed in beds} == set(facility.sites)
        totals[code] = actual
    assert 400 <= totals["bv01"] <= 560
    assert max(totals, key=lambda code: totals[code]) == "bv01"
    assert len({bed.spot.ward for bed in beds_of(registry, "bv01")}) == 14
    kinds = {bed.kind for code in registry.hospitals for bed in beds_of(registry, code)}
    assert {BedKind.ICU, BedKind.NEONATAL, BedKind.NEGATIVE, BedKind.ISOLATION, BedKind.ADD_ON} <= kinds


def test_the_beds_of_the_sample_hospital_are_those_of_its_day(registry: Registry, shared: Path) -> None:
    truth = json.loads((shared / "samples" / "hl7" / "day" / "day.truth.json").read_text(encoding="utf-8"))
    beds = beds_of(registry, "bv-mau")
    listed: dict[str, list[str]] = {}
    for bed in beds:
        listed.setdefault(bed.spot.ward, []).append(f"{bed.spot.room}^{bed.spot.bed}")
    assert listed == truth["beds"]
    assert {bed.spot.ward for bed in beds if bed.kind is BedKind.ICU} == {"HSTC"}
