"""The file of senders: what it means, and every fault of it at once."""

import re
from pathlib import Path

import pytest

from collectors.hl7.sources import FILE, Source, Sources, load_sources, read_sources
from ioc.catalogue import Text, load_catalogue
from ioc.domain import Disposition, Quality, VisitClass
from ioc.errors import RefuseToStartError
from ioc.registry import Facility, Registry, Site, load_registry

ROOT = Path(__file__).parents[4]
TITLE = Text("Bệnh viện", "Hospital", "")


def facility(code: str) -> Facility:
    return Facility(code, TITLE, TITLE, "bac-giang", "basic", {"cs1": Site("cs1", TITLE)}, {})


REGISTRY = Registry({}, {code: facility(code) for code in ("bv01", "bv02", "bv07")}, {})


def written(folder: Path, text: str) -> Path:
    (folder / FILE).parent.mkdir(exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def loaded(folder: Path, text: str) -> Sources:
    return load_sources(written(folder, text), REGISTRY, "Asia/Ho_Chi_Minh")


def test_without_a_file_there_are_no_senders(tmp_path: Path) -> None:
    assert len(load_sources(tmp_path, REGISTRY)) == 0


def test_a_source_needs_little(tmp_path: Path) -> None:
    (source,) = loaded(tmp_path, "sources:\n  his: {facility: bv01, sender: {facility: BV01}}\n")
    expected = Source("his", "bv01", sender="BV01")
    assert source == expected
    assert source.zone.key == "Asia/Ho_Chi_Minh"


def test_everything_can_be_said(tmp_path: Path) -> None:
    (source,) = loaded(
        tmp_path,
        """
sources:
  his:
    facility: bv01
    sender: {application: HIS}
    peers: [10.1.2.3, 10.9.0.0/16, "fd00::/8"]
    allowed: false
    test_messages: true
    timezone: Europe/Paris
    charset: cp-1258
    quality: sim
    location: {ward: 4, room: 0, bed: 1}
    wards: {K01: noi}
    inpatient: [NT]
    died: ['TV']
    moved_by_update: true
""",
    )
    assert (source.application, source.sender, source.allowed, source.test_messages) == ("HIS", "", False, True)
    assert (source.zone.key, source.charset, source.quality) == ("Europe/Paris", "cp1258", Quality.SIM)
    assert (source.location.ward, source.location.room, source.location.bed) == (4, 0, 1)
    assert source.wards == {"K01": "noi"}
    assert source.classes == {"NT": VisitClass.INPATIENT, "E": VisitClass.EMERGENCY, "O": VisitClass.OUTPATIENT}
    assert source.dispositions["TV"] is Disposition.DIED
    assert source.dispositions["02"] is Disposition.ELSEWHERE
    assert "20" not in source.dispositions
    assert source.moved_by_update


def test_a_code_that_is_given_another_meaning_loses_its_usual_one(tmp_path: Path) -> None:
    (source,) = loaded(
        tmp_path, "sources:\n  his: {facility: bv01, sender: {facility: X}, inpatient: [I, E], died: ['02', '20']}\n"
    )
    assert source.classes == {"I": VisitClass.INPATIENT, "E": VisitClass.INPATIENT, "O": VisitClass.OUTPATIENT}
    assert source.dispositions["02"] is Disposition.DIED


FAULTY = """
sources:
  hl7: {facility: bv01, sender: {facility: A}}
  "bad name": {facility: bv01, sender: {facility: B}}
  one: {facility: bv077, sender: {facility: C}}
  two: {facility: bv01, sender: {}}
  three: {facility: bv01, sender: {facility: D}, peers: [10.0.0.300]}
  four: {facility: bv01, sender: {facility: E}, timezone: Asia/Hanoi}
  five: {facility: bv01, sender: {facility: F}, charset: UTF8x}
  six: {facility: bv01, sender: {facility: G}, died: [20]}
  seven: {facility: bv01, sender: {facility: H}, inpatient: [I, E], emergency: [E]}
  eight: {facility: bv01, sender: {facility: J}, qualty: sim}
  nine: {facility: bv01, sender: {facility: K}, quality: sin}
  ten: {facility: bv01, sender: {facility: L}, location: {bett: 3}}
  eleven: {facility: bv02, sender: {facility: M}}
  twelve: {facility: bv01, sender: {facility: M}}
  thirteen: {sender: {facility: N}}
"""


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (3, "hl7: this name is kept for senders that are in no file"),
        (4, "bad name: this is no code"),
        (5, "the registry has no facility 'bv077'. Did you mean 'bv07'?"),
        (6, "application (MSH-3) or facility (MSH-4) is needed"),
        (7, "'10.0.0.300' does not appear to be an IPv4 or IPv6 network"),
        (8, "'Asia/Hanoi' is no time zone."),
        (9, "'UTF8x' is no character set that is read."),
        (10, "the code 20 needs quotes"),
        (11, "the code 'E' stands under inpatient as well"),
        (12, "there is no key 'qualty' here. Did you mean 'quality'?"),
        (13, "'sin' is not known. Did you mean 'sim'?"),
        (14, "there is no key 'bett' here."),
        (16, "twelve: nothing tells it from eleven"),
        (17, "sources.thirteen.facility is missing"),
    ],
)
def test_every_fault_is_named_with_its_line(tmp_path: Path, line: int, what: str) -> None:
    with pytest.raises(RefuseToStartError) as error:
        loaded(tmp_path, FAULTY)
    found = [str(fault) for fault in error.value.faults if fault.where.endswith(f"hl7.yaml:{line}")]
    assert any(what in fault for fault in found), "\n".join(str(fault) for fault in error.value.faults)


