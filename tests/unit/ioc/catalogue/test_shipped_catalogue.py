"""The catalogue that ships is tested like code."""

import re
from pathlib import Path

import pytest

from ioc.catalogue import LANGUAGES, Adds, Catalogue, Kind, Metric, load_catalogue
from ioc.catalogue.docs import metrics_page
from ioc.domain import MINUTE

ROOT = Path(__file__).parents[4]
DERIVED = {"o2.burn", "o2.tte", "fridge.breach", "host.disk_days"}
PROBES = {  # what is asked of servers and services beside the table of codes
    *(f"svc.{name}" for name in ("status", "loss")),
    *(f"svc.phase_{name}" for name in ("dns", "connect", "tls", "first_byte", "transfer")),
    *(f"sql.{name}" for name in ("up", "latency", "connections", "connections_used", "size", "lag", "oldest")),
    "pc.up",
}
ASKING = {"exporters", "http", "tcp", "tls", "dns", "icmp", "sql", "backups"}
SLOW = {"host.disk_days": 30}  # minutes: computed every ten
CENSUS = {
    "bed": "planned actual staffed occupied shared avail blocked dirty occ_staffed load",
    "pt": "inpatient without_bed admitted discharged died transfer_in transfer_out",
    "ed": "census arr",
}
KINDS = {"g": Kind.GAUGE, "s": Kind.STATE, "c": Kind.COUNTER}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "configs")


def reference(shared: Path) -> dict[str, tuple[str, str, int]]:
    """Code to unit, kind and minutes, from the table of codes."""
    found: dict[str, tuple[str, str, int]] = {}
    for line in (shared / "reference" / "catalogue.md").read_text(encoding="utf-8").splitlines():
        if not re.match(r"\| `", line):
            continue
        classes, _, keys, max_age = (cell.strip() for cell in line.strip("|").split("|"))
        for group in re.split(r";|(?<= g) and ", keys):
            names, rest = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", group)), re.sub(r"\(.*?\)|`.*?`|,", "", group)
            *unit, kind = [word for word in rest.split() if word != "and"]
            for cls in re.findall(r"`(\w+)`", classes):
                for name in names:
                    found[f"{cls}.{name}"] = (unit[0] if unit else "1", kind, int(max_age.split()[0]))
    return {code: (unit, kind, SLOW.get(code, minutes)) for code, (unit, kind, minutes) in found.items()}


def test_every_code_of_devices_and_plant_is_there_with_its_unit_kind_and_age(
    catalogue: Catalogue, shared: Path
) -> None:
    expected = reference(shared)
    assert len(expected) > 55
    assert {metric.code for metric in catalogue if metric.producers != ("census",)} == set(expected) | DERIVED | PROBES
    for code, (unit, kind, minutes) in expected.items():
        metric = catalogue.metrics[code]
        assert (metric.unit, metric.kind, metric.max_age_ns) == (unit, KINDS[kind], minutes * MINUTE), code


def test_what_the_centre_computes_is_there(catalogue: Catalogue) -> None:
    units = {code: catalogue.metrics[code].unit for code in DERIVED}
    assert units == {"o2.burn": "m3/h", "o2.tte": "h", "fridge.breach": "min", "host.disk_days": "d"}
    assert {metric.code for metric in catalogue if metric.producers == ("derive",)} == DERIVED


def test_what_the_census_gives_is_there_and_is_counted_in_places(catalogue: Catalogue) -> None:
    for measurement, fields in CENSUS.items():
        assert set(catalogue.fields_of(measurement)) == set(fields.split())
        for metric in catalogue.fields_of(measurement).values():
            assert metric.producers == ("census",)
            assert metric.max_age_ns == 5 * MINUTE
            assert metric.tags == tuple(
                tag for tag in ("facility", "site", "ward", "province") if measurement != "ed" or tag != "ward"
            )


