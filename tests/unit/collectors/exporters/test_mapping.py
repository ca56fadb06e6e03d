"""Mappings are data: what is wrong with one is said with its line, and what they give is in the catalogue."""

from pathlib import Path

import pytest

from collectors.exporters.collector import read
from collectors.exporters.mapping import read_mappings
from ioc.catalogue import load_catalogue
from ioc.registry import Registry
from tests.unit.ioc.polling.world import REGISTRY, write

CONFIGS = Path(__file__).parents[4] / "configs"
CATALOGUE = load_catalogue(CONFIGS)


def faults_of(folder: Path, text: str) -> list[str]:
    (folder / "collectors" / "mappings").mkdir(parents=True)
    (folder / "collectors" / "mappings" / "own.yaml").write_text(text, encoding="utf-8")
    _, faults = read_mappings(folder, CATALOGUE)
    return [str(fault) for fault in faults]


def test_those_that_are_shipped_are_sound_and_name_their_exporter_as_producer() -> None:
    mappings, faults = read_mappings(CONFIGS, CATALOGUE)
    assert faults == []
    assert set(mappings) == {"node_exporter", "windows_exporter", "nut_exporter", "postgres_exporter", "snmp_printer"}
    codes = {code for mapping in mappings.values() for code in mapping.codes}
    assert codes <= {metric.code for metric in CATALOGUE if "exporters" in metric.producers}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("metrics:\n  host.cpuu: {take: a}\n", "own.yaml:2: there is no metric 'host.cpuu'. Did you mean 'host.cpu'?"),
        ("metrics:\n  host.cpu: {take: a b}\n", "'a b' is no name of an exporter"),
        ("metrics:\n  host.cpu: {take: {sum: a, where: {x: '('}}}\n", "'(' is no pattern"),
        ("metrics:\n  host.cpu: {take: a, sacle: 2}\n", "Did you mean 'scale'?"),
        ("metrics:\n  host.cpu: {take: a, how: fast}\n", "'fast' is not known"),
        ("metrics:\n  host.disk: {take: a}\n", "host.disk has the tags mount. Write by: {tag: label}."),
        (
            "metrics:\n  host.cpu: {take: a, by: {mount: m}}\n",
            "host.cpu has the tags of its target alone. Leave out by.",
        ),
        ("metrics:\n  ups.status: {take: a, states: [{state: onlin}]}\n", "no state 'onlin'. Did you mean 'online'?"),
        ("up: host.upp\nmetrics:\n  host.cpu: {take: a}\n", "own.yaml:1: there is no metric 'host.upp'."),
        ("metrics: {}\n", "metrics is empty"),
        ("metrics:\n  host.cpu: []\n", "is empty"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, fault: str) -> None:
    found = faults_of(tmp_path, text)
    assert len(found) == 1
    assert fault in found[0]


def test_a_target_with_a_mapping_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "exporters", "targets:\n  a: {facility: bv01, url: 'http://x/', mapping: node}\n")
    targets, faults = read(tmp_path, REGISTRY, CATALOGUE)
    assert len(targets) == 1
    assert "there is no sound mapping 'node'" in str(faults[0])


def test_a_target_that_is_asked_too_rarely_for_what_it_gives_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "collectors" / "mappings").mkdir(parents=True)
    (tmp_path / "collectors" / "mappings" / "m.yaml").write_text("metrics:\n  host.load: {take: a}\n")
    write(tmp_path, "exporters", "targets:\n  a: {facility: bv01, url: 'http://x/', mapping: m, every: 5min}\n")
    _, faults = read(tmp_path, REGISTRY, CATALOGUE)
    assert "host.load is late after 120 s" in str(faults[0])


def test_without_files_there_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, Registry({}, {}, {}), CATALOGUE) == ([], [])