@pytest.mark.parametrize("text", ["", "sources: []\n", "sorces: {}\n", "sources: {a: \n", "sources: {a: 1}\n"])
def test_what_is_no_such_file_is_a_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    sources, faults = read_sources(written(tmp_path, text), REGISTRY)
    assert faults
    assert len(sources) == 0


def names(sources: Sources, application: str, sender: str) -> list[str]:
    return [source.name for source in sources.named(application, sender)]


def test_the_sender_that_is_named_more_exactly_comes_first() -> None:
    sources = Sources([
        Source("any", "bv01", application="HIS"),
        Source("both", "bv02", application="HIS", sender="BV02"),
        Source("there", "bv07", sender="BV07"),
    ])  # fmt: skip
    assert names(sources, "HIS", "BV02") == ["both", "any"]
    assert names(sources, "HIS", "elsewhere") == ["any"]
    assert names(sources, "LIS", "BV07") == ["there"]
    assert names(sources, "his", "bv02") == []


@pytest.mark.parametrize(
    ("peer", "may"),
    [("10.1.2.3", True), ("10.9.200.1", True), ("10.1.2.4", False), ("::ffff:10.1.2.3", True), ("fd00::1", True),
     ("", True), ("a name", False)],
)  # fmt: skip
def test_a_sender_may_be_bound_to_its_addresses(tmp_path: Path, peer: str, may: bool) -> None:
    text = 'sources:\n  his: {facility: bv01, sender: {facility: A}, peers: [10.1.2.3, 10.9.0.0/16, "fd00::/8"]}\n'
    (source,) = loaded(tmp_path, text)
    assert source.may_speak_from(peer) is may


def test_the_file_that_ships_and_its_manual_have_no_faults(tmp_path: Path) -> None:
    registry = load_registry(ROOT / "configs", load_catalogue(ROOT / "configs"))
    shipped = load_sources(ROOT / "configs", registry)
    assert {source.facility for source in shipped} == set(registry.facilities)
    assert {source.quality for source in shipped if registry.facilities[source.facility].demo} == {Quality.SIM}
    manual = (ROOT / "collectors" / "hl7" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(sources:.*?)```", manual, flags=re.DOTALL)
    (source,) = loaded(tmp_path, example)
    usual = Source("his-main", "bv07")
    same = ("allowed", "test_messages", "zone", "charset", "quality", "location", "classes", "dispositions")
    assert all(getattr(source, name) == getattr(usual, name) for name in (*same, "moved_by_update"))