def test_a_ratio_names_what_it_is_the_ratio_of(catalogue: Catalogue) -> None:
    ratios = {metric.code: (metric.numerator, metric.denominator) for metric in catalogue if metric.kind is Kind.RATIO}
    assert ratios == {
        "bed.occ_staffed": ("bed.occupied", "bed.staffed"),
        "bed.load": ("pt.inpatient", "bed.actual"),
    }
    for code in ratios:
        assert {catalogue.metrics[code].over_time, catalogue.metrics[code].over_places} == {Adds.RATIO_OF_SUMS}


def test_every_metric_has_a_producer(catalogue: Catalogue) -> None:
    assert all(metric.producers for metric in catalogue)


def test_every_text_is_written_in_three_languages(catalogue: Catalogue) -> None:
    for metric in catalogue:
        for text in (metric.title, metric.definition, *(state.title for state in metric.states)):
            assert all(getattr(text, language) for language in LANGUAGES), metric.code
    assert set(catalogue.class_titles) == {metric.measurement for metric in catalogue}


def test_definitions_are_sentences_and_titles_are_short(catalogue: Catalogue) -> None:
    for metric in catalogue:
        for language in LANGUAGES:
            assert metric.definition.in_(language).endswith("."), metric.code
            assert len(metric.title.in_(language)) <= 26, metric.code


def test_the_states_of_a_ups_and_of_a_transfer_switch_are_numbered_as_agreed(catalogue: Catalogue) -> None:
    def codes(metric: Metric) -> list[str]:
        return [state.code for state in metric.states]

    assert codes(catalogue.metrics["ups.status"]) == ["online", "on_battery", "low_battery", "bypass", "fault"]
    assert codes(catalogue.metrics["gen.ats"]) == ["mains", "generator", "off"]
    assert codes(catalogue.metrics["fridge.door"])[1] == "open"
    assert codes(catalogue.metrics["fridge.power"])[1] == "mains"
    assert codes(catalogue.metrics["mains.present"])[1] == "present"
    assert codes(catalogue.metrics["o2.reserve"])[1] == "in_use"


def test_the_limits_that_matter_are_those_agreed(catalogue: Catalogue) -> None:
    assert catalogue.metrics["o2.tte"].thresholds.warn_low == 24
    assert catalogue.metrics["o2.tte"].thresholds.crit_low == 5
    assert catalogue.metrics["o2.purity"].thresholds.crit_low == 90
    assert catalogue.metrics["ups.runtime"].thresholds.warn_low == 15
    assert catalogue.metrics["room.temp"].thresholds.warn_high == 27
    assert catalogue.metrics["room.temp"].thresholds.crit_high == 32
    assert catalogue.metrics["bed.occ_staffed"].thresholds.warn_high == 85
    assert catalogue.metrics["bed.occ_staffed"].thresholds.crit_high == 95
    assert catalogue.metrics["bed.load"].thresholds.warn_high == 100
    assert catalogue.metrics["bed.load"].thresholds.crit_high == 120


def test_no_metric_is_tagged_with_a_person(catalogue: Catalogue) -> None:
    tags = {tag for metric in catalogue for tag in metric.tags}
    things = {"asset", "device", "host", "mount", "iface", "service"}
    assert tags == things | {"facility", "site", "ward", "province"}


def test_what_is_not_measured_by_devices_is_not_taken_from_them(catalogue: Catalogue) -> None:
    own = [metric for metric in catalogue if metric.measurement in ("svc", "sql", "it")]
    own = [metric for metric in own if metric.producers != ("census",)]
    assert {producer for metric in own for producer in metric.producers} == {"hosts"} | ASKING
    assert not any("device" in metric.tags for metric in own)


def test_the_page_of_metrics_is_current(catalogue: Catalogue) -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics_page(catalogue), "run: python -m ioc.catalogue.docs > docs/metrics.md"


def test_the_page_names_every_metric(catalogue: Catalogue) -> None:
    page = metrics_page(catalogue)
    assert all(f"`{metric.code}`" in page for metric in catalogue)
