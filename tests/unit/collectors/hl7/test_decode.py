"""What each message says, as facts."""

import re
from collections import Counter
from dataclasses import astuple, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collectors.hl7.decode import FACTS_AT_MOST, decode
from collectors.hl7.identity import Identity
from collectors.hl7.message import Message
from collectors.hl7.sources import Location, Source
from ioc.domain import (
    MILLISECOND,
    MINUTE,
    NOWHERE,
    SECOND,
    BedStatus,
    Disposition,
    Fact,
    FactKind,
    Quality,
    Spot,
    VisitClass,
    parse_rfc3339,
)
from ioc.errors import Reason
from tests.unit.collectors.hl7.messages import IDENTITY, NOW, PID, SOURCE, adt, fact, facts, fault, msh, pv1, read

DAY_NS = 86_400 * SECOND


@pytest.mark.parametrize(
    ("trigger", "kind"),
    [("A01", "admitted"), ("A02", "transferred"), ("A03", "discharged"), ("A04", "registered"), ("A05", "expected"),
     ("A06", "became_inpatient"), ("A07", "became_outpatient"), ("A08", "updated"), ("A11", "admit_cancelled"),
     ("A12", "transfer_cancelled"), ("A13", "discharge_cancelled"), ("A38", "expected_cancelled")],
)  # fmt: skip
def test_each_trigger_about_a_visit_is_one_fact(trigger: str, kind: str) -> None:
    said = fact(adt(trigger, PID, pv1(f6="NGOAI^P02^G9")))
    assert (said.kind, said.part, said.facility, said.source) == (kind, 0, "bv01", "his")
    assert (said.spot, said.prior) == (Spot("NOI", "P01", "G1"), Spot("NGOAI", "P02", "G9"))
    assert said.visit == IDENTITY.visit("bv01", "V1")
    assert said.patient == IDENTITY.patient("bv01", "4711")
    assert (said.visit_class, said.disposition, said.quality) == ("inpatient", "home", "good")
    assert said.received_ns == NOW


def test_two_patients_who_change_places_are_two_facts() -> None:
    other = PID.replace("4711", "4712")
    one, two = facts(adt("A17", PID, pv1("NOI^P1^G1", "V1"), other, pv1("NOI^P1^G2", "V2")))
    assert (one.kind, one.part, one.spot.bed, two.kind, two.part, two.spot.bed) == (
        "transferred", 0, "G1", "transferred", 1, "G2",
    )  # fmt: skip
    assert one.message == two.message
    assert one.visit != two.visit
    assert one.patient != two.patient


def test_a_swap_without_its_second_half_is_a_fault() -> None:
    assert fault(adt("A17", PID, pv1())).reason is Reason.SEGMENT


@pytest.mark.parametrize("status", list(BedStatus))
def test_a_bed_status_names_a_bed_and_nobody(status: BedStatus) -> None:
    said = fact(adt("A20", f"NPU|NOI^P01^G1|{status.value}"))
    assert (said.kind, said.spot, said.bed_status) == ("bed_status", Spot("NOI", "P01", "G1"), status)
    assert (said.visit, said.patient) == ("", "")


def test_several_beds_may_stand_in_one_message() -> None:
    said = facts(adt("A20", "NPU|NOI^P01^G1|H", "NPU|NOI^P01^G2|u"))
    assert [(it.part, it.spot.bed, it.bed_status) for it in said] == [(0, "G1", "H"), (1, "G2", "U")]


@pytest.mark.parametrize("trigger", ["A34", "A40"])
def test_a_merge_says_who_became_whom(trigger: str) -> None:
    said = fact(adt(trigger, PID, "MRG|0815^^^BV01^PI"))
    assert (said.kind, said.visit) == ("merged", "")
    assert said.patient == IDENTITY.patient("bv01", "4711")
    assert said.other_patient == IDENTITY.patient("bv01", "0815")


def test_a_message_may_merge_several() -> None:
    said = facts(adt("A40", PID, "MRG|1", "MRG|2", PID.replace("4711", "4712"), "PD1|1", "MRG|3"))
    number = {IDENTITY.patient("bv01", it): it for it in ("4711", "4712", "1", "2", "3")}
    assert [(number[it.patient], number[it.other_patient]) for it in said] == [
        ("4711", "1"), ("4711", "2"), ("4712", "3"),
    ]  # fmt: skip


