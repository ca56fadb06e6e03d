"""What goes over the wire: HL7 as a HIS writes it, and people who are nobody."""

import ast
import re
from pathlib import Path

import pytest

import collectors.simulator.his
from collectors.simulator.his.hospital import HOUR, Event
from collectors.simulator.his.message import Writer, stamp
from collectors.simulator.his.people import pid
from tests.unit.collectors.simulator.his.town import MONDAY, begun, lived

PACKAGE = Path(collectors.simulator.his.__file__).parent
WRITER = Writer("bv01", MONDAY)
BED = ("noi", "P01", "G2")


def segments(event: Event) -> dict[str, list[str]]:
    """Fields by the name of their segment; field 0 is the name."""
    text = WRITER.message(event).decode()
    assert text.endswith("\r")
    return {line[:3]: line.split("|") for line in text.strip("\r").split("\r")}


def test_nothing_of_the_centre_is_imported():
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] not in {"ioc", "alerts", "dashboards"}, path
                assert not name.startswith("collectors") or name.startswith("collectors.simulator.his"), path


def test_the_header_names_sender_trigger_and_character_set():
    msh = segments(Event(7, "A01", MONDAY, 1, 1, "I", BED, since=MONDAY - HOUR))["MSH"]
    assert msh[1:6] == ["^~\\&", "IOC-SIM", "BV01", "IOC", "SO-Y-TE"]
    assert msh[6] == "20261118000000.000+0700"
    assert (msh[8], msh[10], msh[11], msh[17]) == ("ADT^A01^ADT_A01", "P", "2.5", "UNICODE UTF-8")
    assert re.fullmatch(r"[A-Z0-9]+-0000007", msh[9])


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (Event(1, "A01", MONDAY, 5, 1, "I", BED, since=MONDAY - HOUR), {2: "I", 44: "20261117230000.000+0700"}),
        (Event(1, "A02", MONDAY, 5, 1, "I", BED, ("icu", "P01", "G1")), {3: "noi^P01^G2^BV01", 6: "icu^P01^G1^BV01"}),
        (Event(1, "A03", MONDAY, 5, 1, "I", BED, note="20"), {36: "20", 45: "20261118000000.000+0700"}),
        (Event(1, "A04", MONDAY, 5, 1, "E", ("cap-cuu", "", "")), {2: "E", 3: "cap-cuu^^^BV01"}),
        (Event(1, "A04", MONDAY, 5, 1, "O"), {2: "O", 3: ""}),
    ],
)  # fmt: skip
def test_where_and_when_stand_in_pv1(event, fields):
    found = segments(event)
    assert {number: found["PV1"][number] for number in fields} == fields
    assert found["PV1"][19].endswith("000005^^^BV01^VN")
    assert found["EVN"][6] == "20261118000000.000+0700"


def test_a_swap_names_both_with_old_and_new_beds():
    event = Event(1, "A17", MONDAY, 5, 1, "I", BED, ("noi", "P02", "G1"), more=(6, 2, MONDAY))
    pv1 = [line.split("|") for line in WRITER.message(event).decode().split("\r") if line.startswith("PV1")]
    assert [(line[3], line[6]) for line in pv1] == [
        ("noi^P01^G2^BV01", "noi^P02^G1^BV01"),
        ("noi^P02^G1^BV01", "noi^P01^G2^BV01"),
    ]
    assert pv1[0][19] != pv1[1][19]


def test_a_bed_s_state_names_nobody():
    found = segments(Event(1, "A20", MONDAY, spot=BED, note="H"))
    assert found["NPU"] == ["NPU", "noi^P01^G2^BV01", "H"]
    assert found.keys() == {"MSH", "EVN", "NPU"}


def test_a_merge_names_who_is_left_and_who_is_no_more():
    found = segments(Event(1, "A40", MONDAY, patient=9, more=(3,)))
    assert found["PID"][3].startswith("30000009^^^BV01^PI")
    assert found["MRG"] == ["MRG", "30000003^^^BV01^PI"]


def test_who_is_expected_comes_with_a_time():
    found = segments(Event(1, "A05", MONDAY, 5, 1, "I", BED, more=(MONDAY + HOUR,)))
    assert found["PV2"][8] == "20261118010000.000+0700"


def test_a_sign_of_life_is_a_message_of_its_own():
    control, message = WRITER.heartbeat(MONDAY)
    assert message.split(b"|")[8] == b"NMD^N02^NMD_N02"
    assert control.encode() in message


def test_every_message_has_a_number_of_its_own_and_is_utf_8():
    model, told = begun()
    told += lived(model, MONDAY + 6 * HOUR)
    assert len({WRITER.control(event) for event in told}) == len(told)
    names = {segments(event)["PID"][5] for event in told if event.trigger != "A20"}
    assert len(names) > 100
    assert any(not name.isascii() for name in names)


def test_another_beginning_has_other_numbers():
    event = Event(1, "A01", MONDAY, 5, 1, "I", BED)
    later = Writer("bv01", MONDAY + 1000)
    assert later.control(event) != WRITER.control(event)
    assert later.message(event).count(b"000005^^^BV01^VN") == 1


def test_a_person_is_the_same_whenever_asked_for_and_another_in_another_hospital():
    assert pid("bv01", 1) == pid("bv01", 1)
    assert pid("bv01", 1).split("|")[5] != pid("bv02", 1).split("|")[5]


def test_moments_have_milliseconds_and_the_zone():
    assert stamp(MONDAY + 61_007) == "20261118000101.007+0700"
