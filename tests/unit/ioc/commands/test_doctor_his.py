"""What ``ioc doctor`` says of hospitals' information systems, from the first start to a feed that falls silent."""

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.hl7.sources import Source
from ioc.beds import Bed, BedRegister
from ioc.catalogue import Text, load_catalogue
from ioc.census import Feed, Ledger
from ioc.commands import his, machinery
from ioc.commands.doctor import examine
from ioc.commands.findings import Finding, Level
from ioc.domain import MINUTE, SECOND, Fact, FactKind, Quality, Spot, VisitClass
from ioc.errors import Reason
from ioc.intake import Reject, SourceStatus, SourceStatuses
from ioc.registry import Facility, Registry

CONFIGS = Path(__file__).parents[4] / "configs"
NOW = 1_800_000_000 * SECOND
HOSPITAL = Facility("bv01", Text("a", "a"), Text("a", "a"), "p", "basic", {}, {})
REGISTRY = Registry({}, {"bv01": HOSPITAL, "bv-mau": replace(HOSPITAL, code="bv-mau", test=True)}, {})
LOOK = his.Look(NOW, REGISTRY, 5 * MINUTE)
HIS = Source("his-bv01", "bv01", application="HIS", sender="BV01")


def heard(ago_ns: int, **more: object) -> SourceStatus:
    return replace(SourceStatus(HIS.name, "hl7", received=7, last_message_ns=NOW - ago_ns), **more)


def feed(age_ns: int, facility: str = "bv01") -> dict[str, Feed]:
    return {facility: Feed(facility, HIS.name, NOW - age_ns, NOW - age_ns, Quality.GOOD, 1, 0)}


def said(*sources: Source, statuses=(), feeds=None) -> list[tuple[Level, str]]:
    return [(it.level, it.what) for it in his.senders(sources, statuses, feeds or {}, LOOK)]


def test_without_senders_it_says_that_every_message_is_refused():
    ((level, what),) = said()
    assert level is Level.NOTE
    assert what == "No sender is configured in configs/collectors/hl7.yaml: every message is refused."


def test_senders_that_never_spoke_are_named_with_the_names_they_should_use():
    other = Source("his-other", "bv-mau", sender="BV-MAU")
    quiet = SourceStatus(HIS.name, "hl7")
    assert said(other, HIS, statuses=[quiet]) == [
        (
            Level.NOTE,
            "Nothing has come yet from his-bv01 (bv01, MSH-3 HIS, MSH-4 BV01), his-other (bv-mau, MSH-4 BV-MAU).",
        )
    ]


def test_of_many_senders_that_never_spoke_the_first_are_named():
    ((_, what),) = said(*(replace(HIS, name=f"his-{n:02}") for n in range(12)))
    assert what.endswith("his-09 (bv01, MSH-3 HIS, MSH-4 BV01) and 2 more.")