def test_who_is_merged_with_himself_is_no_more_than_a_sign_of_life() -> None:
    assert fact(adt("A40", PID, "MRG|4711")).kind is FactKind.HEARD


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (adt("A01", PID), Reason.SEGMENT),
        (adt("A20"), Reason.SEGMENT),
        (adt("A40", PID), Reason.SEGMENT),
        (adt("A34", "MRG|1"), Reason.SEGMENT),
        (adt("A34", "PID|1||", "MRG|1"), Reason.FIELD),
        (adt("A40", PID, "MRG|"), Reason.FIELD),
        (adt("A02", PID, pv1("")), Reason.FIELD),
        (adt("A20", "NPU|NOI^P01^|H"), Reason.FIELD),
        (adt("A20", "NPU|NOI^P01^G1|X"), Reason.FIELD),
        (adt("A20", "NPU|NOI^P01^G1|H", "NPU|NOI^P01^G2|"), Reason.FIELD),
        (adt("A01", "PID|1||", pv1(number="")), Reason.FIELD),
        (adt("A20", *["NPU|NOI^P01^G1|H"] * (FACTS_AT_MOST + 1)), Reason.FIELD),
        (adt("A40", PID, *["MRG|4711"] * (FACTS_AT_MOST + 1)), Reason.FIELD),
        (adt("A01", PID, pv1("W" * 65)), Reason.FIELD),
        (adt("A01", PID, pv1("W" * 1_001)), Reason.FIELD),
        (adt("A01", PID, pv1(number="9" * 1_001)), Reason.FIELD),
        (adt("A01", PID, pv1()).replace(b"NOI", b"N\xe1\xbf"), Reason.ENCODING),
    ],
)
def test_what_the_trigger_needs_and_the_message_lacks_is_a_fault(raw: bytes, reason: Reason) -> None:
    found = fault(raw)
    assert found.reason is reason
    assert not re.search(r"4711|Nguy|Bình|0912345678", str(found))


@pytest.mark.parametrize(
    "raw",
    [*(msh(kind).encode() for kind in ("ORU^R01", "MDM^T02", "NMD^N02^NMD_N02", "ACK", "adt^a31")),
     adt("A31", PID), adt("A14", PID, pv1()), adt("A08", PID), adt("A99")],
)  # fmt: skip
def test_what_is_not_interpreted_is_a_sign_of_life(raw: bytes) -> None:
    decoded = read(raw)
    assert decoded.ignored
    (said,) = decoded.facts
    assert (said.kind, said.visit, said.patient, said.spot) == ("heard", "", "", NOWHERE)
    assert said.sent_ns == said.occurred_ns == parse_rfc3339("2026-11-20T07:59:00+07:00")


def test_the_trigger_is_that_of_the_header() -> None:
    assert fact(adt("A03", PID, pv1()).replace(b"EVN|A03", b"EVN|A01")).kind is FactKind.DISCHARGED
    assert fact(adt("A03", PID, pv1(), evn="x").replace(b"ADT^A03^ADT_A03", b"ADT")).kind is FactKind.DISCHARGED


def test_an_event_segment_is_not_needed() -> None:
    said = fact("\r".join((msh("ADT^A01"), PID, pv1())).encode())
    assert said.occurred_ns == parse_rfc3339("2026-11-20T07:59:00+07:00")


# --- when it happened


TIMES = {"evn6": "20261120070600", "own": "20261120074400", "evn2": "20261120070200"}


@pytest.mark.parametrize(
    ("trigger", "left", "expected"),
    [
        ("A01", ("evn6", "own", "evn2"), "07:06"),
        ("A01", ("own", "evn2"), "07:44"),
        ("A04", ("own", "evn2"), "07:44"),
        ("A05", ("own", "evn2"), "07:44"),
        ("A02", ("own", "evn2"), "07:02"),
        ("A01", ("evn2",), "07:02"),
        ("A01", (), "07:59"),
    ],
)
def test_the_best_time_there_is_counts(trigger: str, left: tuple[str, ...], expected: str) -> None:
    times = {name: TIMES[name] if name in left else "" for name in TIMES}
    raw = adt(trigger, PID, pv1(f44=times["own"]), evn=f"{times['evn2']}||||{times['evn6']}")
    assert fact(raw).occurred_ns == parse_rfc3339(f"2026-11-20T{expected}:00+07:00")


def test_a_discharge_happened_when_the_patient_left() -> None:
    raw = adt("A03", PID, pv1(f44="20261119080000", f45="20261120075000"), evn="20261120075500")
    assert fact(raw).occurred_ns == parse_rfc3339("2026-11-20T07:50:00+07:00")


@pytest.mark.parametrize("later_s", [0, 86_400])
def test_a_pre_admission_happened_when_it_was_written_down_and_not_when_somebody_is_to_come(later_s: int) -> None:
    raw = adt("A05", PID, pv1(f44="20261120140000"), evn="20261120070200")
    said = fact(raw, received_ns=NOW + later_s * SECOND)
    assert (said.occurred_ns, said.skewed) == (parse_rfc3339("2026-11-20T07:02:00+07:00"), False)


@pytest.mark.parametrize("unusable", ["20261120", "soon", "99991231235959", "2026112007"])
def test_a_time_that_is_not_to_the_minute_gives_way_to_one_that_is(unusable: str) -> None:
    assert fact(adt("A01", PID, pv1(), evn=f"20261120070200||||{unusable}")).occurred_ns == parse_rfc3339(
        "2026-11-20T07:02:00+07:00"
    )


def test_a_day_alone_is_better_than_the_time_of_receipt() -> None:
    raw = adt("A01", PID, pv1(), evn="20261119").replace(b"|20261120075900|", b"||")
    assert fact(raw).occurred_ns == parse_rfc3339("2026-11-19T00:00:00+07:00")


def test_without_any_time_it_happened_when_it_came() -> None:
    said = fact(adt("A01", PID, pv1()).replace(b"|20261120075900|", b"||"))
    assert (said.occurred_ns, said.sent_ns, said.skewed) == (NOW, NOW, False)


@pytest.mark.parametrize(("ahead_s", "skewed"), [(0, False), (120, False), (121, True), (86_400 * 400, True)])
def test_what_is_still_to_come_is_taken_as_happening_now(ahead_s: int, skewed: bool) -> None:
    received = parse_rfc3339("2026-11-20T07:06:00+07:00") - ahead_s * SECOND
    said = fact(adt("A01", PID, pv1(), evn="||||20261120070600"), received_ns=received)
    assert said.skewed is skewed
    assert said.occurred_ns == (received if skewed else received + ahead_s * SECOND)
    assert said.sent_ns <= received + DAY_NS


def test_fractions_of_a_second_are_kept() -> None:
    said = fact(adt("A01", PID, pv1(), evn="||||20261120070600.123+0700"))
    assert said.occurred_ns % SECOND == 123 * MILLISECOND


def test_the_zone_of_the_source_holds_where_none_is_named() -> None:
    said = fact(adt("A01", PID, pv1(), evn="||||20261120000600"), replace(SOURCE, zone=ZoneInfo("UTC")))
    assert said.occurred_ns == parse_rfc3339("2026-11-20T00:06:00Z")


# --- who, without saying who


def test_a_visit_is_known_by_its_number_else_the_account_else_the_patient() -> None:
    with_account = "PID|1||4711^^^^PI" + "|" * 15 + "ACC9"
    assert fact(adt("A01", with_account, pv1())).visit == IDENTITY.visit("bv01", "V1")
    assert fact(adt("A01", with_account, pv1(number=""))).visit == IDENTITY.account("bv01", "ACC9")
    by_patient = fact(adt("A01", PID, pv1(number='""')))
    assert by_patient.visit == f"p{by_patient.patient}"
    assert fact(adt("A01", pv1())).patient == ""