def test_a_sender_that_speaks_is_fine_and_one_that_is_shut_out_is_named():
    shut = replace(HIS, name="his-shut", allowed=False)
    assert said(HIS, shut, statuses=[heard(8 * SECOND)], feeds=feed(9 * SECOND)) == [
        (Level.FINE, "his-bv01 (bv01, MSH-3 HIS, MSH-4 BV01): 7 messages, the last 8 s ago."),
        (Level.NOTE, f"{his._named(shut)} is refused: allowed is false in configs/collectors/hl7.yaml."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("age", "level", "end"),
    [
        (4 * MINUTE, Level.FINE, "the last 4 min ago."),
        (6 * MINUTE, Level.NOTE, "the last 6 min ago. Its beds are late."),
        (16 * MINUTE, Level.FAULT, "the last 16 min ago. Its beds are stale."),
    ],
)
def test_a_sender_that_falls_silent_makes_beds_late_and_then_stale(age: int, level: Level, end: str):
    ((found, what),) = said(HIS, statuses=[heard(age)], feeds=feed(age))
    assert found is level
    assert what.endswith(end)


def test_the_silence_of_a_facility_for_tests_is_no_fault():
    source = replace(HIS, facility="bv-mau")
    ((level, what),) = said(source, statuses=[heard(16 * MINUTE)], feeds=feed(16 * MINUTE, "bv-mau"))
    assert level is Level.NOTE
    assert what.endswith("Its beds are stale.")


def test_messages_that_are_of_long_ago_and_what_was_quarantined_are_told():
    status = heard(10 * SECOND, quarantined=Counter(field=2, segment=1))
    ((level, what),) = said(HIS, statuses=[status], feeds=feed(3 * 3_600 * SECOND))
    assert level is Level.FAULT
    assert "7 messages, the last 10 s ago, the newest of 3 h ago, 3 quarantined. Its beds are stale." in what


def test_a_sender_that_catches_up_or_of_which_nothing_follows_is_a_note():
    catching = heard(SECOND, error="Catching up: what comes now was sent 40 min ago.")
    assert said(HIS, statuses=[catching], feeds=feed(40 * MINUTE))[0][0] is Level.NOTE
    ((level, what),) = said(HIS, statuses=[heard(SECOND)])
    assert level is Level.NOTE
    assert what.endswith("No bed or stay follows from them yet.")


def refuse(centre, facility: str, ago_ns: int) -> None:
    what = f"no source has the sender 'HIS' (MSH-3), '{facility}' (MSH-4)"
    raw, topic = str(ago_ns).encode(), "mllp/10.1.2.3/ADT^A01"
    centre.quarantine.put("hl7", Reject(Reason.UNKNOWN_SENDER, what, topic, raw, time.time_ns() - ago_ns))


def test_who_was_refused_is_told_once_with_how_often_and_how_to_let_it_in(centre):
    for ago_ns in (5 * SECOND, 6 * SECOND):
        refuse(centre, "BV-X", ago_ns)
    refuse(centre, "BV-Y", 3 * 3_600 * SECOND)
    old, new = his.refused(centre.settings, centre.engine, time.time_ns())
    assert (old.level, new.level) == (Level.NOTE, Level.FAULT)
    assert new.what.startswith(
        "Refused: no source has the sender 'HIS' (MSH-3), 'BV-X' (MSH-4), from 10.1.2.3: 2 messages"
    )
    assert "add it to configs/collectors/hl7.yaml" in new.hint
    assert "BV-Y" in old.what


def look(environment) -> list[Finding]:
    return examine(environment, time.time_ns()).findings


@pytest.fixture
def nobody_answers(monkeypatch):
    monkeypatch.setattr(machinery, "answers", lambda host, port: "Connection refused")


@pytest.mark.usefixtures("nobody_answers")
def test_a_door_that_is_shut_is_a_fault_and_one_that_answers_is_fine(environment, monkeypatch):
    (shut,) = [it for it in look(environment) if it.area == "HL7"]
    assert (shut.level, shut.what) == (Level.FAULT, "Nothing answers on mllp://127.0.0.1:3: Connection refused.")
    monkeypatch.setattr(machinery, "answers", lambda host, port: "")
    assert "The door for HL7 mllp://127.0.0.1:3 answers." in [it.what for it in look(environment)]


def admitted(visit: str, facility: str, spot: Spot, at_ns: int) -> Fact:
    return Fact(
        message=f"m{visit}{facility}", part=0, kind=FactKind.ADMITTED, facility=facility, source=f"his-{facility}",
        occurred_ns=at_ns, sent_ns=at_ns, received_ns=at_ns, visit=visit, patient=visit,
        visit_class=VisitClass.INPATIENT, spot=spot,
    )  # fmt: skip


@pytest.mark.usefixtures("nobody_answers")
def test_patients_without_beds_in_the_register_and_what_is_wrong_are_told(centre, environment):
    now_ns = time.time_ns()
    ledger = Ledger(centre.engine, centre.settings, load_catalogue(CONFIGS))
    ledger.keep([admitted(str(n), "simulated-hospital", Spot("OtherWard", "R", str(n)), now_ns) for n in range(3)])
    ledger.keep([admitted("1", "bv-mau", Spot("NOI", "P01", "G1"), now_ns)])
    register = BedRegister(centre.engine)
    register.apply(register.preview([Bed("bv-mau", "cs1", "khoa-noi", Spot("NOI", "P01", "G1"))]), "cli:test")
    SourceStatuses(centre.engine).save([SourceStatus("his-bv-mau", "hl7", received=1, last_message_ns=now_ns)], now_ns)
    found = {it.what: it for it in look(environment) if it.area in ("beds", "HL7", "sources")}
    assert "simulated-hospital has 3 inpatients and no bed in the register." in found
    assert "bv-mau: 1 inpatient, 1 bed in the register." in found
    assert "simulated-hospital: 1 unknown ward." in found
    (heard_of,) = [what for what in found if what.startswith("his-bv-mau (bv-mau, MSH-4 BV-MAU): 1 message, ")]
    assert found[heard_of].level is Level.FINE
    assert [it for it in found.values() if it.level is Level.FAULT and it.area != "HL7"] == []


@pytest.mark.usefixtures("nobody_answers")
def test_senders_are_told_apart_from_the_other_sources(centre, environment):
    """A HIS that has not spoken yet is not connected: no fault, as a broker's would be."""
    now_ns = time.time_ns()
    statuses = [SourceStatus("his-bv01", "hl7"), SourceStatus("hl7", "hl7", connected=True, received=2)]
    SourceStatuses(centre.engine).save(statuses, now_ns)
    sources = [it.what for it in look(environment) if it.area == "sources"]
    assert sources == ["The hl7: 2 messages, none yet."]