@pytest.mark.parametrize(
    "numbers",
    ["4711^^^^PI", "4711", "999^^^^HC~4711^^^^MR", "999^^^^HC~888^^^^NI~4711", "4711^^^^MRN~999^^^^NHSNMBR",
     "~4711^^^^PI"],
)  # fmt: skip
def test_a_patient_is_known_by_the_hospitals_own_number(numbers: str) -> None:
    assert fact(adt("A01", f"PID|1||{numbers}", pv1())).patient == IDENTITY.patient("bv01", "4711")


def test_before_hl7_2_3_it_stood_elsewhere() -> None:
    assert fact(adt("A01", "PID|1|4711", pv1())).patient == IDENTITY.patient("bv01", "4711")


def test_another_hospital_or_another_key_gives_other_hashes() -> None:
    raw = adt("A01", PID, pv1())
    here, there = fact(raw), fact(raw, replace(SOURCE, facility="bv02"))
    other_key = decode(raw, SOURCE, Identity("another secret, of another centre"), NOW).facts[0]
    for other in (there, other_key):
        assert here.visit != other.visit
        assert here.patient != other.patient
    assert here.message != other_key.message


def test_nothing_of_a_person_is_in_a_fact() -> None:
    said = " ".join(str(value) for value in astuple(fact(adt("A01", PID, pv1()))))
    assert not re.search(r"4711|999|Nguy|Bình|Văn|1960|Phố|0912345678|V1|MSG7", said)


def test_a_message_is_told_from_every_other_by_all_of_it() -> None:
    one = fact(adt("A01", PID, pv1(), control="0001-000042"))
    again = fact(adt("A01", PID, pv1(), control="0001-000042", end="\r\n").replace(b"\n", b""))
    other_body = fact(adt("A01", PID, pv1(number="V2"), control="0001-000042"))
    other_id = fact(adt("A01", PID, pv1(), control="0001-000043"))
    assert one == again
    assert one.sequence == 42
    assert one.message != other_body.message
    assert one.control == other_body.control
    assert one.control != other_id.control
    assert len({one.message, other_body.message, other_id.message}) == 3
    assert {len(one.message), len(one.visit), len(one.patient)} == {30}


@pytest.mark.parametrize(("control", "number"), [("X", 0), ("", 0), ("A7B", 0), ("9" * 30, 10**18 - 1), ("HB17", 17)])
def test_the_number_at_the_end_of_the_control_id_is_its_place(control: str, number: int) -> None:
    assert fact(adt("A01", PID, pv1(), control=control)).sequence == number


# --- what the source's codes mean


@pytest.mark.parametrize(
    ("code", "expected"),
    [("I", "inpatient"), ("E", "emergency"), ("O", "outpatient"), ("B", "inpatient"), ("Z", "outpatient"), ("", ""),
     ('""', "")],
)  # fmt: skip
def test_the_class_is_what_the_source_says_of_its_code(code: str, expected: str) -> None:
    assert fact(adt("A01", PID, pv1(f2=code))).visit_class == expected


def test_a_source_may_have_codes_of_its_own() -> None:
    source = replace(
        SOURCE,
        classes={"NT": VisitClass.INPATIENT},
        dispositions={"TV": Disposition.DIED, "CV": Disposition.ELSEWHERE},
        wards={"K01": "noi"},
        location=Location(ward=4, room=0, bed=2),
    )
    said = fact(adt("A03", PID, pv1("x^G1^y^K01", f2="NT", f36="TV")), source)
    assert (said.visit_class, said.disposition, said.spot) == ("inpatient", "died", Spot("noi", "", "G1"))
    assert fact(adt("A03", PID, pv1(f2="I", f36="20")), source).disposition is Disposition.HOME


@pytest.mark.parametrize(
    ("code", "how"), [("01", "home"), ("20", "died"), ("41", "died"), ("02", "elsewhere"), ("", "home")]
)
def test_table_0112_says_how_a_stay_ended(code: str, how: str) -> None:
    assert fact(adt("A03", PID, pv1(f36=code))).disposition == how


def test_an_update_moves_the_patient_only_where_the_source_means_it_so() -> None:
    raw = adt("A08", PID, pv1())
    assert fact(raw).kind is FactKind.UPDATED
    assert fact(raw, replace(SOURCE, moved_by_update=True)).kind is FactKind.MOVED_BY_UPDATE


@pytest.mark.parametrize("written", ["N ội\\X09\\ 1", " N ội  1 ", "N\u00a0ội 1"])
def test_two_spellings_of_one_bed_are_one_bed(written: str) -> None:
    assert fact(adt("A01", PID, pv1(f"{written}^P^G"))).spot == Spot("N ội 1", "P", "G")


@pytest.mark.parametrize("word", ["T", "D", "t"])
def test_a_test_message_is_taken_as_such_where_the_source_may_send_it(word: str) -> None:
    raw = adt("A01", PID, pv1()).replace(b"|P|2.5", f"|{word}|2.5".encode())
    assert fault(raw).reason is Reason.TEST_MESSAGE
    assert fact(raw, replace(SOURCE, test_messages=True)).quality is Quality.TEST


def test_what_a_simulator_sends_is_marked() -> None:
    assert fact(adt("A01", PID, pv1()), replace(SOURCE, quality=Quality.SIM)).quality is Quality.SIM


def test_what_fails_in_us_is_a_fault_without_a_word_of_the_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> str:
        raise ValueError("Nguyễn")

    monkeypatch.setattr(Message, "text", broken)
    assert fault(adt("A01", PID, pv1())).reason is Reason.INTERNAL
    assert "ValueError in broken" in caplog.text
    assert "Nguy" not in caplog.text


# --- the samples


def messages_of(path: Path) -> list[bytes]:
    return [raw for raw in re.split(rb"(?<=[\r\n])(?=MSH)", path.read_bytes()) if raw.strip()]


def decoded(path: Path, source: Source) -> list[Fact]:
    late = parse_rfc3339("2026-12-24T00:00:00Z")
    return [said for raw in messages_of(path) for said in facts(raw, source, late)]


MAU = Source("his-bv-mau", "bv-mau", sender="BV-MAU")


def test_the_day_is_read_whole(shared: Path) -> None:
    said = decoded(shared / "samples/hl7/day/day.hl7", MAU)
    assert Counter(it.kind.value for it in said) == {
        "admitted": 254, "updated": 136, "registered": 129, "discharged": 83, "bed_status": 55, "transferred": 41,
        "admit_cancelled": 26, "discharge_cancelled": 4, "transfer_cancelled": 2,
    }  # fmt: skip
    assert next(it.sequence for it in said if it.kind == "discharged") == 146
    assert {it.quality for it in said} == {Quality.GOOD}
    assert not any(it.skewed for it in said)
    assert [it.occurred_ns for it in said] == sorted(it.occurred_ns for it in said)
    wards = {it.spot.ward for it in said if it.visit_class == "inpatient"}
    assert sorted(wards) == ["CC", "HSTC", "NGOAI", "NHI", "NOI", "SAN"]


def test_the_late_and_doubled_day_says_the_same(shared: Path) -> None:
    day = {it.message: it for it in decoded(shared / "samples/hl7/day/day.hl7", MAU) if it.part == 0}
    late = decoded(shared / "samples/hl7/day/day-late-and-doubled.hl7", MAU)
    assert {it.message for it in late} == set(day)
    assert {it.visit for it in late} == {it.visit for it in day.values()}
    assert sum(it.part == 0 for it in late) == 781
    assert max(late[i].occurred_ns - late[i + 1].occurred_ns for i in range(len(late) - 1)) < 20 * MINUTE


def test_simhospital_admits_its_400_to_two_wards(shared: Path) -> None:
    source = Source("sim", "simulated-hospital", sender="SFAC", test_messages=True)
    said = decoded(shared / "samples/hl7/simhospital.hl7", source)
    admitted = [it for it in said if it.kind == "admitted"]
    assert Counter(it.spot.ward for it in admitted) == {"OtherWard": 344, "RenalWard": 56}
    assert len({it.visit for it in admitted}) == 400
    assert Counter(it.kind.value for it in said) == {"heard": 612, "admitted": 400, "merged": 1}
    assert {it.quality for it in said} == {Quality.TEST}
    merged = next(it for it in said if it.kind == "merged")
    assert merged.patient == IDENTITY.patient("simulated-hospital", "2777246431")
